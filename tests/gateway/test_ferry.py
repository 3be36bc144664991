"""Boats: who comes alone does not wait, who comes with others goes with them, and there are only so many seats."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from derailed.gateway.ferry import Ferry

AN_HOUR = 3600.0
SEATS = 8


class Shore:
    """Passengers, each a task, and who of them is on board."""

    def __init__(self, ferry: Ferry) -> None:
        self.ferry = ferry
        self.aboard: list[int] = []
        self.crossed: list[int] = []
        self.landing = asyncio.Event()

    async def cross(self, number: int) -> None:
        """Go, and stay on board until it lands."""
        async with self.ferry.crossing():
            self.aboard.append(number)
            try:
                await self.landing.wait()
            finally:
                self.aboard.remove(number)
        self.crossed.append(number)

    async def come(self, numbers: range) -> list[asyncio.Task[None]]:
        """So many at once; returns when nothing more happens by itself."""
        tasks = [asyncio.create_task(self.cross(number)) for number in numbers]
        for _ in range(10):
            await asyncio.sleep(0)
        return tasks


async def until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110  boats leave by the loop's own timers
        await asyncio.sleep(0)


def sail(story: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(20):
            await story()

    asyncio.run(main())


def test_who_comes_alone_does_not_wait_and_who_comes_next_does() -> None:
    async def story() -> None:
        shore = Shore(Ferry(AN_HOUR, SEATS))
        tasks = await shore.come(range(1))
        assert shore.aboard == [0]
        tasks += await shore.come(range(1, 4))
        assert shore.aboard == [0]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    sail(story)


def test_those_who_wait_go_together_in_their_order_and_no_more_than_there_are_seats() -> None:
    async def story() -> None:
        shore = Shore(Ferry(0.001, SEATS))
        tasks = await shore.come(range(3 * SEATS))
        await until(lambda: len(shore.aboard) == SEATS)
        for _ in range(100):
            await asyncio.sleep(0)
        assert shore.aboard == list(range(SEATS))
        shore.landing.set()
        await asyncio.gather(*tasks)
        assert shore.crossed == list(range(3 * SEATS))

    sail(story)


def test_whoever_leaves_gives_the_seat_back_waiting_or_aboard() -> None:
    async def story() -> None:
        shore = Shore(Ferry(0.001, seats=1))
        first, waiting, last = await shore.come(range(3))
        waiting.cancel()
        first.cancel()
        await asyncio.gather(first, waiting, return_exceptions=True)
        await until(lambda: shore.aboard == [2])
        shore.landing.set()
        await last
        assert shore.crossed == [2]

    sail(story)
