"""What READY tells a person of themselves and of those they know; bots have none of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, Raw, Struct, UnsetType

from derailed.actions.sessions import AccountSnapshot
from derailed.gateway.recipient import Recipient
from derailed.presence import Presence
from derailed.wire import relationships, rest
from derailed.wire.presences import beside
from derailed.wire.relationships import RelationshipShape
from derailed.wire.shapes import UserShape
from derailed.wire.user_settings import UserSettings


class _ClientInfo(Struct, kw_only=True):
    client: str
    os: str = "other"
    version: int = 0


class _OwnSession(Struct, kw_only=True):
    session_id: str
    status: str
    activities: Raw
    client_info: _ClientInfo
    active: bool = True


class _Auth(Struct):
    authenticator_types: list[int] = []


class PersonalReady(Struct, kw_only=True):
    """The part of READY. `presences` are of friends; those of guilds are with the guilds."""

    relationships: list[RelationshipShape] = []
    presences: list[Raw] = []
    user_settings: UserSettings | dict[str, Any] = {}
    users: list[UserShape] | UnsetType = UNSET
    sessions: list[_OwnSession] | UnsetType = UNSET
    session_type: str | UnsetType = UNSET
    auth_session_id_hash: str | UnsetType = UNSET
    """Which of the account's logins it is."""
    auth: _Auth | UnsetType = UNSET


def personal(
    recipient: Recipient, account: AccountSnapshot, friends: Sequence[Presence], session_id: str
) -> dict[str, Any]:
    """Its fields, by name."""
    if account.user.bot:
        return {}
    shown = beside(recipient.shown, recipient.custom)
    own = _OwnSession(
        session_id=session_id,
        status=shown.status,
        activities=Raw(shown.activities),
        client_info=_ClientInfo(client=recipient.client),
    )
    return {
        "relationships": [relationships.shape(each) for each in account.relationships],
        "presences": [Raw(presence.json()) for presence in friends],
        "user_settings": account.settings,
        "users": [rest.user(each.user) for each in account.relationships],
        "sessions": [own],
        "session_type": "normal",
        "auth_session_id_hash": account.login,
        "auth": _Auth(),
    }
