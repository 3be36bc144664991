"""Roles: make, change, order and delete them, below one's own highest and granting only what one has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import UNSET
from msgspec.structs import replace

from derailed.actions import entries
from derailed.actions.access import Access
from derailed.actions.changes import Changes, change
from derailed.actions.context import Context
from derailed.actions.forms import Form
from derailed.model import permissions
from derailed.model.errors import Forbidden, Invalid, Unknown
from derailed.model.guild import Emoji, Guild, Role
from derailed.model.user import Actor
from derailed.store import channels, emojis, members, roles
from derailed.wire import limits
from derailed.wire.requests import EditRole, MoveRole

_COLOR_MAX: Final = 0xFFFFFF
_EMOJI_MAX: Final = 32


class Roles:
    """What gives members their permissions."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def create(self, actor: Actor, guild_id: int, body: EditRole) -> Role:
        """A new role, the lowest but for @everyone, whose permissions it has unless it is given others."""
        _check(body)

        async def work(changes: Changes) -> Role:
            access = await changes.in_guild(actor, guild_id)
            access.require(permissions.MANAGE_ROLES)
            if len(access.guild.roles) >= limits.ROLES:
                raise Invalid("too_many_roles")
            everyone = access.guild.roles[guild_id]
            blank = Role(id=self._context.new_id(), name="new role", permissions=everyone.permissions, position=1)
            role = _edited(blank, body)
            _require_grantable(access, blank, role)
            await roles.insert(changes.tx, guild_id, role)
            await changes.role("GUILD_ROLE_CREATE", guild_id, role)
            await changes.audit(actor, guild_id, entries.role(None, role))
            return role

        return await change(self._context, work)

    async def edit(self, actor: Actor, guild_id: int, role_id: int, body: EditRole) -> Role:
        """Change how a role looks and what it allows."""
        _check(body)

        async def work(changes: Changes) -> Role:
            access = await changes.in_guild(actor, guild_id)
            access.require(permissions.MANAGE_ROLES)
            before = existing(access.guild, role_id)
            require_below(access, before)
            after = _edited(before, body)
            if role_id == guild_id:
                after = replace(after, name=before.name)
            _require_grantable(access, before, after)
            if after != before:
                await roles.update(changes.tx, after)
                await changes.role("GUILD_ROLE_UPDATE", guild_id, after)
                await changes.audit(actor, guild_id, entries.role(before, after))
            return after

        return await change(self._context, work)

    async def move(self, actor: Actor, guild_id: int, moves: Sequence[MoveRole]) -> list[Role]:
        """Put roles in another order, all of it below one's own highest. Answers with all roles of the guild."""
        form = Form()
        for move in moves:
            form.number("position", move.position or 1, 1, limits.ROLES)
        form.finish()

        async def work(changes: Changes) -> list[Role]:
            access = await changes.in_guild(actor, guild_id)
            access.require(permissions.MANAGE_ROLES)
            ordered = dict(access.guild.roles)
            for move in moves:
                if move.position is None or move.id == guild_id:
                    continue  # libraries list @everyone too; its place is fixed
                before = existing(access.guild, int(move.id))
                after = replace(before, position=move.position)
                if after != before:
                    require_below(access, before)
                    require_below(access, after)
                    ordered[after.id] = after
                    await roles.update(changes.tx, after)
                    await changes.role("GUILD_ROLE_UPDATE", guild_id, after)
                    await changes.audit(actor, guild_id, entries.role(before, after))
            return list(ordered.values())

        return await change(self._context, work)

    async def delete(self, actor: Actor, guild_id: int, role_id: int) -> None:
        """Remove a role, from everyone and everywhere."""

        async def work(changes: Changes) -> None:
            access = await changes.in_guild(actor, guild_id)
            access.require(permissions.MANAGE_ROLES)
            role = existing(access.guild, role_id)
            if role_id == guild_id or role.managed:
                raise Invalid("invalid_role")
            require_below(access, role)
            await remove_role(changes, access.guild, role)
            await changes.audit(actor, guild_id, entries.role(role, None))

        await change(self._context, work)


def existing(guild: Guild, role_id: int) -> Role:
    """The role of the guild. Raises Unknown("role")."""
    role = guild.roles.get(role_id)
    if role is None:
        raise Unknown("role")
    return role


def require_below(access: Access, role: Role) -> None:
    """Raise Forbidden unless the role stands below the actor's highest; @everyone stands below all."""
    highest = permissions.highest_position(access.guild, access.member)
    if role.id != access.guild.id and (role.position, -role.id) >= highest:
        raise Forbidden


async def remove_role(changes: Changes, guild: Guild, role: Role) -> Guild:
    """Take the role out of overwrites, members and the guild; what the guild is then. Its topic is held."""
    # The role goes first: with its overwrites gone and itself not yet, it would show what they had hidden.
    others = {each.id: each for each in guild.roles.values() if each.id != role.id}
    await roles.delete(changes.tx, role.id)
    await changes.role_delete(guild.id, role.id)
    kept = dict(guild.channels)
    for channel in guild.channels.values():
        left = tuple(each for each in channel.overwrites if each.id != role.id)
        if left != channel.overwrites:
            kept[channel.id] = replace(channel, overwrites=left)
            await channels.update(changes.tx, kept[channel.id])
            await changes.channel("CHANNEL_UPDATE", kept[channel.id])
    if any(role.id in each.roles for each in guild.emojis.values()):
        guild = replace(guild, emojis=await _without_role(changes, guild, role.id))
        await changes.emojis_update(guild)
    for member in await members.holding(changes.tx, guild.id, role.id):
        # No event each: everybody takes the role from its members when they hear that it is gone.
        without = tuple(each for each in member.roles if each != role.id)
        await members.update(changes.tx, replace(member, roles=without))
    return replace(guild, channels=kept, roles=others)


async def _without_role(changes: Changes, guild: Guild, role_id: int) -> dict[int, Emoji]:
    """The guild's emojis, none of which is for that role any more."""
    left = {}
    for emoji in guild.emojis.values():
        roles_left = tuple(each for each in emoji.roles if each != role_id)
        left[emoji.id] = replace(emoji, roles=roles_left)
        if roles_left != emoji.roles:
            await emojis.update(changes.tx, left[emoji.id])
    return left


def _check(body: EditRole) -> None:
    form = Form()
    form.text("name", body.name or "", 0, limits.ROLE_NAME)
    form.number("color", _color(body), 0, _COLOR_MAX)
    form.text("unicode_emoji", body.unicode_emoji or "", 0, _EMOJI_MAX)
    form.finish()


def _color(body: EditRole) -> int:
    return body.colors.primary_color if body.colors else body.color or 0


def _edited(role: Role, body: EditRole) -> Role:
    """The role with what the body sets; null is the default, but of permissions, where it is nothing new."""
    changed: dict[str, object] = {}
    if body.name:
        changed["name"] = body.name
    if body.permissions not in (UNSET, None):
        changed["permissions"] = int(body.permissions or 0)
    if body.color is not UNSET or body.colors is not UNSET:
        changed["color"] = _color(body)
    if body.hoist is not UNSET:
        changed["hoist"] = bool(body.hoist)
    if body.mentionable is not UNSET:
        changed["mentionable"] = bool(body.mentionable)
    if body.unicode_emoji is not UNSET:
        changed["unicode_emoji"] = body.unicode_emoji or None
    return replace(role, **changed)


def _require_grantable(access: Access, before: Role, after: Role) -> None:
    if (before.permissions ^ after.permissions) & permissions.ALL & ~access.permissions:
        raise Forbidden
