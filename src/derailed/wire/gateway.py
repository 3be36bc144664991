"""The Gateway's wire: opcodes, close codes, intents, and the frames that clients send.

Numbers kept stable: they are Discord's.
"""

from __future__ import annotations

import enum
from typing import Final

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from derailed.wire.presences import SentPresence

FRAME_BYTES_MAX: Final = 4096
"""Of a client's frame: libraries keep to it, and what is longer is an attack (4002)."""
FRAMES_PER_MINUTE: Final = 120
"""Of one connection; the libraries stop themselves at 110 to 120 (4008)."""
HEARTBEAT_INTERVAL_MS: Final = 41_250
SILENCE_MAX_S: Final = 62
"""One and a half heartbeats: one may be late, two are a dead client (4009)."""
LARGE_THRESHOLD: Final = (50, 250)
"""Members above which a guild is sent without those offline."""
MEMBERS_SENT_MAX: Final = 75_000
"""Members above which a guild is sent with nobody but oneself: the rest are asked for."""
PRESENCES_SHOWN: Final = 5
PRESENCES_SHOWN_S: Final = 20
"""Op 3 so often in so many seconds; what comes beyond is dropped."""
LISTS_MAX: Final = 20
"""Member lists that one session follows. One more, and the oldest is followed no longer."""
REQUESTS_WAITING: Final = 10
"""Requests for members of one session that wait for those before them; one more is told RATE_LIMITED."""
SEQUENCE_MAX: Final = (1 << 31) - 1
"""Typed libraries read `s` as a signed 32-bit integer."""
CHUNK_MEMBERS: Final = 1000
ASKED_USERS: Final = 100
NONCE_BYTES: Final = 32
ID_MAX: Final = (1 << 63) - 1


class Op(enum.IntEnum):
    """What a frame is."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE_UPDATE = 3
    VOICE_STATE_UPDATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_GUILD_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11
    GUILD_SUBSCRIPTIONS = 14


IGNORED_OPS: Final = frozenset({4, 31, 37, 43})
"""Voice, and what only Discord's own client asks for."""


class Close(enum.IntEnum):
    """Why we close a socket. 4001, 4003, 4004, 4005 and 4010–4014 end some library for good: never for load."""

    GOING_AWAY = 1001
    UNKNOWN_ERROR = 4000
    UNKNOWN_OPCODE = 4001
    DECODE_ERROR = 4002
    NOT_AUTHENTICATED = 4003
    AUTHENTICATION_FAILED = 4004
    ALREADY_AUTHENTICATED = 4005
    RATE_LIMITED = 4008
    SESSION_TIMED_OUT = 4009
    INVALID_SHARD = 4010
    INVALID_VERSION = 4012
    INVALID_INTENTS = 4013


class Intent(enum.IntFlag):
    """What a bot asks to hear."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_MODERATION = 1 << 2
    GUILD_EXPRESSIONS = 1 << 3
    GUILD_INTEGRATIONS = 1 << 4
    GUILD_WEBHOOKS = 1 << 5
    GUILD_INVITES = 1 << 6
    GUILD_VOICE_STATES = 1 << 7
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15
    GUILD_SCHEDULED_EVENTS = 1 << 16
    AUTO_MODERATION_CONFIGURATION = 1 << 20
    AUTO_MODERATION_EXECUTION = 1 << 21
    GUILD_MESSAGE_POLLS = 1 << 24
    DIRECT_MESSAGE_POLLS = 1 << 25


ALL_INTENTS: Final = sum(Intent)


class Capability(enum.IntFlag):
    """What a person's client can read, where there is an older form. Others of Discord's bits mean nothing here."""

    VERSIONED_READ_STATES = 1 << 2
    VERSIONED_GUILD_SETTINGS = 1 << 3


class Envelope(Struct, frozen=True):
    """Any frame of a client: `d` is read when `op` is known."""

    op: int
    d: Raw = Raw(b"null")


class Properties(Struct, frozen=True):
    """What a client says of itself. Only what tells a telephone is looked at, and nothing is wrong."""

    os: object = None
    browser: object = None


class Identify(Struct, frozen=True):
    """Op 2. People's clients send no intents: they get everything."""

    token: str
    intents: int | UnsetType = UNSET
    large_threshold: int = LARGE_THRESHOLD[0]
    shard: list[int] | None = None
    properties: Properties | None = None
    presence: SentPresence | None = None
    capabilities: int | None = 0


class Resume(Struct, frozen=True):
    """Op 6."""

    token: str
    session_id: str
    seq: int


class RequestMembers(Struct, frozen=True):
    """Op 8. Libraries send ids as numbers, strings, or arrays of either."""

    guild_id: int | str | list[int | str]
    query: str | None = None
    user_ids: int | str | list[int | str] | None = None
    limit: int = 0
    presences: bool | None = False
    nonce: str | None = None


class Subscribe(Struct, frozen=True):
    """Op 14: ranges of rows, both ends included, of the member lists of a guild's channels."""

    guild_id: int | str
    channels: dict[str, list[tuple[int, int]]] | None = None


envelope: Final = msgspec.json.Decoder(Envelope).decode
