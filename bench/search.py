"""Searching a guild of a million messages: how long it takes, and for how long the event loop is held meanwhile.

`python -m bench.search [MESSAGES]` prints a table for each database and writes it to bench/results/. What indexing
costs is CPU of this process; while searches run, a clock ticks on the same loop, and its longest lateness is told.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

from derailed.actions.context import Context
from derailed.actions.indexing import Indexing
from derailed.actions.message_search import MessageSearch
from derailed.blobs.folder import FolderBlobs
from derailed.model import permissions
from derailed.model.guild import Channel, Guild, Member, Role
from derailed.model.message import Message
from derailed.model.snowflakes import EPOCH_MS, Snowflakes
from derailed.model.user import Actor, User
from derailed.store import Connection, Store, channels, guilds, members, messages, roles, users
from derailed.store.postgres import PostgresStore
from derailed.store.sqlite import SqliteStore
from derailed.wire.messages import Body, end_of
from derailed.wire.search import SearchQuery
from tests.actions.community import HearingBus
from tests.servers import postgres

MESSAGES: Final = 1_000_000
CHANNELS: Final = 20
PEOPLE: Final = 200
RUNS: Final = 9
BATCH: Final = 500
TICK_S: Final = 0.001
GUILD: Final = 10_000_000_000_000_001
RESULT: Final = Path(__file__).parent / "results" / "search.md"

ASKED: Final = {
    "a word of half of all messages": SearchQuery(content="the"),
    "the same, the oldest of them": SearchQuery(content="the", sort_order="asc"),
    "the same, the last page": SearchQuery(content="the", offset=9975),
    "two common words": SearchQuery(content="the w1"),
    "a rare word": SearchQuery(content="w19001"),
    "a common and a rare word": SearchQuery(content="the w19001"),
    "two words that never meet": SearchQuery(content="even odd"),
    "no word, by one author": SearchQuery(author_id=[1]),
    "no word at all": SearchQuery(),
    "a common word in one channel": SearchQuery(content="the", channel_id=[1002]),
}


async def main(count: int) -> None:
    """Measure, print, write."""
    told = [f"# Search\n\n`python -m bench.search {count}`: one guild of {count:,} messages in {CHANNELS} channels.\n"]
    for kind in ("SQLite", "PostgreSQL"):
        with tempfile.TemporaryDirectory() as folder:
            async for store in opened(kind, Path(folder)):
                told.append(await measured(kind, store, count))
                print(told[-1])
    RESULT.write_text("\n".join(told))


async def opened(kind: str, folder: Path) -> AsyncIterator[Store]:
    """An empty database."""
    if kind == "SQLite":
        store: Store = SqliteStore.open(folder / "db", lambda: 0)
    else:
        store = await PostgresStore.open(postgres.shared().database(), lambda: 0)
    yield store
    await store.close()


async def measured(kind: str, store: Store, count: int) -> str:
    """One database's table."""
    now_ms = EPOCH_MS + 86_400_000 * 3650
    context = Context(store, HearingBus(), Snowflakes(0), lambda: now_ms, FolderBlobs(Path("none")), b"")
    await store.write(found)
    await said(store, count)
    indexing = Indexing(context)
    begun, cpu = time.monotonic(), time.process_time()
    await indexing.finish()
    took, cpu = time.monotonic() - begun, time.process_time() - cpu
    lines = [
        f"## {kind}\n",
        f"Indexing: {count / took:,.0f} messages a second, {cpu / count * 1e6:.0f} µs of our CPU each.\n",
        "| search | found | median | longest | the loop was held |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    _, held, _ = await timed(partial(asyncio.sleep, 0.02))
    lines.append(f"| none, for comparison | | | | {held:.1f} ms |")
    search = MessageSearch(context)
    for name, query in ASKED.items():
        times, held, total = await timed(partial(search.in_guild, Actor(1, 1, False), GUILD, query))
        lines.append(f"| {name} | {total:,} | {median(times):.1f} ms | {max(times):.1f} ms | {held:.1f} ms |")
    return "\n".join([*lines, ""])


async def timed(ask: Callable[[], Awaitable[object]]) -> tuple[list[float], float, int]:
    """Milliseconds of each run, and the worst lateness of a clock on the same loop."""
    held, over, total, times = 0.0, False, 0, []

    async def tick() -> None:
        nonlocal held
        while not over:
            due = time.monotonic() + TICK_S
            await asyncio.sleep(TICK_S)
            held = max(held, time.monotonic() - due)

    clock = asyncio.create_task(tick())
    for _ in range(RUNS):
        begun = time.monotonic()
        answer = await ask()
        times.append((time.monotonic() - begun) * 1e3)
        total = getattr(answer, "total", 0)
        await asyncio.sleep(0.01)
    over = True
    await clock
    return times, held * 1e3, total


async def found(tx: Connection) -> None:
    """A guild, its channels and its people."""
    await guilds.insert(tx, Guild(id=GUILD, rev=0, name="g", owner_id=1, roles={}, channels={}))
    await roles.insert(tx, GUILD, Role(id=GUILD, name="@everyone", permissions=permissions.ALL, position=0))
    for number in range(1, PEOPLE + 1):
        await users.insert(tx, User(id=number, username=f"u{number}"), None)
    await members.insert(tx, Member(guild_id=GUILD, user_id=1, joined_at=0))
    for number in range(1, CHANNELS + 1):
        await channels.insert(tx, Channel(id=1000 + number, guild_id=GUILD, type=0, name=f"c{number}"))


async def said(store: Store, count: int) -> None:
    """Messages of a dozen words, of which few are common and most are rare."""
    chance = random.Random(7)
    words = [f"w{int(chance.paretovariate(0.6)) % 20_000}" for _ in range(100_000)]

    def message(number: int) -> Message:
        at = chance.randrange(99_000)
        text = " ".join([*words[at : at + 12], *(["the"] if number % 2 else []), "even" if number % 2 else "odd"])
        body = Body(
            id=str(number << 22),
            type=0,
            channel_id=str(1001 + number % CHANNELS),
            content=text,
            timestamp="2024-01-01T00:00:00.000000+00:00",
            mention_everyone=False,
            mention_roles=[],
            embeds=[],
            flags=0,
        )
        return Message(1001 + number % CHANNELS, number << 22, 1 + number % PEOPLE, None, None, 0, end_of(body))

    for first in range(1, count + 1, BATCH):

        async def work(tx: Connection, first: int = first) -> None:
            for number in range(first, min(first + BATCH, count + 1)):
                messages.insert(tx, message(number))

        await store.write(work)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else MESSAGES))
