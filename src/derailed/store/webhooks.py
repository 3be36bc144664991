"""Webhooks. They go with their channel."""

from __future__ import annotations

from derailed.model.webhook import Webhook
from derailed.store import Connection, Row

_COLUMNS = "id, guild_id, channel_id, user_id, name, avatar, token"
_GET = f"SELECT {_COLUMNS} FROM webhooks WHERE id = $1"
_OF_CHANNEL = f"SELECT {_COLUMNS} FROM webhooks WHERE channel_id = $1 ORDER BY id"
_OF_GUILD = f"SELECT {_COLUMNS} FROM webhooks WHERE guild_id = $1 ORDER BY id"
_INSERT = f"INSERT INTO webhooks ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)"
_UPDATE = "UPDATE webhooks SET channel_id = $2, name = $3, avatar = $4 WHERE id = $1"


async def get(tx: Connection, webhook_id: int) -> Webhook | None:
    """The webhook."""
    row = await tx.fetchrow(_GET, webhook_id)
    return None if row is None else _from_row(row)


async def of_channel(tx: Connection, channel_id: int) -> list[Webhook]:
    """Those that speak in the channel, oldest first."""
    return [_from_row(row) for row in await tx.fetch(_OF_CHANNEL, channel_id)]


async def of_guild(tx: Connection, guild_id: int) -> list[Webhook]:
    """Those of the guild, oldest first."""
    return [_from_row(row) for row in await tx.fetch(_OF_GUILD, guild_id)]


async def insert(tx: Connection, webhook: Webhook) -> None:
    """Add the webhook."""
    of = webhook
    await tx.execute(_INSERT, of.id, of.guild_id, of.channel_id, of.user_id, of.name, of.avatar, of.token)


async def update(tx: Connection, webhook: Webhook) -> None:
    """Write what can change of the webhook."""
    await tx.execute(_UPDATE, webhook.id, webhook.channel_id, webhook.name, webhook.avatar)


async def delete(tx: Connection, webhook_id: int) -> None:
    """Remove the webhook. What it said stays."""
    await tx.execute("DELETE FROM webhooks WHERE id = $1", webhook_id)


def _from_row(row: Row) -> Webhook:
    return Webhook(
        id=row[0],
        guild_id=row[1],
        channel_id=row[2],
        user_id=row[3],
        name=row[4],
        avatar=row[5],
        token=row[6],
    )
