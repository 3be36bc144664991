"""What goes out: replies and pushes in the Redis protocol, versions 2 and 3. Pure.

A record's fields are kept as they are sent, an array of bulk strings, so that nothing is encoded again when it is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from derailed.broker import Entry

Value = None | bool | int | float | str | bytes | Sequence["Value"] | Mapping[str, "Value"]

OK: Final = b"+OK\r\n"
NO_ARRAY: Final = {2: b"*-1\r\n", 3: b"_\r\n"}
_NOTHING: Final = {2: b"$-1\r\n", 3: b"_\r\n"}
_LINE_ENDS: Final = str.maketrans("\r\n", "  ")


def bulk(data: bytes) -> bytes:
    """Any bytes."""
    return b"$%d\r\n%b\r\n" % (len(data), data)


def error(text: str) -> bytes:
    """A refusal. The text may hold what the client sent, so its line ends go."""
    return b"-%b\r\n" % text.translate(_LINE_ENDS).encode()


def array(items: Sequence[bytes]) -> bytes:
    """Of what is encoded already."""
    return b"*%d\r\n%b" % (len(items), b"".join(items))


def encode(value: Value, version: int) -> bytes:
    """A value of Python's; a mapping is a flat array to those who speak version 2."""
    match value:
        case None:
            return _NOTHING[version]
        case bool():
            return (b"#t\r\n" if value else b"#f\r\n") if version == 3 else b":%d\r\n" % value
        case int():
            return b":%d\r\n" % value
        case float():
            return bulk(repr(value).encode())
        case bytes():
            return bulk(value)
        case str():
            return bulk(value.encode())
        case Mapping():
            items = [encode(each, version) for pair in value.items() for each in pair]
            head = b"%%%d\r\n" % len(value) if version == 3 else b"*%d\r\n" % len(items)
            return head + b"".join(items)
        case _:
            return array([encode(each, version) for each in value])


def fields(pairs: Sequence[bytes]) -> bytes:
    """A record's fields and values, as it is kept and sent."""
    if len(pairs) == 2:
        name, value = pairs
        return b"*2\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(name), name, len(value), value)
    return array([bulk(each) for each in pairs])


def record_id(offset: int, rev: int) -> bytes:
    """Where a record is: its offset, and its rev, or 0 when it has none."""
    return bulk(b"%d-%d" % (offset, rev))


def ids(first: int, count: int) -> bytes:
    """Where so many records are that were appended one after the other, each as `record_id` has it."""
    end = first + count
    digits = len(str(first))
    if len(str(end - 1)) != digits:
        return b"".join([record_id(offset, 0) for offset in range(first, end)])
    return b"$%d\r\n%%d-0\r\n" % (digits + 2) * count % tuple(range(first, end))


def entry(found: Entry) -> bytes:
    """One record of a range."""
    return b"*2\r\n%b%b" % (record_id(found.offset, found.rev), found.payload)


def entries(found: Iterable[Entry]) -> bytes:
    """The records of a range."""
    return array([entry(each) for each in found])


def push(*parts: bytes) -> bytes:
    """What nobody asked for just now, to those who speak version 3; of encoded parts."""
    return b">%d\r\n%b" % (len(parts), b"".join(parts))


def older(frame: bytes) -> bytes:
    """The push for those who speak version 2."""
    return b"*" + frame[1:]


def delivery(topic: bytes, offset: int, rev: int, payload: bytes) -> bytes:
    """One record, pushed."""
    place = b"%d-%d" % (offset, rev)
    return b">4\r\n$8\r\nxmessage\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n%b" % (len(topic), topic, len(place), place, payload)


_ONLY: Final = b"*2\r\n$1\r\nr\r\n"


def only_value(payload: bytes) -> bytes:
    """The one value of a record that XAPPEND made; all the fields of another."""
    return payload.removeprefix(_ONLY)
