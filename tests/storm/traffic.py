"""What goes on in several guilds on an evening: people talk, look into channels, and have read them."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from itertools import cycle
from typing import Final

from tests.faults.rest import Rest
from tests.storm.harbour import Harbour, Place

LOOKS: Final = 0.5
"""Of how many posts there are: who opens a channel reads its last messages, and acknowledges them."""


class Traffic:
    """`posts_s` messages a second, over all guilds. In each they are numbered, and said one after the other."""

    def __init__(self, harbour: Harbour, rest: Rest, posts_s: float, seed: int = 1) -> None:
        self.said = dict.fromkeys((str(place.id) for place in harbour.places), 0)
        """The last number that was acknowledged in each guild."""
        self._chance = random.Random(seed)
        self._rest = rest
        self._mean_s = len(harbour.places) / posts_s
        self._homes = list(zip(harbour.places, harbour.by_place, strict=True))
        self._is_over = asyncio.Event()
        self._running: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        """Let it go on until it is ended."""
        for place, tokens in self._homes:
            active = self._chance.sample(tokens, max(2, len(tokens) // 20))
            self._running.append(asyncio.create_task(self._talk(place, active)))
            self._running.append(asyncio.create_task(self._look(place, active)))

    async def end(self) -> None:
        """Return when all that was said is acknowledged."""
        self._is_over.set()
        await asyncio.gather(*self._running)

    async def _talk(self, place: Place, tokens: list[str]) -> None:
        speakers = cycle(tokens)

        async def post() -> None:
            number = self.said[str(place.id)] + 1
            body = {"content": f"{place.id} {number} on the left, arrivals on the right", "nonce": f"{number}"}
            path = f"/channels/{place.channel}/messages"
            await self._rest.insist("POST", path, next(speakers), body | {"enforce_nonce": True})
            self.said[str(place.id)] = number

        await self._repeat(post, self._mean_s)

    async def _look(self, place: Place, tokens: list[str]) -> None:
        async def look() -> None:
            token, path = self._chance.choice(tokens), f"/channels/{place.channel}/messages"
            _, found = await self._rest.insist("GET", f"{path}?limit=50", token)
            if found:
                await self._rest.insist("POST", f"{path}/{found[0]['id']}/ack", token, {})

        await self._repeat(look, self._mean_s / LOOKS)

    async def _repeat(self, work: Callable[[], Awaitable[None]], mean_s: float) -> None:
        """At that pace, by chance, whatever one of them takes."""
        due = time.monotonic() + self._chance.uniform(0, mean_s)
        while not self._is_over.is_set():
            wait_s = due - time.monotonic()
            if wait_s > 0:
                try:
                    await asyncio.wait_for(self._is_over.wait(), wait_s)
                except TimeoutError:
                    pass
                else:
                    return
            await work()
            due = max(due + self._chance.uniform(0.2, 1.8) * mean_s, time.monotonic() - mean_s)
