"""The same bot in hikari: `BOT_TOKEN=… python examples/conductor_hikari.py [http://127.0.0.1:8080]`."""

import os
import sys

import hikari

# All that is different from a bot on Discord: where it goes.
API = f"{(sys.argv[1:] or ['http://127.0.0.1:8080'])[0]}/api/v10"
intents = hikari.Intents.ALL_UNPRIVILEGED | hikari.Intents.MESSAGE_CONTENT
bot = hikari.GatewayBot(os.environ["BOT_TOKEN"], rest_url=API, intents=intents, banner=None)


@bot.listen()
async def on_ready(event: hikari.ShardReadyEvent) -> None:
    print(f"{event.my_user} is in {len(event.unavailable_guilds)} guilds", flush=True)


@bot.listen()
async def on_message(event: hikari.GuildMessageCreateEvent) -> None:
    if event.content == "!ping":
        await event.message.respond("pong", reply=True)


bot.run()
