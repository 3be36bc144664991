"""What is said to a library's process and back. Pure; `driver.lua` is the other side.

    request  length u32 | kind | body          answer  length u32 | status | faults u16 | text (length u8) | body

    L  name | source                           functions: 1 accept, 2 deliver
    C  connection u32 | (slot u32 | attributes)…
    R  connection u32 | slot u32…              all of it, without slots
    A  attributes | message…                   a bit a message
    D  connection u32 | first u32 | last u32 | message…    for each message a bit a slot, padded to bytes

    attributes  count u8 | (name | kind s n t f | value)…
    message     topic u16 | id u8 | time 6 bytes | count u16 | payload u32 | topic | id | payload
                | (name u16 | value u32 | name | value)…    the numbers are lengths, and how many fields there are

Numbers are big-endian, bits begin with the lowest. The process writes 1 after its start where system calls are
forbidden to it, else 0.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from derailed.broker.filters import MAX_ATTRIBUTES, MAX_MESSAGE, MAX_VALUE, Attributes, FilterError, Message, Value

DECISIONS: Final = 8_192
"""Of one request: what takes longer than the watchdog allows is then 2 µs a decision, not a large connection."""
MESSAGES: Final = 256
"""Of one request."""
_SPLIT_BYTES: Final = MAX_MESSAGE
MAX_ANSWER: Final = 64 << 10
"""Bytes. No request can ask for more: the process that sends it is not to be trusted any more."""
_EXACT: Final = 1 << 53
"""Numbers are doubles in Lua. A whole one above this would be another one there."""
_MAX_NAME: Final = 255
_MAX_FIELDS: Final = 1_024

_u16 = struct.Struct(">H")
_u32 = struct.Struct(">I")
_answer = struct.Struct(">BHB")
_message = struct.Struct(">HBHIHI")
_field = struct.Struct(">HI")
_deliver = struct.Struct(">cIII")
_place = re.compile(r"[^\n:]+:(\d+): ")


class Answer(NamedTuple):
    """What a process said to one request."""

    refused: bool
    faults: int
    text: str
    body: bytes


def length(request: bytes) -> bytes:
    """What stands before it."""
    return _u32.pack(len(request))


def split(received: bytearray) -> Iterator[bytes]:
    """Take the whole frames out of what was received. Raises ValueError at one that is too long."""
    while len(received) >= _u32.size:
        (size,) = _u32.unpack_from(received)
        if not 0 < size <= MAX_ANSWER:
            raise ValueError("an answer of that length")
        if len(received) < _u32.size + size:
            return
        yield bytes(received[_u32.size : _u32.size + size])
        del received[: _u32.size + size]


def answer(frame: bytes) -> Answer:
    """Raises ValueError when it is none."""
    if len(frame) < _answer.size:
        raise ValueError("not an answer")
    status, faults, length = _answer.unpack_from(frame)
    end = _answer.size + length
    text = _printable(frame[_answer.size : end]) if length else ""
    return Answer(status != 0, faults, text, frame[end:])


def _printable(text: bytes) -> str:
    return "".join(each if each.isprintable() else "?" for each in text.decode("utf-8", "replace"))


def complaint(text: str) -> FilterError:
    """An error of Lua, `name:3: it went wrong`, as ours."""
    found = _place.match(text)
    return FilterError(text[found.end() :], int(found[1])) if found else FilterError(text)


def load(name: str, source: bytes) -> bytes:
    return b"L" + _short(name.encode()) + source


def come(connection: int, clients: Iterable[tuple[int, bytes]]) -> bytes:
    """`clients` are slots and `attributes`."""
    slots = (part for slot, encoded in clients for part in (_u32.pack(slot), encoded))
    return b"C" + _u32.pack(connection) + b"".join(slots)


def gone(connection: int, slots: Iterable[int] = ()) -> bytes:
    return b"R" + _u32.pack(connection) + b"".join(map(_u32.pack, slots))


def accept(publisher: bytes, messages: Sequence[bytes]) -> bytes:
    return b"A" + publisher + b"".join(messages)


def deliver(connection: int, first: int, last: int, messages: Sequence[bytes]) -> bytes:
    return _deliver.pack(b"D", connection, first, last) + b"".join(messages)


def attributes(values: Attributes) -> bytes:
    """Raises FilterError at what can not be an attribute."""
    if len(values) > MAX_ATTRIBUTES:
        raise FilterError(f"at most {MAX_ATTRIBUTES} attributes")
    return bytes([len(values)]) + b"".join(_attribute(name, value) for name, value in values.items())


def message(what: Message) -> bytes | None:
    """None when it is too large to be judged."""
    topic, record_id, time_ms, fields, payload = what
    if len(topic) > 0xFFFF or len(record_id) > _MAX_NAME or len(fields) > _MAX_FIELDS or len(payload) > MAX_MESSAGE:
        return None
    when = time_ms >> 32, time_ms & 0xFFFFFFFF
    parts = [_message.pack(len(topic), len(record_id), *when, len(fields), len(payload)), topic, record_id, payload]
    for name, value in fields:
        if len(name) > 0xFFFF or len(value) > MAX_MESSAGE:
            return None
        parts += (_field.pack(len(name), len(value)), name, value)
    encoded = b"".join(parts)
    return encoded if len(encoded) <= MAX_MESSAGE else None


def groups(messages: Sequence[bytes], most: int) -> Iterator[Sequence[bytes]]:
    """As many at a time as one request takes: at most `most`, and not too many bytes."""
    first, size = 0, 0
    for index, encoded in enumerate(messages):
        if index > first and (index - first >= most or size + len(encoded) > _SPLIT_BYTES):
            yield messages[first:index]
            first, size = index, 0
        size += len(encoded)
    if first < len(messages):
        yield messages[first:]


def _short(name: bytes) -> bytes:
    return bytes([len(name)]) + name


def _attribute(name: str, value: Value) -> bytes:
    key = name.encode()
    if not 0 < len(key) <= _MAX_NAME:
        raise FilterError(f"the name of an attribute has 1 to {_MAX_NAME} bytes")
    if isinstance(value, bool):
        return _short(key) + (b"t" if value else b"f")
    if isinstance(value, int | float):
        if isinstance(value, int) and abs(value) > _EXACT:
            raise FilterError(f"{name} is a number above 2^53, which Lua can not hold: give it as a string")
        return _short(key) + b"n" + _short(repr(value).encode())
    text = value.encode() if isinstance(value, str) else value
    if len(text) > MAX_VALUE:
        raise FilterError(f"{name} is longer than {MAX_VALUE} bytes")
    return _short(key) + b"s" + _u16.pack(len(text)) + text
