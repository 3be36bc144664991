"""Who: an account (a person or a bot), and the actor that a request or a socket speaks for."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

DELETED: Final = "deleted_user_"
"""What the names of accounts begin with that were deleted. Kept stable."""


class User(Struct, frozen=True, kw_only=True):
    """An account as others see it."""

    id: int
    username: str
    global_name: str | None = None
    avatar: str | None = None
    banner: str | None = None
    bot: bool = False
    flags: int = 0

    @property
    def deleted(self) -> bool:
        """Whether nobody is behind it any more: its name says so, and nobody can call themselves that."""
        return self.username.startswith(DELETED)


class Profile(Struct, frozen=True, kw_only=True):
    """What an account says of itself to those who know it."""

    bio: str = ""
    pronouns: str = ""
    accent_color: int | None = None


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
