"""The hub: reads this node's one subscription, moves the views on, and fans each record out.

Its invariant: between two records every live session is whole at `cursor`. Whatever is not from the log is sent only
there, with `s` at the cursor. One task reads and fans out, in slices, so that nothing else on the loop starves.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

import structlog

from derailed import members, presence
from derailed.bus import Bus, Entry, Ephemeral, Gap, NewEpoch, Signal
from derailed.gateway import audience, node
from derailed.gateway.audience import Event
from derailed.gateway.fan_out import SLICE, TURN_S, FanOut
from derailed.gateway.following import Following
from derailed.gateway.frames import Frame, FrameKey, dispatch, dispatches
from derailed.gateway.judge import NOBODY, Judge
from derailed.gateway.neighbours import Feeds, Joiner, Outbox
from derailed.gateway.node import Topic
from derailed.gateway.own import own
from derailed.gateway.recipient import Recipient, Stage, Step
from derailed.gateway.registry import Registry
from derailed.gateway.supervisor import Supervisor
from derailed.model.errors import Refusal
from derailed.rules import Rules
from derailed.telemetry import CAUSE, is_followed
from derailed.traces import TRACES
from derailed.wire import records
from derailed.wire.gateway import Close
from derailed.wire.records import Record

WINDOW = 1 << 29
"""Offsets that sessions share a base for. `s` counts in halves from it, so it fits 31 bits for two windows."""
_PATIENCE_S = 0.02

log = structlog.get_logger()


class Hub:
    """One node's fan-out. `run` it in a task; `follow`, `settle`, `between` and `release` are for arrivals."""

    def __init__(
        self,
        bus: Bus,
        outbox: Outbox,
        presences: presence.Link,
        belonging: members.Link,
        rules: Rules | None = None,
        *,
        window: int = WINDOW,
    ) -> None:
        self._stream = bus.connect()
        self._outbox = outbox
        self._window = window
        self.registry = Registry(self._stream, presences, belonging)
        self._fan = FanOut(self.registry, window)
        self._following = Following(self._stream, self.registry.traffic)
        self._tells = logging.getLogger(__name__).isEnabledFor(logging.DEBUG)
        self.judge = Judge(rules)
        self.supervisor = Supervisor()
        self._between = asyncio.Event()
        self._between.set()
        self._moved = asyncio.Event()
        self._begun = asyncio.Event()
        self.cursor = 0
        """Everything at or below this offset has been handled here."""
        self.joiner: Joiner
        self.feeds: Feeds

    @property
    def epoch(self) -> str:
        """The epoch that `cursor` counts in."""
        return self._stream.epoch

    # --- running

    async def run(self) -> None:
        """Read and fan out until the subscription is closed."""
        while signals := await self._stream.read():
            await self.take(signals)
        await self.supervisor.stop()

    async def take(self, signals: Sequence[Signal]) -> None:
        """Fan out one batch. After a pause it may be thousands of records: others have the loop in between."""
        turn_until = time.monotonic() + TURN_S
        for signal in signals:
            if time.monotonic() > turn_until:
                await self._catch_up()
                await asyncio.sleep(0)
                turn_until = time.monotonic() + TURN_S
            if isinstance(signal, Entry):
                await self._entry(signal)
            else:
                CAUSE.set("")
                await self._catch_up()
                await self._handle(signal)
        await self._catch_up()
        CAUSE.set("")
        self._moved.set()

    async def begun(self) -> None:
        """Return when the bus was heard: before that nobody can be told from which epoch they come."""
        if not self.epoch:
            await self._begun.wait()

    async def close(self) -> None:
        """Hear nothing more; then `run` ends the sessions' tasks and returns."""
        await self._stream.close()

    def start(self, work: Coroutine[Any, Any, None], recipient: Recipient) -> None:
        """Run a session's task; when it fails, that session ends."""

        def failed(error: Exception) -> None:
            if isinstance(error, Refusal):
                log.info("session refused", reason=error.reason, user=recipient.id.user_id)
                self.registry.refuse(recipient)
                return
            log.error("session failed", user=recipient.id.user_id, exc_info=error)
            self.registry.drop(recipient)
            recipient.sink.hang_up(Close.UNKNOWN_ERROR, "That failed here. Connect again.")

        self.supervisor.start(work, failed, recipient.id.handle)

    # --- points in the stream

    async def settle(self, recipient: Recipient, revs: Mapping[str, int]) -> None:
        """Wait until the stream has shown these revs, or they were delivered before we listened; then fence."""
        while not recipient.ended():
            owed = {name: rev for name, rev in revs.items() if self.registry.seen(name) < rev}
            if not owed or not await self._outbox.pending(owed):
                break
            await self._progress()
        if not recipient.ended():
            await self.fence()

    async def fence(self) -> None:
        """Return when all that the log holds now has been handled here."""
        epoch = None
        while epoch != self.epoch:  # else it is an offset of a log that is no more
            epoch = self.epoch
            reached = await self._stream.fence()
            await self.between()
        self.cursor = max(self.cursor, reached)

    async def _progress(self) -> None:
        """Wait for the next record, or a little."""
        self._moved.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._moved.wait(), _PATIENCE_S)

    async def between(self) -> None:
        """Return at a point between two records. It lasts until the caller awaits again."""
        while not self._between.is_set():
            await self._between.wait()

    async def whole(self, recipient: Recipient) -> None:
        """Return at a point where the session has everything up to the cursor, or has ended."""
        await self.between()
        while recipient.stage in (Stage.PREPARING, Stage.HELD):
            self.registry.released.clear()
            await self.registry.released.wait()
            await self.between()

    def base(self) -> int:
        """The base for a session that begins at the cursor: `s` must be positive there."""
        base = self.cursor // self._window * self._window
        return base - self._window if base and self.cursor - base < 2 else base

    def sequence(self, recipient: Recipient, *, whole: bool = True) -> int:
        """`s` at the cursor. Even: a client that has everything up to this frame is whole there."""
        return 2 * (self.cursor - recipient.id.base) - (not whole)

    def fits(self, sequence: int) -> bool:
        """Whether `s` is one that typed libraries can hold."""
        return self._fan.fits(sequence)

    def release(self, recipient: Recipient, events: Sequence[Event]) -> None:
        """Make a session live: one burst of these events and its backlog. Only at a point between two records.

        All frames are odd but the last; and that too when the backlog holds a join, which holds the session again.
        """
        if recipient.ended():
            return
        out = list(events)
        self.registry.set_stage(recipient, Stage.LIVE)
        waited, recipient.backlog = recipient.backlog, []
        for count, step in enumerate(waited, start=1):
            out += self._owed(recipient, step)
            if recipient.stage is not Stage.LIVE:
                recipient.backlog = waited[count:]
                break
        if recipient.ended():
            return
        whole = recipient.stage is Stage.LIVE
        if whole:
            recipient.sink.live()
        if not self.fits(self.sequence(recipient)):
            self.registry.refuse(recipient)
            return
        for left, (event, data) in zip(range(len(out) - 1, -1, -1), out, strict=True):
            recipient.sink.send(dispatch(event, self.sequence(recipient, whole=whole and not left), data))
        if whole:
            self.feeds.catch_up(recipient)

    def take_up(self, recipient: Recipient, missed: Sequence[Step], resumed: Event) -> None:
        """Make a resumed session live: what it missed under its own `s`, then RESUMED at the cursor.

        Only at a point between two records, with views that nothing missed has changed for this session.
        """
        self.registry.set_stage(recipient, Stage.LIVE)
        recipient.sink.live()
        frames: list[Frame] = []
        for step in missed:
            if len(frames) >= SLICE or step.topic.startswith("user:"):  # which may end the session, after these
                self._fan.together(recipient.sink, frames)
            sequence = 2 * (step.offset - recipient.id.base)
            frames += dispatches(self._owed(recipient, step), sequence, step.made)
            if recipient.ended():
                return
        self._fan.together(recipient.sink, frames)
        recipient.sink.send(dispatch(resumed[0], self.sequence(recipient), resumed[1]))
        if recipient.stage is Stage.LIVE:
            self.feeds.catch_up(recipient)

    def say(self, recipient: Recipient, event: str, data: bytes, made: dict[int, Frame] | None = None) -> None:
        """Tell a live session what is not from the log, at the cursor. Only at a point between two records.

        `made` keeps the frames of one event for the others who are told it.
        """
        sequence = self.sequence(recipient)
        if not self.fits(sequence):
            self.registry.refuse(recipient)
            return
        frame = None if made is None else made.get(sequence)
        if frame is None:
            frame = dispatch(event, sequence, data)
            if made is not None:
                made[sequence] = frame
        recipient.sink.send(frame)

    # --- the stream

    async def _handle(self, signal: Ephemeral | NewEpoch | Gap) -> None:
        if isinstance(signal, Ephemeral):
            await self._ephemeral(signal)
        elif isinstance(signal, NewEpoch):
            lost = [each for each in self.registry.everyone() if each.topics]
            if lost:  # whoever starts hears of an epoch too, and has nobody
                log.warning("the bus began a new epoch: all sessions start afresh", epoch=signal.epoch)
            for recipient in lost:
                self.registry.refuse(recipient)
            self.cursor = 0
            self._begun.set()
        elif (topic := self.registry.topics.get(signal.topic)) is not None:
            self._gap(topic)

    async def _catch_up(self) -> None:
        """Write what waits: then every live session is whole at the cursor."""
        if self._fan.waits:
            await self._fan.finish()
            self._between.set()

    async def _entry(self, entry: Entry) -> None:
        topic = self.registry.topics.get(entry.topic)
        self.cursor = max(self.cursor, entry.offset)
        if topic is None or entry.rev <= topic.seen:
            return
        self.registry.traffic.events += 1
        record = records.decode(entry.payload)
        CAUSE.set(record.cause)
        if self._tells:
            log.debug("told", topic=entry.topic, rev=entry.rev, kind=record.event, offset=entry.offset)
        try:
            before, after = topic.advance(record)
        except node.Gap:
            await self._catch_up()
            self._gap(topic)
            return
        self._between.clear()
        span = self._following.begin(entry.topic, record) if TRACES.on and is_followed(record.cause) else None
        barred = NOBODY
        if self.judge.judges(record):
            await self._fan.finish()
            barred = await self.judge.barred(topic, record)
        step = Step(entry.offset, entry.topic, record, before, after, barred)
        self.registry.hold_back(topic, step)
        if topic.guild_id == 0:
            await self._fan.finish()
            self._personal(topic, step)
        elif after is None:
            pass
        elif record.event in audience.RESHAPING or record.event in audience.OF_MEMBERS or barred:
            await self._fan.finish()
            await self._one_by_one(topic, step)
        elif not self._fan.joins(topic, step):
            await self._fan.out(topic, step)
        if span is not None and not self._fan.follow(span, entry.offset):
            self._following.end(span)
        if not self._fan.waits:
            self._between.set()

    def _gap(self, topic: Topic) -> None:
        log.warning("records are missing: its sessions start afresh", topic=topic.name)
        for recipient in list(topic.followers):
            self.registry.refuse(recipient)

    async def _one_by_one(self, topic: Topic, step: Step) -> None:
        """A record that is not the same to everyone: worked out for each, though alike frames are made once."""
        made: dict[FrameKey, Frame] = {}
        for count, recipient in enumerate([each for each in topic.followers if each.stage is Stage.LIVE]):
            if count % SLICE == SLICE - 1:
                await asyncio.sleep(0)
            if recipient.stage is not Stage.LIVE:
                continue
            sequence = 2 * (step.offset - recipient.id.base)
            if not self.fits(sequence):
                self.registry.refuse(recipient)
                continue
            events = self._owed(recipient, step)
            for left, (event, data) in zip(range(len(events) - 1, -1, -1), events, strict=True):
                key = (event, sequence - bool(left), data)
                frame = made.get(key)
                if frame is None:
                    frame = made[key] = dispatch(*key)
                recipient.sink.send(frame)
            if recipient.lists:
                self.feeds.recheck(recipient)
        topic.changed()

    def _personal(self, topic: Topic, step: Step) -> None:
        for recipient in [each for each in topic.followers if each.stage is Stage.LIVE]:
            sequence = 2 * (step.offset - recipient.id.base)
            if self.fits(sequence):
                for frame in dispatches(self._owed(recipient, step), sequence):
                    recipient.sink.send(frame)
            else:
                self.registry.refuse(recipient)

    # --- one session

    def _owed(self, recipient: Recipient, step: Step) -> list[Event]:
        """What a record is to a live session; may hold it (a join) or end it (a revocation)."""
        record = step.record
        if recipient.id.user_id in step.barred:
            return []
        if step.topic.startswith("user:"):
            return own(self, recipient, record)
        seat = recipient.seats.get(record.guild)
        if seat is None or record.rev <= seat.floor:
            return []
        assert step.before is not None
        assert step.after is not None
        return audience.events(record, step.before, step.after, recipient.id.user_id, recipient.id.intents, seat)

    async def _ephemeral(self, signal: Ephemeral) -> None:
        """Deliver what is not kept, unless the node's view may differ from the one it was allowed under."""
        topic = self.registry.topics.get(signal.topic)
        if topic is None or (topic.guild_id and topic.view is None):
            return
        record = records.decode(signal.payload)
        CAUSE.set(record.cause)
        span = self._following.begin(signal.topic, record) if TRACES.on and is_followed(record.cause) else None
        await self._whisper(topic, record)
        if span is not None:
            self._following.end(span)

    async def _whisper(self, topic: Topic, record: Record) -> None:
        barred = await self.judge.barred(topic, record) if self.judge.judges(record) else NOBODY
        if record.rev > topic.rev or record.rev < topic.sight_rev:
            return
        if barred or not topic.guild_id:
            for recipient in topic.hearing(record):
                if recipient.id.user_id not in barred:
                    self.say(recipient, record.event, record.data)
            return
        heard = topic.audience(audience.class_of(record))
        for (base, encoding), sinks in list(heard.everyone.items()):
            await self._fan.write(sinks, encoding, base, [(self.cursor, record.event, record.data)])
