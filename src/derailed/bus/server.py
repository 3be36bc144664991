"""What a server must do for the bus to live on it: keep the log, answer for it, and push what is new.

`redis_server` speaks to a Redis-protocol server, `broker_server` to our broker.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from derailed.bus import Entry, Put
from derailed.bus.resp import Push

SLICE: Final = 500
"""Records of a topic's history that one call reads: the server does little else meanwhile."""

Heard = tuple[bytes, int, int, bytes, bytes]
"""A record that was pushed: the topic's key, offset (0: it is not kept), rev, payload, and the end of the epoch's name
where the push says it."""


class Place(NamedTuple):
    """Where a log is: its epoch, its last offset, and the offset above which that epoch began, if that is known."""

    epoch: str
    head: int
    began: int = 1


class Histories(NamedTuple):
    """At most a slice of each topic that was asked for, in order, up to `head`; None where it can not be whole."""

    epoch: str
    head: int
    found: Sequence[list[Entry] | None]


class Line(Protocol):
    """One connection to such a server. Everything raises Lost and Refused."""

    @property
    def is_open(self) -> bool:
        """Whether anything can be asked."""
        ...

    def close(self) -> None:
        """End it."""
        ...

    def listen(self, topics: Sequence[str]) -> None:
        """Have these topics' records pushed from now on. What is asked behind it is answered when they are."""
        ...

    def leave(self, topics: Sequence[str]) -> None:
        """And no more."""
        ...

    async def place(self) -> Place:
        """Where the log is; answered behind all that was pushed up to there."""
        ...

    async def history(self, after: Mapping[str, int], upto: int | None) -> Histories:
        """What there is of each topic above its offset, up to and with `upto`; without it, up to the head."""
        ...

    async def append(
        self, epoch: str | None, verbs: Sequence[Sequence[Put]], *, start: bool
    ) -> tuple[str, list[tuple[int, ...] | None] | None]:
        """See `Bus.append`; the epoch, and None when another one was expected."""
        ...

    async def publish(self, topic: str, payload: bytes) -> None:
        """See `Bus.publish`."""
        ...


class Server(Protocol):
    """How to reach one, and how to read what it pushes."""

    async def connect(self, on_pushes: Callable[[list[Push]], None], on_lost: Callable[[], None]) -> Line:
        """A line to it. Raises BusDown, also for a server that will not do."""
        ...

    def key_of(self, topic: str) -> bytes:
        """What the topic is called in a push."""
        ...

    def heard(self, push: Push) -> Heard | None:
        """The record that was pushed, if it is one."""
        ...

    def goes_on(self, old: str, cursor: int, place: Place) -> int:
        """Above which offset to hear on, of one who heard up to `cursor` in epoch `old` and finds himself there."""
        ...
