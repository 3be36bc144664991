"""A bad day, drawn from a seed: a few things break, one after the other or two at once, under one load."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Final

from tests.faults.faults import FAULTS, OF_BROKER, Story
from tests.faults.run import Run

FAULTS_A_RUN: Final = 3
TWO_AT_ONCE: Final = 0.25
BETWEEN_S: Final = (1.0, 4.0)


def day(seed: int, bus: str, faults: int = FAULTS_A_RUN) -> tuple[list[tuple[str, ...]], Story]:
    """What breaks, and the story of it. `bus` is valkey or broker."""
    chance = random.Random(seed)
    known = OF_BROKER if bus == "broker" else FAULTS
    names: list[tuple[str, ...]] = []
    while sum(map(len, names)) < faults:
        one = chance.choice(list(known))
        others = [name for name in known if _of(name) != _of(one)]
        at_once = sum(map(len, names)) + 2 <= faults and chance.random() < TWO_AT_ONCE
        names.append((one, chance.choice(others)) if at_once else (one,))

    return names, story_of(names, chance)


def story_of(names: Sequence[Sequence[str]], chance: random.Random) -> Story:
    """Let these break, one after the other or at once, some time between them."""

    async def story(run: Run) -> None:
        for some in names:
            await run.steady(chance.uniform(*BETWEEN_S))
            await asyncio.gather(*(OF_BROKER[name](run) for name in some))
        await run.steady(chance.uniform(*BETWEEN_S))

    return story


def _of(name: str) -> str:
    """What it breaks: two at once are of different things."""
    return name.removeprefix("other_").partition("_")[0]
