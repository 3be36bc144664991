"""A webhook: an address that others send messages to a channel by, without an account."""

from __future__ import annotations

from msgspec import Struct


class Webhook(Struct, frozen=True, kw_only=True):
    """Whoever knows `token` may speak by it. `user_id` is who made it."""

    id: int
    guild_id: int
    channel_id: int
    user_id: int | None
    name: str
    avatar: str | None
    token: str
