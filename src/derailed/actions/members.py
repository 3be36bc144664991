"""Members: see them, call them something, give and take roles, time out, remove."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import UNSET
from msgspec.structs import replace

from derailed.actions import entries, joining
from derailed.actions.access import Access
from derailed.actions.changes import Changes, change
from derailed.actions.context import Context
from derailed.actions.forms import Form, refuse
from derailed.actions.roles import existing, require_below
from derailed.actions.searching import matching
from derailed.model import permissions
from derailed.model.errors import Forbidden, Invalid, Unknown
from derailed.model.guild import Member
from derailed.model.user import Actor, User
from derailed.store import Connection, members, users
from derailed.wire import limits
from derailed.wire.audit import Action, Entry
from derailed.wire.requests import EditMember

Pair = tuple[Member, User]
_BYPASSES_VERIFICATION: Final = 1 << 2


class Members:
    """Who belongs to a guild."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def get(self, actor: Actor, guild_id: int, user_id: int) -> Pair:
        """One of them. Raises Unknown("member"), or Unknown("user") when there is no such account at all."""

        async def work(tx: Connection) -> Pair:
            await self._access(tx, actor, guild_id)
            return await _existing(tx, guild_id, user_id)

        return await self._context.store.read(work)

    async def page(self, actor: Actor, guild_id: int, *, after: int, limit: int) -> list[Pair]:
        """Those with ids above `after`, ascending."""

        async def work(tx: Connection) -> list[Pair]:
            await self._access(tx, actor, guild_id)
            return await members.page(tx, guild_id, after, limit)

        return await self._context.store.read(work)

    async def search(self, actor: Actor, guild_id: int, *, prefix: str, limit: int) -> list[Pair]:
        """Those whose username or nick begins with `prefix`."""
        await self._context.store.read(lambda tx: self._access(tx, actor, guild_id))
        return await matching(self._context, guild_id, prefix, limit)

    async def edit(self, actor: Actor, guild_id: int, user_id: int, body: EditMember) -> Pair:
        """Change what a member is called, holds, and whether it may speak."""
        form = Form()
        form.text("nick", body.nick or "", 0, limits.NICK)
        form.finish()

        async def work(changes: Changes) -> Pair:
            access = await changes.in_guild(actor, guild_id)
            before, account = await _existing(changes.tx, guild_id, user_id)
            _refuse_voice(access, body)
            after = before
            if body.nick is not UNSET:
                _require_naming(access, before)
                after = replace(after, nick=(body.nick or "").strip() or None)
            if body.roles is not UNSET:
                after = replace(after, roles=_new_roles(access, before, body.roles or ()))
            if body.communication_disabled_until is not UNSET:
                until = body.communication_disabled_until
                end = None if until is None else int(until.timestamp() * 1000)
                after = replace(after, timed_out_until=_time_out(access, before, end, changes.now_ms))
            if body.flags is not UNSET:
                after = replace(after, flags=_flags(access, before, body.flags or 0))
            return await _write(changes, actor, access, before, after, account), account

        return await change(self._context, work)

    async def add_role(self, actor: Actor, guild_id: int, user_id: int, role_id: int) -> None:
        """Give a member a role."""
        await self._set_role(actor, guild_id, user_id, role_id, held=True)

    async def remove_role(self, actor: Actor, guild_id: int, user_id: int, role_id: int) -> None:
        """Take a role from a member."""
        await self._set_role(actor, guild_id, user_id, role_id, held=False)

    async def kick(self, actor: Actor, guild_id: int, user_id: int) -> None:
        """Make a member leave."""

        async def work(changes: Changes) -> None:
            access = await changes.in_guild(actor, guild_id)
            access.require(permissions.KICK_MEMBERS)
            member, account = await _existing(changes.tx, guild_id, user_id)
            require_above(access, member)
            _, rev = await joining.take_out(changes, access.guild, account)
            await changes.audit(actor, guild_id, Entry(Action.MEMBER_KICK, user_id))
            await joining.tell_left(changes, guild_id, {user_id: rev})

        await change(self._context, work)

    async def _set_role(self, actor: Actor, guild_id: int, user_id: int, role_id: int, *, held: bool) -> None:
        async def work(changes: Changes) -> None:
            access = await changes.in_guild(actor, guild_id)
            before, account = await _existing(changes.tx, guild_id, user_id)
            others = [each for each in before.roles if each != role_id]
            existing(access.guild, role_id)
            roles = _new_roles(access, before, [*others, role_id] if held else others)
            await _write(changes, actor, access, before, replace(before, roles=roles), account)

        await change(self._context, work)

    async def _access(self, tx: Connection, actor: Actor, guild_id: int) -> Access:
        return await self._context.shapes.in_guild(tx, actor, guild_id, self._context.clock(), lift=False)


async def _existing(tx: Connection, guild_id: int, user_id: int) -> Pair:
    pair = await members.get(tx, guild_id, user_id)
    if pair is None:
        raise Unknown("user" if await users.get(tx, user_id) is None else "member")
    return pair


async def _write(
    changes: Changes, actor: Actor, access: Access, before: Member, after: Member, account: User
) -> Member:
    """Keep and tell what is new about the member; whoever holds a role stays."""
    if after == before:
        return before
    kept = replace(after, temporary=after.temporary and not after.roles)
    await members.update(changes.tx, kept)
    await changes.member("GUILD_MEMBER_UPDATE", kept, account)
    if kept.roles != before.roles:
        await changes.audit(actor, kept.guild_id, entries.member_roles(access.guild, before, kept))
    if replace(kept, roles=before.roles, temporary=before.temporary) != before:
        await changes.audit(actor, kept.guild_id, entries.member(before, kept))
    return kept


def _new_roles(access: Access, before: Member, wanted: Iterable[int]) -> tuple[int, ...]:
    """The roles the member is to hold, ascending, if the actor may give and take each that changes."""
    access.require(permissions.MANAGE_ROLES)
    held = set(before.roles) & access.guild.roles.keys()  # one that is gone may still be named
    after = {int(each) for each in wanted} - {access.guild.id} - (set(before.roles) - held)
    for role_id in after ^ held:
        role = existing(access.guild, role_id)
        if role.managed:
            raise Invalid("invalid_role")
        require_below(access, role)
    return tuple(sorted(after))


def _require_naming(access: Access, member: Member) -> None:
    if member.user_id == access.member.user_id:
        access.require(permissions.CHANGE_NICKNAME)
    else:
        access.require(permissions.MANAGE_NICKNAMES)
        require_above(access, member)


def _time_out(access: Access, member: Member, until_ms: int | None, now_ms: int) -> int | None:
    """When the time-out ends; a moment that has passed is none."""
    access.require(permissions.MODERATE_MEMBERS)
    require_above(access, member)
    if permissions.in_guild(access.guild, member.user_id, member.roles) & permissions.ADMINISTRATOR:
        raise Forbidden
    if until_ms is None or until_ms <= now_ms:
        return None
    if until_ms > now_ms + limits.TIME_OUT_MS:
        field = "communication_disabled_until"
        raise refuse(field, "COMMUNICATION_DISABLED_TOO_LONG", "A time-out lasts 28 days at most.")
    return until_ms


def _flags(access: Access, member: Member, flags: int) -> int:
    """The flags, of which only the bypass of verification is anybody's to set."""
    if (flags ^ member.flags) & ~_BYPASSES_VERIFICATION:
        raise refuse("flags", "MEMBER_FLAGS_INVALID", "Only BYPASSES_VERIFICATION can be changed.")
    if flags != member.flags and not access.permissions & (permissions.MANAGE_GUILD | permissions.MANAGE_ROLES):
        access.require(permissions.MODERATE_MEMBERS | permissions.KICK_MEMBERS | permissions.BAN_MEMBERS)
    return flags


def _refuse_voice(access: Access, body: EditMember) -> None:
    """Mute, deafen or move only who is in voice, where nobody is: the answer that libraries know for it."""
    wanted = ((body.mute, permissions.MUTE_MEMBERS), (body.deaf, permissions.DEAFEN_MEMBERS))
    for value, needed in (*wanted, (body.channel_id, permissions.MOVE_MEMBERS)):
        if value is not UNSET and value is not None:
            access.require(needed)
            raise Invalid("not_in_voice")


def require_above(access: Access, member: Member) -> None:
    """Raise Forbidden unless the member stands below the actor."""
    own = permissions.highest_position(access.guild, access.member)
    if permissions.highest_position(access.guild, member) >= own:
        raise Forbidden
