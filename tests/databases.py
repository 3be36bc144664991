"""The database that a test of verbs or of the API runs on: SQLite in its folder, or a PostgreSQL database of its own.

What enters through `visit`, `opened` or `live`, or has a server, runs on each; `tests/conftest.py` sees to it. A folder
stands for a database of either kind: who opens it again finds what was there.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from derailed.store import Store
from derailed.store.postgres import PostgresStore
from derailed.store.sqlite import SqliteStore
from derailed.store.sqlite_connection import migrate
from tests.servers import postgres

KINDS: Final = ("sqlite", "postgres")
SPLIT: Final = "split"
ON_BROKER: Final = "split on the broker"
SPLITS: Final = (SPLIT, ON_BROKER)
"""Many processes on PostgreSQL: see `tests/journeys/split.py`."""

_kind = ContextVar("kind", default="sqlite")
_urls: dict[Path, str] = {}
_TEMPLATE: Final = "template_derailed"


def choose(kind: str) -> None:
    """Let what is opened from now on be of that kind."""
    assert kind in (*KINDS, *SPLITS)
    _kind.set("postgres" if kind in SPLITS else kind)


async def open_store(folder: Path, clock: Callable[[], int]) -> Store:
    """The database of a folder, made if there is none yet."""
    if _kind.get() == "sqlite":
        return open_sqlite(folder / "derailed.sqlite", clock)
    if folder not in _urls:
        _urls[folder] = await asyncio.to_thread(_fresh)
    return await PostgresStore.open(_urls[folder], clock)


def open_sqlite(file: Path, clock: Callable[[], int]) -> SqliteStore:
    """That file's database, made if there is none yet."""
    if not file.exists():
        file.write_bytes(_migrated())
    return SqliteStore.open(file, clock)


def location(folder: Path) -> str:
    """What an operator would write to find it."""
    return _urls[folder] if folder in _urls else str(folder / "derailed.sqlite")


def copy(folder: Path, to: Path) -> None:
    """Let `to` be as that folder is; nobody has it open."""
    shutil.copytree(folder, to, dirs_exist_ok=True)
    if _kind.get() == "postgres":
        _urls[to] = postgres.shared().database(_urls[folder].rpartition("/")[2])


def drop(folder: Path) -> None:
    """Remove the database of a folder, which its files do not hold."""
    if url := _urls.pop(folder, None):
        postgres.shared().drop(url)


@contextmanager
def settings() -> Iterator[dict[str, str]]:
    """What tells a server which database is its own, for as long as it lives."""
    if _kind.get() == "sqlite":
        yield {}
        return
    url = postgres.shared().database()
    yield {"DERAILED_DATABASE_URL": url}
    postgres.shared().drop(url)


@cache
def _migrated() -> bytes:
    """An empty database as a file: every migration takes longer than most tests."""
    with TemporaryDirectory() as folder:
        migrate(Path(folder) / "derailed.sqlite", 0)
        return (Path(folder) / "derailed.sqlite").read_bytes()


def _fresh() -> str:
    server = postgres.shared()
    if not server.run(f"SELECT 1 FROM pg_database WHERE datname = '{_TEMPLATE}'"):
        server.run(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
        asyncio.run(_migrate(server.url(_TEMPLATE)))
    return server.database(_TEMPLATE)


async def _migrate(url: str) -> None:
    await (await PostgresStore.open(url, lambda: 0)).close()
