"""Members that sessions ask for and lists that they follow: through the feeds, from the storage and without it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from derailed.gateway.session import AskMembers
from derailed.model import permissions
from derailed.model.guild import Overwrite
from derailed.wire.gateway import ALL_INTENTS, LISTS_MAX, REQUESTS_WAITING, Intent
from tests.gateway.alone import Alone
from tests.gateway.house import House, Screen, live
from tests.members.client import Client
from tests.members.town import FIRST, GUILD, OPEN, OTHER, STAFF

TOP = ((0, 99),)


def numbers(chunks: list[Any]) -> list[int]:
    """Whom the chunks have."""
    return sorted(int(each["user"]["id"]) - FIRST for chunk in chunks for each in chunk["members"])


def shown(screen: Screen, ranges: tuple[tuple[int, int], ...] = TOP) -> list[Any]:
    """What a client makes of all the list updates so far."""
    client = Client(ranges)
    for update in screen.told("GUILD_MEMBER_LIST_UPDATE"):
        client.read(msgspec.json.encode(update))
    return [row and (int(row.split()[0]) - FIRST if " " in row else row) for row in client.shown()]


# --- op 8


@pytest.mark.parametrize("reached", [True, False])
def test_members_are_found_in_memory_and_else_in_the_store(tmp_path: Path, reached: bool) -> None:
    async def story(house: House) -> None:
        node = await house.node() if reached else await house.node(Alone())
        screen = await house.enter(node, 1)
        assert numbers(await screen.ask("")) == [0, 1, 2, 3, 4]
        assert numbers(await screen.ask("USER0000", limit=2)) in ([0, 1], [1, 2])
        chunks = await screen.ask(None, FIRST + 2, 5)
        assert numbers(chunks) == [2]
        assert chunks[0]["not_found"] == ["5"]
        assert {(each["nonce"], each["chunk_count"]) for each in chunks} == {("n", 1)}
        assert "presences" not in chunks[0]

    live(tmp_path, story)


def test_a_session_that_was_refused_meanwhile_is_answered_no_more(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node = await house.node()
        screen = await house.enter(node, 1)
        asker = screen.recipient
        assert asker is not None
        node.hub.registry.refuse(asker)
        await node.feeds.members.answer(AskMembers(GUILD, "", (), 0, "n", False), asker, screen)
        assert screen.refused == 1
        assert "GUILD_MEMBERS_CHUNK" not in screen.names()

    live(tmp_path, story)


def test_presences_come_with_members_to_those_who_may_have_them(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node = await house.node()
        await house.enter(node, 2, status="idle")
        screen = await house.enter(node, 1)
        chunk = (await screen.ask("", presences=True))[0]
        assert {(each["user"]["id"], each["status"]) for each in chunk["presences"]} == {
            (str(FIRST + 1), "online"),
            (str(FIRST + 2), "idle"),
        }
        without = await house.enter(node, 3, intents=ALL_INTENTS & ~Intent.GUILD_PRESENCES)
        assert (await without.ask("", presences=True))[0]["presences"] == []

    live(tmp_path, story)


def test_nobody_is_told_of_members_of_a_guild_they_are_not_in(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        screen = await house.enter(await house.node(), 1)
        assert numbers(await screen.ask("", guild_id=OTHER)) == []
        assert (await screen.ask(None, FIRST, guild_id=OTHER))[0]["not_found"] == [str(FIRST)]

    live(tmp_path, story)


def test_requests_are_answered_in_turn_and_too_many_are_told_so(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        screen = await house.enter(await house.node(), 1)
        await asyncio.gather(*(screen.ask("") for _ in range(REQUESTS_WAITING + 5)))
        limited = screen.told("RATE_LIMITED")
        assert len(limited) == 4
        assert limited[0]["opcode"] == 8
        assert limited[0]["retry_after"] > 0
        assert limited[0]["meta"] == {"guild_id": str(GUILD), "nonce": "n"}
        assert len(screen.told("GUILD_MEMBERS_CHUNK")) == REQUESTS_WAITING + 1

    live(tmp_path, story)


# --- op 14


def test_a_list_is_shown_and_follows_what_happens(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node, other = await house.node(), await house.node()
        screen = await house.enter(node, 1)
        screen.follow((OPEN, TOP))
        await screen.true(lambda: shown(screen) == ["online", 1, "offline", 0, 2, 3, 4])
        second = await house.enter(other, 3)
        await screen.true(lambda: shown(screen) == ["online", 1, 3, "offline", 0, 2, 4])
        second.leave(gone=True)
        await house.leaves(0)
        await screen.true(lambda: shown(screen) == ["online", 1, "offline", 2, 3, 4])

    live(tmp_path, story)


def test_a_list_of_a_channel_that_is_hidden_is_not_shown_and_ends_when_it_becomes_hidden(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        screen = await house.enter(await house.node(), 1)
        screen.follow((STAFF, TOP))
        assert screen.recipient is not None
        assert screen.recipient.lists == {}
        hidden = Overwrite(GUILD, 0, 0, permissions.VIEW_CHANNEL)
        await house.town.allows(hidden, Overwrite(FIRST + 1, 1, permissions.VIEW_CHANNEL, 0))
        await screen.until("CHANNEL_CREATE")
        screen.follow((STAFF, TOP))
        await screen.until("GUILD_MEMBER_LIST_UPDATE")
        await house.town.allows(hidden)
        await screen.until("CHANNEL_DELETE")
        assert screen.recipient.lists == {}
        assert screen.node.hub.registry.lists == {}

    live(tmp_path, story)


def test_what_is_followed_ends_with_the_guild_and_with_the_session(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node = await house.node()
        first, second = await house.enter(node, 1), await house.enter(node, 2)
        for screen in (first, second):
            screen.follow((OPEN, TOP))
            await screen.until("GUILD_MEMBER_LIST_UPDATE")
        await house.leaves(1)
        await first.until("GUILD_DELETE")
        assert first.recipient is not None
        assert first.recipient.lists == {}
        second.leave()
        assert node.hub.registry.lists == {}

    live(tmp_path, story)


def test_a_guilds_lists_are_replaced_and_the_oldest_of_too_many_gives_way(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        screen = await house.enter(await house.node(), 0)
        assert screen.recipient is not None
        screen.follow((OPEN, TOP), (STAFF, TOP))
        assert {each.channel_id for each in screen.recipient.lists.values()} == {OPEN, STAFF}
        screen.follow((STAFF, ((0, 9),)))
        assert [(each.channel_id, each.ranges) for each in screen.recipient.lists.values()] == [(STAFF, ((0, 9),))]
        await house.adds_channels(LISTS_MAX + 1)
        await screen.true(lambda: len(screen.told("CHANNEL_CREATE")) == LISTS_MAX + 1)
        screen.follow(*((int(each["id"]), TOP) for each in screen.told("CHANNEL_CREATE")))
        assert len(screen.recipient.lists) == LISTS_MAX

    live(tmp_path, story)
