"""What comes while a session is on its way in, and its snapshot was read before that or is read after it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from derailed.actions.logins import Logins
from derailed.actions.sessions import GuildSnapshot, Sessions
from derailed.model.user import Actor
from tests.gateway.house import House, Screen, live
from tests.members.town import FIRST, GUILD

PLATFORM = str(GUILD + 100)
"""The channel that is added meanwhile."""


class Slow(Sessions):
    """A guild's snapshot is read when `asked` is let go, and answered when `answered` is."""

    asked: asyncio.Event
    answered: asyncio.Event
    asking: asyncio.Event
    answering: asyncio.Event

    async def guild(self, *about: Any, **how: Any) -> GuildSnapshot | None:
        self.asking.set()
        await self.asked.wait()
        found = await super().guild(*about, **how)
        self.answering.set()
        await self.answered.wait()
        return found


def slow() -> type[Slow]:
    """For one test: all its doors are shut."""
    doors = ("asked", "answered", "asking", "answering")
    return type("Slow", (Slow,), {door: asyncio.Event() for door in doors})


def test_what_came_after_a_snapshot_and_before_its_answer_is_told_behind_it(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        asks = slow()
        node = await house.node(asks=asks)
        screen = Screen(node)
        asks.asked.set()
        coming = asyncio.create_task(screen.identify(await house.log_in(1)))
        await asks.answering.wait()
        await house.adds_channels(1)
        await node.hub.fence()
        asks.answered.set()
        await coming
        await screen.until("CHANNEL_CREATE")
        assert screen.names() == ["READY", "CHANNEL_CREATE"]
        assert screen.told("CHANNEL_CREATE")[0]["id"] == PLATFORM

    live(tmp_path, story)


def test_who_left_and_came_back_before_ready_is_sent_the_guild_again_with_what_happened_by_then(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        asks = slow()
        node = await house.node(asks=asks)
        screen = Screen(node)
        asks.asked.set()
        asyncio.create_task(screen.identify(await house.log_in(1)))  # noqa: RUF006  the guild goes before it is whole
        await asks.answering.wait()
        await house.leaves(1)
        await house.joins(1)
        asks.asked.clear()
        asks.asking.clear()
        asks.answered.set()
        await screen.until("GUILD_DELETE")
        await asks.asking.wait()
        await house.adds_channels(1)
        asks.asked.set()
        created = await screen.until("GUILD_CREATE")
        assert screen.names() == ["READY", "GUILD_DELETE", "GUILD_CREATE"]
        assert [guild["id"] for guild in screen.told("READY")[0]["guilds"]] == [str(GUILD)]
        assert PLATFORM in [channel["id"] for channel in created["channels"]]

    live(tmp_path, story)


def test_a_person_is_told_by_which_of_their_logins_they_came(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node = await house.node()
        logins = Logins(house.town.context, house.tokens)
        first, second = [await house.enter(node, 1) for _ in range(2)]
        own = [screen.told("READY")[0]["auth_session_id_hash"] for screen in (first, second)]
        assert len(set(own)) == 2
        listed = await logins.all(Actor(FIRST + 1, 1, bot=False))
        assert {login.id_hash for login in listed} == set(own)
        await logins.end(Actor(FIRST + 1, 1, bot=False), [own[0]])
        await first.true(lambda: not first.open)
        assert second.open
        await house.joins(7, new=True, bot=True)
        bot = await house.enter(node, 7)
        assert "auth_session_id_hash" not in bot.told("READY")[0]

    live(tmp_path, story)
