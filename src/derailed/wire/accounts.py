"""What people ask of their accounts beyond name and password: profile, notes, sessions, and their end."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from derailed.wire import limits
from derailed.wire.requests import text
from derailed.wire.shapes import Id, MemberShape, Timestamp, UserShape

NOTE_UPDATED: Final = "USER_NOTE_UPDATE"
PROFILE_UPDATED: Final = "USER_PROFILE_UPDATE"


class EditProfile(Struct, kw_only=True):
    """PATCH /users/@me/profile: an absent key stays as it is."""

    bio: Annotated[str, text(0, limits.BIO)] | UnsetType | None = UNSET
    pronouns: Annotated[str, text(0, limits.PRONOUNS)] | UnsetType | None = UNSET
    accent_color: int | UnsetType | None = UNSET


class UserProfileShape(Struct, kw_only=True):
    """What somebody says of themselves."""

    bio: str
    pronouns: str
    accent_color: int | None


class KnownUser(UserShape, kw_only=True):
    """An account with what it says of itself."""

    bio: str


class MutualGuild(Struct, kw_only=True):
    """A guild in which both are, and what the other is called there."""

    id: Id
    nick: str | None


class ProfileShape(Struct, kw_only=True):
    """An account as those see it who know it. What was not asked for is left out."""

    user: KnownUser
    user_profile: UserProfileShape
    connected_accounts: list[None] = []
    badges: list[None] = []
    premium_type: int = 0
    premium_since: None = None
    premium_guild_since: None = None
    mutual_guilds: list[MutualGuild] | UnsetType = UNSET
    mutual_friends: list[UserShape] | UnsetType = UNSET
    mutual_friends_count: int | UnsetType = UNSET
    guild_member: MemberShape | UnsetType = UNSET


class EditNote(Struct, kw_only=True):
    """PUT /users/@me/notes/{id}: an empty one is taken away."""

    note: Annotated[str, text(0, limits.NOTE)] | None = None


class NoteShape(Struct, kw_only=True):
    """What one has written down about somebody."""

    note: str
    note_user_id: Id
    user_id: Id


class NoteUpdate(Struct):
    """`d` of USER_NOTE_UPDATE: to all sessions of the one who wrote it."""

    id: Id
    note: str


class ClientInfo(Struct):
    """What a session's client said of itself. Where it is nobody keeps."""

    os: str | None
    platform: str | None
    location: None = None


class UserSession(Struct, kw_only=True):
    """A login that stands."""

    id_hash: str
    approx_last_used_time: Timestamp
    client_info: ClientInfo


class SessionsShape(Struct):
    """One's logins, the one that was used last first."""

    user_sessions: list[UserSession]


class EndSessions(Struct, kw_only=True):
    """POST /auth/sessions/logout"""

    session_id_hashes: Annotated[list[str], Meta(max_length=limits.SESSIONS_ENDED)] = []


class DeleteAccount(Struct, kw_only=True):
    """POST /users/@me/delete"""

    password: str = ""


encode: Final = msgspec.json.Encoder().encode
