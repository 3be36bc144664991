"""Emojis of guilds. They are read with their guild, as one shape: see `guilds`. The images are in `blobs`."""

from __future__ import annotations

import msgspec

from derailed.model.guild import Emoji
from derailed.store import Connection, Row

_OF_GUILD = "SELECT id, name, user_id, animated, roles FROM emojis WHERE guild_id = $1 ORDER BY id"
_FIND = "SELECT id, name, user_id, animated, roles, guild_id FROM emojis WHERE id = $1"
_INSERT = "INSERT INTO emojis (id, guild_id, name, user_id, animated, roles) VALUES ($1, $2, $3, $4, $5, $6)"

_encode = msgspec.json.Encoder().encode
_ids = msgspec.json.Decoder(tuple[int, ...]).decode


def from_row(row: Row) -> Emoji:
    """The emoji of a row of `emojis`, without its guild."""
    return Emoji(id=row[0], name=row[1], user_id=row[2], animated=bool(row[3]), roles=_ids(row[4]))


async def of_guild(tx: Connection, guild_id: int) -> list[Emoji]:
    """The guild's, oldest first."""
    return [from_row(row) for row in await tx.fetch(_OF_GUILD, guild_id)]


async def find(tx: Connection, emoji_id: int) -> tuple[int, Emoji] | None:
    """The emoji, and the guild that it belongs to."""
    row = await tx.fetchrow(_FIND, emoji_id)
    return None if row is None else (row[5], from_row(row))


async def insert(tx: Connection, guild_id: int, emoji: Emoji) -> None:
    """Add the emoji."""
    of = emoji
    await tx.execute(_INSERT, of.id, guild_id, of.name, of.user_id, int(of.animated), _encode(of.roles).decode())


async def update(tx: Connection, emoji: Emoji) -> None:
    """Write what can change of the emoji."""
    roles = _encode(emoji.roles).decode()
    await tx.execute("UPDATE emojis SET name = $2, roles = $3 WHERE id = $1", emoji.id, emoji.name, roles)


async def delete(tx: Connection, emoji_id: int) -> None:
    """Remove the emoji."""
    await tx.execute("DELETE FROM emojis WHERE id = $1", emoji_id)
