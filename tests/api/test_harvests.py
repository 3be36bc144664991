"""Archives of what is one's own: whole, for oneself alone, for a while, and gone with the account."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from derailed.actions.harvesting import Harvesting
from derailed.actions.indexing import Indexing
from derailed.wire import harvests as wire
from tests.api.door import PASSWORD, Door, Person, swept, visit

PATH = "/users/@me/harvest"


async def fetched(person: Person) -> dict[str, Any]:
    """The files of an archive."""
    answer = await person.ask("GET", f"{PATH}/archive")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return {name: json.loads(archive.read(name)) for name in archive.namelist()}


async def made(door: Door) -> None:
    """Let what was asked for be made."""
    await Indexing(door.context).finish()
    while await Harvesting(door.context).step():
        pass


def test_an_archive_holds_what_is_ones_own_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MESSAGES_A_FILE", 2)

    async def story(door: Door) -> None:
        anna, ben = await door.register("anna", global_name="Anna"), await door.register("ben")
        guild = await anna.guild()
        await ben.join(await anna.invite(guild))
        messages = f"/channels/{guild['system_channel_id']}/messages"
        for number in range(5):
            door.now_ms += 1
            await anna.do("POST", messages, {"content": f"mine {number}"})
            await ben.do("POST", messages, {"content": f"not hers {number}"})
        files = {"files[0]": ("a.txt", b"text", "text/plain")}
        await anna.ask("POST", messages, data={"payload_json": "{}"}, files=files)
        await anna.do("PUT", f"/users/@me/notes/{ben.id}", {"note": "owes me"})
        await anna.do("PATCH", "/users/@me/settings", {"theme": "light"})
        asked = await anna.do("POST", PATH)
        assert (asked["state"], asked["url"]) == (1, None)
        assert (await anna.ask("GET", f"{PATH}/archive")).status_code == 404
        await made(door)
        told = await anna.get(PATH)
        assert (told["harvest_id"], told["state"]) == (asked["harvest_id"], 2)
        assert told["url"].endswith("/api/v10/users/@me/harvest/archive")
        held = await fetched(anna)
        assert held["account.json"]["username"] == "anna"
        assert [each["name"] for each in held["guilds.json"]] == ["station"]
        assert held["notes.json"] == {ben.id: "owes me"}
        assert held["settings.json"]["theme"] == "light"
        assert len(held["logins.json"]) == 1
        said = [each for name in sorted(held) if name.startswith("messages/") for each in held[name]]
        assert [each["content"] for each in said] == ["", *(f"mine {number}" for number in range(4, -1, -1))]
        assert said[0]["attachments"][0]["url"].startswith("http")
        assert "password" not in str(held)
        assert anna.token not in str(held)

    visit(tmp_path, story)


def test_an_archive_is_its_owners_for_a_week_and_one_a_day(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await door.register("anna"), await door.register("ben")
        first = await anna.do("POST", PATH)
        assert await anna.do("POST", PATH) == first
        await made(door)
        assert (await ben.ask("GET", f"{PATH}/archive")).status_code == 404
        assert (await door.ask("GET", f"{PATH}/archive")).status_code == 401
        bot = await door.bot(anna)
        assert (await bot.ask("GET", f"{PATH}/archive")).json()["code"] == 20001
        assert (await bot.ask("POST", PATH)).json()["code"] == 20001
        assert (await anna.do("POST", PATH))["harvest_id"] == first["harvest_id"]
        door.now_ms += wire.AGAIN_MS
        second = await anna.do("POST", PATH)
        assert second["harvest_id"] != first["harvest_id"]
        await made(door)
        await fetched(anna)
        door.now_ms += wire.KEPT_MS
        assert (await anna.get(PATH))["state"] == 3
        assert (await anna.ask("GET", f"{PATH}/archive")).status_code == 404
        await swept(door)
        assert await door.context.blobs.find(f"harvests/{second['harvest_id']}") is None

    visit(tmp_path, story)


def test_two_who_make_archives_make_each_once_and_one_that_was_left_is_begun_again(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        await anna.do("POST", PATH)
        harvesting = Harvesting(door.context)
        taken = await door.store.write(
            lambda tx: tx.execute("UPDATE harvests SET taken_until = $1", door.now_ms + 1000)
        )
        assert taken == 1
        assert not await harvesting.step()
        door.now_ms += 2000
        assert await harvesting.step()
        assert not await harvesting.step()

    visit(tmp_path, story)


def test_no_archive_outlives_its_account(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await door.register("anna"), await door.register("ben")
        done = await anna.do("POST", PATH)
        await made(door)
        await ben.do("POST", PATH)
        for person in (anna, ben):
            await person.do("POST", "/users/@me/delete", {"password": PASSWORD})
        await swept(door)
        assert not await Harvesting(door.context).step()
        assert await door.context.blobs.find(f"harvests/{done['harvest_id']}") is None

    visit(tmp_path, story)
