"""Applications: what people register to have a bot."""

from __future__ import annotations

from derailed.model.user import Application
from derailed.store import Connection, Row

_SELECT = "SELECT id, owner_id, name, description, icon, flags FROM applications "
_INSERT = "INSERT INTO applications (id, owner_id, name, description, flags) VALUES ($1, $2, $3, $4, $5)"
_UPDATE = "UPDATE applications SET name = $2, description = $3, icon = $4 WHERE id = $1"


def _from_row(row: Row) -> Application:
    return Application(id=row[0], owner_id=row[1], name=row[2], description=row[3], icon=row[4], flags=row[5])


async def get(tx: Connection, application_id: int) -> Application | None:
    """The application with this id, which is also its bot's."""
    row = await tx.fetchrow(_SELECT + "WHERE id = $1", application_id)
    return None if row is None else _from_row(row)


async def of_owner(tx: Connection, owner_id: int) -> list[Application]:
    """The applications that a person has, oldest first."""
    rows = await tx.fetch(_SELECT + "WHERE owner_id = $1 ORDER BY id", owner_id)
    return [_from_row(row) for row in rows]


async def insert(tx: Connection, application: Application) -> None:
    """Add it."""
    of = application
    await tx.execute(_INSERT, of.id, of.owner_id, of.name, of.description, of.flags)


async def update(tx: Connection, application: Application) -> None:
    """Write what its owner may change."""
    await tx.execute(_UPDATE, application.id, application.name, application.description, application.icon)
