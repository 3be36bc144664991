"""The loop of chance: what the schedules rest on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.spine.loop import ChanceLoop, Stuck


@pytest.fixture
def loop() -> Iterator[ChanceLoop]:
    loop = ChanceLoop(1)  # type: ignore[abstract]
    yield loop
    loop.close()


def order(seed: int) -> list[int]:
    ran: list[int] = []

    async def note(number: int) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
            ran.append(number)

    async def all_at_once() -> None:
        await asyncio.gather(*map(note, range(4)))

    ChanceLoop(seed).run(all_at_once())  # type: ignore[abstract]
    return ran


def test_a_seed_is_an_order() -> None:
    assert order(1) == order(1)
    assert len({tuple(order(seed)) for seed in range(20)}) == 20


def test_time_jumps_when_nothing_is_ready(loop: ChanceLoop) -> None:
    loop.run(asyncio.sleep(3600.0))
    assert 3600.0 <= loop.time() < 3601.0


def test_forward_stops_before_what_comes_later(loop: ChanceLoop) -> None:
    ran: list[float] = []
    for delay in (1.0, 2.0, 5.0):
        loop.call_later(delay, ran.append, delay)
    loop.forward(3.0)
    assert ran == [1.0, 2.0]
    assert loop.time() == 3.0


def test_a_killed_process_does_nothing_more_not_even_clean_up(loop: ChanceLoop) -> None:
    ran: list[str] = []

    async def live() -> None:
        try:
            ran.append("began")
            await asyncio.sleep(1.0)
        finally:
            ran.append("cleaned up")

    loop.spawn("mortal", live())
    loop.forward(0.1)
    loop.kill("mortal")
    loop.forward(2.0)
    loop.spawn("mortal", live())
    loop.forward(2.0)
    assert ran == ["began"]


def test_what_runs_in_a_thread_runs_whole_and_later(loop: ChanceLoop) -> None:
    ran: list[str] = []

    async def ask() -> str:
        answer = loop.run_in_executor(None, lambda: "answer")
        ran.append("asked")
        return await answer

    assert loop.run(ask()) == "answer"
    assert ran == ["asked"]


def test_waiting_for_nothing_is_noticed(loop: ChanceLoop) -> None:
    async def wait() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(Stuck):
        loop.run(wait())
