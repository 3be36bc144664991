"""Bans: see them, ban one or many, and let them come in again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from derailed.actions import chores, joining
from derailed.actions.access import Access
from derailed.actions.changes import Changes, change
from derailed.actions.chores import DeleteMessages
from derailed.actions.context import Context
from derailed.actions.forms import Form
from derailed.actions.members import require_above
from derailed.model import permissions, snowflakes
from derailed.model.errors import Forbidden, Invalid, Unknown
from derailed.model.user import Actor, User
from derailed.store import Connection, bans, members, users
from derailed.store.bans import Ban
from derailed.wire import limits
from derailed.wire.audit import Action, Entry
from derailed.wire.moderation import CreateBan, CreateBans
from derailed.wire.records import guild_topic

_AT_ONCE: Final = 20
"""Bans of one transaction: a few milliseconds, in which no one else writes."""
_DAY_S: Final = 86_400


class Bans:
    """Who may not come in."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def get(self, actor: Actor, guild_id: int, user_id: int) -> Ban:
        """Somebody's ban. Raises Unknown("ban")."""

        async def work(tx: Connection) -> Ban:
            await self._access(tx, actor, guild_id)
            return await _existing(tx, guild_id, user_id)

        return await self._context.store.read(work)

    async def page(self, actor: Actor, guild_id: int, *, before: int | None, after: int, limit: int) -> list[Ban]:
        """Those next below `before`, else those next above `after`, always ascending by user id."""

        async def work(tx: Connection) -> list[Ban]:
            await self._access(tx, actor, guild_id)
            if before is not None:
                return await bans.before(tx, guild_id, before, limit)
            return await bans.after(tx, guild_id, after, limit)

        return await self._context.store.read(work)

    async def add(self, actor: Actor, guild_id: int, user_id: int, body: CreateBan) -> None:
        """Ban somebody, who need not be a member, and delete what they said lately. To be banned already is fine."""
        seconds = _seconds(body)

        async def work(changes: Changes) -> None:
            access = await _moderating(changes, actor, guild_id)
            account = await users.get(changes.tx, user_id)
            if account is None:
                raise Unknown("user")
            await _require_bannable(changes.tx, access, account)
            await self._ban(changes, actor, access, [account], seconds)

        await change(self._context, work)

    async def add_many(self, actor: Actor, guild_id: int, body: CreateBans) -> tuple[list[int], list[int]]:
        """Ban up to 200; who was banned, and who could not be. Raises Invalid when that is everyone."""
        form = Form()
        form.number("user_ids", len(body.user_ids), 1, limits.BULK_BAN)
        form.number("delete_message_seconds", body.delete_message_seconds or 0, 0, limits.BAN_DELETE_S)
        form.finish()
        wanted = list(dict.fromkeys(int(each) for each in body.user_ids))
        banned: list[int] = []
        for start in range(0, len(wanted), _AT_ONCE):
            part = wanted[start : start + _AT_ONCE]
            banned += await self._add_some(actor, guild_id, part, body.delete_message_seconds or 0)
        if not banned:
            raise Invalid("nobody_banned")
        return banned, [each for each in wanted if each not in set(banned)]

    async def remove(self, actor: Actor, guild_id: int, user_id: int) -> None:
        """Let somebody come in again. Raises Unknown("ban")."""

        async def work(changes: Changes) -> None:
            await _moderating(changes, actor, guild_id)
            ban = await _existing(changes.tx, guild_id, user_id)
            await bans.delete(changes.tx, guild_id, user_id)
            await changes.ban("GUILD_BAN_REMOVE", guild_id, ban.user)
            await changes.audit(actor, guild_id, Entry(Action.MEMBER_BAN_REMOVE, user_id))

        await change(self._context, work)

    async def _access(self, tx: Connection, actor: Actor, guild_id: int) -> None:
        access = await self._context.shapes.in_guild(tx, actor, guild_id, self._context.clock(), lift=False)
        access.require(permissions.BAN_MEMBERS)

    async def _add_some(self, actor: Actor, guild_id: int, user_ids: Sequence[int], seconds: int) -> list[int]:
        async def work(changes: Changes) -> list[int]:
            access = await _moderating(changes, actor, guild_id)
            access.require(permissions.MANAGE_GUILD)
            found = await users.many(changes.tx, user_ids)
            able = [each for each in found.values() if await _is_bannable(changes.tx, access, each)]
            return await self._ban(changes, actor, access, able, seconds)

        return await change(self._context, work)

    async def _ban(
        self, changes: Changes, actor: Actor, access: Access, accounts: Collection[User], seconds: int
    ) -> list[int]:
        """Ban those who are not yet; who that was. All that concerns the guild comes before any account's own topic."""
        guild, guild_id = access.guild, access.guild.id
        banned: list[int] = []
        revs: dict[int, int] = {}
        for account in accounts:
            if not await bans.insert(changes.tx, guild_id, account.id, actor.reason, changes.now_ms):
                continue
            banned.append(account.id)
            await changes.ban("GUILD_BAN_ADD", guild_id, account)
            if await members.get(changes.tx, guild_id, account.id) is not None:
                guild, revs[account.id] = await joining.take_out(changes, guild, account)
            await changes.audit(actor, guild_id, Entry(Action.MEMBER_BAN_ADD, account.id))
        if banned and seconds:
            await self._forget_words(changes, guild_id, banned, seconds)
        await joining.tell_left(changes, guild_id, revs)
        return banned

    async def _forget_words(self, changes: Changes, guild_id: int, user_ids: Sequence[int], seconds: int) -> None:
        until = self._context.new_id_in(changes.tx, guild_topic(guild_id))
        since = snowflakes.at(changes.now_ms - seconds * 1000)
        await chores.begin(changes, until, guild_id, DeleteMessages(tuple(user_ids), since, until))


async def _moderating(changes: Changes, actor: Actor, guild_id: int) -> Access:
    access = await changes.in_guild(actor, guild_id)
    access.require(permissions.BAN_MEMBERS)
    return access


async def _existing(tx: Connection, guild_id: int, user_id: int) -> Ban:
    ban = await bans.get(tx, guild_id, user_id)
    if ban is None:
        raise Unknown("ban")
    return ban


async def _require_bannable(tx: Connection, access: Access, account: User) -> None:
    pair = await members.get(tx, access.guild.id, account.id)
    if pair is not None:
        require_above(access, pair[0])


async def _is_bannable(tx: Connection, access: Access, account: User) -> bool:
    try:
        await _require_bannable(tx, access, account)
    except Forbidden:
        return False
    return True


def _seconds(body: CreateBan) -> int:
    """For how long back to delete messages; the older way to say it is in days."""
    form = Form()
    form.number("delete_message_seconds", body.delete_message_seconds or 0, 0, limits.BAN_DELETE_S)
    form.number("delete_message_days", body.delete_message_days or 0, 0, limits.BAN_DELETE_S // _DAY_S)
    form.finish()
    return body.delete_message_seconds or (body.delete_message_days or 0) * _DAY_S
