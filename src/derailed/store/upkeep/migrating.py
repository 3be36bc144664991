"""What a database lacks to be up to date, and bringing it there. Servers may run meanwhile: it happens under a lock."""

from __future__ import annotations

from collections.abc import Callable

from derailed.store.migrate import Incompatible, load, pending
from derailed.store.upkeep import Database, Unusable, opening


async def missing(database: Database) -> list[str]:
    """The migrations that it lacks, by name. Raises Unusable."""
    applied: dict[int, str] = {}
    if "migrations" in await database.names():
        applied = {row[0]: row[1] for row in await database.fetch("SELECT number, checksum FROM migrations")}
    try:
        return [migration.name for migration in pending(load(), applied)]
    except Incompatible as error:
        raise Unusable(f"{database.role}: {error}") from None


async def look(role: str, location: str) -> list[str]:
    """The migrations that are missing there, by name; nothing is touched. Raises Unusable."""
    if not opening.exists(location):
        return [migration.name for migration in load()]
    database = await opening.open_database(role, location)
    try:
        return await missing(database)
    finally:
        await database.close()


async def migrate(role: str, location: str, clock: Callable[[], int]) -> list[str]:
    """Bring it up to date; the migrations that were missing. Raises Unusable."""
    names = await look(role, location)
    await opening.bring_up_to_date(role, location, clock)
    return names
