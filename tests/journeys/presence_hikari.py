"""A bot on unmodified hikari that shows something and tells what it sees others show: `… SERVER_URL TOKEN`."""

from __future__ import annotations

import json
import sys
from typing import Any

import hikari

bot = hikari.GatewayBot(sys.argv[2], rest_url=f"{sys.argv[1]}/api/v10", intents=hikari.Intents.ALL, banner=None)


def say(event: str, **what: Any) -> None:
    print(json.dumps({"event": event} | what), flush=True)  # noqa: T201


def look(event: str, presence: hikari.MemberPresence) -> None:
    member = bot.cache.get_member(presence.guild_id, presence.user_id)
    say(
        event,
        name=member.username if member else str(presence.user_id),
        status=str(presence.visible_status),
        mobile=presence.client_status.mobile != hikari.Status.OFFLINE,
        activities=[each.name for each in presence.activities],
    )


@bot.listen()
async def on_available(event: hikari.GuildAvailableEvent) -> None:
    for presence in event.presences.values():
        look("here", presence)
    say("ready")


@bot.listen()
async def on_presence(event: hikari.PresenceUpdateEvent) -> None:
    look("changed", event.presence)


@bot.listen()
async def on_message(event: hikari.GuildMessageCreateEvent) -> None:
    if event.content == "!busy":
        nets = hikari.Activity(name="x", state="mending nets", type=hikari.ActivityType.CUSTOM)
        await bot.update_presence(status=hikari.Status.DO_NOT_DISTURB, activity=nets)


bot.run(check_for_updates=False, status=hikari.Status.IDLE, activity=hikari.Activity(name="Chess"))
