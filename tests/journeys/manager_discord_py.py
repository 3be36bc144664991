"""A bot on unmodified discord.py that runs a guild: `manager_discord_py.py URL TOKEN GUILD_ID MEMBER_ID STRANGER_ID`.

Tells `done` when everything went as it should, with what its cache then holds.
"""

from __future__ import annotations

import asyncio
import base64
import datetime
import io
import json
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

URL, TOKEN = sys.argv[1:3]
GUILD, MEMBER, STRANGER = map(int, sys.argv[3:6])
IMAGE = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")

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
        await self.adorn(guild, role)
        await self.talk(channel)
        await self.hook(channel)
        await self.moderate(guild, role)
        await member.kick(reason="the journey ends")
        gone = asyncio.ensure_future(self.wait_for("guild_role_delete"))
        await role.delete()
        await gone  # the last event there is
        command = await self.command()
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
        gone = await guild.create_text_channel("gone", news=True, default_auto_archive_duration=60)
        assert gone.is_news()
        assert not (await gone.edit(type=discord.ChannelType.text)).is_news()
        await gone.delete()
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

    async def adorn(self, guild: discord.Guild, role: discord.Role) -> None:
        """Emojis, and how the guild and its roles look."""
        emoji = await guild.create_custom_emoji(name="train", image=IMAGE, roles=[role], reason="all aboard")
        assert emoji.roles == [role]
        heard = asyncio.ensure_future(self.wait_for("guild_emojis_update", check=lambda *_: called(guild) == ["tram"]))
        await emoji.edit(name="tram", roles=[])
        await heard
        fetched = (await guild.fetch_emojis())[0]
        assert fetched.user == self.user
        assert await fetched.read() == IMAGE
        await emoji.delete()
        assert await guild.fetch_emojis() == []
        red, blue = discord.Colour(0xFF0000), discord.Colour(0xFF)
        edited = await role.edit(colour=red, secondary_colour=blue, display_icon=IMAGE)
        assert edited is not None
        assert (edited.colour, edited.secondary_colour, edited.icon is None) == (red, blue, False)
        shown = await guild.edit(icon=IMAGE, banner=IMAGE)
        assert shown.icon is not None
        assert shown.banner is not None
        assert await shown.icon.read() == IMAGE
        assert (await guild.role_member_counts())[role] == 1

    async def talk(self, channel: discord.TextChannel) -> None:
        """Messages with files, pins, and many deleted at once."""
        embed = discord.Embed(title="map").set_image(url="attachment://map.gif")
        files = [discord.File(io.BytesIO(IMAGE), "map.gif"), discord.File(io.BytesIO(b"10:15"), "times.txt")]
        message = await channel.send("look", files=files, embed=embed)
        assert [await each.read() for each in message.attachments] == [IMAGE, b"10:15"]
        assert (message.attachments[0].width, message.embeds[0].image.url) == (1, message.attachments[0].url)
        kept = await message.edit(attachments=message.attachments[:1])
        assert [each.filename for each in kept.attachments] == ["map.gif"]
        await message.pin(reason="for all to see")
        assert [each.id async for each in channel.pins()] == [message.id]
        await message.unpin()
        said = [await channel.send(f"train {number}") for number in range(3)]
        await channel.delete_messages(said)
        assert not {each.id for each in said} & {each.id async for each in channel.history()}
        await channel.purge(limit=10)
        assert [each async for each in channel.history()] == []

    async def hook(self, channel: discord.TextChannel) -> None:
        """A webhook, and what it says."""
        webhook = await channel.create_webhook(name="Gazette", avatar=IMAGE)
        assert await channel.webhooks() == await channel.guild.webhooks() == [webhook]
        message = await webhook.send("the line is open", username="Reporter", wait=True)
        assert (message.author.name, message.webhook_id) == ("Reporter", webhook.id)
        await webhook.edit_message(message.id, content="the line is shut")
        assert (await webhook.fetch_message(message.id)).content == "the line is shut"
        await webhook.delete_message(message.id)
        assert (await webhook.edit(name="Courier")).name == "Courier"
        assert (await self.fetch_webhook(webhook.id)).name == "Courier"
        await webhook.delete()

    async def moderate(self, guild: discord.Guild, role: discord.Role) -> None:
        """Bans, prunes, and the log of it all."""
        stranger = discord.Object(STRANGER)
        await guild.ban(stranger, delete_message_seconds=60, reason="noise / on the platform")
        assert [(each.user.id, each.reason) async for each in guild.bans()] == [(STRANGER, "noise / on the platform")]
        assert (await guild.fetch_ban(stranger)).user.id == STRANGER
        await guild.unban(stranger)
        assert [each.id for each in (await guild.bulk_ban([stranger])).banned] == [STRANGER]
        await guild.unban(stranger)
        assert await guild.estimate_pruned_members(days=7, roles=[role]) == 0
        entries = [each async for each in guild.audit_logs(action=discord.AuditLogAction.ban, user=guild.me)]
        assert [each.reason for each in entries] == [None, "noise / on the platform"]
        actions = {each.action async for each in guild.audit_logs(limit=None)}
        wanted = ("channel_create", "overwrite_create", "role_update", "emoji_delete", "webhook_create", "message_pin")
        assert {discord.AuditLogAction[each] for each in wanted} <= actions

    async def command(self) -> discord.app_commands.AppCommand:
        """Commands, which keep their ids."""
        tree = discord.app_commands.CommandTree(self)
        tree.command(name="ping", description="pong")(ping)
        (command,) = await tree.sync()
        assert [each.id for each in await tree.sync()] == [command.id]
        edited = await command.edit(description="ping")
        assert [(each.id, each.description) for each in await tree.fetch_commands()] == [(edited.id, "ping")]
        return edited


def called(guild: discord.Guild) -> list[str]:
    """The names of the emojis that the cache holds."""
    return [each.name for each in guild.emojis]


async def ping(interaction: discord.Interaction) -> None:
    """Never called: there are no interactions."""


discord.asset.Asset.BASE = URL
Route.BASE = f"{URL}/api/v10"
DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(f"ws://{urlsplit(URL).netloc}/gateway")
Manager(intents=discord.Intents.all()).run(TOKEN)
