"""A record: what the log holds of one change to one topic. Layout kept stable: it is on disk.

    msgpack array [event, rev, id, time, guild, channel, author, mentions, target, data, stripped, cause]

Fields are added at the end, with a default: who is older reads past what it does not know, and what it wrote is read.
`data` is the event's `d` as JSON, encoded once by the publisher: a node only puts a frame's head before it.
Records that no client sees as they are (`INTERNAL`) carry what a node needs to act on them.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct


class Record(Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """`rev` is the topic's; `time` Unix milliseconds; ids are 0 where they have no meaning."""

    event: str
    rev: int = 0
    id: int = 0
    """The message, channel, role … that changed."""
    time: int = 0
    guild: int = 0
    channel: int = 0
    author: int = 0
    """Who caused it: a message's author, a reaction's user, who is typing."""
    mentions: tuple[int, ...] = ()
    """Users whom a message mentions: they get its content without MESSAGE_CONTENT."""
    target: int = 0
    """The user it is about: the member added, updated or removed."""
    data: bytes = b"{}"
    stripped: bytes | None = None
    """`data` for sessions without MESSAGE_CONTENT, where that makes a difference."""
    cause: str = ""
    """What made it happen, as `telemetry.CAUSE` has it; nothing where no request did."""


JOINED: Final = "joined"
"""In `user:{id}`: the account is now a member of `guild`. Sessions get its GUILD_CREATE."""
LEFT: Final = "left"
"""In `user:{id}`: it is not any more (left, was removed, or the guild is gone). Sessions get `data` as GUILD_DELETE."""
REVOKED: Final = "revoked"
"""In `user:{id}`: the token with id `id` no longer stands; 0 is every token. Its sockets close with 4004."""
INTERNAL: Final = frozenset({JOINED, LEFT, REVOKED})

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Record).decode


def encode(record: Record) -> bytes:
    """The bytes that outbox and log keep."""
    return _encode(record)


def decode(payload: bytes) -> Record:
    """The record again. Raises `msgspec.ValidationError` for bytes that `encode` did not make."""
    return _decode(payload)


def guild_topic(guild_id: int) -> str:
    """Everything that happens in a guild."""
    return f"guild:{guild_id}"


def channel_topic(channel_id: int) -> str:
    """A conversation. Nothing is published there: it is locked before the topics of those in it, and draws ids."""
    return f"channel:{channel_id}"


def user_topic(user_id: int) -> str:
    """Everything private to an account."""
    return f"user:{user_id}"
