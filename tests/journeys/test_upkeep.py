"""What an operator does with a whole database at the command line."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.journeys.people import Account, Guild, register
from tests.journeys.place import run
from tests.journeys.server import Server, derailed, until
from tests.journeys.sockets import Socket, arrive
from tests.servers import postgres
from tests.store import filled

MANY = 20_000


def test_a_database_is_brought_up_to_date_and_it_is_said_what_was_done(tmp_path: Path) -> None:
    settings = {"DERAILED_DATA_DIR": str(tmp_path / "data")}
    assert derailed("migrate", "--check", **settings).returncode == 1
    assert not (tmp_path / "data").exists()
    done = derailed("migrate", **settings)
    assert done.returncode == 0
    assert done.stdout.startswith("applied 0001_first.sql\n")
    again = derailed("migrate", "--check", **settings)
    assert (again.returncode, again.stdout) == (0, "The database is up to date.\n")


@pytest.mark.slow
def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    settings = {"DERAILED_DATA_DIR": str(tmp_path)}
    derailed("migrate", **settings)
    with closing(sqlite3.connect(tmp_path / "derailed.sqlite")) as db:
        db.execute("INSERT INTO migrations VALUES (9999, 'of a time to come', 0)")
        db.commit()
    for options in ([], ["--check"]):
        ended = derailed("migrate", *options, **settings)
        assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
        assert "a newer version" in ended.stderr


@pytest.mark.slow
def test_a_copy_says_what_it_copied(tmp_path: Path) -> None:
    source = filled.fill(tmp_path / "from.sqlite")
    done = derailed("copy-data", str(source), str(tmp_path / "to.sqlite"))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "messages 4,000 rows" in [" ".join(line.split()[:3]) for line in lines]
    assert lines[-1].startswith("The copy is whole")
    assert "copying" in done.stderr
    assert filled.contents(str(tmp_path / "to.sqlite")) == filled.contents(str(source))


@pytest.mark.slow
def test_what_can_not_be_copied_is_one_line_without_a_password(tmp_path: Path) -> None:
    source = filled.fill(tmp_path / "from.sqlite")
    nobody = "postgresql://ann:hunter2@127.0.0.1:1/chat"
    for pair in ((str(tmp_path / "none"), nobody), (str(source), nobody), (nobody, str(source)), (str(source), "x://")):
        ended = derailed("copy-data", *pair)
        assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
        assert "hunter2" not in ended.stderr


@pytest.fixture
def url() -> Iterator[str]:
    """A database with nothing in it."""
    made = postgres.shared().database()
    yield made
    postgres.shared().drop(made)


def test_an_instance_moves_to_postgresql(tmp_path: Path, url: str) -> None:
    with Server(tmp_path / "data") as server, register(server, "anna") as anna:
        guild = Guild(anna)
        said = anna.send(guild.general, "before")
        session = asyncio.run(arrive(server, anna, guild))
        refused = derailed("copy-data", str(tmp_path / "data" / "derailed.sqlite"), url)
        assert (refused.returncode, refused.stderr.startswith("derailed: FROM: a server uses it")) == (2, True)
        assert server.terminate() == 0

        _fill_channel(tmp_path / "data" / "derailed.sqlite", guild.general, said)
        assert derailed("copy-data", str(tmp_path / "data" / "derailed.sqlite"), url).returncode == 0
        before = _rev(url, guild.id)

        server.settings["DERAILED_DATABASE_URL"] = url
        server.start()
        assert anna.call("GET", f"/channels/{guild.general}/messages?around={said}&limit=1")[0]["content"] == "before"
        run(_starts_afresh(server, anna, session, guild))
        assert _rev(url, guild.id) == before + 1
        until(lambda: postgres.shared().run("SELECT COUNT(*) FROM outbox", url) == "0", "all is published")


async def _starts_afresh(server: Server, account: Account, session: tuple[str, int], guild: Guild) -> None:
    """The log of the database that was left vouches for nothing here."""
    async with Socket(server) as socket:
        await socket.resume(account, *session)
        assert (await socket.op(9))["d"] is False
    async with Socket(server) as socket:
        await socket.identify(account)
        await socket.whole(account, guild.general)


def _fill_channel(file: Path, channel_id: int, like: int) -> None:
    """Many messages like that one, older than it."""
    columns = "channel_id, id, author_id, body"
    with closing(sqlite3.connect(file)) as db:
        row = db.execute("SELECT author_id, body FROM messages WHERE channel_id = ? AND id = ?", (channel_id, like))
        author, body = row.fetchone()
        rows = ((channel_id, like - number, author, body) for number in range(1, MANY))
        db.executemany(f"INSERT INTO messages ({columns}) VALUES (?, ?, ?, ?)", rows)
        db.commit()


def _rev(url: str, guild_id: int) -> int:
    return int(postgres.shared().run(f"SELECT rev FROM topics WHERE topic = 'guild:{guild_id}'", url))
