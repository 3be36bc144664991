"""The rules of presence, each by name, on a clock that the case moves."""

from __future__ import annotations

from derailed.presence import Announced, Changed, Presence, Superseded
from derailed.presence.tracker import GRACE_MS
from derailed.presence.watchers import TOLD_AT_MOST_EVERY_MS
from tests.presence.worlds import ALL, GUILD, OTHER_GUILD, World


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


def test_of_two_sockets_the_one_whose_node_had_read_farther_wins_whatever_their_clocks_say(world: World) -> None:
    first, second = world.node("a"), world.node("b")
    ahead = Announced(b"s", 1, 5, (GUILD,), reached=7)
    behind = Announced(b"s", 1, 4, (GUILD,), reached=8)
    world.announce(first, ahead)
    world.announce(second, behind)
    assert world.tracker.take(first, ALL) == [Superseded(b"s")]
    world.announce(first, ahead)
    assert world.tracker.take(first, ALL) == [Superseded(b"s")]
    assert world.tracker.take(second, ALL) == []


def test_a_session_that_its_node_says_is_somebody_elses_now_is_theirs_alone(world: World) -> None:
    node = world.node("a")
    world.up(node, b"s", 1)
    world.up(node, b"s", 2)
    assert sorted(world.statuses()) == [(1, "offline"), (2, "online")]
    world.tracker.gone(node, b"s", world.now)
    assert world.tracker.count(GUILD) == 0


def test_a_session_without_a_socket_is_nobodys_rival(world: World) -> None:
    first, second = world.node("a"), world.node("b")
    world.up(first, claim=5)
    world.tracker.detached(first, b"s", world.now)
    world.up(second, claim=4)
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
