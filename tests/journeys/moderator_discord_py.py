"""A bot on unmodified discord.py that moderates a guild: `moderator_discord_py.py SERVER_URL TOKEN GUILD_ID MEMBER_ID`.

Tells `done` when everything went as it should, with what it heard and what the audit log says.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import sys
from typing import Any
from urllib.parse import urlsplit

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

URL, TOKEN, GUILD, MEMBER = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
REASON = "zu laut / too loud 📢"


def say(event: str, **what: Any) -> None:
    print(json.dumps({"event": event} | what), flush=True)  # noqa: T201


class Moderator(discord.Client):
    heard: list[str]

    async def on_ready(self) -> None:
        guild = self.get_guild(GUILD)
        assert guild is not None
        self.heard = []
        member = await guild.fetch_member(MEMBER)
        await self.busy(guild, member)
        assert await guild.estimate_pruned_members(days=7) == 0
        assert await guild.prune_members(days=7, roles=[guild.default_role], reason=REASON) == 0
        gone = asyncio.ensure_future(self.wait_for("member_remove"))
        await guild.ban(member, delete_message_seconds=60, reason=REASON)
        await gone
        ban = await guild.fetch_ban(member)
        assert (ban.user.id, ban.reason) == (MEMBER, REASON)
        assert [each.user.id async for each in guild.bans()] == [MEMBER]
        back = asyncio.ensure_future(self.wait_for("member_unban"))
        await guild.unban(member)
        await back
        banned = await guild.bulk_ban([member, discord.Object(1)])
        assert ([each.id for each in banned.banned], [each.id for each in banned.failed]) == ([MEMBER], [1])
        say("done", heard=self.heard, log=await self.log(guild))

    async def busy(self, guild: discord.Guild, member: discord.Member) -> None:
        """Things that leave entries of all kinds."""
        channel = await guild.create_text_channel("platform", reason=REASON)
        await channel.set_permissions(member, view_channel=True)
        await channel.set_permissions(guild.default_role, view_channel=False)
        await channel.set_permissions(guild.default_role, overwrite=None)
        await channel.edit(topic="trains", slowmode_delay=5)
        role = await guild.create_role(name="porter", colour=discord.Colour(0xFF0000))
        await member.add_roles(role)
        await member.edit(nick="Benjamin", timed_out_until=discord.utils.utcnow() + datetime.timedelta(minutes=5))
        await (await channel.create_invite(max_age=60, max_uses=3)).delete()
        await guild.edit(name="terminus", verification_level=discord.VerificationLevel.low)
        await role.delete()

    async def log(self, guild: discord.Guild) -> list[str]:
        """The whole log, from the oldest on, each entry read as far as the library can."""
        found = [each async for each in guild.audit_logs(limit=None, oldest_first=True)]
        newest = [each async for each in guild.audit_logs(limit=2, action=discord.AuditLogAction.ban)]
        assert [each.reason for each in newest] == [None, REASON]
        for entry in found:
            assert entry.changes.before is not None
            assert repr((entry.target, entry.extra, entry.category, entry.user))
        return [each.action.name for each in found]

    async def on_member_ban(self, guild: discord.Guild, user: discord.User) -> None:
        self.heard.append("ban")

    async def on_member_remove(self, member: discord.Member) -> None:
        self.heard.append("remove")

    async def on_audit_log_entry_create(self, entry: discord.AuditLogEntry) -> None:
        if entry.action is discord.AuditLogAction.ban:
            assert entry.user_id == entry.guild.me.id
            self.heard.append("entry")


Route.BASE = f"{URL}/api/v10"
DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(f"ws://{urlsplit(URL).netloc}/gateway")
Moderator(intents=discord.Intents.all()).run(TOKEN)
