"""Roles: make, change, order and delete them, below one's own highest and granting only what one has."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Final

from msgspec import UNSET, UnsetType, structs
from msgspec.structs import replace

from derailed.actions import chores, entries, images
from derailed.actions.access import Access
from derailed.actions.changes import Changes, change
from derailed.actions.chores import TakeRole
from derailed.actions.context import Context
from derailed.actions.forms import Form
from derailed.actions.images import Image
from derailed.model import permissions
from derailed.model.emoji import is_emoji
from derailed.model.errors import Forbidden, Invalid, Unknown
from derailed.model.guild import Emoji, Guild, Role
from derailed.model.user import Actor
from derailed.store import Connection, channels, emojis, guilds, members, roles
from derailed.wire import limits
from derailed.wire.requests import EditRole, MoveRole

_COLOR_MAX: Final = 0xFFFFFF
_COUNTED_AT_ONCE: Final = 2_000
_TAKEN_AT_ONCE: Final = 1_000
"""Members of a guild of which all may be written at once: some milliseconds, if every one holds the role."""


class Roles:
    """What gives members their permissions."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def counts(self, actor: Actor, guild_id: int) -> dict[int, int]:
        """How many members hold each role but @everyone. A large guild is read in steps."""
        context = self._context

        async def begin(tx: Connection) -> Guild:
            return (await context.shapes.in_guild(tx, actor, guild_id, context.clock(), lift=False)).guild

        counts = dict.fromkeys((await context.store.read(begin)).roles.keys() - {guild_id}, 0)
        reached = 0

        async def work(tx: Connection) -> list[tuple[int, tuple[int, ...]]]:
            return await members.holdings(tx, guild_id, reached, _COUNTED_AT_ONCE)

        while page := await context.store.read(work):
            for role_id in chain.from_iterable(held for _, held in page):
                if role_id in counts:  # not one that came or went meanwhile
                    counts[role_id] += 1
            reached = page[-1][0]
        return counts

    async def create(self, actor: Actor, guild_id: int, body: EditRole) -> Role:
        """A new role, the lowest but for @everyone, whose permissions it has unless it is given others."""
        _check(body)
        icon = await images.taken(self._context, "icon", body.icon, images.ROLE_ICON)

        async def work(changes: Changes) -> Role:
            access = await changes.in_guild(actor, guild_id)
            access.require(permissions.MANAGE_ROLES)
            if len(access.guild.roles) >= limits.ROLES:
                raise Invalid("too_many_roles")
            everyone = access.guild.roles[guild_id]
            blank = Role(id=self._context.new_id(), name="new role", permissions=everyone.permissions, position=1)
            role = _edited(blank, body)
            _require_grantable(access, blank, role)
            role = await self._with_icon(changes.tx, role, icon)
            await roles.insert(changes.tx, guild_id, role)
            await changes.role("GUILD_ROLE_CREATE", guild_id, role)
            await changes.audit(actor, guild_id, entries.role(None, role))
            return role

        async with images.held(self._context, icon):
            return await change(self._context, work)

    async def edit(self, actor: Actor, guild_id: int, role_id: int, body: EditRole) -> Role:
        """Change how a role looks and what it allows."""
        _check(body)
        icon = await images.taken(self._context, "icon", body.icon, images.ROLE_ICON)

        async def work(changes: Changes) -> Role:
            access = await changes.in_guild(actor, guild_id)
            access.require(permissions.MANAGE_ROLES)
            before = existing(access.guild, role_id)
            require_below(access, before)
            after = _edited(before, body)
            _require_grantable(access, before, after)
            if role_id == guild_id:  # nobody is shown by it: all that it has are permissions
                after = replace(before, permissions=after.permissions)
            else:
                after = await self._with_icon(changes.tx, after, icon)
            if after != before:
                await roles.update(changes.tx, after)
                await changes.role("GUILD_ROLE_UPDATE", guild_id, after)
                await changes.audit(actor, guild_id, entries.role(before, after))
            return after

        async with images.held(self._context, icon):
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

    async def _with_icon(self, tx: Connection, role: Role, icon: Image | UnsetType | None) -> Role:
        """The role with that image. It shows one or an emoji: what is set takes the place of the other."""
        if isinstance(icon, Image):
            role = replace(role, unicode_emoji=None)
        elif role.unicode_emoji is not None:
            icon = None
        return replace(role, icon=await images.replace(self._context, tx, images.ROLE_ICON, role.icon, icon))


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
    if role.icon is not None:
        await images.retire(changes.context, changes.tx, images.ROLE_ICON, role.icon)
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
    if await guilds.member_count(changes.tx, guild.id) > _TAKEN_AT_ONCE:
        await chores.begin(changes, changes.context.new_id(), guild.id, TakeRole(role.id))
    else:
        await take_from(changes, guild.id, role.id, 0, None)
    return replace(guild, channels=kept, roles=others)


async def take_from(changes: Changes, guild_id: int, role_id: int, after: int, until: int | None) -> None:
    """Take a role that is gone from the members between two ids."""
    for member in await members.holding(changes.tx, guild_id, role_id, after, until):
        # No event each: everybody takes the role from its members when they hear that it is gone.
        without = tuple(each for each in member.roles if each != role_id)
        await members.update(changes.tx, replace(member, roles=without))


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
    form.number("color", body.color or 0, 0, _COLOR_MAX)
    if body.colors:
        for name, color in structs.asdict(body.colors).items():
            form.at("colors").number(name, color or 0, 0, _COLOR_MAX)
        if body.colors.tertiary_color is not None and body.colors.secondary_color is None:
            form.at("colors").add("secondary_color", "BASE_TYPE_REQUIRED", "This field is required")
    if body.unicode_emoji and not is_emoji(body.unicode_emoji):
        form.add("unicode_emoji", "STRING_TYPE_REGEX", "That is no emoji.")
    form.finish()


def _edited(role: Role, body: EditRole) -> Role:
    """The role with what the body sets; null is the default, but of permissions, where it is nothing new."""
    changed: dict[str, object] = {}
    if body.name:
        changed["name"] = body.name
    if body.permissions not in (UNSET, None):
        changed["permissions"] = int(body.permissions or 0)
    if body.colors:
        colors = body.colors
        changed["color"] = colors.primary_color
        changed |= {"secondary_color": colors.secondary_color, "tertiary_color": colors.tertiary_color}
    elif body.color is not UNSET or body.colors is None:
        changed |= {"color": body.color or 0, "secondary_color": None, "tertiary_color": None}
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
