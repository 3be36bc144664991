"""What is on a wire: the frames that were written to a WebSocket together."""

from __future__ import annotations

from collections.abc import Iterator


def payloads(wire: bytes) -> Iterator[bytes]:
    """The payloads of unmasked frames, one after the other."""
    while wire:
        size, head = wire[1], 2
        if size >= 126:
            head = 4 if size == 126 else 10
            size = int.from_bytes(wire[2:head])
        yield wire[head : head + size]
        wire = wire[head + size :]
