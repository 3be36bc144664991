"""A bot on unmodified discord.py that talks in DMs: `confidant_discord_py.py SERVER_URL TOKEN`.

Answers `!ping` in a DM by doing there what bots do, and a mention in a guild by writing to its author.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from typing import Any

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route


def say(event: str, **what: Any) -> None:
    print(json.dumps({"event": event} | what), flush=True)  # noqa: T201


class Bot(discord.Client):
    async def on_ready(self) -> None:
        say("ready", private=[each.id for each in self.private_channels])

    async def on_resumed(self) -> None:
        say("resumed")

    async def on_message(self, message: discord.Message) -> None:
        if message.guild is None:
            say("told", id=message.id, content=message.content, author=message.author.name, channel=message.channel.id)
        if message.content == "!ping" and message.guild is None:
            await self.answer(message)
        elif message.guild is not None and self.user in message.mentions:
            await message.author.send("hello", embed=discord.Embed(title="from discord.py"))

    async def on_raw_typing(self, typing: discord.RawTypingEvent) -> None:
        say("typing", direct=typing.guild_id is None, user=typing.user_id)

    async def on_raw_reaction_add(self, reaction: discord.RawReactionActionEvent) -> None:
        say("reacted", guild=reaction.guild_id, emoji=str(reaction.emoji), user=reaction.user_id)

    async def answer(self, asked: discord.Message) -> None:
        assert isinstance(asked.channel, discord.DMChannel)
        pong = await asked.reply("pong")
        pong = await pong.edit(content="pong!")
        await pong.add_reaction("🏓")
        await pong.pin()
        pins = [each.id async for each in asked.channel.pins()]
        async with asked.channel.typing():
            history = [each.id async for each in asked.channel.history(limit=3)]
        recipient = (await asked.author.create_dm()).recipient
        say("answered", pong=pong.id, pins=pins, history=history, recipient=recipient and recipient.name)


Route.BASE = f"{sys.argv[1]}/api/v10"
with urllib.request.urlopen(f"{Route.BASE}/gateway") as told:
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(json.load(told)["url"])
Bot(intents=discord.Intents.default()).run(sys.argv[2])
