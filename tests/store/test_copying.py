"""Copying a whole database: the same on the other side, whenever it is killed, and never over anything."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from derailed.store.migrate import Incompatible
from derailed.store.sqlite import SqliteStore
from derailed.store.upkeep import Unusable, copying
from tests.store import filled

Make = Callable[[], str]
NOW = 1_800_000_000_000
STEPS = (0, 1, 5, 6, 9, 40, 60, 100)
"""Of more than a hundred, from the first batch to the last comparison."""


class Silent:
    """Watches, and says nothing."""

    def begin(self, step: str, rows: int) -> None: ...

    def advance(self, rows: int) -> None: ...


def copy(source: str, target: str) -> dict[str, copying.Sum]:
    """Copy it all."""
    return asyncio.run(copying.copy(source, target, lambda: NOW, Silent()))


def run(path: str, sql: str) -> None:
    """Change an SQLite file behind everyone's back."""
    with closing(sqlite3.connect(path)) as db:
        db.execute(sql)
        db.commit()


@pytest.fixture
def source(tmp_path: Path) -> str:
    """A database with something in every table."""
    return str(filled.fill(tmp_path / "from.sqlite"))


@pytest.fixture
def target(tmp_path: Path) -> str:
    """Where nothing is yet."""
    return str(tmp_path / "to.sqlite")


def test_a_copy_holds_the_same_and_counts_on(source: str, target: str) -> None:
    sums = copy(source, target)
    tables, sequences = filled.contents(target)
    assert (tables, sequences) == filled.contents(source)
    assert {table.name: len(rows) for table, rows in tables.items()} == {name: sums[name].rows for name in sums}
    assert all(tables.values())
    assert sequences == {"outbox": filled.LAST_OUTBOX_ID}


@pytest.mark.parametrize("steps", STEPS)
def test_a_copy_killed_anywhere_goes_on_and_ends_the_same(source: str, target: str, steps: int) -> None:
    killed = subprocess.run([sys.executable, "-m", "tests.store.dying_copy", str(steps), source, target], check=False)
    assert killed.returncode == -signal.SIGKILL
    copy(source, target)
    assert filled.contents(target) == filled.contents(source)


def test_no_server_starts_on_half_of_a_copy(source: str, target: str) -> None:
    subprocess.run([sys.executable, "-m", "tests.store.dying_copy", "9", source, target], check=False)
    with pytest.raises(Incompatible, match="half of a copy"):
        SqliteStore.open(Path(target), lambda: NOW)


def test_a_copy_that_is_whole_is_left_as_it_is(source: str, target: str) -> None:
    assert copy(source, target) == copy(source, target)


def test_nothing_is_copied_over_something(source: str, target: str) -> None:
    asyncio.run(SqliteStore.open(Path(target), lambda: NOW).close())
    run(target, "INSERT INTO users (id, username, username_key) VALUES (1, 'ann', 'ann')")
    with pytest.raises(Unusable, match=r"^TO: it holds something already \(1 rows in users\)$"):
        copy(source, target)


def test_nothing_is_copied_into_a_database_of_another_program(source: str, target: str) -> None:
    run(target, "CREATE TABLE recipes (name TEXT)")
    with pytest.raises(Unusable, match=r"^TO: it holds something else \(a table recipes\)$"):
        copy(source, target)


def test_half_a_copy_goes_on_only_from_where_it_came(source: str, target: str) -> None:
    subprocess.run([sys.executable, "-m", "tests.store.dying_copy", "9", source, target], check=False)
    run(source, "UPDATE topics SET rev = rev + 1 WHERE topic = (SELECT MIN(topic) FROM topics)")
    with pytest.raises(Unusable, match=r"^TO: it is half of a copy of another database, or FROM has changed since"):
        copy(source, target)


def test_a_row_that_changed_while_the_copy_was_stopped_is_found(source: str, target: str) -> None:
    subprocess.run([sys.executable, "-m", "tests.store.dying_copy", "40", source, target], check=False)
    run(source, "UPDATE applications SET name = 'other' WHERE id = (SELECT MIN(id) FROM applications)")
    with pytest.raises(Unusable, match=r"^TO: its applications are not those of FROM"):
        copy(source, target)


def test_a_database_that_a_server_uses_is_not_copied(source: str, target: str) -> None:
    run(source, f"INSERT INTO workers (number, owner, until) VALUES (1, 'somebody', {NOW + 1})")
    with pytest.raises(Unusable, match=r"^FROM: a server uses it"):
        copy(source, target)


def test_nobody_writes_to_what_is_copied(source: str, target: str) -> None:
    seen = []

    class Writer(Silent):
        def begin(self, step: str, rows: int) -> None:
            with closing(sqlite3.connect(source, timeout=0)) as db, pytest.raises(sqlite3.OperationalError) as refused:
                db.execute("DELETE FROM users")
            seen.append(str(refused.value))

    asyncio.run(copying.copy(source, target, lambda: NOW, Writer()))
    assert seen == ["database is locked"] * 2


@pytest.fixture
def writer(source: str) -> Iterator[None]:
    """Somebody who writes for long."""
    with closing(sqlite3.connect(source, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield


@pytest.mark.usefixtures("writer")
def test_what_somebody_writes_to_is_not_copied(source: str, target: str) -> None:
    with pytest.raises(Unusable, match=r"^FROM: another process is writing to it$"):
        copy(source, target)


def test_what_is_not_there_is_not_copied(tmp_path: Path, target: str) -> None:
    with pytest.raises(Unusable, match=r"^FROM: there is no database "):
        copy(str(tmp_path / "nowhere.sqlite"), target)
    (tmp_path / "text").write_text("This is no database. " * 50)
    with pytest.raises(Unusable, match=r"^FROM: .* can not be read as a database"):
        copy(str(tmp_path / "text"), target)
    assert not Path(target).exists()
