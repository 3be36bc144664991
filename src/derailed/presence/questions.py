"""Questions that every service is asked at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any, Final

import grpc.aio

from derailed.presence import Down

ANSWER_WITHIN_S: Final = 1.0


async def answers(questions: Iterable[Awaitable[Any]]) -> list[Any]:
    """Every service's answer, None of one that is down. Raises Down when all are."""
    replies = await asyncio.gather(*(_answer(question) for question in questions))
    if all(reply is None for reply in replies):
        raise Down("no presence service answers")
    return replies


async def _answer(question: Awaitable[Any]) -> Any | None:
    try:
        return await question
    except grpc.aio.AioRpcError:
        return None
