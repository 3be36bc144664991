"""What people have read: acknowledgements, and what they are told of where they stand."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from msgspec import UNSET, Meta, Struct, UnsetType

from derailed.wire import limits
from derailed.wire.events import encode
from derailed.wire.requests import Snowflake
from derailed.wire.rest import timestamp
from derailed.wire.shapes import Id, Timestamp

CHANNEL = 0
"""The kind of read state that there is here: others are Discord's features."""


class Ack(Struct, kw_only=True):
    """POST ack of a message. Clients send more, such as a count of their own: here the server counts."""

    manual: bool | None = None


class AckReply(Struct, frozen=True):
    """There is nothing to say."""

    token: None = None


class AckedChannel(Struct, kw_only=True):
    """One of many."""

    channel_id: Snowflake
    message_id: Snowflake
    read_state_type: int | None = CHANNEL


class BulkAck(Struct, kw_only=True):
    """POST /read-states/ack-bulk"""

    read_states: Annotated[list[AckedChannel], Meta(max_length=limits.ACKS)]


class ReadStateShape(Struct, kw_only=True):
    """Where somebody stands in a channel: it has unread messages when its last one is above `last_message_id`."""

    id: Id
    last_message_id: Id
    mention_count: int
    last_pin_timestamp: Timestamp


class MessageAck(Struct, kw_only=True):
    """MESSAGE_ACK: the channel is read up to there. `manual`: because it was marked so, maybe as unread."""

    channel_id: Id
    message_id: Id
    mention_count: int
    version: int
    manual: bool | UnsetType = UNSET


class PinsAck(Struct, kw_only=True):
    """CHANNEL_PINS_ACK: the channel's pins were looked at."""

    channel_id: Id
    timestamp: Timestamp
    version: int


class Versioned(Struct, kw_only=True):
    """A list as clients with that capability have it: the whole of it, at a version."""

    entries: list[Any]
    version: int
    partial: bool = False


class Standing(NamedTuple):
    """Where somebody stands in a channel. `last_pin_at` is Unix milliseconds."""

    channel_id: int
    position: int
    mentions: int
    last_pin_at: int = 0


def read_state(of: Standing) -> ReadStateShape:
    """An entry of READY's `read_state`."""
    return ReadStateShape(
        id=str(of.channel_id),
        last_message_id=str(of.position),
        mention_count=of.mentions,
        last_pin_timestamp=timestamp(of.last_pin_at),
    )


def message_ack(of: Standing, version: int, *, manual: bool) -> bytes:
    """MESSAGE_ACK."""
    return encode(
        MessageAck(
            channel_id=str(of.channel_id),
            message_id=str(of.position),
            mention_count=of.mentions,
            version=version,
            manual=manual or UNSET,
        )
    )


def pins_ack(channel_id: int, seen_at: int, version: int) -> bytes:
    """CHANNEL_PINS_ACK."""
    return encode(PinsAck(channel_id=str(channel_id), timestamp=timestamp(seen_at), version=version))
