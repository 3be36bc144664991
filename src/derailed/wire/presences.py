"""Presences on the wire: what clients say that they show (op 3, and in IDENTIFY), and what others are told.

Clients send much that others' libraries choke on, such as null sub-objects: an activity is rebuilt, never passed on.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

import msgspec
from msgspec import UNSET, Struct, UnsetType

from derailed.wire.reactions import EmojiShape
from derailed.wire.shapes import Id
from derailed.wire.user_settings import CustomStatus, ends_ms

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
    has_custom: bool = False
    """Whether a custom status is among the activities."""
    unsaid: bool = False
    """The client said no status: it is what the account's settings say."""


class Custom(NamedTuple):
    """The custom status of an account's settings, which its sessions show beside their activities."""

    activity: bytes
    ends_ms: int
    """0: never."""


ONLINE: Final = Shown("online", b"[]", unsaid=True)


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


_activities: Final = msgspec.json.Decoder(list[ActivityShape]).decode


def shown(sent: SentPresence, now_ms: int) -> Shown:
    """What a session shows from now on."""
    status: SessionStatus = "invisible" if sent.status == "offline" else sent.status or "online"
    activities = sent.activities or ([] if sent.game is None else [sent.game])
    kept = [shape for each in activities[:ACTIVITIES_MAX] if (shape := _activity(each, now_ms)) is not None]
    return _showing(status, kept)._replace(unsaid=sent.status is None)


def custom(of: CustomStatus | None, now_ms: int) -> Custom | None:
    """As sessions show it; None for one that is not there, or over."""
    if of is None or 0 < ends_ms(of) <= now_ms:
        return None
    emoji = SentEmoji(of.emoji_name, of.emoji_id)
    shape = _activity(SentActivity(type=_CUSTOM, state=of.text, emoji=emoji), of.created_at_ms)
    return None if shape is None else Custom(_encode(shape), ends_ms(of))


def beside(shown: Shown, of: Custom | None) -> Shown:
    """The session with the custom status of its account, unless it says one itself."""
    if of is None or shown.has_custom:
        return shown
    between = b"," if len(shown.activities) > len(ONLINE.activities) else b""
    return shown._replace(activities=shown.activities[:-1] + between + of.activity + b"]", has_custom=True)


def picked(status: SessionStatus, activities: bytes, *, custom_too: bool) -> Shown:
    """What somebody was seen to show, with or without its custom status."""
    kept = [each for each in _activities(activities) if custom_too or each.type != _CUSTOM]
    return _showing(status, kept)


def _showing(status: SessionStatus, kept: list[ActivityShape]) -> Shown:
    has_custom = any(each.type == _CUSTOM for each in kept)
    return Shown(status, _encode(kept) if kept else ONLINE.activities, has_custom)


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
