"""Emojis: who may add and change them, and how they are told of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from derailed.model.permissions import CREATE_GUILD_EXPRESSIONS, MANAGE_GUILD_EXPRESSIONS
from derailed.wire import limits
from tests.api.door import Door, Person, visit
from tests.api.pictures import data_uri, gif, png
from tests.api.test_channels import pair


async def add(person: Person, guild: dict[str, Any], **more: Any) -> Any:
    """Add an emoji."""
    return await person.do("POST", f"/guilds/{guild['id']}/emojis", {"name": "train", "image": data_uri(png()), **more})


def test_an_emoji_is_added_shown_changed_and_removed(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        guild = await anna.guild()
        path = f"/guilds/{guild['id']}/emojis"
        since = len(door.records)
        made = await anna.ask("POST", path, {"name": "train", "image": data_uri(png())})
        assert made.status_code == 201
        emoji = made.json()
        assert (emoji["name"], emoji["animated"], emoji["roles"], emoji["user"]["id"]) == ("train", False, [], anna.id)
        moving = await add(anna, guild, image=data_uri(gif(), "gif"))
        assert moving["animated"] is True
        assert await anna.get(path) == [emoji, moving]
        assert await anna.get(f"{path}/{emoji['id']}") == emoji
        role = await anna.do("POST", f"/guilds/{guild['id']}/roles", {"name": "driver"})
        edited = await anna.do("PATCH", f"{path}/{emoji['id']}", {"name": "tram", "roles": [role["id"], guild["id"]]})
        assert (edited["name"], edited["roles"]) == ("tram", [role["id"]])
        await anna.do("PATCH", f"{path}/{emoji['id']}", {"name": "tram"})
        await anna.do("DELETE", f"{path}/{moving['id']}")
        told = [record for _, record in door.records[since:] if record.event == "GUILD_EMOJIS_UPDATE"]
        listed = [[each["name"] for each in msgspec.json.decode(record.data)["emojis"]] for record in told]
        assert listed == [["train"], ["train", "train"], ["tram", "train"], ["tram"]]
        (shown,) = (await anna.get(f"/guilds/{guild['id']}"))["emojis"]
        assert (shown["name"], "user" in shown) == ("tram", False)
        log = [record for _, record in door.records[since:] if record.event == "GUILD_AUDIT_LOG_ENTRY_CREATE"]
        assert [msgspec.json.decode(record.data)["action_type"] for record in log] == [60, 60, 30, 61, 62]
        for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None)):
            refused = await anna.ask(method, f"{path}/{moving['id']}", body)
            assert (refused.status_code, refused.json()["code"]) == (404, 10014)

    visit(tmp_path, story)


def test_an_emoji_forgets_a_role_that_is_gone(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        guild = await anna.guild()
        role = await anna.do("POST", f"/guilds/{guild['id']}/roles", {"name": "driver"})
        emoji = await add(anna, guild, roles=[int(role["id"])])
        assert emoji["roles"] == [role["id"]]
        since = len(door.records)
        await anna.do("DELETE", f"/guilds/{guild['id']}/roles/{role['id']}")
        assert door.told(since)[:2] == ["GUILD_ROLE_DELETE", "GUILD_EMOJIS_UPDATE"]
        assert (await anna.get(f"/guilds/{guild['id']}/emojis/{emoji['id']}"))["roles"] == []

    visit(tmp_path, story)


def test_who_adds_emojis_changes_ones_own_and_who_manages_them_all(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, guild = await pair(door, CREATE_GUILD_EXPRESSIONS)
        own, other = await add(ben, guild), await add(anna, guild)
        path = f"/guilds/{guild['id']}/emojis"
        await ben.do("PATCH", f"{path}/{own['id']}", {"name": "mine"})
        assert (await ben.ask("PATCH", f"{path}/{other['id']}", {"name": "mine"})).json()["code"] == 50013
        assert (await ben.ask("DELETE", f"{path}/{other['id']}")).json()["code"] == 50013
        (role,) = (await ben.get(f"/guilds/{guild['id']}/members/{ben.id}"))["roles"]
        await anna.do("PATCH", f"/guilds/{guild['id']}/roles/{role}", {"permissions": MANAGE_GUILD_EXPRESSIONS})
        await ben.do("DELETE", f"{path}/{other['id']}")
        await add(ben, guild)
        await anna.do("PATCH", f"/guilds/{guild['id']}/roles/{role}", {"permissions": 0})
        refused = await ben.ask("POST", path, {"name": "train", "image": data_uri(png())})
        assert (refused.status_code, refused.json()["code"]) == (403, 50013)
        assert (await ben.ask("DELETE", f"{path}/{own['id']}")).json()["code"] == 50013
        assert all("user" not in each for each in await ben.get(path))

    visit(tmp_path, story)


def test_strangers_see_no_emojis(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, sam = await door.register("anna"), await door.register("sam")
        guild = await anna.guild()
        emoji = await add(anna, guild)
        path = f"/guilds/{guild['id']}/emojis"
        for method, asked, body in (
            ("GET", path, None),
            ("POST", path, {"name": "train", "image": data_uri(png())}),
            ("GET", f"{path}/{emoji['id']}", None),
            ("PATCH", f"{path}/{emoji['id']}", {}),
            ("DELETE", f"{path}/{emoji['id']}", None),
        ):
            assert (await sam.ask(method, asked, body)).json()["code"] == 10004

    visit(tmp_path, story)


def test_wrong_fields_of_an_emoji_are_named(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        path = f"/guilds/{(await anna.guild())['id']}/emojis"
        good = {"name": "train", "image": data_uri(png())}
        large = data_uri(png() + bytes(limits.SMALL_IMAGE))
        for wrong in (
            {"name": "x"},
            {"name": "x" * 33},
            {"name": "two words"},
            {"name": "tré"},
            {"image": "data:image/png;base64,AAAA"},
            {"image": "http://chat.example/x.png"},
            {"image": large},
            {"roles": ["1"]},
        ):
            refused = await anna.ask("POST", path, {**good, **wrong})
            assert (refused.status_code, list(refused.json()["errors"])) == (400, list(wrong)), wrong
        for field in good:
            refused = await anna.ask("POST", path, {key: value for key, value in good.items() if key != field})
            assert list(refused.json()["errors"]) == [field]
        assert await anna.get(path) == []

    visit(tmp_path, story)


def test_a_guild_has_only_so_many_emojis_of_each_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "EMOJIS", 1)

    async def story(door: Door) -> None:
        anna = await door.register("anna")
        guild = await anna.guild()
        for image, code in ((data_uri(png()), 30008), (data_uri(gif(), "gif"), 30018)):
            await add(anna, guild, image=image)
            refused = await anna.ask("POST", f"/guilds/{guild['id']}/emojis", {"name": "more", "image": image})
            assert (refused.status_code, refused.json()["code"]) == (400, code)

    visit(tmp_path, story)
