"""Who is here, as sessions are told it: through arrivals, the hub and the feeds, on one node and on two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from derailed.wire.gateway import ALL_INTENTS, Close, Intent
from tests.gateway.house import House, Screen, live
from tests.members.town import FIRST, GUILD, OTHER

WITHOUT = ALL_INTENTS & ~Intent.GUILD_PRESENCES


def of(guild: Any) -> dict[int, str]:
    """Who is here, by what a GUILD_CREATE or a guild of READY says."""
    return {int(each["user"]["id"]) - FIRST: each["status"] for each in guild["presences"]}


def entered(screen: Screen, guild_id: int = GUILD) -> Any:
    """The guild as it was sent."""
    return next(each for each in screen.told("READY")[0]["guilds"] if int(each["id"]) == guild_id)


def test_who_comes_is_told_who_is_here_and_they_of_who_comes(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node = await house.node()
        first = await house.enter(node, 1)
        assert of(entered(first)) == {1: "online"}
        assert first.told("PRESENCE_UPDATE") == []
        second = await house.enter(node, 2, status="dnd", activities=[{"name": "Chess", "type": 0}])
        assert of(entered(second)) == {1: "online", 2: "dnd"}
        told = await first.until("PRESENCE_UPDATE", lambda d: d["user"]["id"] == str(FIRST + 2))
        assert told["guild_id"] == str(GUILD)
        assert told["status"] == "dnd"
        assert told["client_status"] == {"web": "dnd"}
        assert [(each["name"], each["type"]) for each in told["activities"]] == [("Chess", 0)]
        assert isinstance(told["activities"][0]["created_at"], int)

    live(tmp_path, story)


def test_a_change_is_told_to_everyone_of_the_guild_who_asked(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node, other = await house.node(), await house.node()
        near, far = await house.enter(node, 1), await house.enter(other, 2)
        deaf = await house.enter(node, 3, intents=WITHOUT)
        near.shows("idle", {"name": "x", "type": 4, "state": "back at noon", "emoji": {"name": "🍵"}})
        told = await far.until("PRESENCE_UPDATE", lambda d: d["status"] == "idle")
        assert told["activities"][0]["state"] == "back at noon"
        assert told["activities"][0]["emoji"] == {"name": "🍵", "id": None}
        await near.until("PRESENCE_UPDATE", lambda d: d["status"] == "idle")
        assert deaf.told("PRESENCE_UPDATE") == []
        assert entered(deaf)["presences"] == []

    live(tmp_path, story)


def test_nobody_hears_of_guilds_that_they_are_not_in(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node = await house.node()
        owner, member = await house.enter(node, 0), await house.enter(node, 1)
        owner.shows("dnd")
        await member.until("PRESENCE_UPDATE", lambda d: d["status"] == "dnd")
        await owner.until("PRESENCE_UPDATE", lambda d: d["status"] == "dnd" and d["guild_id"] == str(OTHER))
        assert {each["guild_id"] for each in member.told("PRESENCE_UPDATE")} == {str(GUILD)}

    live(tmp_path, story)


def test_the_invisible_are_offline_to_others(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node = await house.node()
        first = await house.enter(node, 1)
        await house.enter(node, 2, status="invisible")
        third = await house.enter(node, 3)
        assert of(entered(third)) == {1: "online", 3: "online"}
        first.shows("offline")
        await third.until("PRESENCE_UPDATE", lambda d: d["status"] == "offline")
        assert third.statuses(2) == []

    live(tmp_path, story)


def test_a_clean_end_is_offline_at_once(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node = await house.node()
        first, second = await house.enter(node, 1), await house.enter(node, 2)
        second.leave(gone=True)
        await first.true(lambda: first.statuses(2)[-1:] == ["offline"])

    live(tmp_path, story)


def test_a_lost_socket_that_is_resumed_on_another_node_is_no_flap(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node, other = await house.node(), await house.node()
        first, second = await house.enter(node, 1), Screen(node)
        token = await house.log_in(2)
        await second.identify(token, status="idle")
        second.leave()
        again = Screen(other)
        await again.resume(token, second)
        assert not again.refused
        again.shows("dnd")
        await first.true(lambda: first.statuses(2)[-1:] == ["dnd"])
        assert first.statuses(2) == ["idle", "dnd"]

    live(tmp_path, story)


def test_who_is_resumed_shows_what_it_showed(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node, other = await house.node(), await house.node()
        token = await house.log_in(2)
        second, again = Screen(node), Screen(other)
        await second.identify(token, status="dnd")
        second.leave()
        await again.resume(token, second)
        third = await house.enter(node, 3)
        assert of(entered(third)) == {2: "dnd", 3: "online"}

    live(tmp_path, story)


def test_who_is_resumed_is_told_of_those_who_changed_meanwhile(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node, other = await house.node(), await house.node()
        token = await house.log_in(1)
        first, second, third = Screen(node), await house.enter(node, 2), await house.enter(node, 3)
        await first.identify(token)
        first.leave()
        second.shows("idle")
        third.leave(gone=True)
        fourth = await house.enter(node, 4)
        await fourth.true(lambda: fourth.statuses(2)[-1:] == ["idle"] or of(entered(fourth)).get(2) == "idle")
        again = Screen(other)
        await again.resume(token, first)
        await again.true(lambda: len({each["user"]["id"] for each in again.told("PRESENCE_UPDATE")}) >= 3)
        assert (again.statuses(2), again.statuses(3), again.statuses(4)) == (["idle"], ["offline"], ["online"])

    live(tmp_path, story)


def test_the_newer_of_two_sockets_has_the_session_wherever_it_is(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node, other = await house.node(), await house.node()
        token = await house.log_in(1)
        first, again = Screen(node), Screen(other)
        await first.identify(token)
        await again.resume(token, first)
        await first.true(lambda: not first.open)
        assert first.code is Close.UNKNOWN_ERROR
        assert again.open

    live(tmp_path, story)


def test_who_joins_is_here_in_that_guild_and_who_leaves_is_not(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node = await house.node()
        first, second = await house.enter(node, 1), await house.enter(node, 2)
        await house.leaves(2)
        await second.until("GUILD_DELETE")
        await first.true(lambda: first.statuses(2)[-1:] == ["offline"])
        await house.joins(2)
        guild = await second.until("GUILD_CREATE")
        assert of(guild)[1] == "online"
        await first.true(lambda: first.statuses(2)[-1:] == ["online"])

    live(tmp_path, story)


@pytest.mark.parametrize("bot", [False, True])
def test_people_are_not_told_of_everyone_where_there_are_many(tmp_path: Path, bot: bool) -> None:
    async def story(house: House) -> None:
        await house.joins(60, new=True, bot=bot)
        node = await house.node()
        first = await house.enter(node, 60)
        second = await house.enter(node, 2)
        guild = entered(first) if not bot else (await first.until("GUILD_CREATE"))
        assert guild["large"]
        assert guild["member_count"] == 61
        assert [int(each["user"]["id"]) - FIRST for each in guild["members"]] == [60]
        second.shows("dnd")
        if bot:
            await first.true(lambda: first.statuses(2)[-1:] == ["dnd"])
            late = await house.enter(node, 60)
            guild = await late.until("GUILD_CREATE")
            assert {int(each["user"]["id"]) - FIRST for each in guild["members"]} == {2, 60}
            assert of(guild) == {2: "dnd", 60: "online"}
        else:
            await second.ask(None, FIRST)
            assert first.told("PRESENCE_UPDATE") == []
            assert guild["presences"] == []

    live(tmp_path, story, 60)
