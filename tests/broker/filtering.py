"""Filters as the broker has them, for tests: started, asked, and ended again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from derailed.broker.filters import Message
from derailed.broker.filters.libraries import Filters

HEALTHY = b"""
function accept(message, publisher) return message.fields.kind ~= "bad" end
function deliver(message, client) return message.fields.author == client.user end
"""


def play(case: Callable[[Filters], Awaitable[None]], folder: Path | None = None) -> None:
    """Run it on filters of its own, as the server would."""

    async def main() -> None:
        filters = await Filters.open(folder)
        try:
            await case(filters)
        finally:
            await filters.close()

    uvloop.run(main())


def post(author: str = "ann", kind: str = "post", payload: bytes = b"", **fields: str) -> Message:
    """A message with fields."""
    known = {"author": author, "kind": kind, **fields}
    pairs = [(name.encode(), value.encode()) for name, value in known.items()]
    return Message(b"guild:1", b"7-0", 1_700_000_000_000, pairs, payload)


async def accepted(filters: Filters, message: Message, namespace: str = "") -> bool:
    (answer,) = await filters.accept(namespace, {"user": "ann"}, [message])
    return answer


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it does."""
    async with asyncio.timeout(30):
        while not await holds():  # noqa: ASYNC110  what it waits for is in another process
            await asyncio.sleep(0)
