"""Copying a whole database: the same on the other side, whenever it is killed, and never over anything."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from derailed.store.upkeep import Unusable, copying, opening
from tests.servers import postgres
from tests.servers.postgres import Postgres
from tests.store import filled

Make = Callable[[], str]
NOW = filled.NOW
WRITE_AT_ONCE = ("DELETE FROM users", "SET lock_timeout = '10ms'; DELETE FROM users")
"""As SQLite hears it, and as PostgreSQL does."""
STEPS = (6, *(pytest.param(steps, marks=pytest.mark.slow) for steps in (0, 1, 40, 100)))
"""Of more than a hundred, from the first batch to the last comparison."""


class Silent:
    """Watches, and says nothing."""

    def begin(self, step: str, rows: int) -> None: ...

    def advance(self, rows: int) -> None: ...


def copy(source: str, target: str) -> dict[str, copying.Sum]:
    """Copy it all."""
    return asyncio.run(copying.copy(source, target, lambda: NOW, Silent()))


def run(location: str, sql: str) -> None:
    """Change a database behind everyone's back."""
    if opening.is_postgres(location):
        postgres.shared().run(sql, location)
        return
    with closing(sqlite3.connect(location, timeout=0)) as db:
        db.execute(sql)
        db.commit()


def migrate(location: str) -> None:
    """Make all tables."""
    asyncio.run(opening.bring_up_to_date("TEST", location, lambda: NOW))


def die(steps: int, source: str, target: str) -> None:
    """Copy, and be killed on the way."""
    command = [sys.executable, "-m", "tests.store.dying_copy", str(steps), source, target]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL


@pytest.fixture
def base() -> Iterator[str]:
    """A PostgreSQL database with nothing in it."""
    url = postgres.shared().database()
    yield url
    postgres.shared().drop(url)


@pytest.fixture
def other_base() -> Iterator[str]:
    """Another one."""
    url = postgres.shared().database()
    yield url
    postgres.shared().drop(url)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with something in every table."""
    return filled.fill(tmp_path_factory.mktemp("filled") / "from.sqlite")


@pytest.fixture
def source(file: Path, tmp_path: Path) -> str:
    """One of one's own."""
    return str(shutil.copy(file, tmp_path))


@pytest.fixture
def source_base(file: Path, other_base: str) -> str:
    """A PostgreSQL database with the same."""
    copy(str(file), other_base)
    return other_base


@pytest.fixture(params=["sqlite", "postgres"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where nothing is yet."""
    return str(tmp_path / "to.sqlite") if request.param == "sqlite" else request.getfixturevalue("base")


def test_a_copy_holds_the_same_and_counts_on(source: str, target: str) -> None:
    sums = copy(source, target)
    tables, sequences = filled.contents(target)
    assert (tables, sequences) == filled.contents(source)
    assert {table.name: len(rows) for table, rows in tables.items()} == {name: sums[name].rows for name in sums}
    assert all(tables.values())
    assert sequences == {"outbox": filled.LAST_OUTBOX_ID}


def test_what_messages_are_found_by_is_made_anew_beside_a_copy(source: str, target: str) -> None:
    run(source, "INSERT INTO search_progress (channel_id, indexed_id) VALUES (1, 2)")
    run(source, "INSERT INTO search_index (rowid, channel_id, terms) VALUES (2, 1, 'train')")
    copy(source, target)

    async def counts() -> list[int]:
        database = await opening.open_database("TEST", target)
        tables = ("search_progress", "search_index", "search_stale")
        rows = [await database.fetch(f"SELECT COUNT(*) FROM {table}") for table in tables]
        await database.close()
        return [row[0][0] for row in rows]

    assert asyncio.run(counts()) == [0, 0, 0]


def test_a_copy_from_postgresql_holds_the_same(source_base: str, target: str) -> None:
    copy(source_base, target)
    assert filled.contents(target) == filled.contents(source_base)


@pytest.mark.parametrize("steps", STEPS)
def test_a_copy_killed_anywhere_goes_on_and_ends_the_same(source: str, target: str, steps: int) -> None:
    die(steps, source, target)
    copy(source, target)
    assert filled.contents(target) == filled.contents(source)


def test_no_server_starts_on_half_of_a_copy(source: str, target: str) -> None:
    die(9, source, target)
    with pytest.raises(Unusable, match="half of a copy"):
        migrate(target)


def test_a_copy_that_is_whole_is_left_as_it_is(source: str, target: str) -> None:
    assert copy(source, target) == copy(source, target)


def test_nothing_is_copied_over_something(source: str, target: str) -> None:
    migrate(target)
    run(target, "INSERT INTO users (id, username, username_key) VALUES (1, 'ann', 'ann')")
    with pytest.raises(Unusable, match=r"^TO: it holds something already \(1 rows in users\)$"):
        copy(source, target)


def test_nothing_is_copied_into_a_database_of_another_program(source: str, target: str) -> None:
    run(target, "CREATE TABLE recipes (name TEXT)")
    with pytest.raises(Unusable, match=r"^TO: it holds something else \(a table recipes\)$"):
        copy(source, target)


def test_half_a_copy_goes_on_only_from_where_it_came(source: str, target: str) -> None:
    die(9, source, target)
    run(source, "UPDATE topics SET rev = rev + 1 WHERE topic = (SELECT MIN(topic) FROM topics)")
    with pytest.raises(Unusable, match=r"^TO: it is half of a copy of another database, or FROM has changed since"):
        copy(source, target)


def test_a_row_that_changed_while_the_copy_was_stopped_is_found(source: str, target: str) -> None:
    die(40, source, target)
    run(source, "UPDATE applications SET name = 'other' WHERE id = (SELECT MIN(id) FROM applications)")
    with pytest.raises(Unusable, match=r"^TO: its applications are not those of FROM"):
        copy(source, target)


def test_a_database_that_a_server_uses_is_not_copied(source: str, target: str) -> None:
    run(source, f"UPDATE workers SET until = {NOW + 1} WHERE number = 1")
    with pytest.raises(Unusable, match=r"^FROM: a server uses it"):
        copy(source, target)


@pytest.mark.parametrize("kind", ["source", pytest.param("source_base", marks=pytest.mark.slow)])
def test_nobody_writes_to_what_is_copied(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    source, seen = request.getfixturevalue(kind), []

    class Writer(Silent):
        def begin(self, step: str, rows: int) -> None:
            with pytest.raises((sqlite3.OperationalError, AssertionError)) as refused:
                run(source, WRITE_AT_ONCE[opening.is_postgres(source)])
            seen.append(str(refused.value))

    asyncio.run(copying.copy(source, str(tmp_path / "to.sqlite"), lambda: NOW, Writer()))
    assert ["lock" in reason for reason in seen] == [True, True]


def test_what_somebody_writes_to_is_not_copied(file: Path, tmp_path: Path, target: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unusable, match=r"^FROM: another process is writing to it$"):
            copy(str(file), target)


def test_what_is_not_there_is_not_copied(tmp_path: Path, target: str) -> None:
    with pytest.raises(Unusable, match=r"^FROM: there is no database "):
        copy(str(tmp_path / "nowhere.sqlite"), target)
    (tmp_path / "text").write_text("This is no database. " * 50)
    with pytest.raises(Unusable, match=r"^FROM: .* can not be read as a database"):
        copy(str(tmp_path / "text"), target)
    with pytest.raises(Unusable, match=r"^FROM: can not connect \(database \"nowhere\" does not exist\)$"):
        copy(postgres.shared().url("nowhere"), target)


def test_a_text_that_postgresql_can_not_hold_is_named(file: Path, tmp_path: Path, base: str) -> None:
    own = str(shutil.copy(file, tmp_path))
    run(own, "UPDATE users SET global_name = 'a' || char(0) || 'b' WHERE id = (SELECT MAX(id) FROM users)")
    with pytest.raises(Unusable, match=r"^TO: it does not take a row of users at or after \("):
        copy(own, base)


@pytest.mark.slow
def test_a_server_that_goes_away_is_one_line_and_the_copy_goes_on_later(file: Path) -> None:
    class Killer(Silent):
        def __init__(self) -> None:
            self.steps = 0

        def advance(self, rows: int) -> None:
            self.steps += 1
            if self.steps == 30:
                server.kill()

    with Postgres() as server:
        target = server.database()
        with pytest.raises(Unusable, match=r"^TO: the connection is lost"):
            asyncio.run(copying.copy(str(file), target, lambda: NOW, Killer()))
        server.start()
        copy(str(file), target)
        assert filled.contents(target) == filled.contents(str(file))
