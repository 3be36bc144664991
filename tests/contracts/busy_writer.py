"""A process that writes as fast as it can and says each answer, to be killed in the middle of it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from derailed.store import Connection, topics
from tests.contracts.stores import OPENERS

GUILD = "guild:1"
WRITERS = 16
ROOT = Path(__file__).parent.parent.parent


@contextmanager
def start(driver: str, location: str) -> Iterator[subprocess.Popen[str]]:
    """It, running; its end is waited for."""
    command = [sys.executable, "-m", __name__, driver, location]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            yield process
        finally:
            process.kill()


async def say(tx: Connection) -> int:
    at = await topics.lift(tx, GUILD)
    await tx.emit(GUILD, at.rev, b"said")
    return at.rev


async def main(driver: str, location: str) -> None:
    """Write for ever, saying each rev once it is answered."""
    store = await OPENERS[driver](location)

    async def writer() -> None:
        while True:
            print(await store.write(say), flush=True)  # noqa: T201

    await asyncio.gather(*(writer() for _ in range(WRITERS)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
