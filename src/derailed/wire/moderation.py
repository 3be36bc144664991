"""Bans and prunes on the wire: what is asked, what is answered, what is told."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

from derailed.model.user import User
from derailed.wire import rest
from derailed.wire.requests import Snowflake
from derailed.wire.shapes import Id, UserShape

_encode = msgspec.json.Encoder().encode


class CreateBan(Struct, kw_only=True):
    """PUT /guilds/{id}/bans/{id}; some libraries say the same in the query."""

    delete_message_seconds: int | None = None
    delete_message_days: int | None = None


class CreateBans(Struct, kw_only=True):
    """POST /guilds/{id}/bulk-ban"""

    user_ids: list[Snowflake]
    delete_message_seconds: int | None = None


class BeginPrune(Struct, kw_only=True):
    """POST /guilds/{id}/prune. Some libraries write everything as they would in a query: "7", "true", "1, 2"."""

    days: Snowflake | None = None
    compute_prune_count: bool | Literal["true", "false"] | None = None
    include_roles: list[Snowflake] | str | None = None


class BanShape(Struct, kw_only=True):
    """A ban."""

    reason: str | None
    user: UserShape


class BannedShape(Struct, kw_only=True):
    """Who was banned at once, and who could not be."""

    banned_users: list[Id]
    failed_users: list[Id]


class PrunedShape(Struct, kw_only=True):
    """How many members a prune removes; null when nobody asked for the count."""

    pruned: int | None


class _BanEvent(Struct, kw_only=True):
    guild_id: Id
    user: UserShape


def ban(user: User, reason: str | None) -> BanShape:
    """The ban."""
    return BanShape(reason=reason, user=rest.user(user))


def ban_event(guild_id: int, account: User) -> bytes:
    """`d` of GUILD_BAN_ADD and GUILD_BAN_REMOVE."""
    return _encode(_BanEvent(guild_id=str(guild_id), user=rest.user(account)))
