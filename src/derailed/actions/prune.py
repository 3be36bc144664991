"""Prune: remove who has not been seen for days and holds no role.

An account is seen when its token is looked at: it came to the Gateway or asked something. That is kept to the day.
Bots are never pruned, as they have nobody who could come back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from derailed.actions import chores, joining
from derailed.actions.access import Access
from derailed.actions.changes import Changes, change
from derailed.actions.chores import Prune
from derailed.actions.context import Context
from derailed.actions.forms import Form
from derailed.actions.roles import existing, require_below
from derailed.model import permissions
from derailed.model.guild import Guild
from derailed.model.user import Actor
from derailed.store import Connection, guilds, members, users
from derailed.store.members import Activity
from derailed.wire import limits
from derailed.wire.audit import Action, Entry
from derailed.wire.records import guild_topic

_DEFAULT_DAYS: Final = 7
_DAY_MS: Final = 86_400_000
_LOOKED_AT: Final = 500
"""Members of one read: two milliseconds, after which others have their turn."""
_REMOVED: Final = 25
"""Members of one step, each with two records of its own: some milliseconds."""


class Prunes:
    """Members who have not been seen for long."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def count(self, actor: Actor, guild_id: int, days: int | None, role_ids: Iterable[int]) -> int:
        """How many a prune would remove."""
        days = _checked(days)
        access = await self._context.store.read(lambda tx: self._access(tx, actor, guild_id))
        return await self._count(access.guild, self._chore(access, actor, days, role_ids))

    async def begin(
        self, actor: Actor, guild_id: int, days: int | None, role_ids: Iterable[int], *, counted: bool
    ) -> int | None:
        """Remove them; they go in steps, after the answer. How many, if that is asked."""
        days = _checked(days)
        access = await self._context.store.read(lambda tx: self._access(tx, actor, guild_id))
        chore = self._chore(access, actor, days, role_ids)
        found = await self._count(access.guild, chore)

        async def work(changes: Changes) -> None:
            self._chore(_allowed(await changes.in_guild(actor, guild_id)), actor, days, role_ids)
            options = {"delete_member_days": str(days), "members_removed": str(found)}
            await changes.audit(actor, guild_id, Entry(Action.MEMBER_PRUNE, None, options=options))
            chore_id = self._context.new_id_in(changes.tx, guild_topic(guild_id))
            await chores.begin(changes, chore_id, guild_id, chore)

        if found:
            await change(self._context, work)
        return found if counted else None

    async def _access(self, tx: Connection, actor: Actor, guild_id: int) -> Access:
        now_ms = self._context.clock()
        return _allowed(await self._context.shapes.in_guild(tx, actor, guild_id, now_ms, lift=False))

    def _chore(self, access: Access, actor: Actor, days: int, role_ids: Iterable[int]) -> Prune:
        included = tuple(sorted({int(each) for each in role_ids} - {access.guild.id}))
        for role_id in included:
            require_below(access, existing(access.guild, role_id))
        return Prune(actor, self._context.clock() - days * _DAY_MS, included)

    async def _count(self, guild: Guild, chore: Prune) -> int:
        """Page by page, so that even a huge guild holds nobody up."""
        found, reached, more = 0, 0, True
        while more:
            page = await self._page(guild.id, reached)
            found += sum(_is_pruned(each, guild, chore) for each in page)
            more = len(page) == _LOOKED_AT
            reached = page[-1].user_id if page else 0
            await asyncio.sleep(0)
        return found

    async def _page(self, guild_id: int, after: int) -> list[Activity]:
        return await self._context.store.read(lambda tx: members.activity(tx, guild_id, after, _LOOKED_AT))


async def step(changes: Changes, guild_id: int, chore: Prune) -> Prune | None:
    """Remove some. The guild's topic is held."""
    guild = await guilds.shape(changes.tx, guild_id, 0)
    if guild is None:
        return None
    page = await members.activity(changes.tx, guild_id, chore.user_id, _LOOKED_AT)
    going = [each.user_id for each in page if _is_pruned(each, guild, chore)][:_REMOVED]
    revs: dict[int, int] = {}
    for user_id, account in (await users.many(changes.tx, going)).items():
        guild, revs[user_id] = await joining.take_out(changes, guild, account)
    await joining.tell_left(changes, guild_id, revs)
    if len(going) == _REMOVED:
        return replace(chore, user_id=going[-1])
    return replace(chore, user_id=page[-1].user_id) if len(page) == _LOOKED_AT else None


def _is_pruned(of: Activity, guild: Guild, chore: Prune) -> bool:
    if of.bot or of.user_id == guild.owner_id or max(of.joined_at, of.seen_at) >= chore.seen_before:
        return False
    return set(of.roles) & guild.roles.keys() <= set(chore.role_ids)


def _allowed(access: Access) -> Access:
    access.require(permissions.KICK_MEMBERS | permissions.MANAGE_GUILD)
    return access


def _checked(days: int | None) -> int:
    form = Form()
    form.number("days", _DEFAULT_DAYS if days is None else days, *limits.PRUNE_DAYS)
    form.finish()
    return _DEFAULT_DAYS if days is None else days
