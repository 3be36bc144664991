"""The service elsewhere: one or more of them, between which the guilds are divided.

A guild is at the first service in its own order that is there. When that changes its lists are lost, and asked for
again at the next; what was asked and is not answered yet fails.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import count
from typing import Any, Final

import grpc
import grpc.aio

from derailed.generated import members_pb2 as proto
from derailed.members import Chunk, Down, ListLost, ListUpdate, MemberChanged, Query, Signal
from derailed.members.attendance import FIND, OF_GRPC
from derailed.members.line import Line
from derailed.members.lists import trimmed
from derailed.members.local import SIGNALS_MAX
from derailed.model.rendezvous import order
from derailed.telemetry import CAUSE
from derailed.traces import TRACES

_ANSWERED_WITHIN_S: Final = 25.0
"""Each chunk: a little longer than the service itself waits for a guild."""
_TRIED_WITHIN_S: Final = 2.0
"""How long a question waits, when this node has just started, to know whether the service is there."""
_CONNECTED: Final = grpc.ChannelConnectivity.READY
_OPTIONS: Final = (
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_receive_message_length", 64 << 20),  # a chunk with a thousand talkative presences
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 1_000),
)


class RemoteMembers:
    """See Members. `addresses` are the services as every node lists them."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses
        self._channels = [grpc.aio.insecure_channel(address, options=_OPTIONS) for address in addresses]
        self._links: list[RemoteLink] = []

    @property
    def is_up(self) -> bool:
        """See Members. Without a link it is what gRPC knows, which is asked to find out if it has not tried."""
        if self._links:
            return any(link.is_up for link in self._links)
        return any(channel.get_state(try_to_connect=True) is _CONNECTED for channel in self._channels)

    @property
    def lines(self) -> Sequence[Line]:
        """The streams to services."""
        return [line for link in self._links for line in link.lines]

    def link(self, node: str) -> RemoteLink:
        """See Members."""
        link = RemoteLink(node, self._addresses, self._channels)
        self._links.append(link)
        return link

    async def close(self) -> None:
        """See Members."""
        for link in self._links:
            await link.close()
        for channel in self._channels:
            await channel.close()


class RemoteLink:
    """See Link."""

    def __init__(self, node: str, addresses: Sequence[str], channels: Sequence[Any]) -> None:
        self._addresses = addresses
        self._interests: set[int] = set()
        self._watched: set[int] = set()
        self._follows: dict[int, proto.Follow] = {}
        self._placed: dict[int, Line] = {}
        """Where each guild that is of interest, or followed, has been asked for."""
        self._questions: dict[int, tuple[Line, asyncio.Queue[Chunk | None]]] = {}
        self._numbers = count(1)
        self._unread: list[Signal] = []
        self._woken = asyncio.Event()
        self._closed = False
        self._lines = [Line(self, service, node, channel) for service, channel in enumerate(channels)]
        self._tasks = [asyncio.create_task(line.run()) for line in self._lines]

    @property
    def is_up(self) -> bool:
        """Whether any service is there, as far as we know."""
        return any(line.up for line in self._lines)

    @property
    def lines(self) -> Sequence[Line]:
        """To each of the services."""
        return self._lines

    # --- what the node wants

    def interest(self, guild_id: int) -> None:
        """See Link."""
        self._interests.add(guild_id)
        line = self._place(guild_id)
        if line is not None:
            line.send(proto.Request(interest=guild_id))

    def release(self, guild_id: int) -> None:
        """See Link."""
        self._interests.discard(guild_id)
        self._watched.discard(guild_id)
        line = self._placed.get(guild_id)
        if line is not None:
            line.send(proto.Request(release=guild_id))
        self._unplace(guild_id)

    def watch(self, guild_id: int) -> None:
        """See Link."""
        if guild_id in self._interests:
            self._watched.add(guild_id)
            line = self._placed.get(guild_id)
            if line is not None:
                line.send(proto.Request(watch=guild_id))

    def follow(self, subscription: int, guild_id: int, channel_id: int, ranges: Sequence[tuple[int, int]]) -> None:
        """See Link."""
        before = self._follows.get(subscription)
        if before is not None and before.guild_id != guild_id:
            self.leave(subscription)
        shown = [proto.Range(first=first, last=last) for first, last in trimmed(ranges)]
        asked = proto.Follow(subscription=subscription, guild_id=guild_id, channel_id=channel_id, ranges=shown)
        self._follows[subscription] = asked
        line = self._place(guild_id)
        if line is not None:
            line.send(proto.Request(follow=asked))

    def leave(self, subscription: int) -> None:
        """See Link."""
        asked = self._follows.pop(subscription, None)
        if asked is not None:
            line = self._placed.get(asked.guild_id)
            if line is not None:
                line.send(proto.Request(leave=subscription))
            self._unplace(asked.guild_id)

    async def find(self, guild_id: int, query: Query) -> AsyncIterator[Chunk]:
        """See Link."""
        line = await self._reached(guild_id)
        question = next(self._numbers)
        chunks: asyncio.Queue[Chunk | None] = asyncio.Queue()  # the service sends some and waits: see `taken`
        self._questions[question] = line, chunks
        cause = CAUSE.get()
        span = TRACES.step("client", FIND, cause, OF_GRPC) if TRACES.on else None
        line.send(proto.Request(find=_find(question, guild_id, query, cause if span is None else span.cause)))
        answered = False
        try:
            while not answered:
                async with asyncio.timeout(_ANSWERED_WITHIN_S):
                    chunk = await chunks.get()
                if chunk is None:
                    raise Down
                answered = chunk.index + 1 >= chunk.count
                line.send(proto.Request(taken=question))
                yield chunk
        except TimeoutError:
            raise Down from None
        finally:
            del self._questions[question]
            if not answered:
                line.send(proto.Request(stop=question))
            if span is not None:
                span.end("" if answered else "unanswered")

    async def _reached(self, guild_id: int) -> Line:
        for service in order(guild_id, self._addresses):
            line = self._lines[service]
            try:
                async with asyncio.timeout(_TRIED_WITHIN_S):
                    await line.tried.wait()
            except TimeoutError:
                continue
            if line.up:
                return line
        raise Down

    async def read(self) -> Sequence[Signal]:
        """See Link."""
        while not self._unread and not self._closed:
            self._woken.clear()
            await self._woken.wait()
        unread, self._unread = self._unread, []
        return unread

    async def close(self) -> None:
        """See Link."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for _, chunks in self._questions.values():
            chunks.put_nowait(None)
        self._unread.clear()
        self._woken.set()

    # --- where guilds are

    def _owner(self, guild_id: int) -> Line | None:
        """The first service in the guild's order that is there; None while one before it has yet to be tried."""
        for service in order(guild_id, self._addresses):
            line = self._lines[service]
            if line.up or not line.tried.is_set():
                return line if line.up else None
        return None

    def _place(self, guild_id: int) -> Line | None:
        line = self._placed.get(guild_id) or self._owner(guild_id)
        if line is not None:
            self._placed[guild_id] = line
        return line

    def _unplace(self, guild_id: int) -> None:
        if guild_id not in self._guilds():
            self._placed.pop(guild_id, None)

    def _guilds(self) -> set[int]:
        return self._interests | {asked.guild_id for asked in self._follows.values()}

    def _move(self) -> Iterator[tuple[Line, proto.Request]]:
        """Ask for each guild where it is now; what must be said to whom for that."""
        left: dict[int, Line] = {}
        fresh: set[int] = set()
        for guild_id in self._guilds():
            before, after = self._placed.pop(guild_id, None), self._owner(guild_id)
            if after is not None:
                self._placed[guild_id] = after
            if after is before:
                continue
            if before is None:
                fresh.add(guild_id)
            else:
                left[guild_id] = before
                yield before, proto.Request(release=guild_id)
            if after is not None and guild_id in self._interests:
                yield after, proto.Request(interest=guild_id)
                if guild_id in self._watched:
                    yield after, proto.Request(watch=guild_id)
        for subscription, asked in list(self._follows.items()):
            if asked.guild_id in left:
                yield left[asked.guild_id], proto.Request(leave=subscription)
                self._lose(subscription)
            elif asked.guild_id in fresh and asked.guild_id in self._placed:
                yield self._placed[asked.guild_id], proto.Request(follow=asked)

    def _lose(self, subscription: int) -> None:
        guild_id = self._follows.pop(subscription).guild_id
        self._unplace(guild_id)
        self._unread.append(ListLost(subscription))
        self._woken.set()

    # --- what the lines say: see Caller

    def found(self, service: int) -> Iterator[proto.Request]:
        """It is asked for the guilds that are its own."""
        for line, request in list(self._move()):
            if line is self._lines[service]:
                yield request
            else:
                line.send(request)

    def lost(self, service: int) -> None:
        """Its guilds move to the next service."""
        for line, chunks in self._questions.values():
            if line is self._lines[service]:
                chunks.put_nowait(None)
        for line, request in list(self._move()):
            line.send(request)

    def hear(self, service: int, message: proto.FromService) -> None:
        """Take in what it says."""
        line = self._lines[service]
        for update in message.updates:
            for subscription in update.subscriptions:
                asked = self._follows.get(subscription)
                if asked is not None and self._placed.get(asked.guild_id) is line:
                    self._push(ListUpdate(subscription, update.data))
        for subscription in message.lost:
            if subscription in self._follows:
                self._lose(subscription)
        for chunk in message.chunks:
            if chunk.question in self._questions:
                self._questions[chunk.question][1].put_nowait(_chunk(chunk))
        for question in message.failed:
            if question in self._questions:
                self._questions[question][1].put_nowait(None)
        for changed in message.changed:
            member = changed.member if changed.HasField("member") else None
            self._push(MemberChanged(changed.guild_id, changed.user_id, member))

    def _push(self, signal: Signal) -> None:
        if len(self._unread) >= SIGNALS_MAX:
            self._unread.clear()
            for subscription in list(self._follows):
                self.leave(subscription)
                self._unread.append(ListLost(subscription))
        else:
            self._unread.append(signal)
        self._woken.set()


def _find(question: int, guild_id: int, query: Query, cause: str) -> proto.Find:
    return proto.Find(
        question=question,
        guild_id=guild_id,
        prefix=query.prefix,
        user_ids=query.user_ids,
        limit=query.limit,
        presences=query.presences,
        cause=cause,
    )


def _chunk(chunk: proto.Chunk) -> Chunk:
    return Chunk(chunk.members, chunk.presences, tuple(chunk.not_found), chunk.index, chunk.count)
