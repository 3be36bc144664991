"""One node's stream at the service: what it asks for goes to a link of its own, what the link tells goes out.

Nothing piles up here: the link bounds what is unread, a question what is not taken, and who does not take a message in
time is cut off.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any, Final

import structlog

from derailed.generated import members_pb2 as proto
from derailed.members import Chunk, Down, Link, ListLost, ListUpdate, MemberChanged, Query, Signal
from derailed.telemetry import CAUSE, heard
from derailed.traces import TRACES

FIND: Final = "derailed.members.v1.Members/Link find"
OF_GRPC: Final = {"rpc.system.name": "grpc", "rpc.method": "derailed.members.v1.Members/Link"}
"""A question on a stream that is shared by all questions: what is said of it where it is followed."""
SAID_EVERY_S: Final = 1.0
UNTAKEN: Final = 8
"""Chunks of one question that the node has not taken."""
_TAKEN_WITHIN_S: Final = 4.0
_QUESTIONS: Final = 1000
"""Of one node, unanswered. One that asks more has lost its mind."""
_ANSWERED_AT_ONCE: Final = 16

log: Final = structlog.stdlib.get_logger(__name__)


class TooMany(Exception):
    """Questions are asked faster than they can be answered."""


class Attendance:
    """Serves one node. `write` sends one message, and returns when it is taken."""

    def __init__(self, link: Link, write: Callable[[proto.FromService], Awaitable[None]]) -> None:
        self._link = link
        self._write = write
        self._turn = asyncio.Lock()
        self._gate = asyncio.Semaphore(_ANSWERED_AT_ONCE)
        self._questions: dict[int, tuple[asyncio.Task[None], asyncio.Semaphore]] = {}

    async def run(self, said: AsyncIterator[proto.FromNode]) -> None:
        """Until the node says no more. Raises TimeoutError when it does not listen, TooMany."""
        tasks = [asyncio.create_task(each) for each in (self._listen(said), self._tell(), self._beat())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            tasks += [task for task, _ in self._questions.values()]
            for task in tasks:
                task.cancel()
            await self._link.close()  # first: whoever is cancelled once more while waiting does nothing after it
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _say(self, message: proto.FromService) -> None:
        async with self._turn, asyncio.timeout(_TAKEN_WITHIN_S):
            await self._write(message)

    async def _beat(self) -> None:
        while True:
            await self._say(proto.FromService())
            await asyncio.sleep(SAID_EVERY_S)

    async def _tell(self) -> None:
        while signals := await self._link.read():
            await self._say(_told(signals))

    async def _listen(self, said: AsyncIterator[proto.FromNode]) -> None:
        async for message in said:
            for request in message.requests:
                self._hear(request)

    def _hear(self, request: proto.Request) -> None:
        kind = request.WhichOneof("request")
        if kind == "find":
            self._ask(request.find)
        elif kind == "follow":
            asked = request.follow
            ranges = [(each.first, each.last) for each in asked.ranges]
            self._link.follow(asked.subscription, asked.guild_id, asked.channel_id, ranges)
        elif kind == "taken" and request.taken in self._questions:
            self._questions[request.taken][1].release()
        elif kind == "stop" and request.stop in self._questions:
            self._questions[request.stop][0].cancel()
        elif kind in ("interest", "release", "watch", "leave"):
            getattr(self._link, kind)(getattr(request, kind))

    def _ask(self, find: proto.Find) -> None:
        if len(self._questions) >= _QUESTIONS:
            raise TooMany
        credit = asyncio.Semaphore(UNTAKEN)
        task = asyncio.create_task(self._answer(find, credit))
        self._questions[find.question] = task, credit
        task.add_done_callback(lambda _: self._questions.pop(find.question))

    async def _answer(self, find: proto.Find, credit: asyncio.Semaphore) -> None:
        prefix = find.prefix if find.HasField("prefix") else None
        query = Query(prefix, tuple(find.user_ids), find.limit, find.presences)
        CAUSE.set(heard(find.cause))
        span = TRACES.step("server", FIND, CAUSE.get(), OF_GRPC) if TRACES.on else None
        error = "stopped"
        try:
            async with self._gate:
                async for chunk in self._link.find(find.guild_id, query):
                    await credit.acquire()
                    await self._say(proto.FromService(chunks=[_chunk(find.question, chunk)]))
            error = ""
        except Down:
            error = "down"
            await self._say(proto.FromService(failed=[find.question]))
        except Exception:
            error = "failed"
            log.exception("a question could not be answered", guild_id=find.guild_id)
            await self._say(proto.FromService(failed=[find.question]))
        finally:
            if span is not None:
                span.end(error)


def _told(signals: Sequence[Signal]) -> proto.FromService:
    updates = [signal for signal in signals if isinstance(signal, ListUpdate)]
    return proto.FromService(
        updates=_grouped(updates),
        lost=[signal.subscription for signal in signals if isinstance(signal, ListLost)],
        changed=[_changed(signal) for signal in signals if isinstance(signal, MemberChanged)],
    )


def _grouped(updates: Iterable[ListUpdate]) -> list[proto.ListUpdate]:
    """Followers of the same ranges, one after the other, are told the same: it is sent once."""
    grouped: list[Any] = []
    last: bytes | None = None
    for subscription, data in updates:
        if data is not last:
            grouped.append(proto.ListUpdate(data=data))
            last = data
        grouped[-1].subscriptions.append(subscription)
    return grouped


def _changed(signal: MemberChanged) -> proto.MemberChanged:
    return proto.MemberChanged(guild_id=signal.guild_id, user_id=signal.user_id, member=signal.member)


def _chunk(question: int, chunk: Chunk) -> proto.Chunk:
    return proto.Chunk(
        question=question,
        members=chunk.members,
        presences=chunk.presences,
        not_found=chunk.not_found,
        index=chunk.index,
        count=chunk.count,
    )
