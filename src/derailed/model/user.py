"""Who: an account (a person or a bot), and the actor that a request or a socket speaks for."""

from __future__ import annotations

from msgspec import Struct


class User(Struct, frozen=True, kw_only=True):
    """An account as others see it."""

    id: int
    username: str
    global_name: str | None = None
    avatar: str | None = None
    banner: str | None = None
    bot: bool = False
    flags: int = 0
    deleted: bool = False


class Actor(Struct, frozen=True):
    """On whose behalf something is asked: an account, the token that proved it, and why, for the audit log."""

    user_id: int
    token_id: int
    bot: bool
    reason: str | None = None


class Application(Struct, frozen=True, kw_only=True):
    """What a person registers to have a bot. Its bot account has the same id."""

    id: int
    owner_id: int
    name: str
    description: str = ""
    icon: str | None = None
    flags: int = 0
