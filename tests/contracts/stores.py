"""Every driver, by name, as the tests open it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from derailed.store import Connection, Store, topics
from derailed.store.postgres import PostgresStore
from tests.databases import open_sqlite
from tests.servers import postgres

NOW = 1_700_000_000_000

GUILD, OTHER = "guild:1", "user:1"

Opener = Callable[[str], Awaitable[Store]]
Open = Callable[[], Awaitable[Store]]
Story = Callable[[Store], Coroutine[Any, Any, None]]
Play = Callable[[Story], None]


async def sqlite(location: str) -> Store:
    """The embedded one."""
    return open_sqlite(Path(location), lambda: NOW)


async def on_postgres(location: str) -> Store:
    """The one on a server."""
    return await PostgresStore.open(location, lambda: NOW)


OPENERS: dict[str, Opener] = {"sqlite": sqlite, "postgres": on_postgres}


@contextmanager
def database(driver: str, folder: Path) -> Iterator[str]:
    """Where an empty database of that kind is."""
    if driver == "sqlite":
        yield str(folder / "store.db")
        return
    server = postgres.shared()
    url = server.database()
    try:
        yield url
    finally:
        server.drop(url)


def run(story: Awaitable[None]) -> None:
    """Run it in a loop of its own, for half a minute at most."""

    async def main() -> None:
        async with asyncio.timeout(30):
            await story

    asyncio.run(main())


async def say(tx: Connection) -> int:
    """A verb of one topic; the rev it made."""
    at = await topics.lift(tx, GUILD)
    await tx.emit(GUILD, at.rev, b"said")
    return at.rev


async def rev(tx: Connection) -> int:
    """Where that topic stands."""
    return (await topics.look(tx, GUILD)).rev
