"""A program on unmodified hikari that runs a guild: `manager_hikari.py SERVER_URL TOKEN GUILD_ID MEMBER_ID`.

Tells `done` when everything went as it should, with what is there then.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import sys
from typing import Any

import hikari
from hikari.api import RESTClient

URL, TOKEN, GUILD, MEMBER = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])


def say(event: str, **what: Any) -> None:
    print(json.dumps({"event": event} | what), flush=True)  # noqa: T201


async def build(rest: RESTClient) -> hikari.GuildTextChannel:
    """A category, a channel in it, and who may what there."""
    hall = await rest.create_guild_category(GUILD, "hall")
    quiet = hikari.PermissionOverwrite(id=GUILD, type=0, deny=hikari.Permissions.SEND_MESSAGES)
    channel = await rest.create_guild_text_channel(GUILD, "platform", category=hall, permission_overwrites=[quiet])
    await rest.edit_channel(channel, name="track", rate_limit_per_user=3)
    member = hikari.PermissionOverwriteType.MEMBER
    await rest.edit_permission_overwrite(channel, MEMBER, target_type=member, allow=hikari.Permissions.SEND_MESSAGES)
    await rest.delete_permission_overwrite(channel, MEMBER)
    await rest.reposition_channels(GUILD, {0: channel})
    await rest.delete_channel(await rest.create_guild_text_channel(GUILD, "gone"))
    found = await rest.fetch_channel(channel)
    assert isinstance(found, hikari.GuildTextChannel)
    assert (found.name, found.position, list(found.permission_overwrites)) == ("track", 0, [GUILD])
    return found


async def rank(rest: RESTClient) -> hikari.Role:
    """Roles, and what a member holds."""
    role = await rest.create_role(GUILD, name="porter", permissions=hikari.Permissions.KICK_MEMBERS, color=0xFF00)
    await rest.edit_role(GUILD, role, name="guard", permissions=hikari.Permissions.NONE)
    await rest.create_role(GUILD, name="guest")
    await rest.reposition_roles(GUILD, {1: role})
    assert (await rest.fetch_role(GUILD, role)).name == "guard"
    await rest.add_role_to_member(GUILD, MEMBER, role)
    await rest.remove_role_from_member(GUILD, MEMBER, role)
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
    await rest.edit_member(GUILD, MEMBER, nickname="Benjamin", roles=[role], communication_disabled_until=soon)
    await rest.edit_my_member(GUILD, nickname="Stationmaster")
    member = await rest.fetch_member(GUILD, MEMBER)
    assert (member.nickname, role.id in member.role_ids) == ("Benjamin", True)
    return role


async def invite(rest: RESTClient, channel: hikari.GuildTextChannel) -> None:
    """The ways in."""
    made = await rest.create_invite(channel, max_age=60)
    assert (await rest.fetch_invite(made.code)).approximate_member_count == 3
    assert made.code in [each.code for each in await rest.fetch_guild_invites(GUILD)]
    assert [each.code for each in await rest.fetch_channel_invites(channel)] == [made.code]
    await rest.delete_invite(made.code)


async def look(rest: RESTClient) -> None:
    """Everything there is."""
    await rest.edit_guild(GUILD, name="terminus")
    assert (await rest.fetch_gateway_bot_info()).shard_count == 1
    assert [each.id for each in await rest.fetch_my_guilds()] == [GUILD]
    assert len(await rest.fetch_members(GUILD)) == 3
    assert [each.id for each in await rest.search_members(GUILD, "benj")] == [MEMBER]
    assert (await rest.fetch_user(MEMBER)).username == "ben"
    assert await rest.fetch_active_threads(GUILD) == []


async def main() -> None:
    app = hikari.RESTApp(url=f"{URL}/api/v10")
    await app.start()
    async with app.acquire(TOKEN, hikari.TokenType.BOT) as rest:
        application = await rest.fetch_application()
        channel = await build(rest)
        role = await rank(rest)
        await invite(rest, channel)
        await look(rest)
        await rest.kick_member(GUILD, MEMBER)
        await rest.delete_role(GUILD, role)
        builders = [rest.slash_command_builder("ping", "pong")]
        (command,) = await rest.set_application_commands(application, builders)
        say(
            "done",
            name=(await rest.fetch_guild(GUILD)).name,
            command=command.name,
            channels=sorted(each.name or "" for each in await rest.fetch_guild_channels(GUILD)),
            members=sorted([each.username async for each in rest.fetch_members(GUILD)]),
            roles=sorted(each.name for each in await rest.fetch_roles(GUILD)),
        )
    await app.close()


asyncio.run(main())
