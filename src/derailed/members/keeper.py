"""Which guilds are in use, and the tasks that keep them: one hears the bus, one presences, and one is each guild's."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Coroutine, Iterable
from typing import Any, Final, Protocol

import structlog

from derailed.bus import Bus, BusDown, Entry, Gap, NewEpoch
from derailed.members import Chunk, Down, ListUpdate, MemberChanged, Query, Signal, finding
from derailed.members.kept import Kept
from derailed.members.lists import Range, Told
from derailed.presence import Changed, Found, Link
from derailed.presence import Down as PresenceDown
from derailed.store import Store
from derailed.telemetry import apart
from derailed.wire.records import Record, guild_topic

MEMBERS_MAX: Final = 5_000_000
"""Members kept at once, about 2 GB: beyond them guilds that nobody asks for are left out until somebody does."""
_LOADS_AT_ONCE: Final = 4
_RETRY_S: Final = 1.0
_PATIENCE_S: Final = 20.0
"""How long a question waits for its guild to be loaded; the store answers it then."""

log = structlog.get_logger()


class Reader(Protocol):
    """A link, as it is told."""

    def push(self, signal: Signal) -> None:
        """Let it be read."""
        ...


Follower = tuple[Reader, int]
"""A subscription of a link."""


class Keeper:
    """The guilds of one service. Made where a loop runs."""

    def __init__(self, store: Store, bus: Bus, presences: Link, large: int, linger_s: float, members_max: int) -> None:
        self._store = store
        self._subscription = bus.connect()
        self._presences = presences
        self._large = large
        self._linger_s = linger_s
        self._members_max = members_max
        self._holders: dict[int, set[object]] = {}
        self._kept: OrderedDict[int, Kept] = OrderedDict()
        """The least lately asked for first."""
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._lingering: dict[int, asyncio.TimerHandle] = {}
        self._unwatched: set[int] = set()
        self._watchers: dict[int, set[Reader]] = {}
        self._gate = asyncio.Semaphore(_LOADS_AT_ONCE)
        self._ears = [
            asyncio.create_task(self._again(self._hear)),
            asyncio.create_task(self._again(self._see)),
        ]

    # --- use

    def census(self) -> tuple[int, int]:
        """How many guilds are in memory, and how many members."""
        return len(self._kept), sum([len(kept.roster.entries) for kept in self._kept.values() if kept.roster])

    def in_use(self, guild_id: int) -> bool:
        """Whether it is held in memory, or on its way there."""
        return guild_id in self._kept

    def hold(self, guild_id: int, holder: object) -> None:
        """Somebody uses the guild from now on."""
        self._holders.setdefault(guild_id, set()).add(holder)
        self._want(guild_id)

    def let_go(self, guild_id: int, holder: object) -> None:
        """Not any more."""
        holders = self._holders.get(guild_id)
        if holders is not None:
            holders.discard(holder)
            if not holders:
                del self._holders[guild_id]
                self._linger(guild_id)

    def _want(self, guild_id: int) -> Kept:
        lingering = self._lingering.pop(guild_id, None)
        if lingering is not None:
            lingering.cancel()
        kept = self._kept.get(guild_id)
        if kept is None:
            kept = self._kept[guild_id] = Kept(guild_id, self._store, self._large)
            self._tasks[guild_id] = apart(self._keep(kept))
        self._kept.move_to_end(guild_id)
        return kept

    def _linger(self, guild_id: int) -> None:
        if guild_id in self._kept and guild_id not in self._holders and guild_id not in self._lingering:
            loop = asyncio.get_running_loop()
            self._lingering[guild_id] = loop.call_later(self._linger_s, self._drop, guild_id)

    def _drop(self, guild_id: int) -> None:
        self._lingering.pop(guild_id, None)
        del self._kept[guild_id]
        self._tasks.pop(guild_id).cancel()
        self._subscription.unsubscribe([guild_topic(guild_id)])
        self._presences.unwatch(guild_id)
        self._unwatched.discard(guild_id)

    def _make_room(self, newest: int) -> None:
        """Leave out guilds that nobody asked for lately; whoever uses them has them loaded again by asking."""
        sizes = {guild_id: len(kept.roster.entries) for guild_id, kept in self._kept.items() if kept.roster}
        over = sum(sizes.values()) - self._members_max
        for guild_id, size in sizes.items():
            if over <= 0:
                break
            if guild_id != newest and guild_id not in self._watchers and not self._kept[guild_id].follows:
                self._drop(guild_id)
                over -= size

    async def _keep(self, kept: Kept) -> None:
        while True:
            try:
                await self._subscription.subscribe([guild_topic(kept.guild_id)])
                await self._watch(kept)
                await kept.run(self._gate, self._tell)
            except Exception:
                log.exception("a guild's members could not be kept", guild_id=kept.guild_id)
            kept.ready.clear()
            kept.roster = None
            await asyncio.sleep(_RETRY_S)

    # --- what is asked

    async def find(self, guild_id: int, query: Query) -> AsyncIterator[Chunk]:
        """See Link."""
        asker = object()
        self.hold(guild_id, asker)
        kept = self._kept[guild_id]
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._subscription.fence()
                await kept.ready.wait()
                self._make_room(guild_id)
        except (TimeoutError, BusDown):
            self.let_go(guild_id, asker)
            raise Down from None
        try:
            async for chunk in finding.chunks(kept.roster, self._store, query):
                yield chunk
        finally:
            self.let_go(guild_id, asker)

    def follow(self, guild_id: int, follower: Follower, channel_id: int, ranges: tuple[Range, ...]) -> None:
        """See Link."""
        self.hold(guild_id, follower)
        self._want(guild_id).follow(follower, channel_id, ranges)

    def leave(self, guild_id: int, follower: Follower) -> None:
        """See Link."""
        kept = self._kept.get(guild_id)
        if kept is not None:
            kept.leave(follower)
        self.let_go(guild_id, follower)

    def watch(self, guild_id: int, reader: Reader) -> None:
        """Tell it of each change to the guild's members."""
        self._watchers.setdefault(guild_id, set()).add(reader)

    def unwatch(self, guild_id: int, reader: Reader) -> None:
        """Not any more."""
        watchers = self._watchers.get(guild_id, set())
        watchers.discard(reader)
        if not watchers:
            self._watchers.pop(guild_id, None)

    def _tell(self, told: Iterable[Told]) -> None:
        for followers, data in told:
            for follower in followers:
                assert isinstance(follower, tuple)
                link, subscription = follower
                link.push(ListUpdate(subscription, data))

    # --- what is heard

    async def _hear(self) -> None:
        while signals := await self._subscription.read():
            for signal in signals:
                if isinstance(signal, Entry):
                    kept = self._of(signal.topic)
                    record = None if kept is None else kept.hear(signal)
                    if record is not None and record.guild in self._watchers:
                        self._tell_watchers(record)
                elif isinstance(signal, Gap):
                    kept = self._of(signal.topic)
                    if kept is not None:
                        kept.forget()
                elif isinstance(signal, NewEpoch):
                    for kept in self._kept.values():
                        kept.forget()

    def _of(self, topic: str) -> Kept | None:
        return self._kept.get(int(topic.removeprefix("guild:")))

    def _tell_watchers(self, record: Record) -> None:
        member = None if record.event == "GUILD_MEMBER_REMOVE" else record.data
        for watcher in self._watchers[record.guild]:
            watcher.push(MemberChanged(record.guild, record.target, member))

    async def _watch(self, kept: Kept) -> None:
        """Learn who is online. Presences that can not be reached now are looked for when they are found again."""
        try:
            kept.see_all(await self._presences.watch(kept.guild_id))
        except PresenceDown:
            self._unwatched.add(kept.guild_id)

    async def _see(self) -> None:
        while signals := await self._presences.read():
            for signal in signals:
                if isinstance(signal, Changed):
                    for guild_id in signal.guild_ids:
                        kept = self._kept.get(guild_id)
                        if kept is not None:
                            kept.see(signal.presence)
                elif isinstance(signal, Found):
                    unwatched, self._unwatched = self._unwatched, set()
                    for guild_id in unwatched & self._kept.keys():
                        await self._watch(self._kept[guild_id])
                await asyncio.sleep(0)

    # --- the end

    async def _again(self, listen: Any) -> None:
        """Listen until there is nothing more; should that fail, begin again with everything."""
        while not await self._ended(listen()):
            for kept in self._kept.values():
                kept.forget()
            await asyncio.sleep(_RETRY_S)

    async def _ended(self, listening: Coroutine[Any, Any, None]) -> bool:
        try:
            await listening
        except Exception:
            log.exception("the service of members could not listen")
            return False
        return True

    async def close(self) -> None:
        """Keep nothing, hear nothing."""
        for handle in self._lingering.values():
            handle.cancel()
        tasks = [*self._tasks.values(), *self._ears]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._subscription.close()
        await self._presences.close()
