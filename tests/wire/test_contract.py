"""No key that a library needs is missing from what we say, and none is null where null breaks a library."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.door import opened
from tests.wire.event_keys import EVENTS
from tests.wire.keys import ANSWERS, Keys
from tests.wire.payloads import Payloads, collect

FOR_MANAGERS = {"uses", "max_uses", "max_age", "temporary", "created_at"}
"""Keys of an invite that are only in the lists of those who may see how it was used."""


def without(keys: Keys, some: set[str]) -> Keys:
    """The same, but for some."""
    return Keys(*(" ".join(path for path in text.split() if path not in some) for text in keys))


KEYS = ANSWERS | EVENTS | {"invite_seen": without(ANSWERS["invite"], FOR_MANAGERS)}
NOT_YET = ("stickers.0", "threads.0", "voice_states.0", "stage_instances.0")
"""Lists of what there is none of: their elements are held to the table as soon as there are some."""
LEFT_OUT = ("emojis.0.user", "reactions.0")
"""What a guild and an event leave out: who added an emoji, and reactions, which have events of their own."""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Payloads:
    """All of it, said once."""

    async def story() -> Payloads:
        async with opened(tmp_path_factory.mktemp("town")) as door:
            answers, events = await collect(door)
            return answers | events

    return asyncio.run(story())


@pytest.mark.parametrize("entity", KEYS)
def test_everything_in_the_table_is_said(said: Payloads, entity: str) -> None:
    keys = KEYS[entity]
    paths = {*keys.needed.split(), *keys.never_null.split()}
    exempt = NOT_YET if entity == "message" else NOT_YET + LEFT_OUT
    unsaid = {path for path in paths if not path.startswith(exempt) and not any_of(said[entity], holders(path))}
    assert unsaid == set()


@pytest.mark.parametrize("entity", KEYS)
def test_no_key_that_a_library_needs_is_missing(said: Payloads, entity: str) -> None:
    missing = {
        path
        for path in KEYS[entity].needed.split()
        for payload in said[entity]
        for holder in found(payload, holders(path))
        if path.rpartition(".")[2] not in holder
    }
    assert missing == set()


@pytest.mark.parametrize("entity", KEYS)
def test_no_key_is_null_where_null_breaks_a_library(said: Payloads, entity: str) -> None:
    wrong = {
        path
        for path in KEYS[entity].never_null.split()
        for payload in said[entity]
        if None in found(payload, path.split("."))
    }
    assert wrong == set()


def test_every_event_that_is_told_is_in_the_table(said: Payloads) -> None:
    unknown = {name for name in said if name.isupper() and name not in KEYS}
    assert unknown == {"GUILD_AUDIT_LOG_ENTRY_CREATE"}  # no library was asked about it


def holders(path: str) -> list[str]:
    """The steps to what the key at the end of the path is in."""
    return path.split(".")[:-1] if not path.endswith(".0") else path.split(".")


def any_of(payloads: list[Any], steps: list[str]) -> bool:
    """Whether one of them has something there."""
    return any(True for payload in payloads for _ in found(payload, steps))


def found(payload: Any, steps: list[str]) -> Iterator[Any]:
    """What stands there, of every element of the lists on the way; nothing where a key is absent."""
    if not steps:
        yield payload
    elif steps[0] == "0":
        for element in payload or ():
            yield from found(element, steps[1:])
    elif isinstance(payload, dict) and steps[0] in payload:
        yield from found(payload[steps[0]], steps[1:])
