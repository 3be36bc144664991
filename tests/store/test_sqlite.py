"""What only the SQLite driver has to show: its file, its lock, its disk."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from derailed.model.errors import Unavailable
from derailed.store import Connection, OutboxRow, topics
from derailed.store.migrate import Incompatible, Migration, load, pending
from derailed.store.sqlite import SqliteStore

GUILD = "guild:1"


def opened(path: Path) -> SqliteStore:
    return SqliteStore.open(path, lambda: 1_700_000_000_000)


async def say(tx: Connection) -> int:
    at = await topics.lift(tx, GUILD)
    await tx.emit(GUILD, at.rev, bytes(2000))
    return at.rev


async def rev(tx: Connection) -> int:
    return (await topics.look(tx, GUILD)).rev


@contextmanager
def full_disk(path: Path) -> Iterator[None]:
    """Until the end, no file of this process can grow beyond the present size of the write-ahead log."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.with_name(path.name + "-wal").stat().st_size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_a_full_disk_refuses_was_never_there(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "store.db"
        store = opened(path)
        taken: list[OutboxRow] = []
        undone: list[bool] = []
        store.committed, store.rolled_back = taken.extend, lambda: undone.append(True)
        assert await store.write(say) == 1
        with full_disk(path):
            answers = await asyncio.gather(*(store.write(say) for _ in range(20)), return_exceptions=True)
            assert {type(answer) for answer in answers} == {Unavailable}
            assert undone
            ups = [store.is_up]
            assert await store.read(rev) == 1
        assert await store.write(say) == 2
        assert [*ups, store.is_up] == [False, True]
        assert [row.rev for row in taken] == [row.rev for row in await store.outbox(0, 100)] == [1, 2]
        await store.close()

    asyncio.run(main())


def test_a_lock_of_another_process_holds_up_the_writers_and_nobody_else(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "store.db"
        store = opened(path)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            writing = asyncio.create_task(store.write(say))
            for _ in range(100):
                assert await store.read(rev) == 0
                await asyncio.sleep(0)
            assert not writing.done()
            other.execute("COMMIT")
        assert await writing == 1
        await store.close()

    asyncio.run(main())


def test_long_works_of_a_group_give_the_event_loop_its_turns(tmp_path: Path) -> None:
    async def main() -> None:
        store = opened(tmp_path / "store.db")
        turns: list[int] = [0]

        async def dawdle(tx: Connection) -> int:
            await tx.fetch(
                "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 100000) SELECT MAX(n) FROM c"
            )
            return turns[0]

        async def turn() -> None:
            while True:
                turns[0] += 1
                await asyncio.sleep(0)

        turning = asyncio.create_task(turn())
        seen = await asyncio.gather(*(store.write(dawdle) for _ in range(5)))
        turning.cancel()
        assert seen == sorted(set(seen))
        await store.close()

    asyncio.run(main())


def test_forgotten_rows_are_deleted_though_nothing_more_is_written(tmp_path: Path) -> None:
    async def main() -> None:
        store = opened(tmp_path / "store.db")
        taken: list[OutboxRow] = []
        store.committed = taken.extend
        await asyncio.gather(*(store.write(say) for _ in range(1500)))
        await store.forget([row.id for row in taken])
        async with asyncio.timeout(10):
            while await store.read(lambda tx: tx.fetchrow("SELECT 1 FROM outbox LIMIT 1")):  # noqa: ASYNC110  who deletes them tells nobody
                await asyncio.sleep(0.005)
        await store.close()

    asyncio.run(main())


def test_a_write_is_synced_in_full(tmp_path: Path) -> None:
    async def main() -> None:
        store = opened(tmp_path / "store.db")
        assert await store.read(lambda tx: tx.fetchrow("PRAGMA journal_mode")) == ("wal",)
        assert await store.write(lambda tx: tx.fetchrow("PRAGMA synchronous")) == (2,)
        await store.close()

    asyncio.run(main())


def test_processes_that_open_a_new_file_at_once_make_it_once(tmp_path: Path) -> None:
    code = "import sys, pathlib, derailed.store.sqlite as s; s.SqliteStore.open(pathlib.Path(sys.argv[1]), lambda: 1)"
    command = [sys.executable, "-c", code, str(tmp_path / "store.db")]
    processes = [subprocess.Popen(command) for _ in range(4)]
    assert [process.wait(30) for process in processes] == [0, 0, 0, 0]


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    asyncio.run(opened(path).close())
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("INSERT INTO migrations VALUES (9999, '', 0)")
    with pytest.raises(Incompatible, match="newer version"):
        opened(path)


def test_a_migration_that_was_changed_after_it_was_applied_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    asyncio.run(opened(path).close())
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE migrations SET checksum = 'another' WHERE number = 1")
    with pytest.raises(Incompatible, match="another 0001_first"):
        opened(path)


def test_only_what_a_database_lacks_is_applied() -> None:
    first, second = Migration(1, "0001_first.sql", "a"), Migration(2, "0002_second.sql", "b")
    assert pending([first, second], {}) == [first, second]
    assert pending([first, second], {1: first.checksum}) == [second]
    assert pending([first, second], {1: first.checksum, 2: second.checksum}) == []


def test_migrations_are_numbered_without_a_hole() -> None:
    assert [migration.number for migration in load()] == list(range(1, len(load()) + 1))
