"""A bot on unmodified hikari, run as a program: `bot_hikari.py SERVER_URL TOKEN`.

Tells what it sees and does as JSON lines on standard output. Answers `!ping` by doing what bots do.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import hikari


def say(event: str, **what: Any) -> None:
    print(json.dumps({"event": event} | what), flush=True)  # noqa: T201


bot = hikari.GatewayBot(sys.argv[2], rest_url=f"{sys.argv[1]}/api/v10", intents=hikari.Intents.ALL, banner=None)


@bot.listen()
async def on_available(event: hikari.GuildAvailableEvent) -> None:
    me = event.guild.get_my_member()
    while len(event.guild.get_members()) < len(event.members) or me is None:
        await asyncio.sleep(0)
        me = event.guild.get_my_member()
    say(
        "ready",
        guilds=[int(each) for each in bot.cache.get_guilds_view()],
        channels=[each.name for each in event.guild.get_channels().values()],
        members=sorted(each.username for each in event.guild.get_members().values()),
        me=int(me.id),
    )


@bot.listen()
async def on_shard_ready(event: hikari.ShardReadyEvent) -> None:
    say("identified", session=event.session_id)


@bot.listen()
async def on_resumed(_: hikari.ShardResumedEvent) -> None:
    say("resumed")


@bot.listen()
async def on_message(event: hikari.GuildMessageCreateEvent) -> None:
    say("message", id=int(event.message_id), content=event.content, author=event.author.username)
    if event.content == "!ping":
        await answer(event)


@bot.listen()
async def on_edit(event: hikari.GuildMessageUpdateEvent) -> None:
    say("edited", id=int(event.message_id), content=event.content)


@bot.listen()
async def on_reaction(event: hikari.GuildReactionAddEvent) -> None:
    say("reacted", id=int(event.message_id), emoji=event.emoji_name, user=int(event.user_id))


@bot.listen()
async def on_delete(event: hikari.GuildMessageDeleteEvent) -> None:
    say("deleted", id=int(event.message_id))


async def answer(event: hikari.GuildMessageCreateEvent) -> None:
    pong = await event.message.respond("pong", reply=True)
    await pong.edit("pong!")
    await pong.add_reaction("🏓")
    history = await bot.rest.fetch_messages(event.channel_id).limit(5)
    with bot.stream(hikari.MemberChunkEvent, timeout=30).filter(lambda chunk: chunk.nonce == "who") as chunks:
        await bot.request_guild_members(event.guild_id, query="", limit=0, nonce="who")
        (everyone,) = [chunk async for chunk in chunks.limit(1)]
    with bot.stream(hikari.MemberChunkEvent, timeout=30).filter(lambda chunk: chunk.nonce == "ids") as chunks:
        await bot.request_guild_members(event.guild_id, users=[event.author_id, 1], nonce="ids")
        (some,) = [chunk async for chunk in chunks.limit(1)]
    await pong.delete()
    reference = pong.message_reference
    say(
        "answered",
        pong=int(pong.id),
        replied_to=reference and int(reference.id or 0),
        history=[int(each.id) for each in history],
        members=sorted(each.username for each in everyone.members.values()),
        found=[each.username for each in some.members.values()],
    )


bot.run(check_for_updates=False)
