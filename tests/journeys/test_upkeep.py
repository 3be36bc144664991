"""What an operator does with a whole database at the command line."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.journeys.server import derailed
from tests.store import filled


def test_a_database_is_brought_up_to_date_and_it_is_said_what_was_done(tmp_path: Path) -> None:
    settings = {"DERAILED_DATA_DIR": str(tmp_path / "data")}
    assert derailed("migrate", "--check", **settings).returncode == 1
    assert not (tmp_path / "data").exists()
    done = derailed("migrate", **settings)
    assert done.returncode == 0
    assert done.stdout.startswith("applied 0001_first.sql\n")
    again = derailed("migrate", "--check", **settings)
    assert (again.returncode, again.stdout) == (0, "The database is up to date.\n")


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


def test_a_copy_says_what_it_copied(tmp_path: Path) -> None:
    source = filled.fill(tmp_path / "from.sqlite")
    done = derailed("copy-data", str(source), str(tmp_path / "to.sqlite"))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "messages 4,000 rows" in [" ".join(line.split()[:3]) for line in lines]
    assert lines[-1].startswith("The copy is whole")
    assert "copying" in done.stderr
    assert filled.contents(str(tmp_path / "to.sqlite")) == filled.contents(str(source))


def test_what_can_not_be_copied_is_one_line_without_a_password(tmp_path: Path) -> None:
    source = filled.fill(tmp_path / "from.sqlite")
    nobody = "postgresql://ann:hunter2@127.0.0.1:1/chat"
    for pair in ((str(tmp_path / "none"), nobody), (str(source), nobody), (nobody, str(source)), (str(source), "x://")):
        ended = derailed("copy-data", *pair)
        assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
        assert "hunter2" not in ended.stderr
