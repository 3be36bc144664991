"""Pages that are kept are exact: bounded, of one rev, and never what a change has made of date."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from derailed.actions import kept_pages
from derailed.actions.kept_pages import KeptPages
from derailed.wire.messages import PageQuery
from tests.api.door import Door, Person, visit

FIRST, SECOND = PageQuery(), PageQuery(before=7)


def test_a_page_is_given_out_at_its_own_rev_alone() -> None:
    pages = KeptPages()
    pages.keep(1, FIRST, 5, b"[5]")
    assert pages.get(1, FIRST, 5) == b"[5]"
    assert pages.get(1, FIRST, 4) is None
    assert pages.get(1, FIRST, 6) is None
    assert pages.get(1, SECOND, 5) is None
    assert pages.get(2, FIRST, 5) is None
    pages.keep(1, FIRST, 6, b"[6]")
    assert pages.get(1, FIRST, 5) is None
    assert pages.get(1, FIRST, 6) == b"[6]"


def test_what_is_asked_for_least_goes_first() -> None:
    pages = KeptPages()
    large = bytes(kept_pages._PAGE_BYTES_MAX)
    room = kept_pages._BYTES_MAX // len(large)
    for channel_id in range(room):
        pages.keep(channel_id, FIRST, 1, large)
    assert pages.get(0, FIRST, 1) is not None
    pages.keep(room, FIRST, 1, large)
    pages.keep(room, FIRST, 2, large)
    assert pages.get(1, FIRST, 1) is None
    assert all(pages.get(channel_id, FIRST, 1) is not None for channel_id in (0, *range(2, room)))
    assert pages.get(room, FIRST, 2) is not None


def test_a_page_that_is_too_large_is_not_kept() -> None:
    pages = KeptPages()
    pages.keep(1, FIRST, 1, bytes(kept_pages._PAGE_BYTES_MAX + 1))
    assert pages.get(1, FIRST, 1) is None


class _Room:
    """A channel with two people in it, of whom one reads and the other changes things."""

    def __init__(self, olga: Person, anna: Person, guild: str, channel: str) -> None:
        self.olga, self.anna, self.guild = olga, anna, guild
        self.path = f"/channels/{channel}/messages"
        self.channel = channel

    async def read(self) -> list[dict[str, Any]]:
        """The page as it is, asked for twice."""
        page: list[dict[str, Any]] = await self.olga.get(self.path)
        assert await self.olga.get(self.path) == page
        for shown in page:
            assert await self.olga.get(f"{self.path}/{shown['id']}") == shown
        return page


async def _room(door: Door) -> _Room:
    olga, anna = await door.register("olga"), await door.register("anna")
    guild = await olga.guild()
    await anna.join(await olga.invite(guild))
    channel = guild["system_channel_id"]
    notices = await olga.get(f"/channels/{channel}/messages")
    for notice in notices:
        await olga.do("DELETE", f"/channels/{channel}/messages/{notice['id']}")
    return _Room(olga, anna, guild["id"], channel)


def test_a_page_shows_what_was_sent_edited_deleted_and_reacted_to(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        room = await _room(door)
        assert await room.read() == []
        one = await room.anna.do("POST", room.path, {"content": "one"})
        two = await room.olga.do("POST", room.path, {"content": "two"})
        assert [shown["content"] for shown in await room.read()] == ["two", "one"]
        await room.anna.do("PATCH", f"{room.path}/{one['id']}", {"content": "once"})
        assert [shown["content"] for shown in await room.read()] == ["two", "once"]
        await room.anna.do("PUT", f"{room.path}/{one['id']}/reactions/%F0%9F%91%8D/@me")
        assert [each["me"] for each in (await room.read())[1]["reactions"]] == [False]
        assert [each["me"] for each in (await room.anna.get(room.path))[1]["reactions"]] == [True]
        await room.olga.do("DELETE", f"{room.path}/{two['id']}")
        assert [shown["content"] for shown in await room.read()] == ["once"]

    visit(tmp_path, story)


def test_a_page_shows_the_present_name_of_who_is_here_and_of_who_has_left(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        room = await _room(door)
        await room.anna.do("POST", room.path, {"content": "one"})
        assert (await room.read())[0]["author"]["global_name"] is None
        await room.anna.do("PATCH", "/users/@me", {"global_name": "Anna K."})
        assert (await room.read())[0]["author"]["global_name"] == "Anna K."
        await room.anna.do("DELETE", f"/users/@me/guilds/{room.guild}")
        assert (await room.read())[0]["author"]["global_name"] == "Anna K."
        await room.anna.do("PATCH", "/users/@me", {"global_name": "Anna L."})
        assert (await room.read())[0]["author"]["global_name"] == "Anna L."

    visit(tmp_path, story)


def test_a_page_that_others_have_just_read_is_not_for_who_may_not(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        room = await _room(door)
        await room.olga.do("POST", room.path, {"content": "one"})
        await room.read()
        hidden = {"type": 0, "deny": str(1 << 16)}
        await room.olga.do("PUT", f"/channels/{room.channel}/permissions/{room.guild}", hidden)
        assert len(await room.read()) == 1
        assert await room.anna.get(room.path) == []
        hidden["deny"] = str(1 << 10)
        await room.olga.do("PUT", f"/channels/{room.channel}/permissions/{room.guild}", hidden)
        assert len(await room.read()) == 1
        assert (await room.anna.ask("GET", room.path)).status_code == 403

    visit(tmp_path, story)
