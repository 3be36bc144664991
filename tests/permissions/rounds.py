"""A world's rounds: random accounts ask random routes, and every answer and every event is held against the rule."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

from derailed.gateway import audience
from derailed.gateway.audience import Seat
from derailed.gateway.payloads import guild_create
from derailed.gateway.pieces import Entered
from derailed.gateway.recipient import Recipient
from derailed.gateway.session_id import SessionId
from derailed.gateway.view import View
from derailed.model import guild as model
from derailed.wire.records import Record
from tests.permissions import (
    events,
    founding,
    of_channels,
    of_guilds,
    of_messages,
    of_people,
    of_readers,
    of_search,
    rule,
)
from tests.permissions.cases import Case, Rule, reasons
from tests.permissions.stage import Reply, Stage, staged
from tests.permissions.worlds import Bit, Guild, World

RULES: Final[dict[str, Rule]] = {
    **of_messages.RULES,
    **of_channels.RULES,
    **of_guilds.RULES,
    **of_people.RULES,
    **of_search.RULES,
    **of_readers.RULES,
}
"""By method and path: when each route refuses."""

APART: Final[dict[str, str]] = {
    "POST /auth/register": "makes an account, and asks for none",
    "POST /auth/login": "is for who knows a password",
    "POST /auth/logout": "ends the token that asks",
    "GET /users/@me": "is about who asks alone",
    "PATCH /users/@me": "is about who asks alone",
    "GET /users/@me/channels": "is of conversations, which have a test of their own",
    "POST /users/@me/channels": "is of conversations, which have a test of their own",
    "GET /gateway": "is an address",
    "GET /gateway/bot": "is an address",
    "GET /applications/{application_id}/emojis": "is always empty",
    "GET /users/@me/guilds/@me/settings": "is about who asks alone",
    "PATCH /users/@me/guilds/@me/settings": "is about who asks alone",
    "GET /voice/regions": "is always empty",
    "GET /sticker-packs": "is always empty",
}
"""Routes that say nothing of a guild and ask for no permission, and why that is so."""

_NAME: Final = re.compile(r"\{(\w+)\}")


def play(folder: Path, seeds: range, rounds: int) -> int:
    """Play the worlds of these seeds on an empty stage; the number of cases that were held against the rule."""

    async def run() -> int:
        async with staged(folder) as stage:
            return sum([await play_in(stage, seed, rounds) for seed in seeds])

    return asyncio.run(run())


async def play_in(stage: Stage, seed: int, rounds: int) -> int:
    """Ask every route in turn, as often as `rounds` says; the number of cases."""
    world = await stage.world(seed)
    random = Random(seed)
    cases = await _arrivals(stage, world)
    for route in itertools.chain.from_iterable(itertools.repeat(list(RULES), rounds)):
        case = draw(world, random, route)
        cases += await _judge(stage, case, route)
    return cases


def draw(world: World, random: Random, route: str) -> Case:
    """Somebody who asks that route for something."""
    inside = random.random() < 0.7
    case = Case(world, random.choice(list(world.home.members) if inside else world.everybody), random)
    for name in _NAME.findall(route):
        case.ids[name] = case.draw(name)
    law = RULES[route]
    case.body = None if law.body is None else law.body(case)
    return case


def template(path: str) -> str:
    """The path of a route as the rules have it."""
    return re.sub(r":[a-z]+}", "}", path)


async def _judge(stage: Stage, case: Case, route: str) -> int:
    """One case, and those of the events that it led to."""
    method, _, path = route.partition(" ")
    address = path.format_map(case.ids)
    reply = await stage.ask(method, f"{address}?{case.query}", token_of(case), case.body)
    expected = reasons(RULES[route], case)
    told = (case.world.seed, case.actor, method, address, case.query, case.body, reply)
    if expected:
        assert reply.code in expected, (expected, told)
        assert not stage.rehearsal.heard, told
    else:
        assert reply.code is None, told
        shown = RULES[route].shown
        if shown is not None:
            shown(case, reply.json())
    assert not _leaked(case, reply), (told, _leaked(case, reply))
    heard = 0
    for record in (*stage.rehearsal.heard, *stage.bus.heard):
        heard += _hear(case.world, case.random, record)
    return 1 + heard


def token_of(case: Case) -> str:
    """What the case's actor authenticates by."""
    return ("Bot " if case.is_bot else "") + founding.token_of(case.actor)


def _leaked(case: Case, reply: Reply) -> list[bytes]:
    return [each for each in _secrets(case.world, case.actor, case.ids.get("token")) if each in reply.body]


def _secrets(world: World, user: int, known: str | None) -> Iterator[bytes]:
    """All that the account may not read, wherever it stands, but for the token that it knows."""
    for guild in world.guilds():
        if not rule.may(guild, user, Bit.VIEW_AUDIT_LOG):
            yield founding.logged_in(guild.id).encode()
        if not rule.may(guild, user, Bit.BAN_MEMBERS):
            yield founding.blamed_in(guild.id).encode()
        hooks = [each for each in guild.hooks.values() if each.token == known]
        for place in guild.places.values():
            if not rule.may(guild, user, Bit.VIEW_CHANNEL, place):
                yield founding.topic_of(place.id).encode()
                if place.id not in [each.place for each in hooks]:
                    yield founding.told_in(place.id).encode()
        for hook in guild.hooks.values():
            if hook.token != known and not rule.may(guild, user, Bit.MANAGE_WEBHOOKS, guild.places[hook.place]):
                yield hook.token.encode()


def _hear(world: World, random: Random, record: Record) -> int:
    """One event, and every member's session with random intents; how many those were."""
    guild = world.guild(record.guild)
    if guild is None or record.event not in events.INTENTS:
        return 0
    view = View(_shape(guild))
    for user, belonging in guild.members.items():
        intents = random.getrandbits(26)
        seat = Seat(0, tuple(sorted(belonging.roles)))
        told = audience.events(record, view, view, user, intents, seat)
        expected = events.hears(guild, user, intents, record.event, record.data)
        if record.target != user or record.event not in events.ABOUT_MEMBERS:
            assert bool(told) == expected, (world.seed, record, user, intents)
    return len(guild.members)


def _shape(guild: Guild) -> model.Guild:
    roles = {
        each.id: model.Role(id=each.id, name="r", permissions=each.bits, position=each.position)
        for each in guild.roles.values()
    }
    places = {each.id: founding.channel(each) for each in guild.places.values()}
    return model.Guild(id=guild.id, rev=0, name="g", owner_id=guild.owner, roles=roles, channels=places)


async def _arrivals(stage: Stage, world: World) -> int:
    """What everybody's session is told of their guilds when it comes in; how many those were."""
    cases = 0
    for guild, user in itertools.product(world.guilds(), world.everybody):
        snapshot = await stage.verbs.sessions.guild(guild.id, user, members_up_to=50)
        assert snapshot is not None
        assert (snapshot.member is not None) == (user in guild.members)
        cases += 1
        if snapshot.member is None:
            continue
        identity = SessionId(
            user_id=user,
            token_id=user,
            intents=0,
            shard=None,
            large_threshold=50,
            epoch="e",
            base=0,
            bot=user in world.bots,
            nonce=b"",
        )
        silent: Any = None
        name, told = guild_create(Recipient(identity, silent), Entered(snapshot), joined_now=False)
        assert name == "GUILD_CREATE"
        assert _channels(told) == rule.seen(guild, user), (world.seed, guild.id, user)
        assert not [each for each in _secrets(world, user, None) if each in told]
    return cases


def _channels(told: bytes) -> set[int]:
    return {int(each["id"]) for each in Reply(200, told).json()["channels"]}
