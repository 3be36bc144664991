"""Searching for messages in a guild or a channel: what the index has, and what it does not have yet.

Which channels one may read is decided before and, by the snapshot that the answer is made of, again after: a search
that anything of that changed under is made anew. So nothing that is counted or shown is from elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, NamedTuple

from derailed.actions import message_terms, places, rendering
from derailed.actions.context import Context
from derailed.model import permissions
from derailed.model.errors import Unavailable
from derailed.model.guild import ChannelType
from derailed.model.message import Message
from derailed.model.user import Actor
from derailed.store import Connection, messages, search
from derailed.store.search import Hits, Question
from derailed.wire.search import COUNTED, SearchQuery

_UNINDEXED: Final = 2000
"""Messages that one search looks at itself; when more wait for the index, it is asked again later."""
_TRIES: Final = 3
_SLICE: Final = 50
"""Of those, between which others have their turn: a millisecond or two."""

_Scope = Callable[[Connection], Awaitable[tuple[int, ...]]]
"""The channels that the actor may read, of those that are asked for. Raises what the actor is refused for."""


class Found(NamedTuple):
    """How many there are, as far as they are counted, and the JSON of those that are on the page."""

    total: int
    messages: list[bytes]


class _Read(NamedTuple):
    """What one snapshot has: messages that the index does not know as they are, and what it finds from `first` on."""

    unindexed: list[Message]
    first: int
    hits: Hits


class _Page(NamedTuple):
    """How many were found, and the ids of those on the page. `here`: the channels of those that were looked at."""

    total: int
    ids: list[int]
    here: dict[int, int]


class MessageSearch:
    """The verbs of searching. Each gives None while too much is not indexed yet."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def in_guild(self, actor: Actor, guild_id: int, query: SearchQuery) -> Found | None:
        """Search in all channels of the guild that one may read, or in those of them that are named."""

        async def scope(tx: Connection) -> tuple[int, ...]:
            now_ms = self._context.clock()
            access = await self._context.shapes.in_guild(tx, actor, guild_id, now_ms, lift=False)
            readable = permissions.VIEW_CHANNEL | permissions.READ_MESSAGE_HISTORY
            return tuple(
                sorted(
                    channel.id
                    for channel in access.guild.channels.values()
                    if channel.type != ChannelType.CATEGORY
                    and (not query.channel_id or channel.id in query.channel_id)
                    and readable & ~permissions.of_member(access.guild, access.member, channel, now_ms) == 0
                )
            )

        return await self._search(actor, query, scope)

    async def in_channel(self, actor: Actor, channel_id: int, query: SearchQuery) -> Found | None:
        """Search in a channel; nothing is found by those who may not read its history."""

        async def scope(tx: Connection) -> tuple[int, ...]:
            place = await places.enter(self._context, tx, actor, channel_id, lift=False)
            elsewhere = query.channel_id and channel_id not in query.channel_id
            reads = place.permissions & permissions.READ_MESSAGE_HISTORY
            return (channel_id,) if reads and not elsewhere else ()

        return await self._search(actor, query, scope)

    async def _search(self, actor: Actor, query: SearchQuery, scope: _Scope) -> Found | None:
        store = self._context.store
        for _ in range(_TRIES):
            channel_ids = await store.read(scope)
            if not channel_ids:
                return Found(0, [])
            asked = message_terms.question(query, channel_ids)
            read = await store.read_apart(partial(_read, asked, channel_ids, query))
            if read is None:
                return None
            page = await _merged(asked, read, query)
            found = await store.read(partial(_shown, actor, scope, channel_ids, page))
            if found is not None:
                return found
        raise Unavailable


async def _read(asked: Question, channel_ids: tuple[int, ...], query: SearchQuery, tx: Connection) -> _Read | None:
    """Both in one snapshot; None, when too much is not indexed. It may run in a thread.

    Any of what is not indexed may come before the page, so the index is read from that much before it.
    """
    rest = await search.unindexed(tx, channel_ids, _UNINDEXED)
    if rest is None:
        return None
    first = max(0, query.offset - len(rest))
    hits = await search.hits(tx, asked, COUNTED, first, query.offset - first + query.limit)
    return _Read(rest, first, hits)


async def _merged(asked: Question, read: _Read, query: SearchQuery) -> _Page:
    """Look at what is not indexed, a little at a time, and put it among the others."""
    here: dict[int, int] = {}
    for place, message in enumerate(read.unindexed):
        if asked.fits(message.id, message_terms.of_message(message)):
            here[message.id] = message.channel_id
        if place % _SLICE == _SLICE - 1:
            await asyncio.sleep(0)
    total = min(read.hits.total + len(here), COUNTED)
    start = query.offset - read.first
    ids = sorted({*read.hits.ids, *here}, reverse=not asked.oldest_first)[start : start + query.limit]
    return _Page(total, ids[: max(0, total - query.offset)], here)


async def _shown(
    actor: Actor, scope: _Scope, channel_ids: tuple[int, ...], page: _Page, tx: Connection
) -> Found | None:
    """The page as JSON; None, if the actor may by now read other channels than were searched."""
    if await scope(tx) != channel_ids:
        return None
    where = page.here | await search.channels_of(tx, [each for each in page.ids if each not in page.here])
    shown: dict[int, bytes] = {}
    for channel_id in set(where.values()).intersection(channel_ids):
        rows = await messages.many(tx, channel_id, [each for each in page.ids if where.get(each) == channel_id])
        shown |= await rendering.several(tx, actor.user_id, rows)
    found = [shown[message_id] for message_id in page.ids if message_id in shown]
    return Found(page.total - (len(page.ids) - len(found)), found)
