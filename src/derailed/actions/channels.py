"""Channels: see, make, change, move and delete them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import UNSET
from msgspec.structs import replace

from derailed.actions import entries
from derailed.actions.access import Access
from derailed.actions.changes import Changes, change
from derailed.actions.context import Context
from derailed.actions.conversations import Conversations
from derailed.actions.forms import Form, refuse
from derailed.actions.overwrites import from_entries, require_grantable
from derailed.model import permissions
from derailed.model.conversation import Shown
from derailed.model.errors import Forbidden, Invalid, Unknown
from derailed.model.guild import Channel, ChannelType, Guild
from derailed.model.user import Actor
from derailed.store import Connection, channels, guilds
from derailed.wire import limits
from derailed.wire.requests import CreateChannel, EditChannel, MoveChannel

_TALKATIVE: Final = (int(ChannelType.TEXT), int(ChannelType.ANNOUNCEMENT))
_KINDS: Final = (*_TALKATIVE, int(ChannelType.CATEGORY))
_ARCHIVE_MINUTES: Final = (60, 1440, 4320, 10080)
_INT_MAX: Final = 2**31 - 1


Seen = tuple[Channel, int | None] | Shown
"""A guild's channel and its newest message's id, or a conversation."""


class Channels:
    """The places of a guild. Who names one by its id alone may mean a conversation: then it is that one's verb."""

    def __init__(self, context: Context, conversations: Conversations) -> None:
        self._context = context
        self._conversations = conversations

    async def get(self, actor: Actor, channel_id: int) -> Seen:
        """A channel that one may see."""
        guild_id = await self._guild_of(channel_id)
        if not guild_id:
            return await self._conversations.get(actor, channel_id)

        async def work(tx: Connection) -> tuple[Channel, int | None]:
            now_ms = self._context.clock()
            access = await self._context.shapes.of_guild(tx, actor, (guild_id, channel_id), now_ms, lift=False)
            last = await channels.last_message_ids(tx, (channel_id,))
            return access.guild.channels[channel_id], last.get(channel_id)

        return await self._context.store.read(work)

    async def create(self, actor: Actor, guild_id: int, body: CreateChannel) -> Channel:
        """A new place. In a category it begins with the category's overwrites unless it brings its own."""
        form = Form()
        form.choice("type", body.type or 0, _KINDS)
        _check(form, body)
        form.finish()

        async def work(changes: Changes) -> Channel:
            access = await changes.in_guild(actor, guild_id)
            access.require(permissions.MANAGE_CHANNELS)
            if len(access.guild.channels) >= limits.CHANNELS:
                raise Invalid("too_many_channels")
            parent = _parent(access, body.type or 0, body.parent_id, changes.now_ms)
            channel = _new(self._context.new_id(), access.guild, parent, body)
            if body.permission_overwrites:
                access.require(permissions.MANAGE_ROLES)
                require_grantable(access, parent, (), channel.overwrites, changes.now_ms)
            await channels.insert(changes.tx, channel)
            await changes.channel("CHANNEL_CREATE", channel)
            await _audit(changes, actor, access.guild, None, channel)
            return channel

        return await change(self._context, work)

    async def edit(self, actor: Actor, channel_id: int, body: EditChannel) -> Seen:
        """Change what a channel is called, where it stands, how it behaves and who may what in it."""
        guild_id = await self._guild_of(channel_id)
        if not guild_id:
            return await self._conversations.edit(actor, channel_id, body)
        form = Form()
        _check(form, body)
        form.finish()

        async def work(changes: Changes) -> tuple[Channel, int | None]:
            access = await changes.of_guild(actor, (guild_id, channel_id))
            access.require(permissions.MANAGE_CHANNELS)
            before = access.guild.channels[channel_id]
            after = _edited(access, before, body, changes.now_ms)
            await _write(changes, actor, access, before, after)
            last = await channels.last_message_ids(changes.tx, (channel_id,))
            return after, last.get(channel_id)

        return await change(self._context, work)

    async def move(self, actor: Actor, guild_id: int, moves: Sequence[MoveChannel]) -> None:
        """Put several channels elsewhere at once."""
        bodies = [
            EditChannel(position=m.position, parent_id=m.parent_id, lock_permissions=m.lock_permissions) for m in moves
        ]
        form = Form()
        for body in bodies:
            _check(form, body)
        form.finish()

        async def work(changes: Changes) -> None:
            access = await changes.in_guild(actor, guild_id)
            access.require(permissions.MANAGE_CHANNELS)
            for channel_id, body in zip((int(move.id) for move in moves), bodies, strict=True):
                before = access.guild.channels.get(channel_id)
                if before is None or not access.sees(before, changes.now_ms):
                    raise Unknown("channel")
                after = _edited(access, before, body, changes.now_ms)
                if after != replace(before, position=after.position):
                    _require_managing(access, before, changes.now_ms)
                await _write(changes, actor, access, before, after)
                # The next is judged by what is there then: a category that has room, overwrites to be locked to.
                shape = replace(access.guild, channels=access.guild.channels | {channel_id: after})
                access = replace(access, guild=shape)

        await change(self._context, work)

    async def delete(self, actor: Actor, channel_id: int) -> Seen:
        """Remove a channel with its messages. A category's channels stay, outside of it."""
        guild_id = await self._guild_of(channel_id)
        if not guild_id:
            return await self._conversations.end(actor, channel_id)

        async def work(changes: Changes) -> tuple[Channel, int | None]:
            access = await changes.of_guild(actor, (guild_id, channel_id))
            access.require(permissions.MANAGE_CHANNELS)
            channel = access.guild.channels[channel_id]
            last = await channels.last_message_ids(changes.tx, (channel_id,))
            for child in [each for each in access.guild.channels.values() if each.parent_id == channel_id]:
                freed = replace(child, parent_id=None)
                await channels.update(changes.tx, freed)
                await changes.channel("CHANNEL_UPDATE", freed)
            await self._unsettle(changes, access.guild, channel_id)
            await channels.delete(changes.tx, channel_id)
            await changes.channel("CHANNEL_DELETE", channel)
            await _audit(changes, actor, access.guild, channel, None)
            return channel, last.get(channel_id)

        return await change(self._context, work)

    async def _guild_of(self, channel_id: int) -> int:
        """The guild it is in, 0 for a conversation. Raises Unknown("channel")."""
        shapes = self._context.shapes
        known = shapes.known_guild_of(channel_id)
        return await self._context.store.read(lambda tx: shapes.guild_of(tx, channel_id)) if known is None else known

    async def _unsettle(self, changes: Changes, guild: Guild, channel_id: int) -> None:
        """A guild does not speak in a channel that is gone."""
        named = [name for name in _OF_GUILD if getattr(guild, name) == channel_id]
        if named:
            without = replace(guild, **dict.fromkeys(named))
            await guilds.update(changes.tx, without)
            await changes.guild_update(without)


_OF_GUILD: Final = ("system_channel_id", "rules_channel_id", "public_updates_channel_id")
"""What a guild has a channel for."""


async def _write(changes: Changes, actor: Actor, access: Access, before: Channel, after: Channel) -> None:
    """Write what was changed of a channel, if anything was and the actor may."""
    if after.overwrites != before.overwrites:
        if not permissions.of_member(access.guild, access.member, before, changes.now_ms) & permissions.MANAGE_ROLES:
            raise Forbidden
        require_grantable(access, before, before.overwrites, after.overwrites, changes.now_ms)
    if after != before:
        await channels.update(changes.tx, after)
        await changes.channel("CHANNEL_UPDATE", after)
        await _audit(changes, actor, access.guild, before, after)


async def _audit(changes: Changes, actor: Actor, guild: Guild, before: Channel | None, after: Channel | None) -> None:
    for entry in entries.channel(guild, before, after):
        await changes.audit(actor, guild.id, entry)


def _check(form: Form, body: CreateChannel | EditChannel) -> None:
    if body.name is not UNSET:
        form.text("name", body.name or "", *limits.CHANNEL_NAME)
    form.text("topic", body.topic or "", 0, limits.CHANNEL_TOPIC)
    form.number("position", body.position or 0, 0, _INT_MAX)
    form.number("rate_limit_per_user", body.rate_limit_per_user or 0, 0, limits.SLOW_MODE_S)
    form.choice("default_auto_archive_duration", body.default_auto_archive_duration or 60, _ARCHIVE_MINUTES)
    if isinstance(body, EditChannel):
        form.number("flags", body.flags or 0, 0, _INT_MAX)


def _require_managing(access: Access, channel: Channel, now_ms: int) -> None:
    """Raise unless the actor may change that very channel. Whoever sorts channels may do without."""
    if not permissions.of_member(access.guild, access.member, channel, now_ms) & permissions.MANAGE_CHANNELS:
        raise Forbidden


def _parent(access: Access, kind: int, parent_id: int | None, now_ms: int) -> Channel | None:
    """The category with that id, if a channel of that kind that is not in it can be. One that is hidden is none."""
    if parent_id is None:
        return None
    guild = access.guild
    parent = guild.channels.get(int(parent_id))
    is_category = parent is not None and parent.type == ChannelType.CATEGORY and access.sees(parent, now_ms)
    if parent is None or not is_category or kind == ChannelType.CATEGORY:
        raise refuse("parent_id", "CHANNEL_PARENT_INVALID", "That is no category this channel can be in.")
    inside = [each for each in guild.channels.values() if each.parent_id == parent.id]
    if len(inside) >= limits.CATEGORY_CHANNELS:
        message = f"Maximum number of channels in category reached ({limits.CATEGORY_CHANNELS})"
        raise refuse("parent_id", "CHANNEL_PARENT_MAX_CHANNELS", message)
    return parent


def _new(channel_id: int, guild: Guild, parent: Channel | None, body: CreateChannel) -> Channel:
    kind = body.type or 0
    below = [each.position for each in guild.channels.values() if _sorts_with(each.type, kind)]
    overwrites = from_entries(body.permission_overwrites or ())
    return Channel(
        id=channel_id,
        guild_id=guild.id,
        type=kind,
        name=body.name.strip(),
        position=max(below, default=-1) + 1 if body.position is None else body.position,
        topic=body.topic or None,
        nsfw=bool(body.nsfw),
        parent_id=None if parent is None else parent.id,
        rate_limit_per_user=body.rate_limit_per_user or 0,
        default_auto_archive_duration=body.default_auto_archive_duration,
        overwrites=parent.overwrites if parent is not None and not overwrites else overwrites,
    )


def _sorts_with(kind: int, other: int) -> bool:
    """Whether channels of the two kinds stand in one order: all but categories do."""
    return (kind == ChannelType.CATEGORY) == (other == ChannelType.CATEGORY)


def _edited(access: Access, before: Channel, body: EditChannel, now_ms: int) -> Channel:
    """The channel with what the body sets; null is the default."""
    changed: dict[str, object] = {}
    if body.type not in (UNSET, before.type):
        if body.type not in _TALKATIVE or before.type not in _TALKATIVE:
            raise refuse("type", "BASE_TYPE_CHOICES", "Only text and announcement channels become one another.")
        changed["type"] = body.type
    if body.name is not UNSET:
        changed["name"] = (body.name or "").strip()
    if body.topic is not UNSET:
        changed["topic"] = body.topic or None
    for name in ("position", "rate_limit_per_user", "flags"):
        value = getattr(body, name)
        if value is not UNSET:
            changed[name] = value or 0
    if body.default_auto_archive_duration is not UNSET:
        changed["default_auto_archive_duration"] = body.default_auto_archive_duration
    if body.nsfw is not UNSET:
        changed["nsfw"] = bool(body.nsfw)
    if body.permission_overwrites is not UNSET:
        changed["overwrites"] = from_entries(body.permission_overwrites or ())
    if body.parent_id not in (UNSET, before.parent_id):
        parent = _parent(access, before.type, body.parent_id or None, now_ms)
        changed["parent_id"] = None if parent is None else parent.id
    after = replace(before, **changed)
    if body.lock_permissions and after.parent_id is not None:
        after = replace(after, overwrites=access.guild.channels[after.parent_id].overwrites)
    return after
