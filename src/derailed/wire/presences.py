"""Presences on the wire: what clients say that they show (op 3, and in IDENTIFY), and what others are told.

Clients send much that others' libraries choke on, such as null sub-objects: an activity is rebuilt, never passed on.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

import msgspec
from msgspec import UNSET, Struct, UnsetType

from derailed.wire.reactions import EmojiShape
from derailed.wire.shapes import Id

ACTIVITIES_MAX: Final = 10
"""Of one session. What one user shows is told to everybody who shares a guild."""
TEXT_MAX: Final = 128
URL_MAX: Final = 512
_encode: Final = msgspec.json.Encoder().encode
_STREAMING: Final = 1
_CUSTOM: Final = 4
_TYPES: Final = range(6)

SessionStatus = Literal["online", "idle", "dnd", "invisible"]


class SentEmoji(Struct, frozen=True):
    """Of a custom status, as it is sent."""

    name: str | None = None
    id: int | str | None = None
    animated: bool | None = None


class SentTimestamps(Struct, frozen=True):
    """When an activity began and ends, Unix milliseconds."""

    start: float | str | None = None
    end: float | str | None = None


class SentActivity(Struct, frozen=True):
    """An activity as it is sent; what it holds beside this is not passed on."""

    name: str | None = None
    type: int | None = 0
    url: str | None = None
    state: str | None = None
    details: str | None = None
    emoji: SentEmoji | None = None
    timestamps: SentTimestamps | None = None


class SentPresence(Struct, frozen=True):
    """Op 3, and `presence` in IDENTIFY, where discord.py says null for online. hikari's one activity is its `game`."""

    status: SessionStatus | Literal["offline"] | None = None
    activities: list[SentActivity] | None = None
    game: SentActivity | None = None


class Shown(NamedTuple):
    """What one session shows: the status, and activities as JSON that can be spliced into an event."""

    status: SessionStatus
    activities: bytes


ONLINE: Final = Shown("online", b"[]")


class Timestamps(Struct, kw_only=True):
    """Unix milliseconds."""

    start: int | UnsetType = UNSET
    end: int | UnsetType = UNSET


class ActivityShape(Struct, kw_only=True):
    """What somebody does, or a custom status (`type` 4, in `state`)."""

    name: str
    type: int
    created_at: int
    url: str | UnsetType = UNSET
    state: str | UnsetType = UNSET
    details: str | UnsetType = UNSET
    emoji: EmojiShape | UnsetType = UNSET
    timestamps: Timestamps | UnsetType = UNSET


class ClientStatus(Struct, kw_only=True):
    """The status on each kind of client; only live ones have a key."""

    desktop: str | UnsetType = UNSET
    mobile: str | UnsetType = UNSET
    web: str | UnsetType = UNSET


class PresentUser(Struct):
    """Whose presence it is; everything else about them is known."""

    id: Id


class PresenceShape(Struct, kw_only=True):
    """How somebody looks to others."""

    user: PresentUser
    status: str
    activities: list[ActivityShape]
    client_status: ClientStatus


class PresenceUpdate(PresenceShape, kw_only=True):
    """PRESENCE_UPDATE."""

    guild_id: Id


def shown(sent: SentPresence, now_ms: int) -> Shown:
    """What a session shows from now on."""
    status: SessionStatus = "invisible" if sent.status == "offline" else sent.status or "online"
    activities = sent.activities or ([] if sent.game is None else [sent.game])
    kept = [shape for each in activities[:ACTIVITIES_MAX] if (shape := _activity(each, now_ms)) is not None]
    return Shown(status, _encode(kept) if kept else ONLINE.activities)


def _activity(sent: SentActivity, now_ms: int) -> ActivityShape | None:
    """The activity as others are told of it; None for one that says nothing."""
    kind = sent.type or 0
    emoji = _emoji(sent.emoji) if kind == _CUSTOM else UNSET
    state = _text(sent.state)
    if kind not in _TYPES or (kind == _CUSTOM and state is UNSET and emoji is UNSET):
        return None
    name = _text(sent.name)
    if name is UNSET:
        if kind != _CUSTOM:
            return None
        name = "Custom Status"
    return ActivityShape(
        name=name,
        type=kind,
        created_at=now_ms,
        url=_url(sent.url) if kind == _STREAMING else UNSET,
        state=state,
        details=_text(sent.details),
        emoji=emoji,
        timestamps=_timestamps(sent.timestamps),
    )


def _text(sent: str | None) -> str | UnsetType:
    return sent[:TEXT_MAX] if sent else UNSET


def _url(sent: str | None) -> str | UnsetType:
    return sent if sent and len(sent) <= URL_MAX and sent.startswith(("https://", "http://")) else UNSET


def _emoji(sent: SentEmoji | None) -> EmojiShape | UnsetType:
    if sent is None or not sent.name:
        return UNSET
    number = str(sent.id) if sent.id else ""
    if not (number.isascii() and number.isdigit()):
        return EmojiShape(sent.name[:TEXT_MAX])
    return EmojiShape(sent.name[:TEXT_MAX], number[:20], bool(sent.animated))


def _timestamps(sent: SentTimestamps | None) -> Timestamps | UnsetType:
    if sent is None:
        return UNSET
    start, end = _milliseconds(sent.start), _milliseconds(sent.end)
    return UNSET if start is UNSET and end is UNSET else Timestamps(start=start, end=end)


def _milliseconds(sent: float | str | None) -> int | UnsetType:
    try:
        value = int(float(sent)) if sent is not None else -1
    except (ValueError, OverflowError):
        return UNSET
    return value if 0 <= value < 1 << 53 else UNSET
