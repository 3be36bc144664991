"""The bus in this process: the broker's log, and whoever listens to it.

Subscribers hear of a record as soon as it is written, before it is on the disk: should the machine lose it, the log
begins another epoch, and nobody goes on from what they heard. Who appends waits for the disk, together with all who
append meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Final

from derailed import broker
from derailed.broker.log import Log
from derailed.bus import Appended, BusDown, Entry, Ephemeral, Gap, History, NewEpoch, Put, Signal, Trimmed
from derailed.bus.syncer import Syncer
from derailed.traces import TRACES

QUEUE_SIGNALS: Final = 65_536
QUEUE_BYTES: Final = 64 << 20
"""What one subscription may leave unread. Beyond it the queue is let go, and read from the log again."""
_HEAL_S: Final = 1.0
"""Between two attempts to open a log that has failed."""
_SLICE: Final = 500
"""Records of a history read in one go: about a millisecond."""
_STRETCH: Final = 50_000
"""Offsets that a subscription closes up at once: it bounds what that takes in memory."""


class EmbeddedBus:
    """A `Bus` on the log in this process."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._syncer = Syncer(log, self._fail)
        self._healing: asyncio.Task[None] | None = None
        self._subscriptions: set[EmbeddedSubscription] = set()
        self.listeners: dict[str, list[EmbeddedSubscription]] = {}
        """Who hears a topic."""

    @property
    def epoch(self) -> str:
        """The name of the present sequence of offsets."""
        return self._log.epoch

    @property
    def is_up(self) -> bool:
        """See `Bus.is_up`: it is in this process, and there unless the disk has refused."""
        return not self._log.has_failed

    @property
    def head(self) -> int:
        """The last offset given out."""
        return self._log.head

    @property
    def horizon(self) -> int:
        """Up to and with this offset all is trimmed."""
        return self._log.horizon

    async def append(
        self, verbs: Sequence[Sequence[Put]], *, start: bool = False, epoch: str | None = None
    ) -> Appended:
        """See `Bus.append`."""
        if epoch not in (None, self._log.epoch):
            raise BusDown("another epoch has begun")
        epoch, before = self._log.epoch, self._log.head
        encoded = [[(topic.encode(), rev, payload) for topic, rev, payload in verb] for verb in verbs]
        try:
            offsets = self._log.append(encoded, start=start)
        except broker.LogFailed as error:
            self._fail()
            raise BusDown(str(error)) from error
        self._push(verbs, offsets, before)
        await self._syncer.durable(self._log.head)
        return Appended(epoch, offsets)

    async def publish(self, topic: str, payload: bytes) -> None:
        """See `Bus.publish`."""
        signals = (Ephemeral(topic, payload),)
        for subscription in self.listeners.get(topic, ()):
            subscription.push(signals)

    async def history(self, topic: str, after: int) -> History:
        """See `Bus.history`."""
        epoch, head = self._log.epoch, self._log.head
        return History(epoch, head, await self.between(topic, after, head))

    async def between(self, topic: str, after: int, upto: int) -> list[Entry]:
        """The topic's entries above `after`, up to and with `upto`. Raises Trimmed, BusDown."""
        reader = self._log.read(topic.encode(), after, upto)
        entries: list[Entry] = []
        try:
            while not reader.done:
                entries += [Entry(found.offset, topic, found.rev, found.payload) for found in reader.slice(_SLICE)]
                await asyncio.sleep(0)
        except broker.Trimmed:
            raise Trimmed from None
        except broker.LogFailed as error:
            self._fail()
            raise BusDown(str(error)) from error
        return entries

    def connect(self) -> EmbeddedSubscription:
        """See `Bus.connect`."""
        subscription = EmbeddedSubscription(self)
        self._subscriptions.add(subscription)
        return subscription

    async def wipe(self) -> None:
        """Forget everything and begin another epoch. For operators: everyone connected starts afresh."""
        await self.settle()
        self._log.wipe()
        self._begin_epoch()

    async def settle(self) -> None:
        """Return when nothing is under way between the log and the disk."""
        await self._syncer.rest()

    async def close(self) -> None:
        """See `Bus.close`."""
        if self._healing is not None:
            self._healing.cancel()
            await asyncio.wait([self._healing])
        for subscription in list(self._subscriptions):
            await subscription.close()
        await self._syncer.close()
        self._log.close()

    def leave(self, subscription: EmbeddedSubscription) -> None:
        """It hears nothing more."""
        self._subscriptions.discard(subscription)

    def _fail(self) -> None:
        """The log has failed. It is opened again as soon as the disk lets that be."""
        self._begin_epoch()
        if self._healing is None and self._log.has_failed:
            self._healing = asyncio.create_task(self._heal())

    async def _heal(self) -> None:
        while self._log.has_failed:
            await asyncio.sleep(_HEAL_S)
            await self.settle()
            with contextlib.suppress(broker.LogFailed):
                await self._syncer.beside(self._log.reopen)
                self._log.go_on()
        self._healing = None
        self._syncer.begin_again()
        self._begin_epoch()

    def _begin_epoch(self) -> None:
        """The log has another epoch: it was wiped, or it failed and vouches for nothing."""
        for subscription in self._subscriptions:
            subscription.forget()

    def _push(self, verbs: Sequence[Sequence[Put]], answers: Sequence[tuple[int, ...] | None], last: int) -> None:
        """Hand what is new, which is what lies above `last`, to whoever listens: to each of them all of it at once."""
        heard: dict[EmbeddedSubscription, list[Entry]] = {}
        for verb, offsets in zip(verbs, answers, strict=True):
            for (topic, rev, payload), offset in zip(verb, offsets or (), strict=False):
                if offset > last:
                    last = offset
                    listeners = self.listeners.get(topic)
                    if listeners is not None:
                        entry = Entry(offset, topic, rev, payload)
                        for subscription in listeners:
                            heard.setdefault(subscription, []).append(entry)
        for subscription, entries in heard.items():
            subscription.push(entries)


class EmbeddedSubscription:
    """A `Subscription` whose connection is a queue; it is lost when the queue is full."""

    def __init__(self, bus: EmbeddedBus) -> None:
        self._bus = bus
        self._epoch = bus.epoch
        self._topics: dict[str, int] = {}  # each with the offset above which it is heard
        self._queue: list[Signal] = []
        self._bytes = 0
        self._came_ns = self._taken_ns = 0
        self._lost = False
        self._cursor = bus.head  # all up to it has been read …
        self._in_hand = False  # … but the last of it may not be handled yet
        self._fences: list[tuple[int, asyncio.Future[int]]] = []
        self._waiting: asyncio.Future[None] | None = None
        self._closed = False

    @property
    def epoch(self) -> str:
        """The epoch of everything that `read` has returned so far."""
        return self._epoch

    @property
    def arrived_ns(self) -> int:
        """See `Subscription.arrived_ns`."""
        return self._taken_ns

    async def subscribe(self, topics: Iterable[str]) -> None:
        """See `Subscription.subscribe`."""
        for topic in topics:
            if topic not in self._topics:
                self._topics[topic] = self._bus.head
                self._bus.listeners.setdefault(topic, []).append(self)

    def unsubscribe(self, topics: Iterable[str]) -> None:
        """See `Subscription.unsubscribe`."""
        for topic in topics:
            if self._topics.pop(topic, None) is not None:
                listeners = self._bus.listeners[topic]
                listeners.remove(self)
                if not listeners:
                    del self._bus.listeners[topic]

    async def fence(self) -> int:
        """See `Subscription.fence`."""
        head = self._bus.head
        if self._closed:
            raise BusDown("the subscription is closed")
        if not (self._in_hand or self._queue or self._lost or self._epoch != self._bus.epoch):
            return head
        passed: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._fences.append((head, passed))
        return await passed

    async def read(self) -> Sequence[Signal]:
        """See `Subscription.read`."""
        self._in_hand = False
        self._pass_fences()
        while not self._closed:
            batch = await self._next()
            if batch:
                self._in_hand = True
                return batch
        return ()

    async def close(self) -> None:
        """See `Subscription.close`."""
        self.unsubscribe(list(self._topics))
        self._bus.leave(self)
        self._closed = True
        self._wake()
        for _, passed in self._fences:
            if not passed.done():
                passed.set_exception(BusDown("the subscription is closed"))
        self._fences.clear()

    def push(self, signals: Sequence[Entry] | Sequence[Ephemeral]) -> None:
        """Hear these next."""
        if self._lost:
            return
        self._bytes += sum([len(signal.payload) for signal in signals])
        if len(self._queue) + len(signals) > QUEUE_SIGNALS or self._bytes > QUEUE_BYTES:
            self.drop()
            return
        if TRACES.on and not self._queue:
            self._came_ns = time.time_ns()
        self._queue += signals
        if self._waiting is not None:
            self._wake()

    def drop(self) -> None:
        """Lose the connection, with all that was on its way."""
        self._queue, self._bytes, self._lost = [], 0, True
        self._wake()

    def forget(self) -> None:
        """Another epoch has begun: what was on its way is void, and nothing can be missing."""
        self._queue, self._bytes, self._lost = [], 0, False
        self._topics = dict.fromkeys(self._topics, self._bus.head)
        self._wake()

    async def _next(self) -> Sequence[Signal]:
        """The next batch; sometimes an empty one."""
        if self._epoch != self._bus.epoch:
            self._epoch = self._bus.epoch
            return (NewEpoch(self._epoch),)
        if self._lost:
            self._taken_ns = 0
            return await self._close_up()
        self._cursor = self._bus.head
        if self._queue:
            batch, self._queue, self._bytes = self._queue, [], 0
            self._taken_ns = self._came_ns
            return batch
        self._in_hand = False
        self._pass_fences()
        self._waiting = asyncio.get_running_loop().create_future()
        await self._waiting
        return ()

    async def _close_up(self) -> Sequence[Signal]:
        """What was missed, one stretch of the sequence at a time. From the last stretch on the queue fills again."""
        head, epoch = self._bus.head, self._bus.epoch
        upto = min(max(self._cursor + _STRETCH, self._bus.horizon), head)
        self._lost, self._in_hand = upto < head, True
        try:
            missed = await self._missed(upto)
        except BaseException:  # cancelled, too: what is queued by now must not be read before what was missed
            self.drop()
            raise
        if self._bus.epoch != epoch:
            return ()
        self._cursor = upto
        return missed

    async def _missed(self, upto: int) -> list[Signal]:
        """All topics' entries from the cursor up to `upto`, in the order of their offsets, after the gaps."""
        gaps: list[Gap] = []
        entries: list[Entry] = []
        for topic, since in list(self._topics.items()):
            try:
                entries += await self._bus.between(topic, max(self._cursor, since), upto)
            except Trimmed:
                gaps.append(Gap(topic))
        for gap in gaps:
            if gap.topic in self._topics:
                self._topics[gap.topic] = upto
        entries.sort(key=itemgetter(0))
        return [*gaps, *entries]

    def _pass_fences(self) -> None:
        """Answer those that asked for no more than what has been handled."""
        waiting = self._fences
        self._fences = [fence for fence in waiting if fence[0] > self._cursor]
        for offset, passed in waiting:
            if offset <= self._cursor and not passed.done():
                passed.set_result(self._cursor)

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)
