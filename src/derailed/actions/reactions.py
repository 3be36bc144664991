"""Reactions: add, take back, list, clear."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec import UNSET, Raw, UnsetType

from derailed.actions import places
from derailed.actions.context import Context
from derailed.actions.faces import Faces
from derailed.actions.places import Place, message_in
from derailed.actions.unchanged import Unchanged
from derailed.model import permissions
from derailed.model.emoji import Custom, custom, is_emoji
from derailed.model.errors import Forbidden, Invalid, Unknown
from derailed.model.guild import Member
from derailed.model.message import Message
from derailed.model.user import Actor, User
from derailed.store import Connection, Work, emojis, guilds, reactions
from derailed.wire.messages import encode
from derailed.wire.reactions import (
    MAX_KINDS,
    PAGE,
    ReactionAdd,
    ReactionRemove,
    ReactionRemoveAll,
    ReactionRemoveEmoji,
    emoji_shape,
)
from derailed.wire.records import Record


class Reactions:
    """The verbs of reactions. A repeated one changes nothing and tells nobody."""

    def __init__(self, context: Context, faces: Faces) -> None:
        self._context = context
        self._faces = faces

    async def add(self, actor: Actor, channel_id: int, message_id: int, emoji: str) -> None:
        """React. An emoji that is not on the message yet needs ADD_REACTIONS, and must be one that one may use."""
        _require_emoji(emoji)

        async def work(tx: Connection) -> None:
            place, message = await self._enter(tx, actor, channel_id, message_id)
            kinds = await reactions.kinds(tx, message.id)
            kind = _kind(kinds, emoji)
            _require_reacting(place, is_new=kind is None)
            kind = kind or await _new_kind(tx, place, kinds, emoji)
            if not await reactions.add(tx, channel_id, message_id, (kind, actor.user_id, place.now_ms)):
                raise Unchanged
            face = await self._faces.of(tx, place)
            data = _added(place, message, kind, face.whole)
            await _tell(tx, place, message, "MESSAGE_REACTION_ADD", data, by=actor.user_id)

        await self._change(work)

    async def remove(self, actor: Actor, channel_id: int, message_id: int, emoji: str, user_id: int) -> None:
        """Take back one's own reaction, or with MANAGE_MESSAGES another's."""
        _require_emoji(emoji)

        async def work(tx: Connection) -> None:
            place, message = await self._enter(tx, actor, channel_id, message_id)
            if user_id != actor.user_id:
                place.require(permissions.MANAGE_MESSAGES)
            kind = _kind(await reactions.kinds(tx, message_id), emoji)
            if kind is None or not await reactions.remove(tx, channel_id, message_id, kind, user_id):
                raise Unchanged
            data = encode(ReactionRemove(*_where(place, message), user_id=str(user_id), emoji=emoji_shape(kind)))
            await _tell(tx, place, message, "MESSAGE_REACTION_REMOVE", data, by=user_id)

        await self._change(work)

    async def clear(self, actor: Actor, channel_id: int, message_id: int) -> None:
        """Remove everyone's reactions. Needs MANAGE_MESSAGES."""

        async def work(tx: Connection) -> None:
            place, message = await self._enter(tx, actor, channel_id, message_id)
            place.require(permissions.MANAGE_MESSAGES)
            if not await reactions.remove_all(tx, channel_id, message_id):
                raise Unchanged
            data = encode(ReactionRemoveAll(*_where(place, message)))
            await _tell(tx, place, message, "MESSAGE_REACTION_REMOVE_ALL", data)

        await self._change(work)

    async def clear_emoji(self, actor: Actor, channel_id: int, message_id: int, emoji: str) -> None:
        """Remove everyone's reactions with one emoji. Needs MANAGE_MESSAGES."""
        _require_emoji(emoji)

        async def work(tx: Connection) -> None:
            place, message = await self._enter(tx, actor, channel_id, message_id)
            place.require(permissions.MANAGE_MESSAGES)
            kind = _kind(await reactions.kinds(tx, message_id), emoji)
            if kind is None or not await reactions.remove_kind(tx, channel_id, message_id, kind):
                raise Unchanged
            data = encode(ReactionRemoveEmoji(*_where(place, message), emoji=emoji_shape(kind)))
            await _tell(tx, place, message, "MESSAGE_REACTION_REMOVE_EMOJI", data)

        await self._change(work)

    async def users(
        self, actor: Actor, channel_id: int, message_id: int, emoji: str, *, after: int = 0, limit: int = PAGE
    ) -> Sequence[User]:
        """Who reacted with the emoji, by ascending id above `after`."""
        _require_emoji(emoji)

        async def work(tx: Connection) -> Sequence[User]:
            place = await places.enter(self._context, tx, actor, channel_id, lift=False)
            place.require_reading()
            await message_in(tx, place, message_id)
            kind = _kind(await reactions.kinds(tx, message_id), emoji)
            return [] if kind is None else await reactions.users_of(tx, message_id, kind, after, limit)

        return await self._context.store.read(work)

    async def _enter(self, tx: Connection, actor: Actor, channel_id: int, message_id: int) -> tuple[Place, Message]:
        place = await places.enter(self._context, tx, actor, channel_id, lift=True)
        place.require_reading()
        return place, await message_in(tx, place, message_id)

    async def _change(self, work: Work[None]) -> None:
        try:
            await self._context.store.write(work)
        except Unchanged:
            return


def _require_emoji(emoji: str) -> None:
    if not is_emoji(emoji) and custom(emoji) is None:
        raise Unknown("emoji")


def _require_reacting(place: Place, *, is_new: bool) -> None:
    """What is on the message already everybody may add to, but for whom the other one will not hear."""
    if place.permissions & permissions.ADD_REACTIONS:
        return
    if place.guild is None:
        raise Forbidden("reaction_blocked")
    if is_new:
        raise Forbidden


def _kind(kinds: Collection[str], emoji: str) -> str | None:
    """The emoji as it is on the message already. A guild's own is known by its id, whatever it is called now."""
    own = custom(emoji)
    if own is None:
        return emoji if emoji in kinds else None
    return next((kind for kind in kinds if kind.endswith(f":{own.id}")), None)


async def _new_kind(tx: Connection, place: Place, kinds: Collection[str], emoji: str) -> str:
    if len(kinds) >= MAX_KINDS:
        raise Invalid("too_many_reactions")
    own = custom(emoji)
    return emoji if own is None else str(await _usable(tx, place, own.id))


async def _usable(tx: Connection, place: Place, emoji_id: int) -> Custom:
    """The guild's own emoji, or another's that the member belongs to. Raises Unknown("emoji")."""
    found = await emojis.find(tx, emoji_id)
    if found is None:
        raise Unknown("emoji")
    guild_id, emoji = found
    member: Member | None = place.member
    if guild_id != place.guild_id:
        if not place.permissions & permissions.USE_EXTERNAL_EMOJIS:
            raise Forbidden
        member = await guilds.member(tx, guild_id, place.actor_id)
    if member is None or (emoji.roles and not set(emoji.roles) & set(member.roles)):
        raise Unknown("emoji")
    return Custom(emoji.id, emoji.name, emoji.animated)


def _where(place: Place, message: Message) -> tuple[str, str, str | UnsetType]:
    return str(message.channel_id), str(message.id), place.guild_key


def _added(place: Place, message: Message, emoji: str, member: bytes | None) -> bytes:
    return encode(
        ReactionAdd(
            *_where(place, message),
            user_id=str(place.actor_id),
            member=UNSET if member is None else Raw(member),
            message_author_id=str(message.author_id),
            emoji=emoji_shape(emoji),
        )
    )


async def _tell(tx: Connection, place: Place, message: Message, event: str, data: bytes, by: int = 0) -> None:
    record = Record(
        event=event,
        rev=place.told[0][1],
        id=message.id,
        time=place.now_ms,
        guild=place.guild_id,
        channel=message.channel_id,
        author=by,
        data=data,
    )
    await places.emit(tx, place, record)
