"""A world written into a store as if it had always been there. What must not leak is marked, so that it is found."""

from __future__ import annotations

import base64
import hashlib
import json

from derailed.model import guild as model
from derailed.model.message import Message, MessageType
from derailed.model.user import Application, User
from derailed.model.webhook import Webhook
from derailed.store import (
    Connection,
    applications,
    audit,
    bans,
    channels,
    commands,
    emojis,
    guilds,
    invites,
    members,
    messages,
    pins,
    reactions,
    roles,
    tokens,
    topics,
    users,
    webhooks,
)
from derailed.store.topics import Change
from derailed.wire import rest
from derailed.wire.messages import Body, end_of
from derailed.wire.records import guild_topic
from derailed.wire.webhooks import author
from tests.permissions.worlds import CATEGORY, UNICODE, Guild, Hook, Place, Said, World

_TIME_OUT_MS = 3_600_000
_INVITE_USES = 5


def told_in(place: int) -> str:
    """What every message of a channel says."""
    return f"said-in-{place}"


def topic_of(place: int) -> str:
    """The topic of a channel."""
    return f"topic-of-{place}"


def logged_in(guild: int) -> str:
    """What the audit log of a guild says."""
    return f"logged-in-{guild}"


def blamed_in(guild: int) -> str:
    """Why somebody is banned from a guild."""
    return f"blamed-in-{guild}"


def token_of(user: int) -> str:
    """An account's token."""
    named = base64.b64encode(str(user).encode()).decode().rstrip("=")
    return f"{named}.token-of-account-{user}"


async def found(tx: Connection, world: World, now_ms: int) -> None:
    """Write all of it."""
    for user in world.everybody:
        await users.insert(tx, User(id=user, username=f"u{user}", bot=user in world.bots), None)
        await tokens.insert(tx, user, hashlib.sha256(token_of(user).encode()).digest(), user)
        await tokens.saw(tx, [user], now_ms)
    for bot, keeper in world.bots.items():
        await applications.insert(tx, Application(id=bot, owner_id=keeper, name=f"a{bot}"))
    for guild in world.guilds():
        await _guild(tx, guild, now_ms)
    for command, application in world.commands.items():
        name, key = f"c{command}", commands.Key(application, 0)
        told = {"id": str(command), "application_id": str(application), "version": str(command), "type": 1}
        body = {**told, "name": name, "description": "d", "integration_types": [0]}
        await commands.insert(tx, key, command, 1, name, json.dumps(body).encode())


async def _guild(tx: Connection, guild: Guild, now_ms: int) -> None:
    topic = guild_topic(guild.id)
    await topics.lift(tx, topic)
    await guilds.insert(tx, model.Guild(id=guild.id, rev=0, name="g", owner_id=guild.owner, roles={}, channels={}))
    for role in guild.roles.values():
        kept = model.Role(
            id=role.id,
            name=f"r{role.id}",
            permissions=role.bits,
            position=role.position,
            managed=role.managed,
            mentionable=role.mentionable,
        )
        await roles.insert(tx, guild.id, kept)
    for user, belonging in guild.members.items():
        until = now_ms + _TIME_OUT_MS if belonging.timed_out else None
        await members.insert(tx, model.Member(guild_id=guild.id, user_id=user, joined_at=now_ms))
        held = tuple(sorted(belonging.roles))
        await members.update(
            tx,
            model.Member(guild_id=guild.id, user_id=user, joined_at=now_ms, roles=held, timed_out_until=until),
        )
    for place in guild.places.values():
        await channels.insert(tx, channel(place))
    for said in guild.said.values():
        await _message(tx, said, guild, now_ms)
    await _ways(tx, guild, now_ms)
    await _rest(tx, guild, now_ms)
    await topics.mark(tx, topic, Change.SHAPE | Change.MEMBERS)


def channel(place: Place) -> model.Channel:
    """The channel as the server keeps it."""
    return model.Channel(
        id=place.id,
        guild_id=place.guild,
        type=place.kind,
        name=f"c{place.id}",
        topic=None if place.kind == CATEGORY else topic_of(place.id),
        parent_id=place.parent,
        overwrites=tuple(model.Overwrite(*each) for each in place.overwrites),
    )


async def _message(tx: Connection, said: Said, guild: Guild, now_ms: int) -> None:
    hook = guild.hooks.get(said.author)
    body = Body(
        id=str(said.id),
        type=MessageType.JOINED if said.notice else MessageType.DEFAULT,
        channel_id=str(said.place),
        content=told_in(said.place),
        timestamp=rest.timestamp(now_ms),
        mention_everyone=False,
        mention_roles=[],
        embeds=[],
        pinned=said.pinned,
        flags=0,
    )
    shown = None if hook is None else author(_webhook(hook, guild), None)
    messages.insert(tx, Message(said.place, said.id, said.author, None, None, 0, end_of(body), shown))
    if said.pinned:
        await pins.add(tx, said.place, pins.Pin(said.id, now_ms - said.id % 1_000_000))
    for user in said.reactors:
        await reactions.add(tx, said.place, said.id, (UNICODE, user, now_ms))


async def _ways(tx: Connection, guild: Guild, now_ms: int) -> None:
    for hook in guild.hooks.values():
        await webhooks.insert(tx, _webhook(hook, guild))
    for way in guild.ways.values():
        invite = model.Invite(
            code=way.code,
            guild_id=guild.id,
            channel_id=way.place,
            inviter_id=way.inviter,
            created_at=now_ms,
            max_uses=_INVITE_USES,
        )
        await invites.insert(tx, invite)
        for _ in range(_INVITE_USES if way.over else 1):
            await invites.count_use(tx, way.code)


async def _rest(tx: Connection, guild: Guild, now_ms: int) -> None:
    for drawn in guild.drawn.values():
        kept = model.Emoji(id=drawn.id, name=f"e{drawn.id}", user_id=drawn.by, roles=tuple(drawn.roles))
        await emojis.insert(tx, guild.id, kept)
    for user in guild.banned:
        await bans.insert(tx, guild.id, user, blamed_in(guild.id), now_ms)
    entry = {"id": str(guild.id), "action_type": 1, "user_id": None, "target_id": None, "reason": logged_in(guild.id)}
    await audit.insert(tx, guild.id, guild.id, audit.Row(None, None, 1, json.dumps(entry).encode()))


def _webhook(hook: Hook, guild: Guild) -> Webhook:
    return Webhook(
        id=hook.id,
        guild_id=guild.id,
        channel_id=hook.place,
        user_id=guild.owner,
        name="hook",
        avatar=None,
        token=hook.token,
    )
