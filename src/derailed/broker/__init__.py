"""Broker: a log of topics, on disk, with one dense sequence of offsets.

A topic is any byte string up to 512 bytes. It is never created and has no state of its own: an append is a blind
write, so idle topics cost disk for a while and nothing else. A record may have a `rev`, dense in its topic; the log
refuses a gap and knows a rev that it has already. Records are kept for a window and then trimmed, all topics at
one *horizon*. An *epoch* is a sequence that the log can vouch for: when it can not, it begins another.

`log` is the log. It knows no chat and no socket: `derailed.bus.embedded` makes a bus of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

MAX_TOPIC: Final = 512
"""Bytes of a topic's name: room for any id with a prefix, and a header stays small beside its payload."""

FIRST_OFFSET: Final = 2
"""Kept stable: below it there is room for "nothing yet" and for "not whole", which readers need."""


class Put(NamedTuple):
    """One record to be appended."""

    topic: bytes
    rev: int
    payload: bytes


Verb = Sequence[tuple[bytes, int, bytes]]
"""Records that are appended all or none: each a `Put`, or a plain tuple like one, which costs less to make."""


class Entry(NamedTuple):
    """One record as the log holds it."""

    offset: int
    topic: bytes
    rev: int
    time_ms: int
    payload: bytes
    begins: bool
    """It did not follow on what the topic had before: a history that goes across it is not whole."""


class Trimmed(Exception):
    """The history asked for is not whole any more."""


class LogInUse(Exception):
    """Another process has the log open."""


class LogFailed(Exception):
    """The disk refused. The log takes nothing more until it is opened again, which begins another epoch."""


class LogDamaged(Exception):
    """A file is not as it was written; says which, and what to do."""
