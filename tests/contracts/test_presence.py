"""What the Presence Service promises, here and elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from derailed.presence import Announced, Changed, Client, Presences, Status, Superseded
from tests.contracts.presences import GUILD, OTHER_GUILD, PRESENCES, Case, Reader

Runner = Callable[[Case], None]


@pytest.fixture(params=PRESENCES)
def on(request: pytest.FixtureRequest, tmp_path: Path) -> Runner:
    """Runs a case on each of them."""

    def run_case(case: Case) -> None:
        async def main() -> None:
            async with asyncio.timeout(20), PRESENCES[request.param](tmp_path) as presences:
                await case(presences)

        asyncio.run(main())

    return run_case


def session(
    user: int, status: Status = "online", *, claim: int = 1, client: Client = "desktop", resumed: bool = False
) -> Announced:
    """The one session of a user."""
    return Announced(user.to_bytes(16), user, claim, (GUILD,), status, b"[]", client, resumed)


def id_of(user: int) -> bytes:
    """The id of that session."""
    return user.to_bytes(16)


def test_who_comes_changes_and_goes_is_told_to_who_watches(on: Runner) -> None:
    async def case(presences: Presences) -> None:
        node, reader = presences.link("a"), Reader(presences.link("b"))
        await reader.watch()
        node.up(session(1, client="mobile"))
        await reader.until_shown(1, "online")
        assert reader.shown[GUILD, 1].client_status == b'{"mobile":"online"}'
        node.change(id_of(1), "dnd", b'[{"name":"chess","type":0}]')
        await reader.until_shown(1, "dnd")
        assert reader.shown[GUILD, 1].activities == b'[{"name":"chess","type":0}]'
        node.gone(id_of(1))
        await reader.until_shown(1, "offline")
        await reader.close()

    on(case)


def test_a_node_knows_what_its_sessions_show_also_of_one_that_was_resumed(on: Runner) -> None:
    async def case(presences: Presences) -> None:
        node, other, reader = presences.link("a"), presences.link("c"), Reader(presences.link("b"))
        await reader.watch()
        assert node.shows(id_of(1)) is None
        node.up(session(1))
        node.change(id_of(1), "dnd", b'[{"name":"chess","type":0}]')
        assert node.shows(id_of(1)) == ("dnd", b'[{"name":"chess","type":0}]')
        await reader.until_shown(1, "dnd")
        node.detached(id_of(1))
        other.up(session(1, claim=2, resumed=True))
        await other.watch(GUILD)  # which is answered after that
        assert other.shows(id_of(1)) == ("dnd", b'[{"name":"chess","type":0}]')
        await reader.close()

    on(case)


def test_who_watches_is_told_who_is_there_already(on: Runner) -> None:
    async def case(presences: Presences) -> None:
        node, first = presences.link("a"), Reader(presences.link("b"))
        await first.watch()
        for user in range(1, 1001):
            node.up(session(user, "idle"))
        await first.until(lambda: len(first.shown) == 1000)
        second = Reader(presences.link("c"))
        await second.watch()
        assert second.shown == first.shown
        assert second.signals == []
        assert await first.link.watch(OTHER_GUILD) == []

    on(case)


def test_who_comes_and_goes_while_a_guild_is_told_is_shown_in_the_end(on: Runner) -> None:
    async def case(presences: Presences) -> None:
        node, reader = presences.link("a"), Reader(presences.link("b"))
        first = Reader(presences.link("c"))
        await first.watch()
        for user in range(1, 1001):
            node.up(session(user))
        await first.until(lambda: len(first.shown) == 1000)
        watching = asyncio.create_task(reader.watch())
        for user in range(1, 1001, 7):
            node.gone(id_of(user))
            node.up(session(user + 2000))
        await watching
        left = {user for user in range(1, 1001) if user % 7 != 1} | set(range(2001, 3001, 7))
        await reader.until(lambda: {user for _, user in reader.shown} == left)

    on(case)


def test_a_node_hears_of_its_own_sessions_too(on: Runner) -> None:
    async def case(presences: Presences) -> None:
        reader = Reader(presences.link("a"))
        await reader.watch()
        reader.link.up(session(1))
        await reader.until_shown(1, "online")

    on(case)


def test_who_watches_no_more_is_told_nothing(on: Runner) -> None:
    async def case(presences: Presences) -> None:
        reader, other = Reader(presences.link("a")), Reader(presences.link("b"))
        await reader.watch(OTHER_GUILD)
        await reader.watch()
        await other.watch()
        reader.link.unwatch(GUILD)
        reader.link.up(session(1))
        await other.until_shown(1, "online")
        reader.link.up(Announced(id_of(2), 2, 1, (OTHER_GUILD,)))
        await reader.until_shown(2, "online", OTHER_GUILD)
        assert reader.statuses(1) == []

    on(case)


def test_what_was_unread_of_a_guild_that_is_watched_no_more_does_not_end_the_reading(on: Runner) -> None:
    async def case(presences: Presences) -> None:
        link, other = presences.link("one"), presences.link("other")
        await link.watch(GUILD)
        other.up(Announced(id_of(1), 1, 1, (GUILD, OTHER_GUILD)))
        while not link.here(GUILD):  # noqa: ASYNC110  nobody reads, so nothing wakes us
            await asyncio.sleep(0.01)
        link.unwatch(GUILD)
        reading = asyncio.create_task(link.read())
        await link.watch(OTHER_GUILD)
        other.change(id_of(1), "dnd", b"[]")
        assert [signal.guild_ids for signal in await reading if isinstance(signal, Changed)] == [(OTHER_GUILD,)]

    on(case)


def test_counts_and_questions_are_exact_once_it_is_quiet(on: Runner) -> None:
    async def case(presences: Presences) -> None:
        reader = Reader(presences.link("a"))
        await reader.watch()
        for user in range(1, 31):
            reader.link.up(session(user, "invisible" if user % 3 == 0 else "online"))
        for user in range(1, 31, 5):
            reader.link.gone(id_of(user))
        reader.link.up(session(100))
        left = {user for user in range(1, 31) if user % 3 and user % 5 != 1} | {100}
        await reader.until(lambda: {user for _, user in reader.shown} == left)
        assert await presences.counts([GUILD, OTHER_GUILD]) == {GUILD: len(left), OTHER_GUILD: 0}
        found = await presences.of_users(GUILD, range(1, 101))
        assert {presence.user_id for presence in found} == left
        assert await presences.of_users(OTHER_GUILD, range(1, 101)) == []

    on(case)


def test_the_later_of_two_sockets_wins_and_the_earlier_is_told(on: Runner) -> None:
    async def case(presences: Presences) -> None:
        first, second = Reader(presences.link("a")), Reader(presences.link("b"))
        await second.watch()
        first.link.up(session(1, claim=5))
        await second.until_shown(1, "online")
        second.link.up(session(1, claim=6))
        await first.until(lambda: Superseded(id_of(1)) in first.signals)
        first.link.gone(id_of(1))
        first.link.up(session(2))
        await second.until_shown(2, "online")
        assert second.status(1) == "online"
        assert not any(isinstance(signal, Superseded) for signal in second.signals)

    on(case)


def test_a_session_resumed_elsewhere_shows_what_it_showed_and_does_not_flap(on: Runner) -> None:
    async def case(presences: Presences) -> None:
        first, second, reader = presences.link("a"), presences.link("b"), Reader(presences.link("c"))
        await reader.watch()
        first.up(session(1, "dnd"))
        await reader.until_shown(1, "dnd")
        first.detached(id_of(1))
        second.up(session(1, claim=2, resumed=True))
        await first.close()
        second.up(session(2))
        await reader.until_shown(2, "online")
        assert reader.statuses(1) == ["dnd"]
        assert await presences.counts([GUILD]) == {GUILD: 2}

    on(case)


def test_a_users_guilds_may_change(on: Runner) -> None:
    async def case(presences: Presences) -> None:
        reader = Reader(presences.link("a"))
        await reader.watch()
        await reader.watch(OTHER_GUILD)
        reader.link.up(session(1))
        await reader.until_shown(1, "online")
        reader.link.belongs(id_of(1), (OTHER_GUILD,))
        await reader.until_shown(1, "offline")
        await reader.until_shown(1, "online", OTHER_GUILD)
        assert await presences.counts([GUILD, OTHER_GUILD]) == {GUILD: 0, OTHER_GUILD: 1}

    on(case)


def test_a_user_with_several_sessions_is_offline_after_the_last(on: Runner) -> None:
    async def case(presences: Presences) -> None:
        reader = Reader(presences.link("a"))
        await reader.watch()
        for each, client in ((b"phone", "mobile"), (b"desk", "desktop")):
            reader.link.up(Announced(each, 1, 1, (GUILD,), "idle", b"[]", client))  # type: ignore[arg-type]
        both = b'{"desktop":"idle","mobile":"idle"}'
        await reader.until(lambda: (GUILD, 1) in reader.shown and reader.shown[GUILD, 1].client_status == both)
        reader.link.gone(b"phone")
        await reader.until(lambda: reader.shown[GUILD, 1].client_status == b'{"desktop":"idle"}')
        reader.link.gone(b"desk")
        await reader.until_shown(1, "offline")

    on(case)


def test_who_is_here_is_known_at_once(on: Runner) -> None:
    async def case(presences: Presences) -> None:
        reader = Reader(presences.link("a"))
        assert reader.link.here(GUILD) == []
        for user in (1, 2, 3):
            reader.link.up(session(user, "invisible" if user == 3 else "idle"))
        await reader.watch()
        await reader.until(lambda: len(reader.shown) == 2)
        assert {presence.user_id: presence for presence in reader.link.here(GUILD)} == {
            user: reader.shown[GUILD, user] for user in (1, 2)
        }
        assert reader.link.here(GUILD, [2, 2, 3, 4]) == [reader.shown[GUILD, 2]]
        assert reader.link.here(OTHER_GUILD) == []
        reader.link.unwatch(GUILD)
        assert reader.link.here(GUILD) == []
        assert reader.link.here(GUILD, [1]) == []

    on(case)


def test_who_changed_while_a_session_was_away_is_known(on: Runner) -> None:
    async def case(presences: Presences) -> None:
        first, second, reader = presences.link("a"), presences.link("b"), Reader(presences.link("c"))
        await reader.watch()
        first.up(session(1))
        second.up(session(2))
        second.up(Announced(id_of(3), 3, 1, (GUILD, OTHER_GUILD)))
        await reader.until(lambda: len(reader.shown) == 3)
        first.detached(id_of(1))
        second.change(id_of(3), "dnd", b"[]")
        second.gone(id_of(2))
        await reader.until_shown(2, "offline")
        await reader.until_shown(3, "dnd")
        for session_id in (id_of(1), b"never heard of"):
            users, _ = await second.recent(session_id, [GUILD, OTHER_GUILD])
            assert {guild_id: set(changed) for guild_id, changed in users.items()} == {
                GUILD: {1, 2, 3},
                OTHER_GUILD: {3},
            }
        assert await second.recent(id_of(1), []) == ({}, False)  # the service has just begun

    on(case)


def test_who_has_no_session_is_absent_and_who_is_invisible_is_not(on: Runner) -> None:
    async def case(presences: Presences) -> None:
        reader = Reader(presences.link("a"))
        await reader.watch()
        reader.link.up(session(1, "invisible"))
        reader.link.up(session(2))
        reader.link.up(session(3))
        reader.link.gone(id_of(3))
        reader.link.up(session(4))
        await reader.until(lambda: {user for _, user in reader.shown} == {2, 4})
        reader.link.detached(id_of(2))
        assert set(await presences.absent(range(1, 6))) == {3, 5}
        assert set(await presences.absent([])) == set()

    on(case)


def test_what_is_said_of_a_session_that_is_not_here_does_nothing(on: Runner) -> None:
    async def case(presences: Presences) -> None:
        node, reader = presences.link("a"), Reader(presences.link("b"))
        await reader.watch()
        node.up(session(1))
        await reader.until_shown(1, "online")
        for session_id in (id_of(1), b"never heard of"):
            reader.link.change(session_id, "dnd", b"[]")
            reader.link.belongs(session_id, (OTHER_GUILD,))
            reader.link.detached(session_id)
            reader.link.gone(session_id)
        reader.link.up(session(2))
        await reader.until_shown(2, "online")
        assert reader.status(1) == "online"
        assert await presences.counts([GUILD, OTHER_GUILD]) == {GUILD: 2, OTHER_GUILD: 0}

    on(case)


def test_whether_it_is_up_is_known(on: Runner) -> None:
    async def case(presences: Presences) -> None:
        await presences.counts([GUILD])
        assert presences.is_up
        await presences.link("a").watch(GUILD)
        assert presences.is_up

    on(case)


def test_a_closed_link_reads_nothing(on: Runner) -> None:
    async def case(presences: Presences) -> None:
        link = presences.link("a")
        reading = asyncio.create_task(link.read())
        await asyncio.sleep(0)
        await link.close()
        assert await reading == ()

    on(case)
