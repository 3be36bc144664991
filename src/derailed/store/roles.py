"""Roles of guilds. They are read with their guild, as one shape: see `guilds`."""

from __future__ import annotations

from derailed.model.guild import Role
from derailed.store import Connection

_INSERT = """
INSERT INTO roles
    (id, guild_id, name, permissions, position, color, hoist, mentionable, managed, bot_id, flags, unicode_emoji)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
_UPDATE = """
UPDATE roles SET name = $2, permissions = $3, position = $4, color = $5, hoist = $6, mentionable = $7,
    unicode_emoji = $8
WHERE id = $1
"""


async def insert(tx: Connection, guild_id: int, role: Role) -> None:
    """Add the role."""
    looks = (role.color, int(role.hoist), int(role.mentionable))
    values = (role.name, role.permissions, role.position, *looks, int(role.managed))
    await tx.execute(_INSERT, role.id, guild_id, *values, role.bot_id, role.flags, role.unicode_emoji)


async def update(tx: Connection, role: Role) -> None:
    """Write what can change of the role."""
    looks = (role.color, int(role.hoist), int(role.mentionable), role.unicode_emoji)
    await tx.execute(_UPDATE, role.id, role.name, role.permissions, role.position, *looks)


async def delete(tx: Connection, role_id: int) -> None:
    """Remove the role; members and overwrites that name it are written by whoever deletes it."""
    await tx.execute("DELETE FROM roles WHERE id = $1", role_id)
