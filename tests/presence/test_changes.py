"""What is kept of who changed, and for how long."""

from __future__ import annotations

from derailed.presence.changes import BYTES_MAX, Changes

GUILD, OTHER_GUILD = 10, 11
WINDOW_MS = 16_000
SLOT_MS = 1000
ALL = 1_000_000


def changes() -> Changes:
    """From 1000 on."""
    return Changes(1000, WINDOW_MS)


def test_who_changed_since_then_is_found_once_in_each_guild() -> None:
    kept = changes()
    kept.add(1, (GUILD,), 1000)
    kept.add(2, (GUILD, OTHER_GUILD), 5000)
    kept.add(1, (GUILD,), 6500)
    kept.add(2, (GUILD,), 6501)
    assert kept.since(1000, [GUILD, OTHER_GUILD, GUILD, 12], ALL) == ({GUILD: [1, 2], OTHER_GUILD: [2], 12: []}, True)
    assert kept.since(6500, [GUILD, OTHER_GUILD], ALL) == ({GUILD: [1, 2], OTHER_GUILD: []}, True)


def test_who_changed_a_little_before_may_be_found_too_but_not_long_before() -> None:
    kept = changes()
    kept.add(1, (GUILD,), 1000)
    kept.add(2, (GUILD,), 1000 + SLOT_MS)
    assert kept.since(1000 + SLOT_MS - 1, [GUILD], ALL) == ({GUILD: [1, 2]}, True)
    assert kept.since(1000 + SLOT_MS, [GUILD], ALL) == ({GUILD: [2]}, True)


def test_what_is_older_than_what_is_kept_is_not_known() -> None:
    kept = changes()
    assert kept.since(999, [GUILD], ALL) == ({GUILD: []}, False)
    kept.add(1, (GUILD,), 1000)
    for second in range(2, 40):
        kept.add(2, (GUILD,), 1000 * second)
    assert kept.since(0, [GUILD], ALL) == ({GUILD: [2]}, False)
    assert kept.since(39_000 - WINDOW_MS, [GUILD], ALL) == ({GUILD: [2]}, True)


def test_more_than_an_answer_may_hold_is_not_whole() -> None:
    kept = changes()
    for user in range(10):
        kept.add(user, (GUILD, OTHER_GUILD), 1000)
    assert kept.since(1000, [GUILD, OTHER_GUILD], 20)[1]
    assert kept.since(1000, [GUILD, OTHER_GUILD], 19) == ({GUILD: list(range(10))}, False)


def test_what_is_kept_is_bounded_by_its_size() -> None:
    kept = changes()
    for user in range(100):
        kept.add(user, range(10_000), 1000 + user)
    assert sum(slot.bytes for slot in kept._slots) < BYTES_MAX + 10_000 * 228
    users, whole = kept.since(1000, [1], ALL)
    assert (users[1][-1], whole) == (99, False)
    assert kept.since(1099, [1], ALL)[1]
    for at in range(2):
        kept.add(100 + at, range(200_000), 1100 + at)
    assert kept.since(1101, [1], ALL) == ({1: [101]}, True)
