"""Many come in, or come back, at the same time: PostgreSQL is asked a few questions, and not a few for each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from derailed.store.postgres import PostgresStore
from tests.gateway.house import House, Screen, house
from tests.members.town import NOW
from tests.servers import postgres
from tests.store.test_postgres import Counting

MANY = 200
"""One after the other, each would be some twenty statements to identify, and fifteen to resume."""

Told = Callable[[House, PostgresStore], Coroutine[Any, Any, None]]


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Callable[[Told], None]]:
    """Run a story in a house of many on PostgreSQL."""
    url = postgres.shared().database()

    async def run(story: Told) -> None:
        store = await PostgresStore.open(url, lambda: NOW)
        async with house(tmp_path, MANY, store) as place:
            await story(place, store)

    yield lambda story: asyncio.run(run(story))
    postgres.shared().drop(url)


async def logged_in(place: House) -> list[str]:
    """Everybody's token."""
    return [await place.log_in(number) for number in range(MANY)]


async def all_in(place: House, tokens: list[str]) -> list[Screen]:
    """A session of everybody's, all at once."""
    node = await place.node()
    screens = [Screen(node) for _ in tokens]
    await asyncio.gather(*(screen.identify(token) for screen, token in zip(screens, tokens, strict=True)))
    return screens


def test_many_who_identify_at_once_are_read_together(live: Callable[[Told], None]) -> None:
    async def story(place: House, store: PostgresStore) -> None:
        tokens = await logged_in(place)
        counting = Counting(store)
        await all_in(place, tokens)
        await asyncio.sleep(0)
        assert len(counting.asked) < 2 * MANY, counting.asked

    live(story)


def test_many_who_resume_at_once_are_read_together(live: Callable[[Told], None]) -> None:
    async def story(place: House, store: PostgresStore) -> None:
        tokens = await logged_in(place)
        screens = await all_in(place, tokens)
        for screen in screens:
            screen.leave()
        await place.adds_channels(1)
        other = await place.node()
        back = [Screen(other) for _ in screens]
        counting = Counting(store)
        await asyncio.gather(*(new.resume(token, old) for new, token, old in zip(back, tokens, screens, strict=True)))
        await asyncio.sleep(0)
        assert all(screen.names()[:2] == ["CHANNEL_CREATE", "RESUMED"] for screen in back)
        assert len(counting.asked) < MANY, counting.asked

    live(story)
