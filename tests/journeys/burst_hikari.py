"""A burst on unmodified hikari, run as a program: `burst_hikari.py SERVER_URL TOKEN CHANNEL COUNT`.

Sends so many messages at once and says when all were answered; warnings of the library are its noise.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys

import hikari


async def main(server: str, token: str, channel_id: int, count: int) -> None:
    app = hikari.RESTApp(url=f"{server}/api/v10")
    await app.start()
    async with app.acquire(token, hikari.TokenType.BOT) as rest:
        sent = await asyncio.gather(*(rest.create_message(channel_id, f"message {number}") for number in range(count)))
        print(json.dumps({"event": "sent", "ids": [int(each.id) for each in sent]}), flush=True)  # noqa: T201
    await app.close()


logging.basicConfig(level=logging.WARNING)
asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
