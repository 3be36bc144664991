"""What is kept of who changed, and for how long."""

from __future__ import annotations

import pytest

from derailed.presence import changes as room
from derailed.presence.changes import Changes

GUILD, OTHER_GUILD = 10, 11
WINDOW_MS = 16_000
SLOT_MS = 1000
ALL = 1_000_000


def changes() -> Changes:
    """From 1000 on."""
    return Changes(1000, WINDOW_MS)


def since(kept: Changes, since_ms: int, guild_ids: list[int]) -> tuple[dict[int, set[int]], bool]:
    """Who changed, in no order; each is there once."""
    users, whole = kept.since(since_ms, guild_ids, ALL)
    assert all(len(set(changed)) == len(changed) for changed in users.values())
    return {guild_id: set(changed) for guild_id, changed in users.items()}, whole


def test_who_changed_since_then_is_found_once_in_each_guild() -> None:
    kept = changes()
    kept.add(1, (GUILD,), 1000)
    kept.add(2, (GUILD, OTHER_GUILD), 5000)
    kept.add(1, (GUILD,), 6500)
    kept.add(2, (GUILD,), 6501)
    assert since(kept, 1000, [GUILD, OTHER_GUILD, GUILD, 12]) == ({GUILD: {1, 2}, OTHER_GUILD: {2}, 12: set()}, True)
    assert since(kept, 6500, [GUILD, OTHER_GUILD]) == ({GUILD: {1, 2}, OTHER_GUILD: set()}, True)


def test_who_changed_in_other_guilds_soon_after_is_found_in_all_of_them() -> None:
    kept = changes()
    kept.add(1, (GUILD,), 1000)
    kept.add(1, (OTHER_GUILD,), 1001)
    kept.add(1, (OTHER_GUILD,), 1002)
    assert since(kept, 1000, [GUILD, OTHER_GUILD]) == ({GUILD: {1}, OTHER_GUILD: {1}}, True)
    kept.add(1, (12,), 1003)
    assert since(kept, 1000, [GUILD, 12]) == ({GUILD: {1}, 12: {1}}, True)


def test_it_gets_ready_in_steps() -> None:
    kept = changes()
    for user in range(5):
        kept.add(user, (GUILD,), 1000 + user // 3 * SLOT_MS)
    assert [kept.sort(1000, 2) for _ in range(3)] == [True, True, False]
    assert not kept.sort(1000, 1)
    assert since(kept, 1000, [GUILD]) == ({GUILD: set(range(5))}, True)


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
    users, whole = kept.since(1000, [GUILD, OTHER_GUILD], 19)
    assert (set(users), whole) == ({GUILD}, False)


def test_what_is_kept_is_bounded_by_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "BYTES_MAX", 1 << 16)
    kept = changes()
    for user in range(901):
        kept.add(user, range(100), 1000 + user)
        assert sum(slot.bytes for slot in kept._slots) < (1 << 16) + 17 * 960
    users, whole = since(kept, 1000, [1])
    assert (900 in users[1], 0 in users[1], whole) == (True, False, False)
    assert since(kept, 1900, [1])[1]
