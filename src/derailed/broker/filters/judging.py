"""One question as the requests that one process answers in time, and their answers as one. No answer means no."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

from derailed.broker.filters import frames
from derailed.broker.filters.worker import Worker

Encoded = Sequence[bytes | None]
"""Messages; None for what is too large to be judged, and so refused."""


class Part(NamedTuple):
    """One request, and how many bytes its answer has."""

    answer: asyncio.Future[frames.Answer | None]
    size: int


async def ask_accept(worker: Worker, publisher: bytes, messages: Encoded) -> list[Part]:
    parts = []
    for group in frames.groups([each for each in messages if each is not None], frames.MESSAGES):
        await worker.room()
        parts.append(Part(worker.ask(frames.accept(publisher, group)), len(group)))
    return parts


async def accepted(parts: Sequence[Part], messages: Encoded) -> list[bool]:
    """For each message."""
    said: list[bool] = []
    for answer, count in parts:
        bits = await _body(answer, (count + 7) // 8)
        said += (bool(bits[index >> 3] & 1 << (index & 7)) for index in range(count))
    order = iter(said)
    return [message is not None and next(order) for message in messages]


async def ask_deliver(worker: Worker | None, connection: int, slots: int, messages: Encoded) -> list[Part]:
    """A request has so many messages for all slots, or so many slots for one message."""
    parts: list[Part] = []
    judged = [each for each in messages if each is not None]
    if worker is None or not slots:
        return parts
    for group in frames.groups(judged, min(frames.MESSAGES, max(1, frames.DECISIONS // slots))):
        for first in range(0, slots, frames.DECISIONS):
            last = min(first + frames.DECISIONS, slots) - 1
            await worker.room()
            request = frames.deliver(connection, first, last, group)
            parts.append(Part(worker.ask(request), (last - first + 8) // 8 * len(group)))
    return parts


async def delivered(parts: Sequence[Part], slots: int, messages: Encoded) -> list[bytes]:
    """For each message its bitmap: in their order, the answers are those of all messages in a row."""
    size = (slots + 7) // 8
    row = b"".join([await _body(answer, length) for answer, length in parts])
    empty, at, bitmaps = bytes(size), 0, []
    for message in messages:
        if message is None or not row:
            bitmaps.append(empty)
        else:
            bitmaps.append(row[at : at + size])
            at += size
    return bitmaps


def all_of(bitmaps: Sequence[bytes]) -> bytes:
    """Whom each of them allows."""
    size = len(bitmaps[0])
    agreed = reduce(int.__and__, (int.from_bytes(bitmap, "big") for bitmap in bitmaps))
    return agreed.to_bytes(size, "big")


async def _body(answer: asyncio.Future[frames.Answer | None], size: int) -> bytes:
    said = await answer
    return said.body if said is not None and not said.refused and len(said.body) == size else bytes(size)
