"""Bus: "this happened", in order, to every node that wants to know, with a memory of the last minutes.

One sequence of offsets per epoch. Revs of a topic are dense, so nothing can be lost or doubled unseen:
a verb's records are appended all or none, a rev that is there already is not appended twice, and a rev
that leaves a gap is refused (`None` below: the publisher is *behind* and drains the topic from the outbox).
When the bus can not vouch for its past it says so with another `epoch`, and everyone starts afresh.

`embedded` is the broker's log in this process. `tests/contracts/test_bus.py` holds every implementation to this.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol


class Put(NamedTuple):
    """One record of a verb, to be appended."""

    topic: str
    rev: int
    payload: bytes


class Appended(NamedTuple):
    """What `append` made durable. `offsets[i]` are those of verb i's records, in order; None: behind, not appended."""

    epoch: str
    offsets: Sequence[tuple[int, ...] | None]


class Entry(NamedTuple):
    """One record as the log holds it."""

    offset: int
    topic: str
    rev: int
    payload: bytes


class Ephemeral(NamedTuple):
    """A record that is delivered to whoever listens now, and not kept."""

    topic: str
    payload: bytes


class Gap(NamedTuple):
    """What followed in this topic can not be had any more: whoever relied on it starts afresh."""

    topic: str


class NewEpoch(NamedTuple):
    """The bus can not vouch for anything before: offsets, revs seen and views are void."""

    epoch: str


Signal = Entry | Ephemeral | Gap | NewEpoch


class History(NamedTuple):
    """`entries` are all of the topic's after the asked offset, up to `head`, in order."""

    epoch: str
    head: int
    entries: Sequence[Entry]


class Trimmed(Exception):
    """The history asked for is not whole any more."""


class BusDown(Exception):
    """The bus can not be reached now. Whoever asked waits and asks again."""


class Bus(Protocol):
    """The log of what happened."""

    @property
    def epoch(self) -> str:
        """The name of the present sequence of offsets."""
        ...

    @property
    def is_up(self) -> bool:
        """Whether whoever is connected hears what happens, as it happens, as far as we know."""
        ...

    async def append(
        self, verbs: Sequence[Sequence[Put]], *, start: bool = False, epoch: str | None = None
    ) -> Appended:
        """Append each verb's records all or none, in order, and push them; return once they are durable.

        With `start` a gap, or a topic that the log does not know, is accepted: what the topic had before
        counts as trimmed. Only a publisher that holds the topic's lowest outbox row may say `start`.
        A rev that is there already keeps its offset (0 when that offset is below the horizon).
        `epoch` is the one in which they were known to be unpublished: in another, that has forgotten what it had,
        somebody else may have published them before, so nothing is appended.
        Raises BusDown; then nothing is known about what was appended.
        """
        ...

    async def publish(self, topic: str, payload: bytes) -> None:
        """Deliver an ephemeral record to the subscribers of now."""
        ...

    async def history(self, topic: str, after: int) -> History:
        """The topic's entries above `after`. Raises Trimmed when it can not be whole, BusDown."""
        ...

    def connect(self) -> Subscription:
        """One node's subscription. It is re-established by itself; `read` says what could not be closed up."""
        ...

    async def close(self) -> None:
        """Make durable what was appended, and let go of everything."""
        ...


class Subscription(Protocol):
    """What one node hears, in offset order across all its topics."""

    @property
    def epoch(self) -> str:
        """The epoch of everything that `read` has returned so far."""
        ...

    @property
    def arrived_ns(self) -> int:
        """When the first came here of what `read` returned last, in Unix time; 0 where nothing is followed."""
        ...

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Return when whatever is appended to these topics from now on will be read here."""
        ...

    def unsubscribe(self, topics: Iterable[str]) -> None:
        """Stop hearing these topics; records on their way may still be read."""
        ...

    async def fence(self) -> int:
        """The offset up to which everything in the subscribed topics has been read *and handled* here.

        A batch counts as handled when `read` is called again. At least the log's head of when it was called.
        """
        ...

    async def read(self) -> Sequence[Signal]:
        """Wait for, and return, the next signals; says that the batch before it has been handled."""
        ...

    async def close(self) -> None:
        """Hear nothing more. A waiting `read` returns nothing."""
        ...
