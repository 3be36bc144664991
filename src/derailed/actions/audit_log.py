"""Reading the audit log of a guild."""

from __future__ import annotations

from typing import NamedTuple

from derailed.actions.context import Context
from derailed.model import permissions, snowflakes
from derailed.model.user import Actor, User
from derailed.model.webhook import Webhook
from derailed.store import Connection, audit, users, webhooks
from derailed.store.audit import Query
from derailed.wire import limits
from derailed.wire.audit import ABOUT_USERS, ABOUT_WEBHOOKS, LogQuery


class LogPage(NamedTuple):
    """Entries, each as JSON, and the accounts and webhooks that they name, as far as there still are such."""

    entries: list[bytes]
    users: list[User]
    webhooks: list[Webhook]


class AuditLog:
    """What was done in a guild, by whom and why."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def page(self, actor: Actor, guild_id: int, asked: LogQuery) -> LogPage:
        """Newest first; ascending after an id, unless there is also one to stay before."""

        async def work(tx: Connection) -> LogPage:
            now_ms = self._context.clock()
            access = await self._context.shapes.in_guild(tx, actor, guild_id, now_ms, lift=False)
            access.require(permissions.VIEW_AUDIT_LOG)
            rows = await audit.page(tx, guild_id, _query(asked, now_ms))
            named = {row.user_id for row in rows} | {row.target_id for row in rows if row.action_type in ABOUT_USERS}
            found = await users.many(tx, sorted(each for each in named if each is not None))
            made = {row.target_id for row in rows if row.action_type in ABOUT_WEBHOOKS and row.target_id is not None}
            hooks = [await webhooks.get(tx, each) for each in sorted(made)]
            return LogPage([row.entry for row in rows], list(found.values()), [each for each in hooks if each])

        return await self._context.store.read(work)


def _query(asked: LogQuery, now_ms: int) -> Query:
    """Entries that are too old may still be there, but are not shown."""
    return Query(
        after=max(asked.after or 0, snowflakes.at(now_ms - limits.AUDIT_LOG_MS)),
        before=snowflakes.MAX if asked.before is None else asked.before,
        limit=asked.limit,
        oldest_first=asked.after is not None and asked.before is None,
        user_id=asked.user_id,
        action_type=asked.action_type,
    )
