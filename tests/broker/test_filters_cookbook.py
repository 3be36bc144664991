"""The cookbook of `docs/broker/filters.md`, cooked."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from derailed.broker.filters import Attributes, Message
from derailed.broker.filters.libraries import Filters
from tests.broker.filtering import play

PAGE = (Path(__file__).parents[2] / "docs" / "broker" / "filters.md").read_text()
RECIPES = {name: source for source, name in re.findall(r"```lua\n(#!lua name=(\w+)\n.*?)```", PAGE, re.DOTALL)}
HOUR_MS = 3_600_000


def said(topic: str = "room", time_ms: int = 0, **fields: str) -> Message:
    return Message(topic.encode(), b"2-0", time_ms, [(name.encode(), text.encode()) for name, text in fields.items()])


async def takes(filters: Filters, message: Message, user: str = "ann") -> bool:
    (answer,) = await filters.accept("", {"user": user}, [message])
    return answer


async def hear(filters: Filters, library: str, message: Message, **clients: Attributes) -> set[str]:
    connection = filters.connect("", [library])
    connection.set({name.encode(): known for name, known in clients.items()})
    (bitmap,) = await filters.deliver(connection, [message])
    filters.disconnect(connection)
    return {name.decode() for name in connection.names(bitmap)}


async def words(filters: Filters) -> None:
    assert await takes(filters, said(text="good morning"))
    assert not await takes(filters, said(text="Oh DAMN it"))
    assert await takes(filters, said(other="x"))


async def quiet(filters: Filters) -> None:
    clients: dict[str, Attributes] = {"london": {}, "tokyo": {"utc_offset": 9}, "lima": {"utc_offset": -5}}
    assert await hear(filters, "quiet", said(time_ms=12 * HOUR_MS), **clients) == {"london", "tokyo", "lima"}
    assert await hear(filters, "quiet", said(time_ms=23 * HOUR_MS), **clients) == {"tokyo", "lima"}
    assert await hear(filters, "quiet", said(time_ms=8 * HOUR_MS), **clients) == {"london", "tokyo"}
    assert await hear(filters, "quiet", said(time_ms=8 * HOUR_MS, urgent="1"), **clients) == set(clients)


async def shadow(filters: Filters) -> None:
    clients: dict[str, Attributes] = {"banned": {"user": "42"}, "ann": {"user": "1"}}
    assert await hear(filters, "shadow", said(author="42"), **clients) == {"banned"}
    assert await hear(filters, "shadow", said(author="1"), **clients) == {"banned", "ann"}


async def intents(filters: Filters) -> None:
    clients: dict[str, Attributes] = {"reader": {"intents": 1}, "all": {"intents": 7}, "none": {}}
    assert await hear(filters, "intents", said(kind="post"), **clients) == {"reader", "all"}
    assert await hear(filters, "intents", said(kind="typing"), **clients) == {"all"}
    assert await hear(filters, "intents", said(kind="other"), **clients) == set()


async def places(filters: Filters) -> None:
    assert await takes(filters, said("bot:ann"))
    assert not await takes(filters, said("bot:bob"))
    assert not await takes(filters, said("announce:1"))
    assert await takes(filters, said("announce:1"), "staff")
    assert await takes(filters, said("room"))


async def rate(filters: Filters) -> None:
    assert [await takes(filters, said(author="ann", time_ms=100 * n)) for n in range(7)] == [True] * 5 + [False] * 2
    assert await takes(filters, said(author="bob", time_ms=600))
    assert await takes(filters, said(author="ann", time_ms=1_000))


COOKED: dict[str, Callable[[Filters], Awaitable[None]]] = {
    "words": words,
    "quiet": quiet,
    "shadow": shadow,
    "intents": intents,
    "places": places,
    "rate": rate,
}


def test_there_are_six_recipes_and_each_is_cooked() -> None:
    assert list(RECIPES) == list(COOKED)


@pytest.mark.parametrize("name", COOKED)
def test_a_recipe_does_what_it_says(name: str) -> None:
    async def case(filters: Filters) -> None:
        await filters.load("", name, RECIPES[name].encode())
        await COOKED[name](filters)
        assert filters.standings()[0].errors == 0

    play(case)
