"""The rules of presence, each by name, on a clock that the case moves."""

from __future__ import annotations

import pytest

from derailed.presence import Announced, Changed, Presence, Signal, Status, Superseded
from derailed.presence.sessions import Node
from derailed.presence.tracker import GRACE_MS, LEASE_MS, NOTICED_WITHIN_MS, RESUME_WINDOW_S, Tracker
from derailed.presence.watchers import TOLD_AT_MOST_EVERY_MS

GUILD, OTHER_GUILD = 10, 11
ALL = 1_000_000


class World:
    """A tracker, and what its nodes were told."""

    def __init__(self, settles_at_ms: int = 0) -> None:
        self.now = 1000
        self.tracker = Tracker(settles_at_ms)
        self.watcher = self.node("watcher")
        self.tracker.watch(self.watcher, GUILD)

    def node(self, name: str, *, leased: bool = False) -> Node:
        return self.tracker.join(name, lambda: None, self.now if leased else None)

    def up(
        self, node: Node, session: bytes = b"s", user: int = 1, status: Status = "online", *, claim: int = 1
    ) -> None:
        self.tracker.up(node, Announced(session, user, claim, (GUILD,), status), self.now)

    def announce(self, node: Node, announced: Announced) -> None:
        self.tracker.up(node, announced, self.now)

    def later(self, ms: int) -> None:
        self.now += ms
        while self.tracker.advance(self.now, ALL):
            pass

    def heard(self) -> list[Signal]:
        return self.tracker.take(self.watcher, ALL)

    def statuses(self) -> list[tuple[int, str]]:
        return [
            (signal.presence.user_id, signal.presence.status) for signal in self.heard() if isinstance(signal, Changed)
        ]


@pytest.fixture
def world() -> World:
    return World()


def test_who_comes_is_told_and_counted(world: World) -> None:
    world.up(world.node("a"))
    assert world.heard() == [Changed(Presence(1, "online", b"[]", b'{"desktop":"online"}'), (GUILD,))]
    assert world.tracker.count(GUILD) == 1


def test_who_closes_for_good_is_offline_at_once(world: World) -> None:
    node = world.node("a")
    world.up(node)
    world.later(1000)
    world.heard()
    world.tracker.gone(node, b"s", world.now)
    assert world.heard() == [Changed(Presence(1, "offline"), (GUILD,))]
    assert world.tracker.count(GUILD) == 0


def test_a_detached_session_stays_as_it_was_for_the_grace(world: World) -> None:
    node = world.node("a")
    world.up(node, status="dnd")
    world.heard()
    world.tracker.detached(node, b"s", world.now)
    world.later(GRACE_MS - 1)
    assert world.heard() == []
    assert world.tracker.count(GUILD) == 1
    world.later(1)
    assert world.statuses() == [(1, "offline")]
    assert world.tracker.count(GUILD) == 0


def test_a_resume_on_another_node_is_no_flap(world: World) -> None:
    first, second = world.node("a"), world.node("b")
    world.up(first)
    world.heard()
    world.tracker.detached(first, b"s", world.now)
    world.later(3000)
    world.up(second, claim=2)
    world.later(2 * GRACE_MS)
    assert world.heard() == []
    assert world.tracker.count(GUILD) == 1


def test_a_resume_on_the_same_node_is_no_flap(world: World) -> None:
    node = world.node("a")
    world.up(node)
    world.heard()
    for claim in (2, 3):
        world.tracker.detached(node, b"s", world.now)
        world.later(GRACE_MS - 1)
        world.up(node, claim=claim)
    world.later(2 * GRACE_MS)
    assert world.heard() == []


def test_a_resumed_session_shows_what_it_showed(world: World) -> None:
    first, second = world.node("a"), world.node("b")
    world.announce(first, Announced(b"s", 1, 1, (GUILD,), "dnd", b'[{"name":"x"}]'))
    world.heard()
    world.announce(second, Announced(b"s", 1, 2, (GUILD,), resumed=True))
    world.later(1000)
    assert world.heard() == []
    world.announce(second, Announced(b"unknown", 2, 2, (GUILD,), "idle", resumed=True))
    assert world.statuses() == [(2, "idle")]


def test_the_loss_of_a_node_starts_the_grace_of_all_its_sessions_which_expire_together(world: World) -> None:
    node = world.node("a")
    for user in range(5):
        world.up(node, bytes([user]), user)
    world.heard()
    world.tracker.lose(node, world.now)
    world.later(GRACE_MS - 1)
    assert world.heard() == []
    world.later(1)
    assert sorted(world.statuses()) == [(user, "offline") for user in range(5)]


def test_a_node_that_says_nothing_is_lost_when_its_lease_runs_out(world: World) -> None:
    node = world.node("a", leased=True)
    world.up(node)
    world.later(LEASE_MS - 1)
    world.tracker.renew(node, world.now)
    world.later(LEASE_MS - 1)
    world.heard()
    world.later(1)
    world.later(GRACE_MS - 1)
    assert world.heard() == []
    world.later(1)
    assert world.statuses() == [(1, "offline")]


def test_a_silent_death_is_seen_within_15_seconds() -> None:
    assert LEASE_MS + GRACE_MS < 15_000


def test_a_node_that_comes_again_announces_its_sessions_and_the_rest_were_ghosts(world: World) -> None:
    node = world.node("a")
    world.up(node, b"kept", 1)
    world.up(node, b"ended meanwhile", 2)
    world.heard()
    world.tracker.lose(node, world.now)
    world.later(1000)
    world.up(world.node("a"), b"kept", 1)
    world.later(GRACE_MS)
    assert world.statuses() == [(2, "offline")]


def test_an_old_link_that_ends_late_takes_nothing_with_it(world: World) -> None:
    old, new = world.node("a"), world.node("a")
    world.up(old)
    world.up(new)
    world.heard()
    world.tracker.gone(old, b"s", world.now)
    world.tracker.detached(old, b"s", world.now)
    world.tracker.lose(old, world.now)
    world.later(2 * GRACE_MS)
    assert world.heard() == []


def test_a_restarting_node_does_not_wipe_its_siblings(world: World) -> None:
    first, second = world.node("a"), world.node("b")
    world.up(first, b"1", 1)
    world.up(second, b"2", 2)
    world.heard()
    world.tracker.lose(first, world.now)
    world.node("a")
    world.later(2 * GRACE_MS)
    assert world.statuses() == [(1, "offline")]
    assert world.tracker.count(GUILD) == 1


def test_of_two_sockets_the_newer_claim_wins_and_the_older_is_told(world: World) -> None:
    first, second = world.node("a"), world.node("b")
    world.up(first, claim=5)
    world.up(second, claim=6)
    assert world.tracker.take(first, ALL) == [Superseded(b"s")]
    assert world.tracker.take(second, ALL) == []
    world.up(first, claim=5)
    assert world.tracker.take(first, ALL) == [Superseded(b"s")]
    world.tracker.gone(first, b"s", world.now)
    assert world.tracker.count(GUILD) == 1


def test_of_equal_claims_the_one_announced_later_wins(world: World) -> None:
    first, second = world.node("a"), world.node("b")
    world.up(first, claim=5)
    world.up(second, claim=5)
    assert world.tracker.take(first, ALL) == [Superseded(b"s")]


def test_a_session_without_a_socket_is_nobodys_rival(world: World) -> None:
    first, second = world.node("a"), world.node("b")
    world.up(first, claim=5)
    world.tracker.detached(first, b"s", world.now)
    world.up(second, claim=4)  # this node's clock is behind
    assert world.tracker.take(first, ALL) == []
    assert world.tracker.take(second, ALL) == []


def test_a_user_is_told_of_at_most_once_in_200_ms(world: World) -> None:
    node = world.node("a")
    world.up(node)
    assert world.statuses() == [(1, "online")]
    world.tracker.change(node, b"s", "idle", b"[]", world.now)
    world.tracker.change(node, b"s", "dnd", b"[]", world.now)
    assert world.heard() == []
    world.later(TOLD_AT_MOST_EVERY_MS - 1)
    assert world.heard() == []
    world.later(1)
    assert world.statuses() == [(1, "dnd")]
    world.later(1)
    world.tracker.change(node, b"s", "idle", b"[]", world.now)
    assert world.heard() == []


def test_only_watchers_are_told(world: World) -> None:
    deaf = world.node("deaf")
    world.tracker.watch(deaf, OTHER_GUILD)
    world.up(world.node("a"))
    assert world.tracker.take(deaf, ALL) == []
    world.tracker.unwatch(world.watcher, GUILD)
    assert world.heard() == []


def test_who_watches_is_told_who_is_there(world: World) -> None:
    world.up(world.node("a"), status="idle")
    assert [presence.status for presence in world.tracker.watch(world.node("b"), GUILD)] == ["idle"]


def test_the_invisible_are_offline_to_others(world: World) -> None:
    node = world.node("a")
    world.up(node, status="invisible")
    assert world.heard() == []
    assert world.tracker.count(GUILD) == 0
    world.tracker.change(node, b"s", "online", b"[]", world.now)
    assert world.statuses() == [(1, "online")]
    world.later(1000)
    world.tracker.change(node, b"s", "invisible", b"[]", world.now)
    assert world.heard() == [Changed(Presence(1, "offline"), (GUILD,))]
    assert world.tracker.of_users(GUILD, [1]) == []


def test_several_sessions_show_one_presence(world: World) -> None:
    node = world.node("a")
    for session, status, client, name in ((b"1", "idle", "web", "x"), (b"2", "online", "desktop", "y")):
        activities = b'[{"name":"%s"}]' % name.encode()
        world.announce(node, Announced(session, 1, 1, (GUILD,), status, activities, client))  # type: ignore[arg-type]
    assert world.tracker.of_users(GUILD, [1, 2]) == [
        Presence(1, "online", b'[{"name":"x"},{"name":"y"}]', b'{"desktop":"online","web":"idle"}')
    ]
    world.tracker.change(node, b"1", "dnd", b"[]", world.now)
    assert [presence.status for presence in world.tracker.of_users(GUILD, [1])] == ["dnd"]
    world.tracker.gone(node, b"1", world.now)
    assert [presence.status for presence in world.tracker.of_users(GUILD, [1])] == ["online"]


def test_who_joins_or_leaves_a_guild_is_told_there(world: World) -> None:
    node = world.node("a")
    world.announce(node, Announced(b"s", 1, 1, (OTHER_GUILD,)))
    world.tracker.belongs(node, b"s", (OTHER_GUILD, GUILD), world.now)
    assert world.statuses() == [(1, "online")]
    world.later(1000)
    world.tracker.belongs(node, b"s", (OTHER_GUILD,), world.now)
    assert world.statuses() == [(1, "offline")]
    assert world.tracker.count(OTHER_GUILD) == 1


def test_after_a_start_nobody_goes_offline_until_nodes_could_come_again() -> None:
    world = World(settles_at_ms=1000 + GRACE_MS)
    node = world.node("a")
    world.up(node, b"1")
    world.heard()
    world.tracker.gone(node, b"1", world.now)  # the same user's other session may be on a node that is yet to come
    world.later(GRACE_MS - 1)
    assert world.heard() == []
    world.later(1)
    assert world.statuses() == [(1, "offline")]


def test_who_is_announced_again_after_a_start_does_not_flap() -> None:
    world = World(settles_at_ms=1000 + GRACE_MS)
    node = world.node("a")
    world.up(node, b"1")
    world.heard()
    world.tracker.gone(node, b"1", world.now)
    world.later(1000)
    world.up(world.node("b"), b"2")
    world.later(2 * GRACE_MS)
    assert {status for _, status in world.statuses()} == {"online"}


def test_a_session_is_away_since_its_socket_or_its_node_was_lost(world: World) -> None:
    node = world.node("a")
    world.up(node, b"1", 1)
    world.up(node, b"2", 2)
    world.later(500)
    assert world.tracker.away_ms(b"1", world.now) == 0
    world.tracker.detached(node, b"1", world.now)
    world.later(3000)
    world.tracker.lose(node, world.now)
    world.later(1000)
    assert world.tracker.away_ms(b"1", world.now) == 4000
    assert world.tracker.away_ms(b"2", world.now) == 1000
    world.up(world.node("b"), b"2", 2, claim=2)
    assert world.tracker.away_ms(b"2", world.now) == 0
    world.later(GRACE_MS)
    assert world.tracker.away_ms(b"1", world.now) is None
    assert world.tracker.away_ms(b"3", world.now) is None


def test_who_comes_back_is_told_who_changed_since_its_socket_may_have_been_dead(world: World) -> None:
    node = world.node("a")
    for user in (1, 2, 3):
        world.up(node, bytes([user]), user)
    world.later(2 * NOTICED_WITHIN_MS)
    world.tracker.gone(node, b"\2", world.now)
    world.later(NOTICED_WITHIN_MS)
    world.tracker.detached(node, b"\1", world.now)
    world.later(1000)
    world.tracker.change(node, b"\3", "idle", b"[]", world.now)
    away_ms = world.tracker.away_ms(b"\1", world.now)
    assert away_ms == 1000
    assert world.tracker.recent(away_ms, [GUILD], world.now) == ({GUILD: [2, 3]}, True)
    users, whole = world.tracker.recent(None, [GUILD], world.now)
    assert (set(users[GUILD]), whole) == ({1, 2, 3}, False)
    world.later(RESUME_WINDOW_S * 1000)
    assert world.tracker.recent(None, [GUILD], world.now)[1]


def test_who_is_told_of_late_after_a_start_is_remembered_from_then_on() -> None:
    world = World(settles_at_ms=1000 + 5 * NOTICED_WITHIN_MS)
    node = world.node("a")
    world.up(node, b"1")
    world.up(node, b"2", 2)
    world.tracker.gone(node, b"1", world.now)
    world.later(3 * NOTICED_WITHIN_MS)
    assert world.tracker.recent(0, [GUILD], world.now) == ({GUILD: []}, True)
    world.later(3 * NOTICED_WITHIN_MS)
    assert world.tracker.recent(NOTICED_WITHIN_MS, [GUILD], world.now) == ({GUILD: [1]}, True)


def test_expiry_is_done_in_steps(world: World) -> None:
    node = world.node("a")
    for user in range(10):
        world.up(node, bytes([user]), user)
    world.tracker.lose(node, world.now)
    world.now += GRACE_MS
    world.tracker.advance(world.now, 4)
    assert world.tracker.count(GUILD) == 6
    world.later(0)
    assert world.tracker.count(GUILD) == 0


def test_an_empty_tracker_is_idle_and_keeps_nothing(world: World) -> None:
    node = world.node("a")
    world.up(node)
    world.tracker.lose(node, world.now)
    world.later(GRACE_MS)
    world.later(TOLD_AT_MOST_EVERY_MS)
    assert world.tracker.idle
    assert world.tracker._users == {}
    assert world.tracker._seen._guilds == {}
