"""Friends' presences: who hears of whom, on one node and on two, as friendships begin and end, and after a resume."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from derailed.actions.relationships import Relationships
from tests.gateway.house import House, Screen, live
from tests.gateway.test_presences import entered
from tests.members.town import FIRST, GUILD

FAR, FARTHER = 70, 71
"""Accounts that belong to no guild."""


def friends(screen: Screen) -> dict[int, str]:
    """The statuses of friends, as READY told them."""
    return {int(each["user"]["id"]) - FIRST: each["status"] for each in screen.told("READY")[0]["presences"]}


def as_friend(screen: Screen, number: int) -> list[str]:
    """What it was told of a friend's status."""
    return screen.statuses(number, 0)


async def two_nodes(house: House) -> tuple[Any, Any]:
    """And two people without a guild."""
    for number in (FAR, FARTHER):
        await house.moves_in(number)
    return await house.node(), await house.node()


def test_friends_who_share_nothing_hear_of_each_other(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node, other = await two_nodes(house)
        await house.befriends(1, FAR)
        near = await house.enter(node, 1)
        assert friends(near) == {}
        far = await house.enter(other, FAR, status="dnd")
        assert friends(far) == {1: "online"}
        await near.true(lambda: as_friend(near, FAR) == ["dnd"])
        near.shows("idle", {"name": "Chess", "type": 0})
        told = await far.until("PRESENCE_UPDATE", lambda d: d["status"] == "idle")
        assert "guild_id" not in told
        assert told["activities"][0]["name"] == "Chess"
        far.leave(gone=True)
        await near.true(lambda: as_friend(near, FAR) == ["dnd", "offline"])

    live(tmp_path, story)


def test_the_invisible_are_offline_to_friends_too(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node, other = await two_nodes(house)
        await house.befriends(1, FAR)
        await house.befriends(1, FARTHER)
        near = await house.enter(node, 1)
        far = await house.enter(other, FAR, status="invisible")
        await house.enter(other, FARTHER)
        await near.true(lambda: as_friend(near, FARTHER) == ["online"])
        assert as_friend(near, FAR) == []
        far.shows("online")
        await near.true(lambda: as_friend(near, FAR) == ["online"])

    live(tmp_path, story)


def test_a_friend_in_a_guild_in_common_is_told_in_both(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node, other = await two_nodes(house)
        await house.befriends(1, 2)
        first, second = await house.enter(node, 1), await house.enter(other, 2)
        assert friends(second) == {1: "online"}
        second.shows("dnd")
        await first.true(lambda: (first.statuses(2)[-1:], as_friend(first, 2)[-1:]) == (["dnd"], ["dnd"]))
        assert entered(first)["presences"]

    live(tmp_path, story)


def test_strangers_those_who_ask_and_those_who_are_blocked_hear_nothing(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node, other = await two_nodes(house)
        for number in (72, 73, 74):
            await house.moves_in(number)
        await house.befriends(1, FAR)
        await house.relates(FARTHER, 1, Relationships.ask)
        await house.relates(1, 72, Relationships.ask)
        await house.befriends(1, 73)
        await house.relates(1, 73, Relationships.block)
        await house.befriends(74, 1)
        await house.relates(74, 1, Relationships.block)
        near = await house.enter(node, 1)
        others = [await house.enter(other, number) for number in (FARTHER, 72, 73, 74)]
        far = await house.enter(other, FAR)
        near.shows("dnd")
        await far.true(lambda: as_friend(far, 1) == ["dnd"])
        for each in others:
            assert friends(each) == {}
            assert each.told("PRESENCE_UPDATE") == []
        assert [each["user"]["id"] for each in near.told("PRESENCE_UPDATE") if "guild_id" not in each] == [
            str(FIRST + FAR)
        ]

    live(tmp_path, story)


def test_who_become_friends_while_here_are_told_of_each_other(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node, other = await two_nodes(house)
        near, far, same = await house.enter(node, 1), await house.enter(other, FAR), await house.enter(node, FARTHER)
        near.shows("idle")
        await house.befriends(1, FAR)
        await near.true(lambda: as_friend(near, FAR)[-1:] == ["online"])
        await far.true(lambda: as_friend(far, 1)[-1:] == ["idle"])
        added = [each["type"] for each in far.told("RELATIONSHIP_ADD")]
        assert added == [3, 1]
        await house.befriends(FARTHER, 1)
        await same.true(lambda: as_friend(same, 1)[-1:] == ["idle"])
        await near.true(lambda: as_friend(near, FARTHER)[-1:] == ["online"])

    live(tmp_path, story)


def test_who_are_friends_no_more_hear_no_more(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node, other = await two_nodes(house)
        await house.befriends(1, FAR)
        await house.befriends(1, FARTHER)
        near, far = await house.enter(node, 1), await house.enter(other, FAR)
        still = await house.enter(other, FARTHER)
        await near.true(lambda: bool(as_friend(near, FAR)) and bool(as_friend(near, FARTHER)))
        await house.relates(1, FAR, Relationships.block)
        await far.until("RELATIONSHIP_REMOVE")
        await near.until("RELATIONSHIP_ADD", lambda d: d["type"] == 2)
        heard = len(far.told("PRESENCE_UPDATE"))
        near.shows("dnd")
        await still.true(lambda: as_friend(still, 1)[-1:] == ["dnd"])
        far.shows("dnd")
        still.shows("idle")
        await near.true(lambda: as_friend(near, FARTHER)[-1:] == ["idle"])
        assert len(far.told("PRESENCE_UPDATE")) == heard
        assert "dnd" not in as_friend(near, FAR)
        again = await house.enter(node, FAR)
        assert friends(again) == {}

    live(tmp_path, story)


def test_every_session_of_an_account_hears_and_the_others_see_one(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node, other = await two_nodes(house)
        await house.befriends(1, FAR)
        near = [await house.enter(each, 1) for each in (node, node, other)]
        far = await house.enter(other, FAR)
        for each in near:
            await each.until("PRESENCE_UPDATE", lambda d: "guild_id" not in d and d["user"]["id"] == str(FIRST + FAR))
        near[0].leave(gone=True)
        near[1].leave(gone=True)
        near[2].shows("dnd")
        await far.true(lambda: as_friend(far, 1)[-1:] == ["dnd"])
        assert "offline" not in as_friend(far, 1)
        await near[2].true(lambda: near[2].statuses(1)[-1:] == ["dnd"])

    live(tmp_path, story)


def test_who_is_resumed_is_told_of_friends_who_changed_meanwhile_and_was_never_gone(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node, other = await two_nodes(house)
        await house.befriends(1, FAR)
        token = await house.log_in(FAR)
        near, far = await house.enter(node, 1), Screen(node)
        await far.identify(token)
        await near.true(lambda: as_friend(near, FAR) == ["online"])
        far.leave()
        near.shows("idle")
        await house.befriends(FAR, FARTHER)
        farther = await house.enter(other, FARTHER)
        await near.true(lambda: near.statuses(1)[-1:] == ["idle"])
        again = Screen(other)
        await again.resume(token, far)
        assert not again.refused
        await again.true(lambda: (as_friend(again, 1), as_friend(again, FARTHER)) == (["idle"], ["online"]))
        assert [each["type"] for each in again.told("RELATIONSHIP_ADD")] == [4, 1]
        again.shows("dnd")
        await near.true(lambda: as_friend(near, FAR)[-1:] == ["dnd"])
        await farther.true(lambda: as_friend(farther, FAR)[-1:] == ["dnd"])
        assert as_friend(near, FAR) == ["online", "dnd"]

    live(tmp_path, story)


def test_a_friendship_that_ended_while_away_is_over_after_the_resume(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node, other = await two_nodes(house)
        await house.befriends(1, FAR)
        await house.befriends(FARTHER, FAR)
        token = await house.log_in(FAR)
        near, far = await house.enter(node, 1), Screen(node)
        await far.identify(token)
        far.leave()
        await house.relates(1, FAR, Relationships.end)
        again = Screen(other)
        await again.resume(token, far)
        assert [each["type"] for each in again.told("RELATIONSHIP_REMOVE")] == [1]
        near.shows("dnd")
        farther = await house.enter(node, FARTHER)
        await again.true(lambda: as_friend(again, FARTHER)[-1:] == ["online"])
        again.shows("idle")
        await farther.true(lambda: as_friend(farther, FAR)[-1:] == ["idle"])
        assert as_friend(again, 1) == []
        assert "idle" not in as_friend(near, FAR)

    live(tmp_path, story)


def test_a_node_watches_only_for_those_who_have_friends(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node, _ = await two_nodes(house)
        lonely = await house.enter(node, FAR)
        topic = node.hub.registry.topics[f"user:{FIRST + FAR}"]
        assert (topic.onlookers, topic.watch) == (0, None)
        await house.befriends(FAR, FARTHER)
        farther = await house.enter(node, FARTHER)
        await lonely.true(lambda: bool(as_friend(lonely, FARTHER)))
        assert topic.onlookers == 1
        await house.relates(FAR, FARTHER, Relationships.end)
        await lonely.until("RELATIONSHIP_REMOVE")
        await farther.until("RELATIONSHIP_REMOVE")
        assert (topic.onlookers, topic.watch) == (0, None)

    live(tmp_path, story)


def test_counts_of_guilds_are_as_if_nobody_had_friends(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node, other = await two_nodes(house)
        await house.befriends(1, FAR)
        await house.enter(node, 1)
        await house.enter(other, FAR)
        assert await house.town.presences.counts([GUILD]) == {GUILD: 1}

    live(tmp_path, story)
