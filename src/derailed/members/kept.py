"""One guild in memory: loaded from the store, then moved on by its topic without a gap; loaded again when there is one.

Loading goes as a session comes in: the topic is heard first, then the snapshot is read, then what was heard meanwhile
follows it. Pages are later than the snapshot; the records that they know already lead to the same members again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec
from msgspec import Struct

from derailed.bus import Entry
from derailed.members import reading, roster
from derailed.members.lists import Follower, Range, Told
from derailed.members.roster import Roster
from derailed.presence import Presence
from derailed.store import Store
from derailed.wire import records
from derailed.wire.records import Record

STEPS: Final = 300
"""Members that are worked through before others have their turn: a millisecond or two."""
TELL_EVERY_S: Final = 0.05
"""What becomes of lists meanwhile is told at once."""
_PENDING_MAX: Final = 100_000
"""Records of interest that wait while a guild is loaded; beyond them it is loaded anew."""


class _Head(Struct, array_like=True):
    """The beginning of a record."""

    event: str


_head: Final = msgspec.msgpack.Decoder(_Head).decode


class Kept:
    """A guild that is in use. `run` it in a task."""

    def __init__(self, guild_id: int, store: Store, large: int) -> None:
        self.guild_id = guild_id
        self.roster: Roster | None = None
        """None before it is loaded, and when there is no such guild."""
        self.ready = asyncio.Event()
        """Questions can be answered."""
        self.follows: dict[Follower, tuple[int, tuple[Range, ...]]] = {}
        self._store = store
        self._large = large
        self._loading: Roster | None = None
        self._seen = 0
        self._pending: list[tuple[int, Record | None]] = []
        self._touched: dict[int, int] = {}
        """While members of a large guild are read: the rev of the last record about each."""
        self._presences: dict[int, Presence] = {}
        self._void = False
        self._woken = asyncio.Event()

    # --- what is heard

    def hear(self, entry: Entry) -> Record | None:
        """The topic's next record; returned when it is about a member."""
        if entry.rev <= self._seen:
            return None
        if self._seen and entry.rev != self._seen + 1:
            self.forget()
            return None
        self._seen = entry.rev
        record = None
        if _head(entry.payload).event in roster.OF_INTEREST:
            record = records.decode(entry.payload)
        if self.roster is None:
            self._pending.append((entry.rev, record))
            self._void = self._void or len(self._pending) > _PENDING_MAX
        else:
            self._apply(self.roster, entry.rev, record)
        return record if record is not None and record.event in roster.OF_MEMBERS else None

    def see(self, presence: Presence) -> None:
        """Somebody's presence here is this now."""
        if presence.status == "offline":
            self._presences.pop(presence.user_id, None)
        else:
            self._presences[presence.user_id] = presence
        kept = self.roster or self._loading
        if kept is not None:
            kept.show(presence)
            self._woken.set()

    def see_all(self, presences: Iterable[Presence]) -> None:
        """These are all who are not offline."""
        self._presences = {presence.user_id: presence for presence in presences}
        kept = self.roster or self._loading
        if kept is not None:
            kept.show_all(self._presences.values())
            self._woken.set()

    def forget(self) -> None:
        """Something is missing: load it anew."""
        self._void = True
        self._seen = 0
        self.ready.clear()
        self._woken.set()

    def _apply(self, kept: Roster, rev: int, record: Record | None) -> None:
        assert rev == kept.rev + 1
        kept.rev = rev
        if record is not None:
            if record.event in roster.OF_MEMBERS:
                self._touched[record.target] = rev
            kept.apply(record)
            self._woken.set()

    # --- who follows its lists

    def follow(self, follower: Follower, channel_id: int, ranges: tuple[Range, ...]) -> None:
        """Show it these ranges from now on."""
        self.follows[follower] = channel_id, ranges
        if self.roster is not None:
            self.roster.follow(follower, channel_id, ranges)
            self._woken.set()

    def leave(self, follower: Follower) -> None:
        """Show it nothing any more."""
        self.follows.pop(follower, None)
        if self.roster is not None:
            self.roster.leave(follower)

    # --- its life

    async def run(self, gate: asyncio.Semaphore, tell: Callable[[Iterable[Told]], None]) -> None:
        """Load it, keep it at work, and load it again whenever it must be, until cancelled."""
        while True:
            async with gate:
                loaded = await self._load()
            if loaded:
                await self._serve(tell)
            elif not self._void:
                self.ready.set()  # there is no such guild: that is an answer
                await self._woken.wait()
            self.roster = None
            self.ready.clear()

    async def _load(self) -> bool:
        self._void = False
        self._woken.clear()
        self._pending.clear()
        begun = await reading.beginning(self._store, self.guild_id)
        if begun is None:
            return False
        large = begun.member_count > self._large
        kept = self._loading = Roster(begun.guild, begun.rev, begun.member_count, large=large)
        kept.show_all(self._presences.values())
        if not large:
            async for page in reading.everyone(self._store, self.guild_id):
                for member in page:
                    kept.put(member)
        for count, (rev, record) in enumerate(self._new(begun.rev)):
            if rev != kept.rev + 1:
                self.forget()
            if self._void:
                return False
            self._apply(kept, rev, record)
            if count % STEPS == STEPS - 1:
                await asyncio.sleep(0)
        if self._void:
            return False
        self._pending.clear()
        self._seen = kept.rev
        self.roster, self._loading = kept, None
        for follower, (channel_id, ranges) in self.follows.items():
            kept.follow(follower, channel_id, ranges)
        return True

    def _new(self, rev: int) -> Iterator[tuple[int, Record | None]]:
        """What was heard of it beyond that rev; more may come while it is taken."""
        return (pending for pending in self._pending if pending[0] > rev)

    async def _serve(self, tell: Callable[[Iterable[Told]], None]) -> None:
        kept = self.roster
        assert kept is not None
        while not self._void and not kept.ended:
            await self._read_wanted(kept)
            self.ready.set()
            more = True
            while more and not self._void:
                more = kept.work(STEPS)
                await asyncio.sleep(0)
            tell(kept.tell())
            if kept.large != (kept.member_count > self._large) and self._has_drifted(kept):
                return
            await self._woken.wait()
            self._woken.clear()
            await asyncio.sleep(TELL_EVERY_S)

    def _has_drifted(self, kept: Roster) -> bool:
        """Whether it is large, or no longer, by more than what comes and goes."""
        return abs(kept.member_count - self._large) * 10 > self._large

    async def _read_wanted(self, kept: Roster) -> None:
        """Read whom a large guild misses. What records say of them meanwhile is newer."""
        while kept.wanted and not self._void:
            some = sorted(kept.wanted)[: reading.PAGE]
            self._touched.clear()
            rev, found = await reading.some(self._store, self.guild_id, some)
            kept.wanted.difference_update(some)
            for member in found:
                assert member.user
                user_id = int(member.user.id)
                if user_id in kept.presences and self._touched.get(user_id, 0) <= rev:
                    kept.put(member)
        self._touched.clear()
