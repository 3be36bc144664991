"""What who was away is told to have missed."""

from __future__ import annotations

from derailed.presence.tracker import GRACE_MS, NOTICED_WITHIN_MS, RESUME_WINDOW_S
from tests.presence.worlds import GUILD, World


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
    assert world.tracker.recent(0, [GUILD], world.now) == ({GUILD: []}, False)
    world.later(3 * NOTICED_WITHIN_MS)
    assert world.tracker.recent(NOTICED_WITHIN_MS, [GUILD], world.now) == ({GUILD: [1]}, False)


def test_what_was_before_it_settled_is_not_whole_for_those_who_went_then_were_never_announced() -> None:
    world = World(settles_at_ms=1000 + 5 * NOTICED_WITHIN_MS)
    world.up(world.node("a"), b"1")
    world.later(2 * NOTICED_WITHIN_MS)
    assert not world.tracker.recent(0, [GUILD], world.now).whole
    world.later(4 * NOTICED_WITHIN_MS)
    assert world.tracker.settled
    assert not world.tracker.recent(0, [GUILD], world.now).whole
    world.later(NOTICED_WITHIN_MS)
    assert world.tracker.recent(0, [GUILD], world.now).whole
