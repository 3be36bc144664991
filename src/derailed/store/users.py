"""Accounts, people's and bots'."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from derailed.model.user import User
from derailed.store import Connection, Row

_GET = "SELECT id, username, global_name, avatar, bot, flags, banner FROM users WHERE id = $1"
_CREDENTIALS = "SELECT id, username, global_name, avatar, bot, flags, banner, email, password FROM users WHERE "
_INSERT = """
INSERT INTO users (id, username, username_key, global_name, bot, password) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (username_key) DO NOTHING
"""

_OWN = ("profiles", "notes", "user_settings", "guild_settings", "operators")
"""Tables of what only the account itself sees, or shows of itself; each has few rows of one."""
_MUCH_OWN = tuple(
    f"DELETE FROM {table} WHERE {whose} = $1 AND ({key}) IN (SELECT {key} FROM {table} WHERE {whose} = $1 LIMIT $2)"
    for table, whose, key in (
        ("read_states", "user_id", "guild_id, channel_id"),
        ("spoken", "user_id", "guild_id, channel_id, message_id"),
        ("dismissed_mentions", "user_id", "message_id"),
        ("mentions", "target_id", "guild_id, channel_id, message_id"),
    )
)
"""Tables that may have a hundred thousand: a row for each channel of many guilds, or for each mention."""


class Credentials(NamedTuple):
    """An account with what only itself may see or never leaves the house."""

    user: User
    email: str | None
    password: str | None
    """An argon2id hash; None for bots."""


def name_key(username: str) -> str:
    """Under which a name is unique."""
    return username.casefold()


def from_row(row: Row) -> User:
    """The user of a row that begins with id, username, global_name, avatar, bot, flags, banner."""
    return User(
        id=row[0],
        username=row[1],
        global_name=row[2],
        avatar=row[3],
        bot=bool(row[4]),
        flags=row[5],
        banner=row[6],
    )


async def get(tx: Connection, user_id: int) -> User | None:
    """The account with this id."""
    row = await tx.fetchrow(_GET, user_id)
    return None if row is None else from_row(row)


async def many(tx: Connection, user_ids: Iterable[int]) -> dict[int, User]:
    """Those of the accounts that exist: a seek each, because they are few and the statement stays prepared."""
    found = {}
    for user_id in user_ids:
        user = await get(tx, user_id)
        if user is not None:
            found[user_id] = user
    return found


async def credentials(tx: Connection, user_id: int) -> Credentials | None:
    """The account with its secrets."""
    row = await tx.fetchrow(_CREDENTIALS + "id = $1", user_id)
    return None if row is None else Credentials(from_row(row), *row[7:])


async def credentials_of_name(tx: Connection, username: str) -> Credentials | None:
    """The account of that name with its secrets."""
    row = await tx.fetchrow(_CREDENTIALS + "username_key = $1", name_key(username))
    return None if row is None else Credentials(from_row(row), *row[7:])


async def insert(tx: Connection, user: User, password: str | None) -> bool:
    """Add the account; False when its name is taken."""
    values = (user.id, user.username, name_key(user.username), user.global_name, int(user.bot), password)
    return await tx.execute(_INSERT, *values) == 1


async def update(tx: Connection, user: User) -> None:
    """Write what the account shows of itself. Its name must be free, see `name_is_taken`."""
    await tx.execute(
        "UPDATE users SET username = $2, username_key = $3, global_name = $4, avatar = $5, banner = $6 WHERE id = $1",
        user.id,
        user.username,
        name_key(user.username),
        user.global_name,
        user.avatar,
        user.banner,
    )


async def name_is_taken(tx: Connection, username: str, by_other_than: int) -> bool:
    """Whether another account has that name."""
    sql = "SELECT 1 FROM users WHERE username_key = $1 AND id <> $2"
    return await tx.fetchrow(sql, name_key(username), by_other_than) is not None


async def set_password(tx: Connection, user_id: int, password: str) -> None:
    """Keep a new password hash."""
    await tx.execute("UPDATE users SET password = $2 WHERE id = $1", user_id, password)


async def set_email(tx: Connection, user_id: int, email: str | None) -> None:
    """Keep another address, or none."""
    await tx.execute("UPDATE users SET email = $2 WHERE id = $1", user_id, email)


async def forget_some(tx: Connection, user_id: int, limit: int) -> int:
    """Remove some of what there may be much of that was the account's own; how much it was."""
    for sql in _MUCH_OWN:
        removed = await tx.execute(sql, user_id, limit)
        if removed:
            return removed
    return 0


async def close(tx: Connection, user_id: int) -> None:
    """Nobody can log in to it any more, and what was only its own is gone."""
    await tx.execute("UPDATE users SET email = NULL, password = NULL WHERE id = $1", user_id)
    for table in _OWN:
        await tx.execute(f"DELETE FROM {table} WHERE user_id = $1", user_id)
