"""Fan-out: records that are the same to all who hear them, as one frame to each kind of socket, in slices.

Records of a busy channel come in batches, and each of its sockets would be written to once for each of them: system
calls that cost more than all else. So what goes to one audience is joined until something comes that goes to another,
or until the batch is over; nothing else happens on the loop meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from derailed.gateway import audience, node
from derailed.gateway.following import written
from derailed.gateway.frames import Frame, dispatch
from derailed.gateway.node import Topic
from derailed.gateway.recipient import Encoding, Sink, Step
from derailed.gateway.registry import Registry
from derailed.traces import Span

SLICE: Final = 256
"""Sockets written to between two looks at the rest of the loop: under 2 ms of `send`."""
TURN_S: Final = 0.002
"""So long records are told one after the other; then the rest of the loop has a turn likewise."""
_JOINED_MAX: Final = 64
_JOINED_BYTES_MAX: Final = 64 << 10
"""A socket's send buffer takes as much at once."""

Said = tuple[int, str, bytes]
"""A record as it goes to everyone alike: its offset, the event's name, its `d`."""


class FanOut:
    """Writes to the sessions of one registry."""

    def __init__(self, registry: Registry, window: int) -> None:
        self._registry = registry
        self._window = window
        self._heard: node.Audience | None = None
        self._joined: list[Said] = []
        self._bytes = 0
        self._spans: list[Span] = []

    def fits(self, sequence: int) -> bool:
        """Whether `s` is one that typed libraries can hold."""
        return 0 < sequence < 4 * self._window

    @property
    def waits(self) -> bool:
        """Whether something is to be written yet."""
        return bool(self._joined)

    def joins(self, topic: Topic, step: Step) -> bool:
        """Whether the record goes to those whom the one before it went to; then it is written together with that."""
        record = step.record
        if topic.audience(audience.class_of(record)) is not self._heard:
            return False
        if record.stripped is not None and self._heard.without_content:
            return False
        if len(self._joined) >= _JOINED_MAX or self._bytes > _JOINED_BYTES_MAX:
            return False
        self._joined.append((step.offset, record.event, record.data))
        self._bytes += len(record.data)
        return True

    async def out(self, topic: Topic, step: Step) -> None:
        """One record of a guild to everyone who hears it, by the time that `finish` returns."""
        record = step.record
        await self.finish()
        heard = topic.audience(audience.class_of(record))
        if record.stripped is not None and heard.without_content:
            await self._with_and_without_content(heard, step)
        else:
            self._heard = heard
            self._joined.append((step.offset, record.event, record.data))
            self._bytes += len(record.data)

    async def finish(self) -> None:
        """Write whatever waits."""
        heard, said = self._heard, self._joined
        if heard is None:
            return
        self._heard, self._joined, self._bytes = None, [], 0
        sockets = 0
        for (base, encoding), sinks in list(heard.everyone.items()):
            sockets += await self.write(sinks, encoding, base, said)
        if self._spans:
            for span in self._spans:
                written(span, sockets)
            self._spans.clear()

    def follow(self, span: Span, offset: int) -> bool:
        """End the span when the last record, which has that offset, is written. False: it does not wait for that."""
        waits = bool(self._joined) and self._joined[-1][0] == offset
        if waits:
            self._spans.append(span)
        return waits

    async def _with_and_without_content(self, heard: node.Audience, step: Step) -> None:
        record = step.record
        assert record.stripped is not None
        for (base, encoding), sinks in list(heard.everyone.items()):
            bare = [
                recipient.sink
                for recipient in heard.without_content.get((base, encoding), ())
                if audience.content(record, recipient.id.user_id, recipient.id.intents) is record.stripped
            ]
            without = set(map(id, bare))
            full = [sink for sink in sinks if id(sink) not in without]
            await self.write(full, encoding, base, [(step.offset, record.event, record.data)])
            await self.write(bare, encoding, base, [(step.offset, record.event, record.stripped)])

    async def write(self, sinks: Sequence[Sink], encoding: Encoding, base: int, said: Sequence[Said]) -> int:
        """The same frames to so many sockets: nothing here may cost near what a system call does."""
        if not self.fits(2 * (said[-1][0] - base)):
            for recipient in self._registry.everyone():
                if recipient.id.base == base:
                    self._registry.refuse(recipient)
            return 0
        frames = [dispatch(event, 2 * (offset - base), data) for offset, event, data in said]
        wire = b""
        if encoding is not Encoding.ZSTD:
            wire = b"".join([frame.plain if encoding is Encoding.PLAIN else frame.zlib for frame in frames])
        shut = 0
        for start in range(0, len(sinks), SLICE):
            if start:
                await asyncio.sleep(0)
            part = sinks[start : start + SLICE]
            if encoding is Encoding.ZSTD:
                for sink in part:
                    shut += not sink.open
                    for frame in frames:
                        sink.send(frame)
                continue
            for sink in part:
                if sink.open:
                    sink.write(wire)
                else:
                    shut += 1
        if encoding is not Encoding.ZSTD:
            self._sent(len(sinks) - shut, len(frames), len(wire))
        return len(sinks) - shut

    def _sent(self, sockets: int, frames: int, size: int) -> None:
        traffic = self._registry.traffic
        traffic.deliveries += sockets * frames
        traffic.bytes += sockets * size

    def together(self, sink: Sink, frames: list[Frame]) -> None:
        """These frames to one socket, by one system call where that can be; then there are none."""
        if sink.encoding is Encoding.ZSTD:
            for frame in frames:
                sink.send(frame)
        elif frames and sink.open:
            wire = b"".join([frame.plain if sink.encoding is Encoding.PLAIN else frame.zlib for frame in frames])
            sink.write(wire)
            self._sent(1, len(frames), len(wire))
        frames.clear()
