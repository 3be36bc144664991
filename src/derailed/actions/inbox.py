"""The inbox: what called somebody lately, wherever they still may read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from derailed.actions import rendering, unread
from derailed.actions.context import Context
from derailed.actions.unread import Reader
from derailed.model import permissions, snowflakes
from derailed.model.errors import Forbidden
from derailed.model.user import Actor
from derailed.store import Connection, conversations, guilds, members, mentions, messages, topics
from derailed.store.mentions import Mention
from derailed.wire import limits
from derailed.wire.inbox import MentionsQuery
from derailed.wire.records import guild_topic

_READING: Final = permissions.VIEW_CHANNEL | permissions.READ_MESSAGE_HISTORY
_ROUNDS: Final = 10
"""Pages of mentions that are looked through for one answer: what one may not read any more is passed over."""


class Inbox:
    """The verbs of one's mentions. They are for people."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def page(self, actor: Actor, query: MentionsQuery) -> bytes:
        """The newest messages that call the actor as JSON, of the last days and below `before`."""
        _require_person(actor)
        return await self._context.store.read(lambda tx: self._page(tx, actor, query))

    async def dismiss(self, actor: Actor, message_id: int) -> None:
        """Leave a message out from now on."""
        _require_person(actor)
        since_id = snowflakes.at(self._context.clock() - limits.MENTIONS_MS)
        if message_id >= since_id:
            await self._context.store.write(lambda tx: mentions.dismiss(tx, actor.user_id, message_id, since_id))

    async def _page(self, tx: Connection, actor: Actor, query: MentionsQuery) -> bytes:
        now_ms = self._context.clock()
        since_id = snowflakes.at(now_ms - limits.MENTIONS_MS)
        readers = await self._readers(tx, actor, query, now_ms)
        targets, talks = _targets(actor, readers, query), query.guild_id is None
        shown: list[bytes] = []
        before = snowflakes.MAX if query.before is None else query.before
        for _ in range(_ROUNDS):
            found = await mentions.newest(tx, actor.user_id, targets, before, since_id, limits.MENTIONS_PAGE)
            for each in found:
                may = await _was_said_to(tx, actor, each) if talks and not each.guild_id else _readable(each, readers)
                if may and len(shown) < query.limit and (message := await _shown(tx, actor, each)):
                    shown.append(message)
            if len(found) < limits.MENTIONS_PAGE or len(shown) == query.limit:
                break
            before = found[-1].message_id
        return b"[%b]" % b",".join(shown)

    async def _readers(self, tx: Connection, actor: Actor, query: MentionsQuery, now_ms: int) -> dict[int, Reader]:
        """The actor in each of their guilds that is asked for."""
        found = {}
        for guild_id in await members.guilds_of(tx, actor.user_id):
            if query.guild_id in (None, guild_id):
                at = await topics.look(tx, guild_topic(guild_id))
                guild = await self._context.shapes.guild(tx, guild_id, at)
                member = await guilds.member(tx, guild_id, actor.user_id)
                if member is not None:
                    found[guild_id] = await unread.reader(tx, guild, member, now_ms)
        return found


def _readable(mention: Mention, readers: Mapping[int, Reader]) -> bool:
    """Whether the reader was in the guild when it was sent, and may read it."""
    reader = readers.get(mention.guild_id)
    channel = None if reader is None else reader.guild.channels.get(mention.channel_id)
    if reader is None or channel is None or snowflakes.time_ms(mention.message_id) < reader.member.joined_at:
        return False
    held = permissions.of_member(reader.guild, reader.member, channel, reader.now_ms)
    return held & _READING == _READING


async def _was_said_to(tx: Connection, actor: Actor, mention: Mention) -> bool:
    """Whether the actor is in the conversation, and was when it was said."""
    since = await conversations.since(tx, mention.channel_id, actor.user_id)
    return 0 < since < mention.message_id


async def _shown(tx: Connection, actor: Actor, mention: Mention) -> bytes | None:
    """The message as JSON, if it is still there."""
    message = await messages.get(tx, mention.channel_id, mention.message_id)
    return None if message is None else await rendering.one(tx, actor.user_id, message)


def _targets(actor: Actor, readers: Mapping[int, Reader], query: MentionsQuery) -> Sequence[int]:
    targets = [actor.user_id]
    for guild_id, reader in readers.items():
        if query.roles:
            targets += reader.member.roles
        if query.everyone:
            targets.append(guild_id)
    return targets


def _require_person(actor: Actor) -> None:
    if actor.bot:
        raise Forbidden("not_for_bots")
