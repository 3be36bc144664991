"""A bot on unmodified hikari that moderates a guild: `moderator_hikari.py SERVER_URL TOKEN GUILD_ID MEMBER_ID`.

Tells `done` when everything went as it should, with what the audit log says.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import hikari
from hikari.api import RESTClient

URL, TOKEN, GUILD, MEMBER = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
REASON = "zu laut / too loud 📢"


def say(event: str, **what: Any) -> None:
    print(json.dumps({"event": event} | what), flush=True)  # noqa: T201


async def busy(rest: RESTClient) -> None:
    """Things that leave entries of all kinds."""
    channel = await rest.create_guild_text_channel(GUILD, "platform", reason=REASON)
    await rest.edit_permission_overwrite(channel, GUILD, target_type=0, deny=hikari.Permissions.VIEW_CHANNEL)
    await rest.edit_permission_overwrite(channel, GUILD, target_type=0, deny=hikari.Permissions.NONE)
    await rest.delete_permission_overwrite(channel, GUILD)
    await rest.edit_channel(channel, topic="trains", rate_limit_per_user=5)
    role = await rest.create_role(GUILD, name="porter", color=0xFF0000)
    await rest.add_role_to_member(GUILD, MEMBER, role)
    await rest.edit_member(GUILD, MEMBER, nickname="Benjamin")
    await rest.delete_invite((await rest.create_invite(channel, max_age=60)).code)
    await rest.edit_guild(GUILD, name="terminus")
    await rest.delete_role(GUILD, role)


async def log(rest: RESTClient) -> list[str]:
    """The whole log, from the oldest on."""
    found = [entry async for page in rest.fetch_audit_log(GUILD) for entry in page.entries.values()]
    bans = [entry for entry in found if entry.action_type == hikari.AuditLogEventType.MEMBER_BAN_ADD]
    assert [entry.reason for entry in bans] == [None, REASON]
    return [hikari.AuditLogEventType(entry.action_type).name for entry in reversed(found)]


async def main() -> None:
    app = hikari.RESTApp(url=f"{URL}/api/v10")
    await app.start()
    async with app.acquire(TOKEN, hikari.TokenType.BOT) as rest:
        await busy(rest)
        assert await rest.estimate_guild_prune_count(GUILD, days=7) == 0
        assert await rest.begin_guild_prune(GUILD, days=7, compute_prune_count=True) == 0
        await rest.ban_user(GUILD, MEMBER, delete_message_seconds=60, reason=REASON)
        ban = await rest.fetch_ban(GUILD, MEMBER)
        assert (ban.user.id, ban.reason) == (MEMBER, REASON)
        assert [each.user.id async for each in rest.fetch_bans(GUILD)] == [MEMBER]
        await rest.unban_user(GUILD, MEMBER)
        await rest.ban_user(GUILD, MEMBER)
        say("done", log=await log(rest))
    await app.close()


asyncio.run(main())
