"""A bot in discord.py that answers: `BOT_TOKEN=… python examples/conductor.py [http://127.0.0.1:8080]`."""

import json
import os
import sys
import urllib.request

import discord
import yarl

API = f"{(sys.argv[1:] or ['http://127.0.0.1:8080'])[0]}/api/v10"

# All that is different from a bot on Discord: where it goes.
discord.http.Route.BASE = API
with urllib.request.urlopen(f"{API}/gateway") as answer:
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(json.load(answer)["url"])

intents = discord.Intents.default()
intents.message_content = True
client = discord.Client(intents=intents)


@client.event
async def on_ready() -> None:
    print(f"{client.user} is in {', '.join(guild.name for guild in client.guilds)}", flush=True)


@client.event
async def on_message(message: discord.Message) -> None:
    if message.content == "!ping":
        await message.reply("pong")


client.run(os.environ["BOT_TOKEN"], log_handler=None)
