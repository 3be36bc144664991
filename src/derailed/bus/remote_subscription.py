"""What one node hears of the bus on a server: one connection for all its topics.

The connection is kept up by a task. After a loss nothing is passed on until every topic has been closed up from
history; what is pushed meanwhile waits, and is passed on from where history ended.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Final

import structlog

from derailed.bus import BusDown, Entry, Ephemeral, Gap, NewEpoch, Signal
from derailed.bus.resp import Lost, Push, Refused
from derailed.bus.server import SLICE, Line, Server
from derailed.traces import TRACES

QUEUE_SIGNALS: Final = 65_536
QUEUE_BYTES: Final = 64 << 20
"""What may be unread. Beyond it the connection is given up; what follows comes from history when there is room."""
_STRETCH: Final = 50_000
"""Offsets that are closed up at once: it bounds what that takes in memory."""
_TOPICS: Final = 256
"""Topics that one call subscribes to, or asks the history of."""
_BEAT_S: Final = 2.0
"""How often an idle connection is asked for the head: it shows that the server lives, and how far we have heard."""
_ANSWER_WITHIN_S: Final = 10.0
_RETRY_FROM_S: Final = 0.05
_RETRY_TO_S: Final = 2.0

_log = structlog.stdlib.get_logger(__name__)


class RemoteSubscription:
    """A `Subscription`; it connects by itself, as often as it takes."""

    def __init__(self, server: Server, epoch: str, on_close: Callable[[RemoteSubscription], None]) -> None:
        self._server = server
        self._on_close = on_close
        self._read_epoch = self._epoch = epoch
        self._topics: dict[str, int | None] = {}  # each with the offset above which it is heard; None: from soon on
        self._channels: dict[bytes, str] = {}
        self._queue: list[Signal] = []
        self._bytes = 0
        self._came_ns = self._taken_ns = 0
        self._ahead: list[Entry | Ephemeral] | None = []  # what is pushed before history is closed up; None: live
        self._ahead_bytes = 0
        self._cursor = 1  # all up to it has been heard …
        self._taken = 1  # … up to here it was read …
        self._handled = 1  # … and handled
        self._in_hand = False  # what was read last may not be handled yet
        self._fences: list[tuple[int, asyncio.Future[int]]] = []
        self._line: Line | None = None
        self._stirred = asyncio.Event()  # something changed that somebody may be waiting for
        self._closed = False
        self._keeping = asyncio.get_running_loop().create_task(self._keep())
        self._keeping.add_done_callback(lambda _: self._wake())

    @property
    def epoch(self) -> str:
        """The epoch of everything that `read` has returned so far."""
        return self._read_epoch

    @property
    def is_live(self) -> bool:
        """Whether what happens is heard as it happens, with nothing left to close up."""
        return self._ahead is None

    @property
    def arrived_ns(self) -> int:
        """See `Subscription.arrived_ns`."""
        return self._taken_ns

    async def subscribe(self, topics: Iterable[str]) -> None:
        """See `Subscription.subscribe`."""
        new = [topic for topic in dict.fromkeys(topics) if topic not in self._topics]
        for topic in new:
            self._topics[topic] = None
            self._channels[self._server.key_of(topic)] = topic
        if self._ahead is None:
            await self._activate(new)
        while not self._closed and any(self._topics.get(topic, 0) is None for topic in new):
            await self._stir()

    def unsubscribe(self, topics: Iterable[str]) -> None:
        """See `Subscription.unsubscribe`."""
        gone = [topic for topic in topics if topic in self._topics]
        for topic in gone:
            del self._topics[topic]
            del self._channels[self._server.key_of(topic)]
        if gone and self._line is not None:
            self._line.leave(gone)

    async def fence(self) -> int:
        """See `Subscription.fence`."""
        while not self._closed:
            head = await self._hear_up_to_head()
            if head is None:
                await self._stir()
                continue
            if not self._in_hand and not self._queue:
                self._settle(self._cursor)
            if self._handled >= head:
                return self._handled
            passed: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            self._fences.append((head, passed))
            return await passed
        raise BusDown("the subscription is closed")

    async def read(self) -> Sequence[Signal]:
        """See `Subscription.read`."""
        if self._in_hand:
            self._in_hand = False
            self._settle(self._taken)
        while not self._closed:
            if self._queue:
                self._in_hand = True
                batch, self._queue, self._bytes = self._queue, [], 0
                self._taken_ns = self._came_ns
                self._taken = self._cursor
                if isinstance(batch[0], NewEpoch):
                    self._read_epoch = batch[0].epoch
                self._wake()
                return batch
            self._settle(self._cursor)
            if self._keeping.done():
                self._keeping.result()  # only a mistake of ours ends it: that must not go unseen
            await self._stir()
        return ()

    async def close(self) -> None:
        """See `Subscription.close`."""
        if self._closed:
            return
        self._closed = True
        self._on_close(self)
        self._wake()
        self._keeping.cancel()
        await asyncio.wait([self._keeping])
        for _, passed in self._fences:
            if not passed.done():
                passed.set_exception(BusDown("the subscription is closed"))
        self._fences.clear()

    def drop(self) -> None:
        """Lose the connection."""
        line = self._line
        self._lost()
        if line is not None:
            line.close()

    # --- the connection

    async def _keep(self) -> None:
        """Connect, catch up, hear; again and again."""
        retry_s = _RETRY_FROM_S
        while True:
            await self._room()
            try:
                line = await self._server.connect(self._pushed, self._lost)
                try:
                    retry_s = _RETRY_FROM_S
                    await self._hear(line)
                finally:
                    self._lost()
                    line.close()
            except (BusDown, Lost, Refused, TimeoutError) as error:
                _log.warning("not listening to the bus; trying again", error=str(error))
            await asyncio.sleep(retry_s)
            retry_s = min(2 * retry_s, _RETRY_TO_S)

    async def _hear(self, line: Line) -> None:
        """Catch up and go live; return when the connection is lost."""
        await self._catch_up(line)
        self._line = line
        self._ahead, self._ahead_bytes = None, 0
        self._wake()
        while line.is_open:
            await self._hear_up_to_head()
            with_patience = asyncio.timeout(_BEAT_S)
            try:
                async with with_patience:
                    while line.is_open:
                        await self._stir()
            except TimeoutError:
                continue

    async def _catch_up(self, line: Line) -> None:
        """Close up what was missed; near the head subscribe, so that the last stretch meets what is pushed."""
        self._ahead, self._ahead_bytes = [], 0
        while True:
            head = await self._enter_epoch(line)
            if head - self._cursor <= _STRETCH:
                break
            await self._close_up(line, min(self._cursor + _STRETCH, head))
            await self._room()
        names = list(self._topics)
        _listen(line, names)
        head = await self._enter_epoch(line)
        await self._close_up(line, head)
        for topic in names:
            if topic in self._topics and self._topics[topic] is None:
                self._topics[topic] = head
        if len(self._topics) > len(names):  # somebody subscribed meanwhile
            later = [topic for topic, since in self._topics.items() if since is None]
            _listen(line, later)
            head = await self._enter_epoch(line)
            self._topics.update(dict.fromkeys(set(later) & self._topics.keys(), head))
        new = [signal for signal in self._ahead if not isinstance(signal, Entry) or signal.offset > self._cursor]
        self._cursor = max([self._cursor, *(signal.offset for signal in new if isinstance(signal, Entry))])
        self._put(new, sum(len(signal.payload) for signal in new))

    async def _enter_epoch(self, line: Line) -> int:
        """The head; and when the epoch is another, say so and forget what was heard in the old one."""
        async with asyncio.timeout(_ANSWER_WITHIN_S):
            place = await line.place()
        epoch, head = place.epoch, place.head
        if epoch != self._epoch:
            self._cursor = self._server.goes_on(self._epoch, self._cursor, place) if self._epoch else head
            self._epoch = epoch
            self._topics = {
                topic: since if since is None else min(since, self._cursor) for topic, since in self._topics.items()
            }
            self._queue, self._bytes = [NewEpoch(epoch)], 0
            self._taken = self._handled = 0
            self._fences = [(1, passed) for _, passed in self._fences]  # passed when it has been told
            self._wake()
        return head

    async def _close_up(self, line: Line, upto: int) -> None:
        """Queue all topics' entries above the cursor, up to and with `upto`, in their order; the gaps first."""
        if upto <= self._cursor:
            return
        after = {topic: max(self._cursor, since) for topic, since in self._topics.items() if since is not None}
        gaps: list[Signal] = []
        entries: list[Entry] = []
        while after:
            asked = dict(list(after.items())[:_TOPICS])
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                histories = await line.history(asked, upto)
            for topic, found in zip(asked, histories.found, strict=True):
                del after[topic]
                if found is None:
                    gaps.append(Gap(topic))
                    entries = [entry for entry in entries if entry.topic != topic]
                    if topic in self._topics:
                        self._topics[topic] = upto
                    continue
                entries += found
                if len(found) == SLICE:
                    after[topic] = found[-1].offset
        entries.sort(key=itemgetter(0))
        self._cursor = upto
        self._put([*gaps, *entries], sum(len(entry.payload) for entry in entries))

    def _lost(self) -> None:
        self._ahead, self._ahead_bytes = [], 0
        self._line = None
        self._wake()

    async def _activate(self, topics: Sequence[str]) -> None:
        """Subscribe on a live connection; what it answers afterwards comes when the subscriptions are active."""
        assert self._line is not None
        _listen(self._line, topics)
        head = await self._hear_up_to_head()
        if head is not None:
            for topic in topics:
                if topic in self._topics and self._topics[topic] is None:
                    self._topics[topic] = head
            self._wake()

    async def _hear_up_to_head(self) -> int | None:
        """Ask for the head, behind all that was pushed up to it. None: not live, or not any more."""
        line = self._line
        if line is None:
            return None
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                place = await line.place()
        except (Lost, Refused, TimeoutError):
            line.close()
            return None
        if line is not self._line or place.epoch != self._epoch:
            line.close()
            return None
        self._cursor = max(self._cursor, place.head)
        return place.head

    # --- what is heard

    def _pushed(self, pushes: list[Push]) -> None:
        read, channels, live = self._server.heard, self._channels, self._ahead is None
        signals: list[Entry | Ephemeral] = []
        size = 0
        for push in pushes:
            heard = read(push)
            if heard is None:
                continue
            key, offset, rev, payload, name = heard
            topic = channels.get(key)
            if topic is None:
                continue
            if name and not self._epoch.encode().endswith(name):
                self.drop()  # it was wiped under us: connecting again finds the new epoch
                return
            if not offset:
                signals.append(Ephemeral(topic, payload))
            elif live and offset <= self._cursor:
                continue  # closed up from history already
            else:
                signals.append(Entry(offset, topic, rev, payload))
                if live:
                    self._cursor = offset
            size += len(payload)
        if self._ahead is None:
            self._put(signals, size)
        else:
            self._ahead += signals
            self._ahead_bytes += size
        if len(self._queue) + len(self._ahead or ()) > QUEUE_SIGNALS or self._bytes + self._ahead_bytes > QUEUE_BYTES:
            self.drop()

    def _put(self, signals: Sequence[Signal], size: int) -> None:
        if signals:
            if TRACES.on and not self._queue:
                self._came_ns = time.time_ns()
            self._queue += signals
            self._bytes += size
            self._wake()

    def _settle(self, upto: int) -> None:
        """Everything up to there has been handled: fences that asked for no more are passed."""
        self._handled = upto
        if self._fences:
            waiting = self._fences
            self._fences = [fence for fence in waiting if fence[0] > upto]
            for offset, passed in waiting:
                if offset <= upto and not passed.done():
                    passed.set_result(upto)

    async def _room(self) -> None:
        """Return when the reader has taken most of what was queued."""
        while len(self._queue) > QUEUE_SIGNALS // 4 or self._bytes > QUEUE_BYTES // 4:
            await self._stir()

    async def _stir(self) -> None:
        await self._stirred.wait()

    def _wake(self) -> None:
        stirred, self._stirred = self._stirred, asyncio.Event()
        stirred.set()


def _listen(line: Line, topics: Sequence[str]) -> None:
    for start in range(0, len(topics), _TOPICS):
        line.listen(topics[start : start + _TOPICS])
