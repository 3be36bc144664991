"""What the log writes down about itself, beside the records. Layout kept stable: it is on disk.

    "identity"        [epoch, boot, closed, began]   at open and at close
    "head"            [offset, bytes]                with every append
    "bucket" | u32    [first, opened, bytes]         with the first append to a bucket

Values are msgpack arrays. `bytes` counts all that was ever appended, so that two marks tell the size between them.
"""

from __future__ import annotations

import struct
from typing import Final

import msgspec
from msgspec import Struct

IDENTITY: Final = b"identity"
HEAD: Final = b"head"
BUCKET: Final = b"bucket"

_number = struct.Struct(">I")


class Identity(Struct, frozen=True, array_like=True):
    """Whose sequence this is, and whether it was put to rest or may have lost its end."""

    epoch: str
    boot: str
    closed: bool
    began: int = 1
    """The offset above which its records are."""


class Head(Struct, frozen=True, array_like=True):
    """The last offset given out."""

    offset: int
    bytes: int


class Opened(Struct, frozen=True, array_like=True):
    """Where a bucket begins."""

    first: int
    opened_ms: int
    bytes: int


encode = msgspec.msgpack.Encoder().encode
identity = msgspec.msgpack.Decoder(Identity).decode
head = msgspec.msgpack.Decoder(Head).decode
opened = msgspec.msgpack.Decoder(Opened).decode


def bucket_key(number: int) -> bytes:
    """Where the mark of a bucket is."""
    return BUCKET + _number.pack(number)
