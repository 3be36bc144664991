"""A bot on unmodified discord.py, run as a program: `bot_discord_py.py SERVER_URL TOKEN [without-zstd]`.

Tells what it sees and does as JSON lines on standard output. Answers `!ping` by doing what bots do.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from typing import Any

if sys.argv[3:] == ["without-zstd"]:
    sys.modules["zstandard"] = None  # type: ignore[assignment]  # as where it is not installed: zlib-stream is asked for

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route


def say(event: str, **what: Any) -> None:
    print(json.dumps({"event": event} | what), flush=True)  # noqa: T201


class Bot(discord.Client):
    async def on_ready(self) -> None:
        guild = self.guilds[0]
        me = guild.me
        say(
            "ready",
            guilds=[each.id for each in self.guilds],
            channels=[each.name for each in guild.channels],
            members=sorted(each.name for each in guild.members),
            me=me.id,
            may_send=guild.text_channels[0].permissions_for(me).send_messages,
            compression=self.ws._decompressor.COMPRESSION_TYPE,
        )

    async def on_resumed(self) -> None:
        say("resumed")

    async def on_message(self, message: discord.Message) -> None:
        say("message", id=message.id, content=message.content, author=message.author.name)
        if message.content == "!ping":
            await self.answer(message)

    async def on_raw_message_edit(self, change: discord.RawMessageUpdateEvent) -> None:
        say("edited", id=change.message_id, content=change.message.content)

    async def on_raw_reaction_add(self, reaction: discord.RawReactionActionEvent) -> None:
        say("reacted", id=reaction.message_id, emoji=str(reaction.emoji), user=reaction.user_id)

    async def on_raw_message_delete(self, deleted: discord.RawMessageDeleteEvent) -> None:
        say("deleted", id=deleted.message_id)

    async def answer(self, asked: discord.Message) -> None:
        pong = await asked.reply("pong")
        await pong.edit(content="pong!")
        await pong.add_reaction("🏓")
        history = [each async for each in asked.channel.history(limit=5)]
        assert asked.guild is not None
        await asked.guild.chunk()
        found = await asked.guild.query_members(user_ids=[asked.author.id, 1])
        await pong.delete()
        say(
            "answered",
            pong=pong.id,
            replied_to=pong.reference and pong.reference.message_id,
            history=[each.id for each in history],
            members=sorted(each.name for each in asked.guild.members),
            found=[each.name for each in found],
        )


Route.BASE = f"{sys.argv[1]}/api/v10"
with urllib.request.urlopen(f"{Route.BASE}/gateway") as told:
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(json.load(told)["url"])
intents = discord.Intents.default()
intents.members = True
intents.message_content = True
Bot(intents=intents).run(sys.argv[2])
