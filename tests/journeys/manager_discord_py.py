"""A bot on unmodified discord.py that runs a guild: `manager_discord_py.py SERVER_URL TOKEN GUILD_ID MEMBER_ID`.

Tells `done` when everything went as it should, with what its cache then holds.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

URL, TOKEN, GUILD, MEMBER = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])


Overwrites = Mapping[discord.Role | discord.Member | discord.Object, discord.PermissionOverwrite]


def say(event: str, **what: Any) -> None:
    print(json.dumps({"event": event} | what), flush=True)  # noqa: T201


class Manager(discord.Client):
    async def on_ready(self) -> None:
        guild = self.get_guild(GUILD)
        assert guild is not None
        member = await guild.fetch_member(MEMBER)
        channel = await self.build(guild, member)
        role = await self.rank(guild, member)
        await self.invite(channel)
        await self.look(guild, member)
        await member.kick(reason="the journey ends")
        gone = asyncio.ensure_future(self.wait_for("guild_role_delete"))
        await role.delete()
        await gone  # the last event there is
        tree = discord.app_commands.CommandTree(self)
        tree.command(name="ping", description="pong")(ping)
        (command,) = await tree.sync()
        say(
            "done",
            name=guild.name,
            command=command.name,
            channels=sorted(each.name for each in guild.channels),
            members=sorted(each.name for each in guild.members),
            roles=sorted(each.name for each in guild.roles),
        )

    async def build(self, guild: discord.Guild, member: discord.Member) -> discord.TextChannel:
        """A category, a channel in it, and who may what there."""
        hall = await guild.create_category("hall")
        quiet: Overwrites = {guild.default_role: discord.PermissionOverwrite(send_messages=False)}
        channel = await guild.create_text_channel("platform", category=hall, topic="trains", overwrites=quiet)
        assert channel.overwrites_for(guild.default_role).send_messages is False
        await channel.set_permissions(member, view_channel=False)
        await channel.set_permissions(member, overwrite=None)
        await channel.edit(name="track", slowmode_delay=5, position=0)
        edited = await channel.edit(sync_permissions=True)
        assert edited is not None
        assert edited.overwrites == {}
        await (await guild.create_text_channel("gone")).delete()
        return edited

    async def rank(self, guild: discord.Guild, member: discord.Member) -> discord.Role:
        """Roles, and what a member holds."""
        red = discord.Colour(0xFF0000)
        role = await guild.create_role(name="porter", permissions=discord.Permissions(1024), colour=red, hoist=True)
        await role.edit(name="guard", mentionable=True)
        other = await guild.create_role(name="guest")
        await guild.edit_role_positions({other: 1})
        await member.add_roles(role)
        await member.remove_roles(role)
        edited = await member.edit(nick="Benjamin", roles=[role])
        assert edited is not None
        assert [each.name for each in edited.roles] == ["@everyone", "guard"]
        await member.timeout(datetime.timedelta(minutes=5))
        assert guild.me is not None
        await guild.me.edit(nick="Stationmaster")
        return role

    async def invite(self, channel: discord.TextChannel) -> None:
        """The ways in."""
        invite = await channel.create_invite(max_age=60, max_uses=1)
        found = await self.fetch_invite(invite.code)
        assert found.approximate_member_count == 3
        assert invite.code in [each.code for each in await channel.guild.invites()]
        assert [each.code for each in await channel.invites()] == [invite.code]
        await invite.delete()

    async def look(self, guild: discord.Guild, member: discord.Member) -> None:
        """Everything there is, asked for over REST and over the Gateway."""
        await guild.edit(name="terminus", verification_level=discord.VerificationLevel.low)
        assert (await self.fetch_guild(GUILD)).name == "terminus"
        assert [each.id async for each in self.fetch_guilds()] == [GUILD]
        assert len(await guild.fetch_channels()) == len(guild.channels)
        assert len(await guild.fetch_roles()) == len(guild.roles)
        assert len([each async for each in guild.fetch_members()]) == 3
        assert [each.id for each in await guild.query_members("benj")] == [member.id]
        assert (await self.fetch_user(member.id)).name == member.name
        assert (await self.application_info()).id == guild.me.id


async def ping(interaction: discord.Interaction) -> None:
    """Never called: there are no interactions."""


Route.BASE = f"{URL}/api/v10"
DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(f"ws://{urlsplit(URL).netloc}/gateway")
Manager(intents=discord.Intents.all()).run(TOKEN)
