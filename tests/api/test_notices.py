"""What a guild says by itself when somebody comes in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.api.door import Door, visit
from tests.api.test_messages import Talk, code_of, talk


async def greeted(door: Door, t: Talk) -> list[dict[str, Any]]:
    """Let somebody come in; what is then in the guild's first channel."""
    ben = await door.register("ben")
    await ben.join(await t.person.invite(t.guild))
    found: list[dict[str, Any]] = await t.person.get(t.path)
    return found


def test_the_guild_says_who_came_in(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        (notice,) = await greeted(door, t)
        assert (notice["type"], notice["content"], notice["author"]["username"]) == (7, "", "ben")
        assert "message_reference" not in notice
        told = [record for topic, record in door.records if topic == f"guild:{t.guild['id']}"]
        assert [record.event for record in told[-2:]] == ["GUILD_MEMBER_ADD", "MESSAGE_CREATE"]
        event = msgspec.json.decode(told[-1].data)
        assert event["member"]["roles"] == []
        assert (event["id"], event["guild_id"]) == (notice["id"], t.guild["id"])
        path = f"{t.path}/{notice['id']}"
        for method, where, body in (("PATCH", path, {"flags": 4}), ("PUT", f"{t.path}/pins/{notice['id']}", None)):
            assert code_of(await t.person.ask(method, where, body)) == (403, 50021)
        await t.person.do("DELETE", path)

    visit(tmp_path, story)


@pytest.mark.parametrize("change", [{"system_channel_flags": 1}, {"system_channel_id": None}])
def test_a_guild_may_keep_silent(tmp_path: Path, change: dict[str, Any]) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        await t.person.do("PATCH", f"/guilds/{t.guild['id']}", change)
        assert await greeted(door, t) == []

    visit(tmp_path, story)


def test_a_guild_is_silent_when_its_channel_is_gone_and_when_nobody_comes(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        other = await t.person.do("POST", f"/guilds/{t.guild['id']}/channels", {"name": "other"})
        code = await t.person.invite(t.guild)
        await t.person.join(code)  # who belongs to it already does not come in
        assert await t.person.get(t.path) == []
        bot = await door.bot(t.person)
        await t.person.do("PATCH", f"/guilds/{t.guild['id']}", {"system_channel_id": other["id"]})
        await t.person.do("DELETE", f"/channels/{other['id']}")
        body = {"guild_id": t.guild["id"], "authorize": True}
        await t.person.do("POST", f"/oauth2/authorize?client_id={bot.id}&scope=bot&permissions=2048", body)
        assert await t.person.get(t.path) == []

    visit(tmp_path, story)
