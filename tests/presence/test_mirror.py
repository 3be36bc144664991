"""What a node shows of what services told it."""

from __future__ import annotations

from derailed.presence import Changed, Presence
from derailed.presence.mirror import Mirror

GUILD, OTHER_GUILD = 10, 11
ONLINE, IDLE = Presence(1, "online"), Presence(1, "idle")
OFFLINE = Presence(1, "offline")


def mirror(services: int = 1) -> Mirror:
    """Watches both guilds, in which nobody was yet; the first service comes first in everyone's order."""
    made = Mirror(services, lambda _: range(services))
    for guild_id in (GUILD, OTHER_GUILD):
        made.watch(guild_id)
        for service in range(services):
            made.snapshot(service, guild_id, [], silent=True)
    return made


def taken(of: Mirror) -> dict[int, str]:
    """What is told now: guild to status."""
    return {guild_id: change.presence.status for change in of.take(100) for guild_id in change.guild_ids}


def test_a_change_is_told_in_every_guild_that_the_user_is_seen_in() -> None:
    told = mirror()
    told.changed(0, Changed(ONLINE, (GUILD, OTHER_GUILD)))
    assert taken(told) == {GUILD: "online", OTHER_GUILD: "online"}
    told.found(0)
    told.snapshot(0, GUILD, [IDLE], silent=False)
    assert taken(told) == {GUILD: "idle", OTHER_GUILD: "idle"}


def test_a_snapshot_that_was_asked_for_is_not_told_again() -> None:
    told = mirror()
    told.snapshot(0, GUILD, [ONLINE], silent=True)
    assert not told.unheard
    assert told.here(GUILD) == [ONLINE]


def test_who_was_known_is_offline_only_when_the_service_has_settled_without_them() -> None:
    told = mirror()
    told.changed(0, Changed(ONLINE, (GUILD,)))
    taken(told)
    told.found(0)
    told.completed(0, GUILD)
    told.completed(0, OTHER_GUILD)
    assert (told.here(GUILD), told.whole(0)) == ([ONLINE], False)
    told.settled(0)
    assert taken(told) == {GUILD: "offline"}
    assert told.whole(0)


def test_a_user_whom_another_service_sees_is_not_offline() -> None:
    told = mirror(2)
    told.changed(0, Changed(ONLINE, (GUILD,)))
    told.changed(1, Changed(IDLE, (GUILD,)))
    assert taken(told) == {GUILD: "online"}
    told.changed(0, Changed(OFFLINE, (GUILD,)))
    assert taken(told) == {GUILD: "idle"}
    told.forsake(1)
    assert taken(told) == {GUILD: "offline"}


def test_who_moves_from_one_service_to_another_is_noticed() -> None:
    told = mirror(2)
    told.changed(0, Changed(ONLINE, (GUILD,)))
    told.changed(1, Changed(Presence(2, "online"), (GUILD,)))
    assert told.moved == 0
    told.changed(1, Changed(ONLINE, (GUILD,)))
    assert told.moved == 1
    told.changed(1, Changed(IDLE, (GUILD, OTHER_GUILD)))
    assert told.moved == 1


def test_who_is_gone_is_offline_in_every_guild() -> None:
    told = mirror()
    told.changed(0, Changed(ONLINE, (GUILD, OTHER_GUILD)))
    taken(told)
    told.gone(0, ONLINE.user_id)
    told.gone(0, 2)
    assert taken(told) == {GUILD: "offline", OTHER_GUILD: "offline"}
    assert told.here(GUILD) == []


def test_a_guild_that_is_watched_no_more_is_not_told_of() -> None:
    told = mirror()
    told.changed(0, Changed(ONLINE, (GUILD,)))
    told.forget(GUILD)
    told.changed(0, Changed(IDLE, (GUILD,)))
    assert (taken(told), told.here(GUILD)) == ({}, [])


def test_what_was_said_before_the_present_watch_was_answered_is_of_another() -> None:
    told = mirror()
    told.changed(0, Changed(ONLINE, (GUILD,)))
    told.forget(GUILD)
    told.watch(GUILD)
    told.changed(0, Changed(ONLINE, (GUILD,)))
    assert told.here(GUILD) == []
    told.snapshot(0, GUILD, [], silent=False)
    told.changed(0, Changed(IDLE, (GUILD,)))
    assert told.here(GUILD) == [IDLE]


def test_each_watch_has_a_number_of_its_own() -> None:
    told = mirror()
    first = told.watched[GUILD]
    told.forget(GUILD)
    assert told.watch(GUILD) != first
