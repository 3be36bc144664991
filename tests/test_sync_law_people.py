"""The sync law for what is private to an account: its old snapshot and the events that followed make the new one.

The account is Anna's: what others do to her, and what she does, must reach her other clients whole.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from derailed.actions.sessions import AccountSnapshot
from derailed.wire import relationships
from derailed.wire.records import INTERNAL, Record
from tests.api.door import Door, Person, swept, visit

State = dict[str, Any]
OWN = "/users/@me/relationships"


class Scene(NamedTuple):
    """Anna, with a friend, a request each way, somebody blocked, and somebody new, by what they are to her."""

    door: Door
    anna: Person
    friend: Person
    incoming: Person
    outgoing: Person
    blocked: Person
    stranger: Person


Verb = Callable[[Scene], Awaitable[Any]]


def by_anna(method: str, path: str, body: Any = None) -> Verb:
    """Anna does it; names in the path stand for people."""

    async def run(scene: Scene) -> None:
        people = {name: value.id for name, value in scene._asdict().items() if isinstance(value, Person)}
        await scene.anna.do(method, path.format(**people), body)

    return run


def to_anna(name: str, method: str, body: Any = None) -> Verb:
    """One of the others does it to her."""

    async def run(scene: Scene) -> None:
        await getattr(scene, name).do(method, f"{OWN}/{scene.anna.id}", body)

    return run


def looks_different(name: str) -> Verb:
    """One of the others is called otherwise."""

    async def run(scene: Scene) -> None:
        await getattr(scene, name).do("PATCH", "/users/@me", {"global_name": "Somebody"})
        await swept(scene.door)

    return run


async def _restricts_new_guilds(scene: Scene) -> None:
    await scene.anna.do("PATCH", "/users/@me/settings", {"default_guilds_restricted": True})
    await scene.anna.join(await scene.friend.invite(await scene.friend.guild()))


VERBS: dict[str, Verb] = {
    "ask by name": by_anna("POST", OWN, {"username": "stranger"}),
    "ask by id": by_anna("PUT", OWN + "/{stranger}"),
    "accept": by_anna("PUT", OWN + "/{incoming}"),
    "decline": by_anna("DELETE", OWN + "/{incoming}"),
    "take back": by_anna("DELETE", OWN + "/{outgoing}"),
    "end": by_anna("DELETE", OWN + "/{friend}"),
    "give nickname": by_anna("PATCH", OWN + "/{friend}", {"nickname": "Benny"}),
    "block friend": by_anna("PUT", OWN + "/{friend}", {"type": 2}),
    "block who asks": by_anna("PUT", OWN + "/{incoming}", {"type": 2}),
    "block stranger": by_anna("PUT", OWN + "/{stranger}", {"type": 2}),
    "unblock": by_anna("DELETE", OWN + "/{blocked}"),
    "is asked": to_anna("stranger", "PUT"),
    "is accepted": to_anna("outgoing", "PUT"),
    "is declined": to_anna("outgoing", "DELETE"),
    "is asked no more": to_anna("incoming", "DELETE"),
    "is no friend any more": to_anna("friend", "DELETE"),
    "is blocked by friend": to_anna("friend", "PUT", {"type": 2}),
    "is blocked by stranger": to_anna("stranger", "PUT", {"type": 2}),
    "is blocked by whom she blocked": to_anna("blocked", "PUT", {"type": 2}),
    "friend looks different": looks_different("friend"),
    "who asks looks different": looks_different("incoming"),
    "whom she blocked looks different": looks_different("blocked"),
    "stranger looks different": looks_different("stranger"),
    "settings": by_anna("PATCH", "/users/@me/settings", {"theme": "light", "custom_status": {"text": "x"}}),
    "language": by_anna("PATCH", "/users/@me/settings", {"locale": "de"}),
    "settings that stay": by_anna("PATCH", "/users/@me/settings", {"theme": "dark"}),
    "new guild is restricted": _restricts_new_guilds,
    "own name": by_anna("PATCH", "/users/@me", {"global_name": "Anna"}),
}


@pytest.mark.parametrize("name", VERBS)
def test_old_snapshot_and_events_make_the_new_snapshot(tmp_path: Path, name: str) -> None:
    async def story(door: Door) -> None:
        scene = await _scene(door)
        before = _state(await _snapshot(scene))
        since = len(door.records)
        await VERBS[name](scene)
        for topic, record in door.records[since:]:
            if topic == f"user:{scene.anna.id}":
                _apply(before, record)
        assert before == _state(await _snapshot(scene))

    visit(tmp_path, story)


def test_many_who_know_somebody_are_told_some_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("derailed.actions.looks._AT_ONCE", 2)

    async def story(door: Door) -> None:
        anna = await door.register("anna")
        others = [await door.register(f"other{number}") for number in range(5)]
        for other in others:
            await other.do("PUT", f"{OWN}/{anna.id}")
        since = len(door.records)
        await anna.do("PATCH", "/users/@me", {"global_name": "Ann"})
        await swept(door)
        told = [(topic, record) for topic, record in door.records[since:] if record.event == "RELATIONSHIP_UPDATE"]
        assert sorted(topic for topic, _ in told) == sorted(f"user:{other.id}" for other in others)
        assert {msgspec.json.decode(record.data)["user"]["global_name"] for _, record in told} == {"Ann"}

    visit(tmp_path, story)


async def _scene(door: Door) -> Scene:
    anna, *others = [
        await door.register(name) for name in ("anna", "friend", "incoming", "outgoing", "blocked", "stranger")
    ]
    friend, incoming, outgoing, blocked, _ = others
    for one, other, body in (
        (anna, friend, None),
        (friend, anna, None),
        (incoming, anna, None),
        (anna, outgoing, None),
        (anna, blocked, {"type": 2}),
    ):
        await one.do("PUT", f"{OWN}/{other.id}", body)
    return Scene(door, anna, *others)


async def _snapshot(scene: Scene) -> AccountSnapshot:
    actor = await scene.door.verbs.sessions.authenticate(scene.anna.token)
    return await scene.door.verbs.sessions.account(actor.user_id, actor.token_id)


def _state(snapshot: AccountSnapshot) -> State:
    """What READY tells a person of themselves."""
    shown = [msgspec.to_builtins(relationships.shape(each)) for each in snapshot.relationships]
    return {
        "relationships": {each["id"]: each for each in shown},
        "friends": snapshot.friends,
        "settings": msgspec.to_builtins(snapshot.settings),
        "global_name": snapshot.user.global_name,
        "locale": snapshot.settings.locale,
    }


def _apply(state: State, record: Record) -> None:
    data = msgspec.json.decode(record.data)
    match record.event:
        case "RELATIONSHIP_ADD" | "RELATIONSHIP_UPDATE":
            state["relationships"][data["id"]] = data
        case "RELATIONSHIP_REMOVE":
            was = state["relationships"].pop(data["id"])
            assert (was["type"], was["nickname"]) == (data["type"], data["nickname"])
        case "USER_SETTINGS_UPDATE":
            state["settings"].update(data)
        case "USER_UPDATE":
            state["global_name"], state["locale"] = data["global_name"], data["locale"]
        case _:
            assert record.event in INTERNAL
    if record.event.startswith("RELATIONSHIP_"):
        others = state["friends"] - {record.id}
        state["friends"] = others | {record.id} if relationships.befriends(record) else others
