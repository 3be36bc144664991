"""Of whom nodes were told in which guild, not long ago: what a session that comes back may have missed. Pure.

It is kept in slots of time, each of which is forgotten as a whole: after the window, or sooner when all of them take
more than `BYTES_MAX`. What was before the oldest slot is not known, and is said not to be. Most slots are never asked
about, so they are sorted by guild only when they are.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final

from derailed.presence import Recent

BYTES_MAX: Final = 64 << 20
"""More than a quarter of a million times that somebody in ten guilds changed."""
_SLOTS: Final = 16
_BYTES_A_CHANGE: Final = 160
"""And eight for each guild, for who has gone; others' guilds are in memory anyway."""


class _Slot:
    """From `since_ms` until the next one begins, which it does when more is added after a sixteenth of the window."""

    __slots__ = ("bytes", "guilds", "since_ms", "unsorted")

    def __init__(self, since_ms: int) -> None:
        self.since_ms = since_ms
        self.bytes = 0
        self.unsorted: dict[int, Sequence[int]] = {}
        """User to guilds."""
        self.guilds: dict[int, array[int]] = {}
        """Guild to users."""

    def sort(self, limit: int) -> int:
        """Sort some; of how many users, at most `limit`."""
        guilds, unsorted = self.guilds, self.unsorted
        many = min(limit, len(unsorted))
        for _ in range(many):
            user_id, guild_ids = unsorted.popitem()
            for guild_id in guild_ids:
                if users := guilds.get(guild_id):
                    users.append(user_id)
                else:
                    guilds[guild_id] = array("Q", (user_id,))
        if not unsorted:
            self.unsorted = {}  # one that was large stays so
        return many


class Changes:
    """Who changed where in the last `window_ms`."""

    def __init__(self, began_ms: int, window_ms: int) -> None:
        self.window_ms: Final = window_ms
        self._slot_ms = window_ms // _SLOTS
        self._slots = deque([_Slot(began_ms)])

    def add(self, user_id: int, guild_ids: Sequence[int], now_ms: int) -> None:
        """A user looks different in these guilds."""
        slot = self._slots[-1]
        if now_ms - slot.since_ms >= self._slot_ms or slot.bytes >= BYTES_MAX // _SLOTS:
            slot = self._turn(now_ms)
        before = slot.unsorted.get(user_id)
        if before is None:
            slot.unsorted[user_id] = guild_ids
            slot.bytes += _BYTES_A_CHANGE + 8 * len(guild_ids)
        elif before != guild_ids:
            slot.unsorted[user_id] = tuple({*before, *guild_ids})
            slot.bytes += 8 * len(guild_ids)

    def sort(self, since_ms: int, limit: int) -> bool:
        """Get ready to say who changed since then, looking at no more than `limit` users. Whether there are more."""
        for slot in self._since(since_ms):
            limit -= slot.sort(limit)
        return limit <= 0

    def since(self, since_ms: int, guild_ids: Iterable[int], limit: int) -> Recent:
        """Who changed from then on, or a little before; at most so many, and then not everyone.

        What is unsorted is sorted now, however long that takes.
        """
        slots = self._since(since_ms)
        found: dict[int, list[int]] = {}
        for slot in slots:
            slot.sort(len(slot.unsorted))
        for guild_id in dict.fromkeys(guild_ids):
            parts = [users for slot in slots if (users := slot.guilds.get(guild_id))]
            limit -= sum(map(len, parts))
            if limit < 0:
                return Recent(found, whole=False)
            found[guild_id] = list(dict.fromkeys(chain.from_iterable(parts)))
        return Recent(found, whole=self._slots[0].since_ms <= since_ms)

    def _since(self, since_ms: int) -> list[_Slot]:
        return [slot for slot in self._slots if slot.since_ms + self._slot_ms > since_ms]

    def _turn(self, now_ms: int) -> _Slot:
        slots = self._slots
        slots.append(_Slot(now_ms))
        while len(slots) > 1 and (
            slots[1].since_ms <= now_ms - self.window_ms or sum(slot.bytes for slot in slots) > BYTES_MAX
        ):
            slots.popleft()
        return slots[-1]
