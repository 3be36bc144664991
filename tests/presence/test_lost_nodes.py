"""What becomes of sessions when their node, or the service, is lost and comes again."""

from __future__ import annotations

from derailed.presence.tracker import GRACE_MS, LEASE_MS, TOLD_WITHIN_MS
from derailed.presence.watchers import TOLD_AT_MOST_EVERY_MS
from tests.presence.worlds import GUILD, World


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


def test_a_node_that_needs_long_to_announce_its_sessions_again_is_waited_for(world: World) -> None:
    node = world.node("a")
    world.up(node, b"1", 1)
    world.up(node, b"2", 2)
    world.up(world.node("b"), b"3", 3)
    world.heard()
    world.tracker.lose(node, world.now)
    again = world.node("a", leased=True)
    for _ in range(6):
        world.later(LEASE_MS - 1)
        world.tracker.renew(again, world.now)
    assert world.heard() == []
    world.up(again, b"1", 1)
    world.tracker.told(again)
    world.tracker.renew(again, world.now)
    world.later(LEASE_MS - 1)
    world.tracker.renew(again, world.now)
    world.later(LEASE_MS - 1)
    world.tracker.renew(again, world.now)
    world.later(LEASE_MS - 1)
    assert world.statuses() == [(2, "offline")]


def test_a_node_that_never_ends_announcing_is_not_waited_for_longer_than_a_minute(world: World) -> None:
    node = world.node("a")
    world.up(node)
    world.heard()
    world.tracker.lose(node, world.now)
    again = world.node("a", leased=True)
    for _ in range(TOLD_WITHIN_MS // 3000 - 1):
        world.later(3000)
        world.tracker.renew(again, world.now)
    assert world.heard() == []
    for _ in range(GRACE_MS // 3000 + 1):
        world.later(3000)
        world.tracker.renew(again, world.now)
    assert world.statuses() == [(1, "offline")]


def test_a_service_settles_when_everyone_who_came_has_announced_their_sessions() -> None:
    world = World(settles_at_ms=1000 + GRACE_MS)
    slow, quick = world.node("a", leased=True), world.node("b", leased=True)
    world.tracker.told(quick)
    for _ in range(10):
        world.later(3000)
        for node in (slow, quick):
            world.tracker.renew(node, world.now)
    assert not world.tracker.settled
    world.tracker.told(slow)
    world.later(1)
    assert world.tracker.settled


def test_a_service_settles_without_a_node_that_was_lost_while_it_announced_its_sessions() -> None:
    world = World(settles_at_ms=1000 + GRACE_MS)
    world.node("a", leased=True)
    world.later(GRACE_MS)
    assert world.tracker.settled


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
