"""A bot on unmodified hikari that talks in DMs: `confidant_hikari.py SERVER_URL TOKEN`.

Answers `!ping` in a DM by doing there what bots do, and a mention in a guild by writing to its author.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import hikari


def say(event: str, **what: Any) -> None:
    print(json.dumps({"event": event} | what), flush=True)  # noqa: T201


intents = hikari.Intents.ALL_UNPRIVILEGED
bot = hikari.GatewayBot(sys.argv[2], rest_url=f"{sys.argv[1]}/api/v10", intents=intents, banner=None)


@bot.listen()
async def on_shard_ready(_: hikari.ShardReadyEvent) -> None:
    say("ready", private=[])


@bot.listen()
async def on_resumed(_: hikari.ShardResumedEvent) -> None:
    say("resumed")


@bot.listen()
async def on_guild_message(event: hikari.GuildMessageCreateEvent) -> None:
    me = bot.get_me()
    if me is not None and not event.is_bot and me.id in (event.message.user_mentions_ids or ()):
        await event.author.send("hello", embed=hikari.Embed(title="from hikari"))


@bot.listen()
async def on_message(event: hikari.DMMessageCreateEvent) -> None:
    message = event.message
    author = event.author.username
    say("told", id=int(message.id), content=message.content, author=author, channel=int(event.channel_id))
    if message.content == "!ping":
        await answer(event)


@bot.listen()
async def on_typing(event: hikari.DMTypingEvent) -> None:
    say("typing", direct=True, user=int(event.user_id))


@bot.listen()
async def on_reaction(event: hikari.DMReactionAddEvent) -> None:
    say("reacted", guild=None, emoji=event.emoji_name, user=int(event.user_id))


async def answer(event: hikari.DMMessageCreateEvent) -> None:
    pong = await event.message.respond("pong", reply=True)
    await pong.edit("pong!")
    await pong.add_reaction("🏓")
    await bot.rest.pin_message(event.channel_id, pong)
    pins = [int(each.message.id) for each in await bot.rest.fetch_pins(event.channel_id)]
    async with bot.rest.trigger_typing(event.channel_id):
        history = [int(each.id) for each in await bot.rest.fetch_messages(event.channel_id).limit(3)]
    channel = await bot.rest.fetch_channel(event.channel_id)
    assert isinstance(channel, hikari.DMChannel)
    say("answered", pong=int(pong.id), pins=pins, history=history, recipient=channel.recipient.username)


bot.run(check_for_updates=False)
