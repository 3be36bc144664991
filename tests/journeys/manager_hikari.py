"""A program on unmodified hikari that runs a guild: `manager_hikari.py URL TOKEN GUILD_ID MEMBER_ID STRANGER_ID`.

Tells `done` when everything went as it should, with what is there then.
"""

from __future__ import annotations

import asyncio
import base64
import datetime
import json
import sys
from typing import Any

import hikari
from hikari.api import RESTClient

URL, TOKEN = sys.argv[1:3]
GUILD, MEMBER, STRANGER = map(int, sys.argv[3:6])
IMAGE = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


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
    await rest.delete_channel(await rest.create_guild_news_channel(GUILD, "gone", default_auto_archive_duration=60))
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


async def adorn(rest: RESTClient, role: hikari.Role, me: hikari.OwnUser) -> None:
    """Emojis, and how the guild and its roles look."""
    emoji = await rest.create_emoji(GUILD, "train", hikari.Bytes(IMAGE, "train.gif"), roles=[role], reason="aboard")
    assert (list(emoji.role_ids), emoji.user and emoji.user.id) == ([role.id], me.id)
    assert (await rest.edit_emoji(GUILD, emoji, name="tram", roles=[])).name == "tram"
    assert [each.id for each in await rest.fetch_guild_emojis(GUILD)] == [emoji.id]
    assert (await rest.fetch_emoji(GUILD, emoji)).name == "tram"
    await rest.delete_emoji(GUILD, emoji)
    assert (await rest.edit_role(GUILD, role, icon=hikari.Bytes(IMAGE, "icon.gif"))).icon_hash is not None
    shown = await rest.edit_guild(GUILD, icon=hikari.Bytes(IMAGE, "icon.gif"), afk_timeout=60)
    assert (shown.icon_hash is None, shown.afk_timeout.total_seconds()) == (False, 60)
    preview = await rest.fetch_guild_preview(GUILD)
    assert (preview.name, preview.approximate_member_count) == ("terminus", 3)


async def talk(rest: RESTClient, channel: hikari.GuildTextChannel) -> None:
    """Messages with files, pins, and many deleted at once."""
    files = [hikari.Bytes(IMAGE, "map.gif"), hikari.Bytes(b"10:15", "times.txt")]
    message = await rest.create_message(channel, "look", attachments=files)
    assert [await each.read() for each in message.attachments] == [IMAGE, b"10:15"]
    kept = await rest.edit_message(channel, message, attachment=message.attachments[0])
    assert [each.filename for each in kept.attachments] == ["map.gif"]
    await rest.pin_message(channel, message)
    assert [each.message.id async for each in rest.fetch_pins(channel)] == [message.id]
    await rest.unpin_message(channel, message)
    said = [await rest.create_message(channel, f"train {number}") for number in range(3)]
    await rest.delete_messages(channel, said)
    left = {each.id async for each in rest.fetch_messages(channel)}
    assert (message.id in left, left & {each.id for each in said}) == (True, set())


async def hook(rest: RESTClient, channel: hikari.GuildTextChannel) -> None:
    """A webhook, and what it says."""
    webhook = await rest.create_webhook(channel, "Gazette", avatar=hikari.Bytes(IMAGE, "icon.gif"))
    assert webhook.token is not None
    assert len(await rest.fetch_channel_webhooks(channel)) == len(await rest.fetch_guild_webhooks(GUILD)) == 1
    message = await rest.execute_webhook(webhook, webhook.token, "the line is open", username="Reporter")
    assert (message.author.username, message.webhook_id) == ("Reporter", webhook.id)
    await rest.edit_webhook_message(webhook, webhook.token, message, "the line is shut")
    assert (await rest.fetch_webhook_message(webhook, webhook.token, message)).content == "the line is shut"
    await rest.delete_webhook_message(webhook, webhook.token, message)
    assert (await rest.edit_webhook(webhook, name="Courier")).name == "Courier"
    await rest.delete_webhook(webhook)


async def moderate(rest: RESTClient, role: hikari.Role, me: hikari.OwnUser) -> None:
    """Bans, prunes, and the log of it all."""
    await rest.ban_user(GUILD, STRANGER, delete_message_seconds=60, reason="noise / on the platform")
    assert [(each.user.id, each.reason) async for each in rest.fetch_bans(GUILD)] == [
        (STRANGER, "noise / on the platform")
    ]
    assert (await rest.fetch_ban(GUILD, STRANGER)).user.id == STRANGER
    await rest.unban_user(GUILD, STRANGER)
    assert await rest.estimate_guild_prune_count(GUILD, days=7, include_roles=[role]) == 0
    bans = rest.fetch_audit_log(GUILD, user=me, event_type=hikari.AuditLogEventType.MEMBER_BAN_ADD)
    assert [each.reason async for page in bans for each in page.entries.values()] == ["noise / on the platform"]
    kinds = {each.action_type async for page in rest.fetch_audit_log(GUILD) for each in page.entries.values()}
    wanted = ("CHANNEL_CREATE", "ROLE_UPDATE", "EMOJI_DELETE", "WEBHOOK_CREATE", "MESSAGE_PIN", "INVITE_CREATE")
    assert {hikari.AuditLogEventType[each] for each in wanted} <= kinds


async def command(rest: RESTClient, application: hikari.Application) -> hikari.PartialCommand:
    """Commands, which keep their ids."""
    made = await rest.create_slash_command(application, "ping", "pong")
    (synced,) = await rest.set_application_commands(application, [rest.slash_command_builder("ping", "pong")])
    assert synced.id == made.id
    edited = await rest.edit_application_command(application, made, description="ping")
    assert [each.id for each in await rest.fetch_application_commands(application)] == [edited.id]
    menu = await rest.create_context_menu_command(application, hikari.CommandType.USER, "Greet")
    await rest.delete_application_command(application, menu)
    return edited


async def main() -> None:
    app = hikari.RESTApp(url=f"{URL}/api/v10")
    await app.start()
    async with app.acquire(TOKEN, hikari.TokenType.BOT) as rest:
        application = await rest.fetch_application()
        channel = await build(rest)
        role = await rank(rest)
        await invite(rest, channel)
        await look(rest)
        me = await rest.fetch_my_user()
        await adorn(rest, role, me)
        await talk(rest, channel)
        await hook(rest, channel)
        await moderate(rest, role, me)
        await rest.kick_member(GUILD, MEMBER)
        await rest.delete_role(GUILD, role)
        ping = await command(rest, application)
        say(
            "done",
            name=(await rest.fetch_guild(GUILD)).name,
            command=ping.name,
            channels=sorted(each.name or "" for each in await rest.fetch_guild_channels(GUILD)),
            members=sorted([each.username async for each in rest.fetch_members(GUILD)]),
            roles=sorted(each.name for each in await rest.fetch_roles(GUILD)),
        )
    await app.close()


asyncio.run(main())
