"""Filters: strangers' Lua that says which messages are taken in, and which client gets which.

A library is loaded into a namespace by name. `accept(message, publisher)` is asked before an append, and
`deliver(message, client)` before a send, for all logical clients of a connection in one call. Each library runs in a
process of its own that can reach nothing (`child`, `sandbox.lua`); one that takes too long, too much or dies is ended
and started again with what it knew. Whatever does not answer `true` says no.

`libraries` is the front, `worker` keeps one library answering, `process` holds one process, `frames` what is said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

Value = bytes | str | int | float | bool
Attributes = Mapping[str, Value]
"""What a filter knows of a publisher or a client: flat, and set by whoever serves it."""

MAX_SOURCE: Final = 256 << 10
"""Bytes of a library: a long list of words is 64 KiB."""
MAX_LIBRARIES: Final = 64
"""In all namespaces. Each is a process of some 13 MiB."""
MAX_CLIENTS: Final = 65_536
"""Of one connection: what fits into the memory of the process that keeps their attributes."""
MAX_ATTRIBUTES: Final = 32
"""Of one client."""
MAX_VALUE: Final = 1_024
"""Bytes of one attribute."""
MAX_MESSAGE: Final = 1 << 20
"""Bytes of a message that can be judged. A longer one is not."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")


class Message(NamedTuple):
    """What is judged. `id` is empty before the append."""

    topic: bytes
    id: bytes
    time_ms: int
    fields: Sequence[tuple[bytes, bytes]]
    payload: bytes = b""


class FilterError(Exception):
    """A library can not be loaded, or not be used as asked. `line` is where in its source, if anywhere."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason if line is None else f"line {line}: {reason}")
        self.reason = reason
        self.line = line


class Standing(NamedTuple):
    """How a library is doing."""

    namespace: str
    name: str
    source: bytes
    functions: tuple[str, ...]
    errors: int
    """Calls that ended in an error of the library."""
    ends: int
    """Processes that had to be ended, or ended themselves."""
    last_fault: str
    paused: bool
    """It kept failing and is given a rest: until then it says no to all."""


def checked_name(name: str) -> str:
    """A name that can be a file and stand in an answer."""
    if not _NAME.fullmatch(name):
        raise FilterError("a name is 1 to 64 letters, digits and _ . -, and begins with a letter or _")
    return name


def checked_source(source: bytes) -> bytes:
    """Text of a bearable length. That it is Lua is for the process to find."""
    if len(source) > MAX_SOURCE:
        raise FilterError(f"a library has at most {MAX_SOURCE} bytes")
    return source
