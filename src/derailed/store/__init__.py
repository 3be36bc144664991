"""Store: what must outlive us. One set of portable SQL over thin drivers; SQLite is the embedded one.

A verb is one `write`: it reads, decides and writes inside one transaction, and `write` returns when that
is on the disk. Concurrent writes are committed in groups. The records of what happened go to the outbox in
the same transaction; after the commit `committed` hands them to the publisher, in commit order.

A `work` function awaits nothing but its tables, because a driver may run many of them in one breath, and it may be
run again, because a driver may have to undo a group of them.
`tests/contracts/test_store.py` holds every driver to this.

The SQL lives in one module a noun (`topics`, `users`, `guilds`, `messages` …): plain functions over a `Connection`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from derailed.store.full_text import FullText
    from derailed.store.meter import Meter
    from derailed.store.topics import Change, Versions

T = TypeVar("T")
Row = tuple[Any, ...]


class Connection(Protocol):
    """One open transaction. SQL is portable: `$1` parameters, RETURNING, ON CONFLICT."""

    @property
    def full_text(self) -> FullText:
        """What is not portable: see there."""
        ...

    async def fetch(self, sql: str, *values: object) -> list[Row]:
        """All rows."""
        ...

    async def fetchrow(self, sql: str, *values: object) -> Row | None:
        """The first row, if there is one."""
        ...

    async def execute(self, sql: str, *values: object) -> int:
        """Run it; the number of rows changed."""
        ...

    def put(self, sql: str, *values: object) -> None:
        """Insert something, at the latest when the group is committed, and before any statement that could see it.

        For rows that can not fail to go in, such as those with an id that was just drawn: by then it is too late
        to refuse them to this verb alone.
        """
        ...

    def look(self, topic: str) -> Awaitable[Versions]:
        """See `topics.look`."""
        ...

    def lift(self, topic: str) -> Awaitable[Versions]:
        """See `topics.lift`."""
        ...

    def mark(self, topic: str, change: Change) -> None:
        """See `topics.mark`."""
        ...

    def lower(self, topic: str) -> None:
        """See `topics.lower`."""
        ...

    def draw(self, topic: str, next_id: Callable[[int], int]) -> int:
        """See `topics.draw`."""
        ...

    def emit(self, topic: str, rev: int, payload: bytes) -> Awaitable[None]:
        """Put one record of this verb into the outbox; ids are drawn under the topics' locks."""
        ...


class OutboxRow(NamedTuple):
    """One record that the bus may not have yet. Rows of one `verb` were committed, and are appended, together."""

    id: int
    verb: int
    topic: str
    rev: int
    payload: bytes
    created_at: int
    """Unix milliseconds."""


class Load(NamedTuple):
    """Verbs that wait for a group, and how many of its connections are at work."""

    waiting: int
    connections: int
    busy: int


Work = Callable[[Connection], Awaitable[T]]


class Store(Protocol):
    """A database."""

    committed: Callable[[Sequence[OutboxRow]], None]
    """Called on the event loop after each commit, with its outbox rows in id order; set by the composition."""

    rolled_back: Callable[[], None]
    """Called when a group could not be committed: whatever was remembered of it is void."""

    @property
    def meter(self) -> Meter:
        """What it has done so far."""
        ...

    @property
    def is_up(self) -> bool:
        """Whether it can be read and written now, as far as it knows."""
        ...

    def load(self) -> Load:
        """What it has to do now."""
        ...

    async def size(self) -> int:
        """Bytes of all that it keeps."""
        ...

    async def read(self, work: Work[T]) -> T:
        """Run `work` on one snapshot of everything committed."""
        ...

    async def read_apart(self, work: Work[T]) -> T:
        """Run a `work` that may take long on such a snapshot, where nothing else waits for it: what people search for.

        In the embedded store it runs in a thread, and may look at nothing but its tables.
        Raises Unavailable when it takes too long, or too many such works wait.
        """
        ...

    async def write(self, work: Work[T], topic: str = "") -> T:
        """Run `work` in a transaction; durable when it returns. `topic` is one that it will lift, if that is known.

        Whatever `work` raises undoes what it wrote and rises here; others in its group are not touched.
        Raises Unavailable when too many writes wait.
        """
        ...

    async def outbox(self, after: int, limit: int) -> list[OutboxRow]:
        """Rows above id `after`, in id order. A verb is never cut: rather more than `limit` are returned."""
        ...

    async def forget(self, ids: Sequence[int]) -> None:
        """Leave out of `outbox`, and soon delete, rows that the bus has acknowledged as durable."""
        ...

    async def close(self) -> None:
        """Finish what waits, and let go of the database."""
        ...
