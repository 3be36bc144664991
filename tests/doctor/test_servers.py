"""What is wrong with the servers that Derailed stands on is found: real ones, told wrong things."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from derailed.store.postgres import PostgresStore
from tests.doctor.seeds import found, found_by
from tests.journeys.server import until
from tests.servers import postgres, valkey
from tests.servers.broker import Broker
from tests.servers.valkey import Valkey

QUICK = {"database-forgets"}
"""The tests' own PostgreSQL does not wait for the disk, and that is found."""


@pytest.fixture
def url() -> Iterator[str]:
    """A database that was brought up to date."""
    made = postgres.shared().database()
    asyncio.run(_open(made))
    yield made
    postgres.shared().drop(made)


async def _open(url: str) -> None:
    await (await PostgresStore.open(url, lambda: 0)).close()


def test_a_database_is_found_to_forget_and_nothing_else(tmp_path: Path, url: str) -> None:
    assert found(tmp_path, database_url=url) == QUICK


def test_a_clock_that_is_behind_the_databases_is_found(tmp_path: Path, url: str) -> None:
    assert found_by(lambda: time.time() - 60, tmp_path, database_url=url) == QUICK | {"clock-database"}


def test_migrations_that_a_database_lacks_are_found(tmp_path: Path, url: str) -> None:
    postgres.shared().run("DELETE FROM migrations WHERE number > 1", url)
    assert found(tmp_path, database_url=url) == QUICK | {"database-behind"}


def test_a_database_that_does_not_hold_every_text_is_found(tmp_path: Path) -> None:
    server = postgres.shared()
    server.run("CREATE DATABASE of_bytes TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'")
    assert found(tmp_path, database_url=server.url("of_bytes")) == QUICK | {"database-encoding"}
    server.drop(server.url("of_bytes"))


def test_a_user_who_may_make_no_tables_is_found(tmp_path: Path, url: str) -> None:
    server = postgres.shared()
    server.run(
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE ROLE guest LOGIN; GRANT SELECT ON migrations TO guest", url
    )
    as_guest = url.replace("//", "//guest@", 1) if "@" not in url else url.replace(url[13 : url.index("@")], "guest", 1)
    assert found(tmp_path, database_url=as_guest) == QUICK | {"database-rights"}
    server.run("DROP OWNED BY guest; DROP ROLE guest", url)


def test_a_database_that_is_not_there_is_found(tmp_path: Path) -> None:
    assert found(tmp_path, database_url=postgres.shared().url("nowhere")) == {"database-unreachable"}


def test_a_clock_that_is_ahead_of_the_buss_is_found(tmp_path: Path) -> None:
    seen = found_by(lambda: time.time() + 60, tmp_path, bus_url=valkey.shared().url, limits_url=valkey.shared().url)
    assert seen == {"clock-bus", "presence-alone"}


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    """One that may be told wrong things."""
    with Valkey() as running:
        yield running


@pytest.mark.parametrize(
    ("wrong", "right", "name"),
    [
        ("CONFIG SET maxmemory-policy allkeys-lru", "CONFIG SET maxmemory-policy noeviction", "bus-evicts"),
        ("CONFIG SET maxmemory 10mb", "CONFIG SET maxmemory 0", "bus-memory"),
        ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", "bus-replica"),
        ("CONFIG SET requirepass a-long-random-one", "CONFIG SET requirepass ''", "bus-unreachable"),
    ],
)
def test_a_bus_that_is_told_wrong_things_is_found(
    tmp_path: Path, server: Valkey, wrong: str, right: str, name: str
) -> None:
    with redis.Redis(port=server.port) as client:
        client.execute_command(*wrong.split(" "))
        assert found(tmp_path, bus_url=server.url) == {"presence-alone", name}
        client.execute_command(*right.replace("''", "").split(" "))
        assert found(tmp_path, bus_url=server.url) == {"presence-alone"}


def test_a_bus_that_can_not_save_is_found(tmp_path: Path) -> None:
    with Valkey() as server, redis.Redis(port=server.port) as client:
        shutil.rmtree(server.folder / "data")
        client.bgsave()
        until(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err", "saving has failed")
        assert found(tmp_path, bus_url=server.url) == {"presence-alone", "bus-save-failed"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("namespace", "expected"),
    [
        ('level = "disk"\nwindow = "5m"', set()),
        ('level = "memory"\nwindow = "5m"', {"bus-level"}),
        ('level = "disk"\nwindow = "1m"', {"bus-window"}),
    ],
)
def test_a_namespace_of_the_broker_that_does_not_fit_is_found(
    tmp_path: Path, namespace: str, expected: set[str]
) -> None:
    with Broker(f"[namespaces.chat]\n{namespace}\n[limits]\nfree = 0\n") as broker:
        assert found(tmp_path, bus_url=broker.url) == {"presence-alone"} | expected
