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
from derailed.actions.forms import Form, refuse
from derailed.actions.overwrites import from_entries, require_grantable
from derailed.model import permissions
from derailed.model.errors import Forbidden, Invalid, Unknown
from derailed.model.guild import Channel, ChannelType, Guild, Overwrite
from derailed.model.user import Actor
from derailed.store import Connection, channels, guilds
from derailed.wire import limits
from derailed.wire.requests import CreateChannel, EditChannel, MoveChannel

_KINDS: Final = (int(ChannelType.TEXT), int(ChannelType.CATEGORY))
_INT_MAX: Final = 2**31 - 1


class Channels:
    """The places of a guild."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def get(self, actor: Actor, channel_id: int) -> tuple[Channel, int | None]:
        """A channel that one may see, and its newest message's id."""

        async def work(tx: Connection) -> tuple[Channel, int | None]:
            now_ms = self._context.clock()
            access = await self._context.shapes.in_channel(tx, actor, channel_id, now_ms, lift=False)
            last = await channels.last_message_ids(tx, (channel_id,))
            return access.guild.channels[channel_id], last.get(channel_id)

        return await self._context.store.read(work)

    async def create(self, actor: Actor, guild_id: int, body: CreateChannel) -> Channel:
        """A new place. In a category it begins with the category's overwrites unless it brings its own."""
        form = Form()
        form.choice("type", body.type, _KINDS)
        _check(form, body)
        form.finish()

        async def work(changes: Changes) -> Channel:
            access = await changes.in_guild(actor, guild_id)
            access.require(permissions.MANAGE_CHANNELS)
            if len(access.guild.channels) >= limits.CHANNELS:
                raise Invalid("too_many_channels")
            parent = _parent(access.guild, body.type, body.parent_id)
            channel = _new(self._context.new_id(), access.guild, parent, body)
            if body.permission_overwrites:
                _require_overwriting(access, access.permissions, (), channel.overwrites)
            await channels.insert(changes.tx, channel)
            await changes.channel("CHANNEL_CREATE", channel)
            await _audit(changes, actor, access.guild, None, channel)
            return channel

        return await change(self._context, work)

    async def edit(self, actor: Actor, channel_id: int, body: EditChannel) -> tuple[Channel, int | None]:
        """Change what a channel is called, where it stands, how it behaves and who may what in it."""
        form = Form()
        _check(form, body)
        form.finish()

        async def work(changes: Changes) -> tuple[Channel, int | None]:
            access = await changes.in_channel(actor, channel_id)
            access.require(permissions.MANAGE_CHANNELS)
            before = access.guild.channels[channel_id]
            after = _edited(access.guild, before, body)
            if after.overwrites != before.overwrites:
                _require_overwriting(access, access.permissions, before.overwrites, after.overwrites)
            if after != before:
                await channels.update(changes.tx, after)
                await changes.channel("CHANNEL_UPDATE", after)
                await _audit(changes, actor, access.guild, before, after)
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
                after = _edited(access.guild, before, body)
                if after.overwrites != before.overwrites:
                    held = permissions.of_member(access.guild, access.member, before, changes.now_ms)
                    _require_overwriting(access, held, before.overwrites, after.overwrites)
                if after != before:
                    await channels.update(changes.tx, after)
                    await changes.channel("CHANNEL_UPDATE", after)
                    await _audit(changes, actor, access.guild, before, after)

        await change(self._context, work)

    async def delete(self, actor: Actor, channel_id: int) -> tuple[Channel, int | None]:
        """Remove a channel with its messages. A category's channels stay, outside of it."""

        async def work(changes: Changes) -> tuple[Channel, int | None]:
            access = await changes.in_channel(actor, channel_id)
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

    async def _unsettle(self, changes: Changes, guild: Guild, channel_id: int) -> None:
        """A guild does not speak in a channel that is gone."""
        if guild.system_channel_id == channel_id:
            without = replace(guild, system_channel_id=None)
            await guilds.update(changes.tx, without)
            await changes.guild_update(without)


async def _audit(changes: Changes, actor: Actor, guild: Guild, before: Channel | None, after: Channel | None) -> None:
    for entry in entries.channel(guild, before, after):
        await changes.audit(actor, guild.id, entry)


def _check(form: Form, body: CreateChannel | EditChannel) -> None:
    if body.name is not UNSET:
        form.text("name", body.name, *limits.CHANNEL_NAME)
    form.text("topic", body.topic or "", 0, limits.CHANNEL_TOPIC)
    form.number("position", body.position or 0, 0, _INT_MAX)
    form.number("rate_limit_per_user", body.rate_limit_per_user or 0, 0, limits.SLOW_MODE_S)
    if isinstance(body, EditChannel):
        form.number("flags", body.flags or 0, 0, _INT_MAX)


def _parent(guild: Guild, kind: int, parent_id: int | None) -> Channel | None:
    if parent_id is None:
        return None
    parent = guild.channels.get(int(parent_id))
    if parent is None or parent.type != ChannelType.CATEGORY or kind == ChannelType.CATEGORY:
        raise refuse("parent_id", "CHANNEL_PARENT_INVALID", "That is no category this channel can be in.")
    return parent


def _new(channel_id: int, guild: Guild, parent: Channel | None, body: CreateChannel) -> Channel:
    below = [each.position for each in guild.channels.values() if each.type == body.type]
    overwrites = from_entries(body.permission_overwrites or ())
    return Channel(
        id=channel_id,
        guild_id=guild.id,
        type=body.type,
        name=body.name.strip(),
        position=max(below, default=-1) + 1 if body.position is None else body.position,
        topic=body.topic or None,
        nsfw=bool(body.nsfw),
        parent_id=None if parent is None else parent.id,
        rate_limit_per_user=body.rate_limit_per_user or 0,
        overwrites=parent.overwrites if parent is not None and not overwrites else overwrites,
    )


def _edited(guild: Guild, before: Channel, body: EditChannel) -> Channel:
    """The channel with what the body sets; null is the default."""
    changed: dict[str, object] = {}
    if body.name is not UNSET:
        changed["name"] = body.name.strip()
    if body.topic is not UNSET:
        changed["topic"] = body.topic or None
    for name in ("position", "rate_limit_per_user", "flags"):
        value = getattr(body, name)
        if value is not UNSET:
            changed[name] = value or 0
    if body.nsfw is not UNSET:
        changed["nsfw"] = bool(body.nsfw)
    if body.permission_overwrites is not UNSET:
        changed["overwrites"] = from_entries(body.permission_overwrites or ())
    if body.parent_id is not UNSET:
        parent = _parent(guild, before.type, body.parent_id)
        changed["parent_id"] = None if parent is None else parent.id
    after = replace(before, **changed)
    if body.lock_permissions and after.parent_id is not None:
        after = replace(after, overwrites=guild.channels[after.parent_id].overwrites)
    return after


def _require_overwriting(
    access: Access, held: int, before: tuple[Overwrite, ...], after: tuple[Overwrite, ...]
) -> None:
    if not held & permissions.MANAGE_ROLES:
        raise Forbidden
    require_grantable(access, held, before, after)
