"""A process that writes verbs of one and of several topics as fast as it can, and says what it was answered."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

from derailed.model.errors import Forbidden, Unavailable
from derailed.model.snowflakes import Snowflakes
from derailed.store import Connection, topics
from derailed.store.postgres import PostgresStore

ROOT = Path(__file__).parent.parent.parent
TOPICS = ("guild:1", "guild:2", "guild:3", "user:1")
NEW = "guild:new"
WRITERS = 12


class Said(NamedTuple):
    """The payload of a record: the id that the verb drew in its topic, the verb, and all topics of that verb."""

    drawn: int
    verb: str
    topics: list[str]


def start(url: str, number: int, seconds: float) -> subprocess.Popen[str]:
    """It, running for as long."""
    command = [sys.executable, "-m", __name__, url, str(number), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def verb(
    name: str, chosen: list[str], ids: Snowflakes, skew_ms: int, *, fails: bool
) -> Callable[[Connection], Awaitable[None]]:
    """One verb of these topics."""

    async def work(tx: Connection) -> None:
        for topic in sorted(chosen):
            at = await topics.lift(tx, topic)
            drawn = topics.draw(tx, topic, lambda last: ids.next(round(time.time() * 1000) + skew_ms, last))
            await tx.emit(topic, at.rev, json.dumps(Said(drawn, name, sorted(chosen))).encode())
        if fails:
            raise Forbidden

    return work


async def main(url: str, number: int, seconds: float) -> None:
    """Write until the time is over, then say the name of each verb that was answered."""
    store = await PostgresStore.open(url, lambda: round(time.time() * 1000))
    chance, ids, skew_ms = random.Random(number), Snowflakes(number), (number - 1) * 2500
    end = time.monotonic() + seconds

    async def writer(which: int) -> None:
        count = 0
        while time.monotonic() < end:
            count += 1
            name = f"{number}/{which}/{count}"
            new = [f"{NEW}{chance.randrange(50)}"] if chance.random() < 0.05 else []
            chosen = chance.sample(TOPICS, chance.choice((1, 1, 1, 2, 3))) + new
            try:
                await store.write(verb(name, chosen, ids, skew_ms, fails=chance.random() < 0.1))
            except (Forbidden, Unavailable):
                continue
            print(name, flush=True)  # noqa: T201

    await asyncio.gather(*(writer(which) for which in range(WRITERS)))
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
