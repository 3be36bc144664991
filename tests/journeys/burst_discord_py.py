"""A burst on unmodified discord.py, run as a program: `burst_discord_py.py SERVER_URL TOKEN CHANNEL COUNT`.

Sends so many messages at once and says when all were answered; warnings of the library are its noise.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from urllib.parse import urlsplit

import discord
from discord.http import Route


async def main(token: str, channel_id: int, count: int) -> None:
    async with discord.Client(intents=discord.Intents.none()) as client:
        await client.login(token)
        channel = client.get_partial_messageable(channel_id)
        sent = await asyncio.gather(*(channel.send(f"message {number}") for number in range(count)))
        print(json.dumps({"event": "sent", "ids": [each.id for each in sent]}), flush=True)  # noqa: T201


logging.basicConfig(level=logging.WARNING)
Route.BASE = f"http://{urlsplit(sys.argv[1]).netloc}/api/v10"
asyncio.run(main(sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
