"""Servers on PostgreSQL, alone and by mistake not alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.people import Account, Guild, register
from tests.journeys.place import run
from tests.journeys.server import Server, derailed, until
from tests.journeys.sockets import Socket, arrive
from tests.servers import postgres
from tests.servers.postgres import Postgres

pytestmark = pytest.mark.slow

CLAIMS = "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory'"


@pytest.fixture
def url() -> Iterator[str]:
    """A database with nothing in it."""
    made = postgres.shared().database()
    yield made
    postgres.shared().drop(made)


def second(server: Server, url: str) -> tuple[int, str]:
    """How another server on the same database ends that has a bus of its own."""
    ended = derailed("up", DERAILED_DATA_DIR=f"{server.data}-2", DERAILED_HTTP_PORT="0", DERAILED_DATABASE_URL=url)
    return ended.returncode, ended.stderr


def test_a_second_server_with_a_bus_of_its_own_is_refused(tmp_path: Path, url: str) -> None:
    with Server(tmp_path / "data", DERAILED_DATABASE_URL=url) as server, register(server, "anna") as anna:
        code, error = second(server, url)
        assert (code, error.count("\n")) == (2, 1)
        assert error.startswith("derailed: DERAILED_BUS_URL: another server uses this database")
        Guild(anna)
        server.kill()
        server.start()
        assert anna.status("GET", "/users/@me") == 200


def test_a_server_that_lost_its_claim_to_another_stops(tmp_path: Path) -> None:
    with Postgres() as base:
        url = base.database()
        with Server(tmp_path / "data", DERAILED_DATABASE_URL=url) as server:
            server.pause()
            base.kill()
            base.start()
            with Server(tmp_path / "other", DERAILED_DATABASE_URL=url):
                server.go_on()
                assert server.wait() == 2
            assert "DERAILED_BUS_URL: another server uses this database" in server.log


def test_a_server_outlives_its_database(tmp_path: Path) -> None:
    with Postgres() as base:
        url = base.database()
        with Server(tmp_path / "data", DERAILED_DATABASE_URL=url) as server, register(server, "anna") as anna:
            guild = Guild(anna)
            said = anna.send(guild.general, "before")
            base.kill()
            until(lambda: anna.status("GET", "/users/@me/guilds") == 503, "the database is missed")
            base.start()
            until(lambda: anna.status("GET", "/users/@me/guilds") == 200, "the database is back")
            assert anna.call("GET", f"/channels/{guild.general}/messages")[0]["id"] == str(said)
            until(lambda: base.run(CLAIMS, url) == "1", "it has claimed the database again")
            assert second(server, url)[0] == 2


def test_the_password_of_the_database_is_never_shown(tmp_path: Path, url: str) -> None:
    assert ":secret@" in url
    with Server(tmp_path / "data", DERAILED_DATABASE_URL=url, DERAILED_LOG_LEVEL="debug") as server:
        listed = derailed("config", **server.settings, COLUMNS="300")
        assert "secret@" not in server.log + listed.stdout
        assert "derailed:***@127.0.0.1" in listed.stdout
    gone = derailed("up", DERAILED_DATA_DIR=str(tmp_path), DERAILED_DATABASE_URL=f"{url}_gone", DERAILED_HTTP_PORT="0")
    assert (gone.returncode, gone.stderr.count("\n")) == (2, 1)
    assert "secret@" not in gone.stderr


def test_no_server_starts_on_half_of_a_copy(tmp_path: Path, url: str) -> None:
    settings = {"DERAILED_DATABASE_URL": url, "DERAILED_DATA_DIR": str(tmp_path), "DERAILED_HTTP_PORT": "0"}
    derailed("migrate", **settings)
    postgres.shared().run("INSERT INTO migrations VALUES (0, 'somewhere', 0)", url)
    ended = derailed("up", **settings)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "half of a copy" in ended.stderr


def test_who_goes_back_to_the_same_database_is_resumed(tmp_path: Path, url: str) -> None:
    with Server(tmp_path / "data", DERAILED_DATABASE_URL=url) as server, register(server, "anna") as anna:
        guild = Guild(anna)
        session = asyncio.run(arrive(server, anna, guild))
        server.restart()
        run(_goes_on(server, anna, session))


async def _goes_on(server: Server, account: Account, session: tuple[str, int]) -> None:
    async with Socket(server) as socket:
        await socket.resume(account, *session)
        await socket.until("RESUMED")
