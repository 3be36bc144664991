"""What a new release does to the database leaves the old one working: it only adds, and locks nothing that is large."""

from __future__ import annotations

import re

import pytest

from derailed.store.migrate import Migration, load

FORWARD = {
    "a table": r"CREATE (FULL TEXT )?TABLE (?P<made>\w+)( ?\(|$)",
    "a column that may be empty, or whose value is a constant": (
        r"ALTER TABLE \w+ ADD COLUMN \w+ \w+(?! NOT NULL(?! DEFAULT))( NOT NULL DEFAULT ('[^']*'|\d+))?$"
    ),
    "an index": r"CREATE (UNIQUE )?INDEX \w+ ON (?P<on>\w+) ",
}
LOCKED = {"0003_visitors.sql": {"members"}, "0006_known_by.sql": {"relationships"}}
"""Indexes on tables that were there before, from before this rule: whoever writes to these waits while one is made."""


def statements(sql: str) -> list[str]:
    """Each on a line, without what is said about it."""
    bare = re.sub(r"--[^\n]*", "", sql)
    return [" ".join(each.split()) for each in bare.split(";") if each.strip()]


def complaints(migration: Migration) -> list[str]:
    """What an old process, or somebody who waits for a lock, would not forgive."""
    made: set[str] = set(LOCKED.get(migration.name, ()))
    found = []
    for statement in statements(migration.sql):
        kinds = [match for form in FORWARD.values() if (match := re.match(form, statement))]
        if not kinds:
            found.append(f"does more than add: {statement}")
            continue
        said = kinds[0].groupdict()
        if "made" in said:
            made.add(said["made"])
        if "on" in said and said["on"] not in made:
            found.append(f"locks a table that is in use: {statement}")
    return found


@pytest.mark.parametrize("migration", load()[1:], ids=lambda migration: migration.name)
def test_a_migration_only_adds(migration: Migration) -> None:
    assert complaints(migration) == []


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE users",
        "ALTER TABLE users DROP COLUMN banner",
        "ALTER TABLE users RENAME COLUMN banner TO flag",
        "ALTER TABLE users ADD COLUMN age BIGINT NOT NULL",
        "ALTER TABLE users ALTER COLUMN banner SET NOT NULL",
        "UPDATE users SET banner = ''",
        "CREATE INDEX users_by_name ON users (username)",
    ],
)
def test_what_would_stop_an_old_process_is_noticed(sql: str) -> None:
    assert complaints(Migration(99, "0099_next.sql", sql))
