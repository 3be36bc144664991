"""Asks the database about itself. Nothing is changed, and one that is not there yet is nothing to look at."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Final

from derailed.doctor.facts import Database
from derailed.settings import Settings
from derailed.store import Row, upkeep
from derailed.store.upkeep import Unusable, migrating, opening

_ABOUT: Final = """
    SELECT current_setting('server_version_num')::int, pg_encoding_to_char(encoding),
        has_schema_privilege(coalesce(current_schema(), 'public'), 'CREATE'),
        current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
        pg_is_in_recovery(), extract(epoch from clock_timestamp())::float8, host(inet_server_addr()),
        coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false)
    FROM pg_database WHERE datname = current_database()
"""
_SYNCS: Final = """
    SELECT name || ' = ' || setting FROM pg_settings
    WHERE name IN ('fsync', 'full_page_writes') AND setting <> 'on' ORDER BY name
"""
_HUNDREDTH: Final = 10_000
"""PostgreSQL says 180006 for 18.6."""


async def look(settings: Settings, clock: Callable[[], float]) -> Database | None:
    """Ask it."""
    if not opening.exists(settings.database):
        return None
    role = "DERAILED_DATABASE_URL" if settings.database_url else "DERAILED_DATA_DIR"
    try:
        database = await opening.open_database(role, settings.database)
    except Unusable as error:
        return Database(trouble=str(error))
    try:
        pending, incompatible = await _migrations(database)
        if not opening.is_postgres(settings.database):
            return Database(version=sqlite3.sqlite_version_info, pending=pending, incompatible=incompatible)
        before = clock()
        (about,) = await database.fetch(_ABOUT)
        middle = (before + clock()) / 2
        return _postgres(about, middle, await database.fetch(_SYNCS), pending, incompatible)
    except (Unusable, sqlite3.Error) as error:
        return Database(trouble=f"{role}: {upkeep.reason(error)}")
    finally:
        await database.close()


async def _migrations(database: upkeep.Database) -> tuple[tuple[str, ...], str]:
    """Those that are missing in a database of ours, and why none can be applied."""
    if "migrations" not in await database.names():
        return (), ""  # it is new: the first server makes everything
    try:
        return tuple(await migrating.missing(database)), ""
    except Unusable as error:
        return (), str(error)


def _postgres(
    about: Row, now_s: float, not_synced: Sequence[Row], pending: tuple[str, ...], incompatible: str
) -> Database:
    version, encoding, may_create, connections, is_standby, their_s, address, is_encrypted = about
    return Database(
        is_postgres=True,
        version=(version // _HUNDREDTH, version % _HUNDREDTH),
        pending=pending,
        incompatible=incompatible,
        ahead_s=their_s - now_s,
        encoding=encoding,
        may_create=may_create,
        connections=connections,
        is_standby=is_standby,
        not_synced=tuple(setting for (setting,) in not_synced),
        is_private=is_encrypted or address is None or not ip_address(address).is_global,
    )
