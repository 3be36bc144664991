"""What the service of members promises: questions, lists, use; one suite for here and elsewhere."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from derailed.members import CHUNK, Members, Query
from derailed.model import permissions
from derailed.model.guild import Overwrite
from tests.contracts.member_services import SERVICES, Case, Runner
from tests.members.town import FIRST, GUILD, LEADERS, OPEN, STAFF, Node, Town, found, names, town

EVERYONE = Query("")
HIDDEN = Overwrite(GUILD, 0, 0, permissions.VIEW_CHANNEL)


@pytest.fixture(params=SERVICES)
def on_members(request: pytest.FixtureRequest, tmp_path: Path) -> Runner:
    """Runs a case on a town of its own."""

    def run_case(case: Case, count: int = 5, **options: Any) -> None:
        async def main() -> None:
            serve = SERVICES[request.param]
            async with asyncio.timeout(20), town(tmp_path, count) as place, serve(place, **options) as members:
                await case(place, members)

        asyncio.run(main())

    return run_case


# Questions


def test_everyone_is_found_in_chunks_of_a_thousand(on_members: Runner) -> None:
    async def case(_: Town, members: Members) -> None:
        ids, chunks = await found(members.link("n"), EVERYONE)
        assert ids == list(range(CHUNK + 2))
        assert [len(msgspec.json.decode(chunk.members)) for chunk in chunks] == [CHUNK, 2]

    on_members(case, CHUNK + 2)


def test_a_prefix_finds_usernames_and_nicks_whatever_their_case(on_members: Runner) -> None:
    async def case(place: Town, members: Members) -> None:
        link = members.link("n")
        await place.becomes(2, nick="Straße")
        await place.becomes(3, nick="user00004 too")
        assert (await found(link, Query("STRASSE")))[0] == [2]
        assert (await found(link, Query("USER00004")))[0] == [3, 4]
        assert (await found(link, Query("user00002")))[0] == [2]
        assert len((await found(link, Query("user", limit=2)))[0]) == 2

    on_members(case)


def test_nobody_is_one_empty_chunk(on_members: Runner) -> None:
    async def case(_: Town, members: Members) -> None:
        for query, guild_id in ((Query("zz"), GUILD), (EVERYONE, 1), (Query("zz"), 1)):
            ids, chunks = await found(members.link("n"), query, guild_id)
            assert (ids, len(chunks), chunks[0].members) == ([], 1, b"[]")

    on_members(case)


def test_ids_that_are_no_members_are_named(on_members: Runner) -> None:
    async def case(_: Town, members: Members) -> None:
        ids, chunks = await found(members.link("n"), Query(None, (FIRST + 1, 5, FIRST + 3, 5, FIRST + 1)))
        assert ids == [1, 3]
        assert chunks[0].not_found == (5,)

    on_members(case)


def test_presences_are_of_those_who_are_online_and_only_if_asked(on_members: Runner) -> None:
    async def case(place: Town, members: Members) -> None:
        node = Node(members.link("n"))
        screen = node.follow(1, OPEN, (0, 99))
        place.online(1)
        await node.until(lambda: screen.counts == (5, 1))
        _, (chunk,) = await found(node.link, Query("", presences=True))
        (presence,) = msgspec.json.decode(chunk.presences)
        assert (presence["user"], presence["status"]) == ({"id": str(FIRST + 1)}, "online")
        assert presence["client_status"] == {"web": "online"}
        assert (await found(node.link, EVERYONE))[1][0].presences == b"[]"
        await node.close()

    on_members(case)


def test_what_was_told_before_a_question_is_in_the_answer(on_members: Runner) -> None:
    async def case(place: Town, members: Members) -> None:
        link = members.link("n")
        link.interest(GUILD)
        assert (await found(link, EVERYONE))[0] == [0, 1, 2, 3, 4]
        await place.joins(7)
        assert (await found(link, EVERYONE))[0] == [0, 1, 2, 3, 4, 7]
        await place.leaves(2)
        assert (await found(link, Query(None, (FIRST + 2,))))[1][0].not_found == (FIRST + 2,)
        await place.becomes(1, roles=(LEADERS,), nick="One")
        _, (chunk,) = await found(link, Query(None, (FIRST + 1,)))
        (one,) = msgspec.json.decode(chunk.members)
        assert (one["nick"], one["roles"]) == ("One", [str(LEADERS)])

    on_members(case)


def test_members_are_loaded_whole_while_they_change(on_members: Runner) -> None:
    async def case(place: Town, members: Members) -> None:
        link = members.link("n")
        asking = asyncio.create_task(found(link, EVERYONE))
        for number in range(5):
            await place.leaves(number)
            await place.joins(number + 2000)
        await asking
        assert (await found(link, EVERYONE))[0] == [*range(5, 1000), *range(2000, 2005)]

    on_members(case, 1000)


def test_a_guild_that_has_ended_has_nobody(on_members: Runner) -> None:
    async def case(place: Town, members: Members) -> None:
        link = members.link("n")
        await found(link, EVERYONE)
        await place.ends()
        assert (await found(link, EVERYONE))[0] == []

    on_members(case)


# Large guilds


def test_a_large_guild_is_answered_for_from_the_store(on_members: Runner) -> None:
    async def case(place: Town, members: Members) -> None:
        place.online(3, 1500)
        link = members.link("n")
        ids, chunks = await found(link, Query("", presences=True))
        assert ids == list(range(2500))
        assert [len(msgspec.json.decode(chunk.members)) for chunk in chunks] == [1000, 1000, 500]
        assert [len(msgspec.json.decode(chunk.presences)) for chunk in chunks] == [1, 1, 0]
        assert (await found(link, Query("", limit=1001)))[0] == list(range(1001))
        assert (await found(link, Query("user0242")))[0] == list(range(2420, 2430))
        ids, (chunk,) = await found(link, Query(None, (FIRST, FIRST + 3, 9)))
        assert (ids, chunk.not_found) == ([0, 3], (9,))

    on_members(case, 2500, large=1000)


def test_the_list_of_a_large_guild_has_no_offline_group(on_members: Runner) -> None:
    async def case(place: Town, members: Members) -> None:
        node = Node(members.link("n"))
        place.online(3, 1)
        screen = node.follow(1, OPEN, (0, 99))
        await node.until(lambda: names(screen) == ["online", "1", "3"])
        assert screen.counts == (20, 2)
        assert screen.groups == [("online", 2)]
        place.offline(1)
        place.online(7)
        await node.until(lambda: names(screen) == ["online", "3", "7"])
        await node.close()

    on_members(case, 20, large=10)


# Lists


def test_a_list_is_told_and_then_what_becomes_of_it(on_members: Runner) -> None:
    async def case(place: Town, members: Members) -> None:
        node = Node(members.link("n"))
        screen = node.follow(1, OPEN, (0, 99))
        await node.until(lambda: names(screen) == ["offline", "0", "1", "2", "3", "4"])
        assert (screen.id, screen.ops) == ("everyone", ["SYNC"])
        await place.becomes(2, roles=(LEADERS,))
        place.online(2, 4)
        await node.until(lambda: names(screen) == [str(LEADERS), "2", "online", "4", "offline", "0", "1", "3"])
        await place.becomes(4, nick="Four")
        await node.until(lambda: "UPDATE" in screen.ops or screen.ops[-2:] == ["DELETE", "INSERT"])
        await place.leaves(0)
        await node.until(lambda: screen.groups[-1] == ("offline", 2))
        assert screen.ops.count("SYNC") == 1
        await node.close()

    on_members(case)


def test_a_list_shows_only_who_may_view_the_channel(on_members: Runner) -> None:
    async def case(place: Town, members: Members) -> None:
        node = Node(members.link("n"))
        screen = node.follow(1, STAFF, (0, 99))
        await node.until(lambda: names(screen) == ["offline", "0"])
        assert screen.id not in ("", "everyone")
        await place.becomes(3, roles=(LEADERS,))
        await place.allows(HIDDEN, Overwrite(LEADERS, 0, permissions.VIEW_CHANNEL, 0))
        await node.until(lambda: names(screen) == ["offline", "0", "3"])
        await place.allows(Overwrite(FIRST + 4, 1, permissions.VIEW_CHANNEL, 0), HIDDEN)
        await node.until(lambda: names(screen) == ["offline", "0", "4"])
        await place.allows()
        await node.until(lambda: screen.id == "everyone")
        assert names(screen) == ["offline", "0", "1", "2", "3", "4"]
        await node.close()

    on_members(case)


def test_a_deleted_role_leaves_list_and_members(on_members: Runner) -> None:
    async def case(place: Town, members: Members) -> None:
        node = Node(members.link("n"))
        await place.becomes(1, roles=(LEADERS,))
        place.online(1)
        screen = node.follow(1, OPEN, (0, 1))
        await node.until(lambda: names(screen) == [str(LEADERS), "1"])
        await place.deletes_role()
        await node.until(lambda: names(screen) == ["online", "1"])
        _, (chunk,) = await found(node.link, Query(None, (FIRST + 1,)))
        assert msgspec.json.decode(chunk.members)[0]["roles"] == []
        await node.close()

    on_members(case)


def test_following_again_changes_the_ranges(on_members: Runner) -> None:
    async def case(place: Town, members: Members) -> None:
        node = Node(members.link("n"))
        screen = node.follow(1, OPEN, (0, 1))
        await node.until(lambda: names(screen) == ["offline", "0"])
        screen.ranges = [(2, 3)]
        node.link.follow(1, GUILD, OPEN, [(2, 3)])
        await node.until(lambda: names(screen) == ["1", "2"])
        assert screen.ops == ["SYNC", "INVALIDATE", "SYNC"]
        await place.leaves(0)
        await node.until(lambda: names(screen) == ["2", "3"])
        await node.close()

    on_members(case)


def test_who_has_left_a_list_is_told_nothing(on_members: Runner) -> None:
    async def case(place: Town, members: Members) -> None:
        node = Node(members.link("n"))
        one, two = node.follow(1, OPEN, (0, 99)), node.follow(2, OPEN, (0, 99))
        await node.until(lambda: bool(one.ops and two.ops))
        node.link.leave(1)
        await place.leaves(2)
        await node.until(lambda: two.counts == (4, 0))
        assert one.counts == (5, 0)
        await node.close()

    on_members(case)


def test_a_channel_that_is_not_there_shows_nothing_and_breaks_nothing(on_members: Runner) -> None:
    async def case(_: Town, members: Members) -> None:
        node = Node(members.link("n"))
        nothing, screen = node.follow(1, 5, (0, 99)), node.follow(2, OPEN, (0, 99))
        await node.until(lambda: bool(screen.ops))
        assert nothing.ops == []
        await node.close()

    on_members(case)


def test_who_watches_hears_of_each_member(on_members: Runner) -> None:
    async def case(place: Town, members: Members) -> None:
        node = Node(members.link("n"))
        node.link.interest(GUILD)
        node.link.watch(GUILD)
        await found(node.link, EVERYONE)
        await place.becomes(1, nick="One")
        await place.leaves(2)
        await node.until(lambda: len(node.changes) == 2)
        (_, one, data), gone = node.changes
        assert (one, msgspec.json.decode(data or b"")["nick"]) == (FIRST + 1, "One")
        assert (gone.user_id, gone.member) == (FIRST + 2, None)
        await node.close()

    on_members(case)


def test_who_answers_is_up(on_members: Runner) -> None:
    async def case(_: Town, members: Members) -> None:
        await found(members.link("n"), EVERYONE)
        assert members.is_up

    on_members(case)
