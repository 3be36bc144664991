"""The route of the audit log."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.params import FromPath, QueryParameter
from msgspec import Raw

from derailed.api.asking import Ask, Who
from derailed.api.declaring import refuses
from derailed.model import snowflakes
from derailed.wire import limits, rest
from derailed.wire.audit import AuditLogShape, LogQuery, logged_webhook

_Id = Annotated[int | None, QueryParameter(ge=0, le=snowflakes.MAX)]
_Page = Annotated[int, QueryParameter(ge=1, le=limits.AUDIT_LOG_PAGE)]


@get("/guilds/{guild_id:int}/audit-logs", opt=refuses("missing_permissions"))
async def page(
    verbs: Ask,
    actor: Who,
    guild_id: FromPath[int],
    before: _Id = None,
    after: _Id = None,
    limit: _Page = limits.AUDIT_LOG_PAGE // 2,
    user_id: _Id = None,
    action_type: _Id = None,
) -> AuditLogShape:
    """What was done in a guild, newest first; with `after` oldest first."""
    asked = LogQuery(before=before, after=after, limit=limit, user_id=user_id, action_type=action_type)
    found = await verbs.audit_log.page(actor, guild_id, asked)
    return AuditLogShape(
        audit_log_entries=[Raw(entry) for entry in found.entries],
        users=[rest.user(each) for each in found.users],
        webhooks=[logged_webhook(each) for each in found.webhooks],
        threads=[],
        integrations=[],
        guild_scheduled_events=[],
        auto_moderation_rules=[],
        application_commands=[],
    )


ROUTES = (page,)
