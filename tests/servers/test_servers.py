"""The servers that tests start: there when asked for, killed when told to, and gone afterwards."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from tests.journeys.server import until
from tests.servers import postgres
from tests.servers.postgres import Postgres
from tests.servers.valkey import Valkey

_HOLDER = "from tests.servers.valkey import Valkey; print(Valkey().__enter__().pid, flush=True); input()"


def test_each_database_is_fresh() -> None:
    server = postgres.shared()
    one, other = server.database(), server.database()
    server.run("CREATE TABLE t (n INT)", one)
    assert server.run("SELECT count(*) FROM pg_tables WHERE tablename = 't'", other) == "0"
    for url in (one, other):
        server.drop(url)


@pytest.mark.slow
def test_a_killed_postgres_keeps_what_it_acknowledged() -> None:
    with Postgres() as server:
        url = server.database()
        server.run("CREATE TABLE t (n INT); INSERT INTO t VALUES (7)", url)
        server.kill()
        server.start()
        assert server.run("SELECT n FROM t", url) == "7"


def test_a_killed_valkey_keeps_what_it_was_to_keep_and_may_lose_it() -> None:
    with Valkey(keeps=True) as server, redis.Redis(port=server.port, decode_responses=True) as client:
        client.set("a", "1")
        server.restart()
        assert client.get("a") == "1"
        server.lose_everything()
        assert client.get("a") is None


def test_a_server_ends_with_tests_that_were_killed() -> None:
    holder = subprocess.Popen([sys.executable, "-c", _HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    running = Path(f"/proc/{holder.stdout.readline().strip()}")
    assert running.exists()
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    until(lambda: not running.exists(), "the server is gone")
