"""The database: whether it is there, fits, and keeps what it acknowledges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from derailed.doctor.checks import Check
from derailed.doctor.facts import Database, Facts

_POSTGRES: Final = (14,)
_SQLITE: Final = (3, 37)
_APART_S: Final = 2.0
"""Ids are made of time, and workers' clocks may differ by little: longer than any answer takes."""
_CONNECTIONS: Final = 6
"""A process keeps so many."""
_PROCESSES: Final = 4
"""The fewest of a split deployment that have some."""
_NOTHING: Final = Database()


def database_unreachable(facts: Facts) -> Iterator[str]:
    """The database can not be reached or opened."""
    if trouble := _seen(facts).trouble:
        yield trouble


def database_old(facts: Facts) -> Iterator[str]:
    """The database server is older than what Derailed is written for."""
    database = _seen(facts)
    needed, name = (_POSTGRES, "PostgreSQL") if database.is_postgres else (_SQLITE, "SQLite")
    if database.version < needed:
        yield f"{name} is version {_dotted(database.version)}, and {_dotted(needed)} is needed"


def database_behind(facts: Facts) -> Iterator[str]:
    """The database lacks migrations of this version."""
    if pending := _seen(facts).pending:
        yield f"{len(pending)} migrations are missing, from {pending[0]} on"


def database_incompatible(facts: Facts) -> Iterator[str]:
    """The database is of a newer version, half of a copy, or somebody else's."""
    if _seen(facts).incompatible:
        yield _seen(facts).incompatible


def database_rights(facts: Facts) -> Iterator[str]:
    """Its user may not make tables, which migrations do."""
    if not _seen(facts).may_create:
        yield "the user in DERAILED_DATABASE_URL may not create tables in its schema"


def database_connections(facts: Facts) -> Iterator[str]:
    """It takes fewer connections than processes keep."""
    database, needed = _seen(facts), _CONNECTIONS * (_PROCESSES if facts.is_split else 1)
    if database.is_postgres and database.connections < needed:
        yield f"PostgreSQL takes {database.connections} connections, and {needed} at least are needed"


def database_standby(facts: Facts) -> Iterator[str]:
    """It is a copy that can not be written to."""
    if _seen(facts).is_standby:
        yield "DERAILED_DATABASE_URL leads to a standby, which can not be written to"


def database_encoding(facts: Facts) -> Iterator[str]:
    """It can not hold every text."""
    if _seen(facts).encoding != "UTF8":
        yield f"the database's encoding is {_seen(facts).encoding}, which does not hold every text"


def database_forgets(facts: Facts) -> Iterator[str]:
    """It acknowledges what is not on the disk."""
    for setting in _seen(facts).not_synced:
        yield f"{setting}: what was acknowledged is lost with the machine"


def database_plain(facts: Facts) -> Iterator[str]:
    """What people write crosses the world unencrypted on its way to the database."""
    if not _seen(facts).is_private:
        yield "the connection to the database crosses the world without TLS"


def clock_database(facts: Facts) -> Iterator[str]:
    """This machine's clock and the database's differ."""
    if abs(_seen(facts).ahead_s) > _APART_S:
        yield f"the clock of the database is {_apart(_seen(facts).ahead_s)} that of this machine"


def _seen(facts: Facts) -> Database:
    return facts.database or _NOTHING


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _apart(ahead_s: float) -> str:
    return f"{abs(ahead_s):.0f} seconds {'ahead of' if ahead_s > 0 else 'behind'}"


CHECKS: Final = (
    Check(database_unreachable, "start it, and correct the address, the user or the password"),
    Check(database_old, "install a newer version; tests run on PostgreSQL 18"),
    Check(database_behind, "`derailed migrate`, or start this version of the server, which does it"),
    Check(database_incompatible, "install the version that it names, or finish the copy"),
    Check(database_rights, "GRANT CREATE ON SCHEMA public TO that user, or make it the owner"),
    Check(database_connections, "raise max_connections in postgresql.conf"),
    Check(database_standby, "set DERAILED_DATABASE_URL to the primary"),
    Check(database_encoding, "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0, and copy the data to it"),
    Check(database_forgets, "set it to on in postgresql.conf"),
    Check(database_plain, "add sslmode=verify-full to DERAILED_DATABASE_URL"),
    Check(clock_database, "let both machines follow NTP (timedatectl set-ntp true)"),
)
