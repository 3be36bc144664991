"""Every route of channels, asked of random conversations by random people, against what a few plain words say."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

from derailed.api.app import ROUTES
from derailed.model.conversation import Conversation
from derailed.model.message import Message
from derailed.store import Connection, conversations, messages, topics
from derailed.store.topics import Change
from derailed.wire.messages import Body, end_of
from derailed.wire.records import channel_topic, user_topic
from derailed.wire.rest import timestamp
from tests.permissions import founding
from tests.permissions.rounds import template
from tests.permissions.stage import Stage, staged
from tests.permissions.worlds import UNICODE, World

_SECRET: Final = b"between-us"
_MESSAGE: Final = "/channels/{channel_id}/messages/{message_id}"
_GUILDS_ONLY: Final = {
    "PUT /channels/{channel_id}/permissions/{target_id}": {"type": 1, "deny": 0},
    "DELETE /channels/{channel_id}/permissions/{target_id}": None,
    "GET /channels/{channel_id}/invites": None,
    "POST /channels/{channel_id}/invites": {},
    "GET /channels/{channel_id}/webhooks": None,
    "POST /channels/{channel_id}/webhooks": {"name": "hook"},
    "POST /channels/{channel_id}/messages/bulk-delete": {"messages": [1, 2]},
    f"DELETE {_MESSAGE}/reactions": None,
    f"DELETE {_MESSAGE}/reactions/{{emoji}}": None,
    f"DELETE {_MESSAGE}/reactions/{{emoji}}/{{user_id}}": None,
}
_READING: Final = {
    "GET /channels/{channel_id}": None,
    "GET /channels/{channel_id}/messages": None,
    f"GET {_MESSAGE}": None,
    "GET /channels/{channel_id}/pins": None,
    "GET /channels/{channel_id}/messages/pins": None,
    f"GET {_MESSAGE}/reactions/{{emoji}}": None,
    f"DELETE {_MESSAGE}/reactions/{{emoji}}/@me": None,
    "DELETE /channels/{channel_id}": None,
}
_SPEAKING: Final = {
    "POST /channels/{channel_id}/messages": {"content": "hello", "embeds": [{"title": "t"}]},
    "POST /channels/{channel_id}/typing": None,
    "PUT /channels/{channel_id}/pins/{message_id}": None,
    "PUT /channels/{channel_id}/messages/pins/{message_id}": None,
    "DELETE /channels/{channel_id}/pins/{message_id}": None,
    "DELETE /channels/{channel_id}/messages/pins/{message_id}": None,
}
_REACTING: Final = f"PUT {_MESSAGE}/reactions/{{emoji}}/@me"
_OWN: Final = {f"PATCH {_MESSAGE}": ({"content": "changed"}, 50005), f"DELETE {_MESSAGE}": (None, 50003)}
_GROUPS: Final = {
    "PATCH /channels/{channel_id}": {"name": "ours"},
    "PUT /channels/{channel_id}/recipients/{user_id}": None,
    "DELETE /channels/{channel_id}/recipients/{user_id}": None,
}
_FORGETTING: Final = "DELETE /channels/{channel_id}/messages/ack"
_ACKNOWLEDGING: Final[dict[str, Any]] = {
    f"POST {_MESSAGE}/ack": {},
    "POST /channels/{channel_id}/pins/ack": None,
    _FORGETTING: None,
}
_PUBLISHING: Final = f"POST {_MESSAGE}/crosspost"
_APART: Final = {"GET /channels/{channel_id}/messages/search"}
"""Looks into an index, and is of `test_search`."""
_ALL: Final = {*_GUILDS_ONLY, *_READING, *_SPEAKING, *_ACKNOWLEDGING, _REACTING, *_OWN, *_GROUPS, _PUBLISHING}


class Talk(NamedTuple):
    """A conversation, its owner, and who said what in it."""

    id: int
    people: tuple[int, ...]
    owner: int | None
    said: dict[int, int]


def test_every_route_of_channels_is_asked() -> None:
    paths = {f"{method} {template(path)}" for route in ROUTES for method in route.http_methods for path in route.paths}
    of_channels = {path for path in paths if path.split()[1].startswith("/channels/")}
    assert of_channels - _APART == _ALL


def test_no_random_case_is_answered_otherwise_than_said(tmp_path: Path) -> None:
    async def run() -> int:
        async with staged(tmp_path) as stage:
            return sum([await _play(stage, seed) for seed in range(3)])

    assert asyncio.run(run()) > 3 * len(_ALL)


async def _play(stage: Stage, seed: int) -> int:
    world, random = await stage.world(seed), Random(seed)
    talks = await _found(stage, world, random)
    cases = 0
    for route in sorted(_ALL) * 6:
        talk = random.choice(talks)
        actor = random.choice(talk.people if random.random() < 0.7 else world.everybody)
        await _ask(stage, world, random, (route, talk, actor))
        cases += 1
    return cases


async def _ask(stage: Stage, world: World, random: Random, case: tuple[str, Talk, int]) -> None:
    route, talk, actor = case
    ids = {
        "channel_id": talk.id,
        "message_id": random.choice(list(talk.said)),
        "user_id": random.choice(world.everybody),
        "target_id": random.choice(world.everybody),
        "emoji": UNICODE,
    }
    method, _, path = route.partition(" ")
    token = ("Bot " if actor in world.bots else "") + founding.token_of(actor)
    reply = await stage.ask(method, path.format_map(ids), token, _body(route))
    expected = _expected(world, talk, actor, route, ids)
    assert reply.code in expected, (world.seed, route, actor, talk, ids, reply, expected)
    heard = [*stage.rehearsal.heard, *stage.bus.heard]
    if reply.code is not None:
        assert not heard
        assert _SECRET not in reply.body
    if actor not in talk.people:
        assert not heard
    assert all(record.guild == 0 and record.channel == talk.id for record in heard)


def _body(route: str) -> Any:
    bodies = {
        **_GUILDS_ONLY,
        **_SPEAKING,
        **_ACKNOWLEDGING,
        **_GROUPS,
        **{name: body for name, (body, _) in _OWN.items()},
    }
    return bodies.get(route)


def _expected(world: World, talk: Talk, actor: int, route: str, ids: dict[str, Any]) -> set[int | None]:
    """The codes that the answer may have; None is that it goes well."""
    if route in _ACKNOWLEDGING and actor in world.bots:
        return {20001}
    if route == _FORGETTING:
        return {None}
    if actor not in talk.people:
        return {50001}
    if route in _GUILDS_ONLY:
        own = route.endswith("{emoji}/{user_id}") and ids["user_id"] == actor
        return {None if own else 50003}
    if route in _OWN and talk.said[ids["message_id"]] != actor:
        return {_OWN[route][1]}
    hears = talk.owner is not None or _meet(world, *talk.people)
    if route in _SPEAKING:
        return {None if hears else 50007}
    if route == _REACTING:
        return {None if hears else 90001}
    if route == _PUBLISHING:
        return {50024 if hears else 50007} if talk.said[ids["message_id"]] == actor else {50003, 50007}
    if route in _GROUPS:
        return _of_group(world, talk, actor, route, ids["user_id"])
    return {None}


def _of_group(world: World, talk: Talk, actor: int, route: str, other: int) -> set[int | None]:
    if talk.owner is None:
        return {50003}
    if route.startswith("PATCH"):
        return {None}
    if route.startswith("PUT"):
        welcome = other not in world.bots and _meet(world, actor, other)
        return {None if other in talk.people or welcome else 50033}
    if other != actor and talk.owner != actor:
        return {50013}
    return {None if other in talk.people else 50033}


def _meet(world: World, one: int, other: int) -> bool:
    return any(one in guild.members and other in guild.members for guild in world.guilds())


async def _found(stage: Stage, world: World, random: Random) -> list[Talk]:
    """Random conversations, written into the store as if they had always been there."""
    people = [each for each in world.everybody if each not in world.bots]
    pairs = {tuple(sorted(random.sample(world.everybody, 2))) for _ in range(6)}
    talks = [Talk(stage.next_id(), pair, None, {}) for pair in sorted(pairs)]
    for _ in range(3):
        inside = tuple(random.sample(people, min(4, len(people))))
        talks.append(Talk(stage.next_id(), inside, inside[0], {}))
    for talk in talks:
        for author in talk.people:
            talk.said[stage.next_id()] = author
        await stage.write(lambda tx, talk=talk: _write(tx, talk, stage.now_ms))  # type: ignore[misc]
    return talks


async def _write(tx: Connection, talk: Talk, now_ms: int) -> None:
    await topics.look(tx, channel_topic(talk.id))
    for topic in sorted(map(user_topic, talk.people)):
        await topics.lift(tx, topic)
        await topics.mark(tx, topic, Change.NOTHING)
    kind = 1 if talk.owner is None else 3
    made = Conversation(id=talk.id, type=kind, recipients=talk.people, owner_id=talk.owner)
    await conversations.insert(tx, made)
    for message_id, author in talk.said.items():
        body = Body(
            id=str(message_id),
            type=0,
            channel_id=str(talk.id),
            content=_SECRET.decode(),
            timestamp=timestamp(now_ms),
            mention_everyone=False,
            mention_roles=[],
            embeds=[],
            flags=0,
        )
        messages.insert(tx, Message(talk.id, message_id, author, None, None, 0, end_of(body)))
