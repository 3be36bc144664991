"""Fan-out: one record that is the same to all who hear it, as one frame to each kind of socket, in slices."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from derailed.gateway import audience, node
from derailed.gateway.frames import dispatch
from derailed.gateway.node import Topic
from derailed.gateway.recipient import Encoding, Sink, Step
from derailed.gateway.registry import Registry

SLICE: Final = 256
"""Sockets written to between two looks at the rest of the loop: under 2 ms of `send`."""


class FanOut:
    """Writes to the sessions of one registry."""

    def __init__(self, registry: Registry, window: int) -> None:
        self._registry = registry
        self._window = window

    def fits(self, sequence: int) -> bool:
        """Whether `s` is one that typed libraries can hold."""
        return 0 < sequence < 4 * self._window

    async def out(self, topic: Topic, step: Step) -> None:
        """One record of a guild to everyone who hears it."""
        record = step.record
        heard = topic.audience(audience.class_of(record))
        if record.stripped is not None and heard.without_content:
            await self._with_and_without_content(heard, step)
            return
        for (base, encoding), sinks in list(heard.everyone.items()):
            await self.write(sinks, encoding, base, step.offset, record.event, record.data)

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
            await self.write(full, encoding, base, step.offset, record.event, record.data)
            await self.write(bare, encoding, base, step.offset, record.event, record.stripped)

    async def write(
        self, sinks: Sequence[Sink], encoding: Encoding, base: int, offset: int, event: str, data: bytes
    ) -> None:
        """One frame to many sockets: nothing here may cost near what a system call does."""
        sequence = 2 * (offset - base)
        if not self.fits(sequence):
            for recipient in self._registry.everyone():
                if recipient.id.base == base:
                    self._registry.refuse(recipient)
            return
        frame = dispatch(event, sequence, data)
        for start in range(0, len(sinks), SLICE):
            if start:
                await asyncio.sleep(0)
            part = sinks[start : start + SLICE]
            if encoding is Encoding.ZSTD:
                for sink in part:
                    sink.send(frame)
                continue
            wire = frame.plain if encoding is Encoding.PLAIN else frame.zlib
            for sink in part:
                if sink.open:
                    sink.write(wire)
