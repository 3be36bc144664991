"""Time buckets: records lie in column families by when they came, and are trimmed a whole bucket at a time.

Deleting record by record would leave tombstones that every later seek must step over; dropping a bucket unlinks its
files. Making and dropping them waits for the disk, so `tend` does it off the loop, ahead of time; `roll` and `trim`
are the loop's and only decide. What one side hands to the other is `_ready` (made, not yet used) and `_doomed`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple

from rocksdict import ColumnFamily, Options, Rdict, RdictIter, ReadOptions, WriteBatch

from derailed.broker import Entry, marks, record

_PER_WINDOW: Final = 14
_PER_SIZE: Final = 7
"""An absent topic's tail asks every bucket, some 2 µs each: those that time closed and those that were full. With
the one that is written, the one that is ready and one that waits to be dropped there are 24 at most."""
FLOOR_MS: Final = 60_000
"""Nothing younger is trimmed, whatever its size: a publisher may still hold its row."""

_LAST: Final = 2**64 - 1
_same_prefix = ReadOptions()
_same_prefix.set_prefix_same_as_start(True)


class Retention(NamedTuple):
    """How much is kept: a time, and within it a number of records and of bytes (down to the floor)."""

    window_ms: int = 300_000
    records: int = 50_000_000
    bytes: int = 8 << 30


class Bucket(NamedTuple):
    """A stretch of the sequence: from offset `first` to before the next bucket's."""

    number: int
    start: marks.Opened
    records: Rdict
    handle: ColumnFamily


class Buckets:
    """All buckets of one log, oldest first; the last one is written to."""

    def __init__(self, database: Rdict, names: list[str], options: Options, retention: Retention, head: int) -> None:
        if retention.window_ms < FLOOR_MS:
            raise ValueError(f"the window of the log must be at least {FLOOR_MS // 1000} s")
        self._database = database
        self._options = options
        self._retention = retention
        self._doomed: deque[Bucket] = deque()
        self._cursors: dict[int, RdictIter] = {}
        self._ready: Bucket | None = None
        numbers = sorted(int(name) for name in names if name != "default")
        self.live = tuple(bucket for number in numbers if (bucket := self._find(number)) is not None)
        self._next = max(numbers, default=0) + 1
        self.horizon = self.live[0].start.first - 1 if self.live else head
        """Up to and with this offset all is trimmed."""

    @property
    def due(self) -> bool:
        """There is something to `tend`."""
        return self._ready is None or bool(self._doomed)

    def full(self, now_ms: int, size: int) -> bool:
        """The bucket that is written to has had its time or its share of bytes, and the next one is there."""
        if self._ready is None:
            return False
        if not self.live:
            return True
        start, keep = self.live[-1].start, self._retention
        return (
            now_ms - start.opened_ms >= keep.window_ms // _PER_WINDOW or size - start.bytes >= keep.bytes // _PER_SIZE
        )

    def roll(self, batch: WriteBatch, start: marks.Opened) -> None:
        """Write to the next bucket from now on, when `batch` is written."""
        assert self._ready is not None
        bucket, self._ready = self._ready._replace(start=start), None
        batch.put(marks.bucket_key(bucket.number), marks.encode(start))
        self.live = (*self.live, bucket)

    def trim(self, batch: WriteBatch, now_ms: int, head: marks.Head) -> None:
        """Let go, when `batch` is written, of the oldest buckets that retention does not want."""
        self._cursors.clear()
        count = 0
        while count + 1 < len(self.live) and self._unwanted(count, now_ms, head):
            count += 1
        if count:
            self._let_go(batch, count, self.live[count].start.first - 1)

    def clear(self, batch: WriteBatch, head: int) -> None:
        """Let go of all, when `batch` is written."""
        self._let_go(batch, len(self.live), head)

    def tend(self) -> None:
        """Make the next bucket and drop the trimmed ones. Waits for the disk: call it off the loop."""
        if self._doomed:
            self._database.flush_wal(sync=True)  # a crash must not find the marks of a bucket that is gone
        while self._doomed:
            self._database.drop_column_family(str(self._doomed.popleft().number))
        if self._ready is None:
            self._make()

    def backward(self, topic: bytes, upto: int = _LAST) -> Iterator[Entry]:
        """The topic's records up to and with offset `upto`, newest first."""
        last = record.key(record.prefix(topic), upto)
        for bucket in reversed(self.live):
            if bucket.start.first > upto:
                continue
            cursor = self._cursor(bucket)
            cursor.seek_for_prev(last)
            while cursor.valid():
                found = record.entry(cursor.key(), cursor.value(), topic)
                if found is not None:
                    yield found
                cursor.prev()
            cursor.status()  # damage ends a walk just as the end does; this raises it

    def forward(self, topic: bytes, after: int, upto: int) -> Iterator[Entry]:
        """The topic's records above offset `after`, in order, up to and with `upto`."""
        first = record.key(record.prefix(topic), after + 1)
        for position, bucket in enumerate(self.live):
            if position + 1 < len(self.live) and self.live[position + 1].start.first <= after + 1:
                continue
            cursor = self._cursor(bucket)
            cursor.seek(first)
            while cursor.valid():
                found = record.entry(cursor.key(), cursor.value(), topic)
                if found is not None:
                    if found.offset > upto:
                        return
                    yield found
                cursor.next()
            cursor.status()

    def rest(self) -> None:
        """Bring what is in memory into files: then the next start need not read the journal. Waits for the disk."""
        for bucket in self.live:
            bucket.records.flush(wait=True)

    def close(self) -> None:
        """Let go of every handle: the folder stays locked while one lives."""
        self._cursors.clear()
        self.live, self._ready = (), None
        self._doomed.clear()
        del self._database

    def _cursor(self, bucket: Bucket) -> RdictIter:
        """To walk in the bucket. One that is full has one for all: making it costs more than most walks.

        So a walk must be over before the next one begins. And a cursor keeps files that have been merged: `trim`, which
        comes every second where there is much to do, lets go of them.
        """
        if bucket is self.live[-1]:
            return bucket.records.iter(_same_prefix)
        cursor = self._cursors.get(bucket.number)
        if cursor is None:
            cursor = self._cursors[bucket.number] = bucket.records.iter(_same_prefix)
        return cursor

    def _find(self, number: int) -> Bucket | None:
        """A bucket of an earlier run. Without a mark it was made but not used, or trimmed but not dropped."""
        mark = self._database.get(marks.bucket_key(number))
        if mark is None:
            self._database.drop_column_family(str(number))
            return None
        return self._bucket(number, marks.opened(mark))

    def _make(self) -> None:
        number, self._next = self._next, self._next + 1
        self._database.create_column_family(str(number), self._options)
        self._ready = self._bucket(number, marks.Opened(0, 0, 0))

    def _bucket(self, number: int, start: marks.Opened) -> Bucket:
        name = str(number)
        database = self._database
        return Bucket(number, start, database.get_column_family(name), database.get_column_family_handle(name))

    def _unwanted(self, position: int, now_ms: int, head: marks.Head) -> bool:
        """The bucket there, and all before it, may go. Its youngest record came before the next bucket was opened."""
        oldest, following = self.live[position].start, self.live[position + 1].start
        age_ms = now_ms - following.opened_ms
        if age_ms < FLOOR_MS:
            return False
        keep = self._retention
        return (
            age_ms >= keep.window_ms
            or head.offset - oldest.first >= keep.records
            or head.bytes - oldest.bytes > keep.bytes
        )

    def _let_go(self, batch: WriteBatch, count: int, horizon: int) -> None:
        self.horizon = horizon
        self._cursors.clear()
        for bucket in self.live[:count]:
            batch.delete(marks.bucket_key(bucket.number))
        self._doomed.extend(self.live[:count])
        self.live = self.live[count:]
