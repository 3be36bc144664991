"""Bots on unmodified libraries moderate a guild: bans, prunes, the audit log."""

from __future__ import annotations

from typing import Any

import pytest

from derailed.model import permissions
from tests.journeys.people import Guild, register
from tests.journeys.programs import Program
from tests.journeys.server import Server

pytestmark = pytest.mark.slow

LOG = {
    "moderator_discord_py.py": """
    invite_create bot_add channel_create overwrite_create overwrite_create overwrite_delete
    channel_update role_create member_role_update member_update invite_create invite_delete guild_update role_delete
    ban unban ban
    """,
    "moderator_hikari.py": """
    INVITE_CREATE BOT_ADD CHANNEL_CREATE CHANNEL_OVERWRITE_CREATE CHANNEL_OVERWRITE_UPDATE CHANNEL_OVERWRITE_DELETE
    CHANNEL_UPDATE ROLE_CREATE MEMBER_ROLE_UPDATE MEMBER_UPDATE INVITE_CREATE INVITE_DELETE GUILD_UPDATE ROLE_DELETE
    MEMBER_BAN_ADD MEMBER_BAN_REMOVE MEMBER_BAN_ADD
    """,
}
HEARD = ["ban", "remove", "entry"]
"""What the first ban is on the Gateway, in this order; one of the two bots listens there."""


@pytest.mark.parametrize("script", LOG)
def test_a_bot_moderates_a_guild(server: Server, script: str) -> None:
    with register(server, "anna") as owner, register(server, "ben") as member:
        guild = Guild(owner)
        guild.admit(member)
        bot = guild.add_bot(permissions=permissions.ADMINISTRATOR)
        with bot, Program(script, server.url, bot.token, str(guild.id), str(member.id)) as program:
            done: dict[str, Any] = program.until("done")
    assert done["log"] == LOG[script].split()
    assert done.get("heard", HEARD)[:3] == HEARD
