"""One run: a load, what breaks during it, and the checker over what everybody saw."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from time import monotonic as now
from typing import Final, TypeVar

import uvloop

from tests.faults import checker, sightings
from tests.faults.client import Client
from tests.faults.history import Fault, Post
from tests.faults.load import Load
from tests.faults.town import Town
from tests.faults.wired import Wired
from tests.journeys.server import Running

T = TypeVar("T")

QUIET_WITHIN_S: Final = 40.0
RECOVERED_WITHIN_S: Final = 60.0
"""A grace, a start of Python on a loaded machine, and the longest pause between two attempts of anything."""


class Run:
    """What a story is told to."""

    def __init__(self, split: Wired, town: Town, seed: int) -> None:
        self.split = split
        self.load = Load(split, town, seed)
        self.history = self.load.history

    async def steady(self, seconds: float) -> None:
        """Let things go on as they are."""
        await asyncio.sleep(seconds)

    async def do(self, work: Callable[[], object]) -> None:
        """Do to a process what takes a while, as the clients go on."""
        await asyncio.to_thread(work)

    async def ask(self, work: Callable[[], T]) -> T:
        """Have a process do what takes a while, and hear how that ended."""
        return await asyncio.to_thread(work)

    @contextlib.asynccontextmanager
    async def breaking(self, name: str, *, forgets: bool = False, blinds: bool = False) -> AsyncIterator[Fault]:
        """Something breaks and is mended within; afterwards everything recovers by itself, which is waited for."""
        fault = Fault(name, now(), forgets=forgets, blinds=blinds)
        self.history.faults.append(fault)
        yield fault
        for part in self.split.parts:
            await self.until_says(part, "ok", 200)
        await self.load.until_all_were_up(f"all are back after {name}")
        fault.ended = now()

    async def until_says(self, part: Running, what: str, status: int) -> None:
        """Wait until /readyz of a process says that."""
        deadline = now() + RECOVERED_WITHIN_S
        while True:
            said = await asyncio.to_thread(part.readiness)
            if said[0] == status and what in said[1]:
                return
            assert now() < deadline, f"{part.command[-1]} says {said}, never {what!r}"
            await asyncio.sleep(0.2)

    async def quiet(self) -> None:
        """Let nothing more happen, and wait until everybody has been told everything, or should have been."""
        load = self.load
        await load.calm()
        with contextlib.suppress(AssertionError):  # what does not come is for the checker to name
            await load.until(load.all_up, "all are there", RECOVERED_WITHIN_S)
            last = await load.post_everywhere()
            await load.until(lambda: all(_has(client, last) for client in load.clients), "all have heard the last")
        deadline = now() + QUIET_WITHIN_S
        while now() < deadline:
            self.history.counted = await load.count_here()
            if not list(sightings.unsettled(self.history)):
                break
            await asyncio.sleep(0.5)
        await load.look()
        self.history.stuck = [client.account.id for client in load.clients if client.wanted and not client.is_up]
        self.history.ended = now()

    def gist(self) -> str:
        """How much was looked at."""
        lives = self.history.lives
        resumes = sum(len(life.spans) - 1 for life in lives)
        heard = sum(len(life.heard) for life in lives)
        done = len(self.history.posts) + len(self.history.touches)
        return f"{done} posts and what became of them, {heard} dispatches, {len(lives)} sessions, {resumes} resumes"


def play(split: Wired, town: Town, seed: int, story: Callable[[Run], Awaitable[None]]) -> Run:
    """Live through a story, and hold what was seen against what is promised."""
    run = Run(split, town, seed)
    complaints: list[str] = []

    async def live() -> None:
        try:
            await run.load.begin()
            await story(run)
            await run.quiet()
            complaints.extend(checker.check(run.history))
        finally:
            await run.load.end()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(live())
    assert not complaints, f"seed {seed}: {checker.told(complaints, run.history)}"
    return run


def _has(client: Client, last: list[Post]) -> bool:
    life = client.life
    if not client.is_up or life is None:
        return not client.wanted
    sees = client.history.sees_at_the_end(client.account.id)
    return all(
        post.channel not in sees or life.began > post.began or client.latest.get(post.channel, 0) >= post.id
        for post in last
    )
