"""A bot on unmodified discord.py that shows something and tells what it sees others show: `… SERVER_URL TOKEN`."""

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


def look(event: str, member: discord.Member) -> None:
    say(
        event,
        name=member.name,
        status=str(member.raw_status),
        mobile=member.is_on_mobile(),
        activities=[each.name for each in member.activities],
    )


class Bot(discord.Client):
    async def on_ready(self) -> None:
        for member in self.guilds[0].members:
            look("here", member)
        say("ready")

    async def on_presence_update(self, before: discord.Member, after: discord.Member) -> None:
        look("changed", after)

    async def on_message(self, message: discord.Message) -> None:
        if message.content == "!busy":
            await self.change_presence(status=discord.Status.dnd, activity=discord.CustomActivity("mending nets"))


Route.BASE = f"{sys.argv[1]}/api/v10"
with urllib.request.urlopen(f"{Route.BASE}/gateway") as told:
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(json.load(told)["url"])
Bot(intents=discord.Intents.all(), status=discord.Status.idle, activity=discord.Game("Chess", platform="board")).run(
    sys.argv[2]
)
