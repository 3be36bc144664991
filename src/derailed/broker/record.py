"""One record as the log stores it. Layout kept stable: it is on disk.

    key    hash16(topic) | offset u64
    value  flags u8 | length of topic u16 | rev u64 | time u64 | topic | payload

Numbers are big-endian, so the records of one topic lie together, in the order of their offsets. Two topics may
share a hash: the name in the value tells them apart.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from derailed.broker import Entry

PREFIX_BYTES: Final = 16
_BEGINS: Final = 1

_offset = struct.Struct(">Q")
_header = struct.Struct(">BHQQ")
_name = struct.Struct(">xH")
_fresh_hash = blake2b(digest_size=PREFIX_BYTES).copy
"""A copy costs half of what making one does."""
_pack_offset, _pack_header = _offset.pack, _header.pack


def prefix(topic: bytes) -> bytes:
    """What the keys of all the topic's records begin with."""
    hashed = _fresh_hash()
    hashed.update(topic)
    return hashed.digest()


def key(topic_prefix: bytes, offset: int) -> bytes:
    """Where the topic's record with this offset is."""
    return topic_prefix + _offset.pack(offset)


def value(topic: bytes, rev: int, time_ms: int, payload: bytes, begins: bool) -> bytes:
    """The record's bytes."""
    return _header.pack(_BEGINS if begins else 0, len(topic), rev, time_ms) + topic + payload


def blind(topic: bytes, offset: int, time_ms: int, payload: bytes) -> tuple[bytes, bytes]:
    """Key and value of a record without a rev: what the three above make, in one go, a million times a minute."""
    hashed = _fresh_hash()
    hashed.update(topic)
    return hashed.digest() + _pack_offset(offset), _pack_header(0, len(topic), 0, time_ms) + topic + payload


def blind_many(
    found: dict[bytes, bytes], topics: Sequence[bytes], payloads: Sequence[bytes], first: int, time_ms: int
) -> int:
    """Add what `blind` makes of each, from the offset `first` on; how many bytes their values have."""
    lengths = list(map(len, topics))
    headers = {length: _pack_header(0, length, 0, time_ms) for length in set(lengths)}
    values = list(map(b"".join, zip(map(headers.__getitem__, lengths), topics, payloads, strict=True)))
    keys = []
    for topic, offset in zip(topics, map(_pack_offset, range(first, first + len(topics))), strict=True):
        hashed = _fresh_hash()
        hashed.update(topic)
        keys.append(hashed.digest() + offset)
    found.update(zip(keys, values, strict=True))
    return sum(map(len, values))


def entry(stored_key: bytes, stored: bytes, topic: bytes) -> Entry | None:
    """The record again, or None when it belongs to another topic of the same hash."""
    (length,) = _name.unpack_from(stored)
    end = _header.size + length
    if stored[_header.size : end] != topic:
        return None
    flags, _, rev, time_ms = _header.unpack_from(stored)
    (offset,) = _offset.unpack_from(stored_key, PREFIX_BYTES)
    return Entry(offset, topic, rev, time_ms, stored[end:], bool(flags & _BEGINS))
