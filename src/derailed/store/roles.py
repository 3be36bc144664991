"""Roles of guilds. They are read with their guild, as one shape: see `guilds`."""

from __future__ import annotations

from derailed.model.guild import Role
from derailed.store import Connection

_INSERT = """
INSERT INTO roles
    (id, guild_id, name, permissions, position, color, secondary_color, tertiary_color, hoist, mentionable, icon,
     unicode_emoji, managed, bot_id, flags)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
"""
_UPDATE = """
UPDATE roles SET name = $2, permissions = $3, position = $4, color = $5, secondary_color = $6, tertiary_color = $7,
    hoist = $8, mentionable = $9, icon = $10, unicode_emoji = $11
WHERE id = $1
"""


def _changeable(of: Role) -> tuple[object, ...]:
    colors = (of.color, of.secondary_color, of.tertiary_color)
    looks = (int(of.hoist), int(of.mentionable), of.icon, of.unicode_emoji)
    return (of.name, of.permissions, of.position, *colors, *looks)


async def insert(tx: Connection, guild_id: int, role: Role) -> None:
    """Add the role."""
    await tx.execute(_INSERT, role.id, guild_id, *_changeable(role), int(role.managed), role.bot_id, role.flags)


async def update(tx: Connection, role: Role) -> None:
    """Write what can change of the role."""
    await tx.execute(_UPDATE, role.id, *_changeable(role))


async def delete(tx: Connection, role_id: int) -> None:
    """Remove the role; members and overwrites that name it are written by whoever deletes it."""
    await tx.execute("DELETE FROM roles WHERE id = $1", role_id)
