"""Every command: its name, how many parts it has, and what does it. `docs/wire/broker.md` says how each differs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from derailed.broker.server.connection import Connection

Handler = Callable[["Connection", list[bytes]], None]


class Command(NamedTuple):
    """One command. `parts` is as in Redis: its own name counts, and a negative number is the least."""

    name: str
    parts: int
    handler: Handler
    summary: str
