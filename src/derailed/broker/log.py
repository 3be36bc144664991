"""The log: appends verbs of records, knows the last rev of every topic, reads history, trims.

All of it is synchronous and belongs to the event loop, but for `sync` and `tend`, which wait for the disk and are
called in a thread. `append` writes without waiting; what it wrote survives the end of this process at once, and the
end of the machine after the next `sync`. A machine that ended in between is noticed by its boot id: the tail may be
lost, so another epoch begins. Then a log that is the only one to have its records `keep`s them, and goes on at an
offset that it can not have given out before.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from itertools import dropwhile, islice, takewhile
from pathlib import Path
from typing import Final

import structlog
from rocksdict import WriteBatch

from derailed.broker import Entry, LogFailed, Trimmed, Verb, marks, opening, record, storage
from derailed.broker.buckets import Retention
from derailed.broker.clock import steady_clock
from derailed.broker.reader import Reader
from derailed.broker.tails import Tail, Tails, planned

_BATCH: Final = 200
"""Records written at once. RocksDB's write holds the interpreter lock: this many take about half a millisecond."""
_BLIND: Final = 1_000
"""The same of what is appended blindly: whoever sent so many waits for them in any case."""
_TAILS: Final = 65_536
_PROMISE: Final = 1 << 20
_LEAP: Final = 1 << 24
"""More offsets than can have been given out and lost: an offset never means two records."""

_blind = record.blind
_log = structlog.get_logger()


class Log:
    """One sequence of records, in one folder."""

    def __init__(
        self,
        folder: Path,
        *,
        retention: Retention = Retention(),
        clock: Callable[[], int] | None = None,
        boot_id: str | None = None,
        tails: int = _TAILS,
        keep: bool = False,
    ) -> None:
        assert tails >= _BATCH  # what waits to be written is found in memory only
        self._folder, self._retention, self._keep = folder, retention, keep
        self._vouched = folder / opening.VOUCHED
        self._clock = clock or steady_clock()
        self._boot = storage.boot_id() if boot_id is None else boot_id
        self._stopped = ""
        """Why nothing more is taken."""
        self._closed = False
        self._is_open = False
        self._tails_max = tails
        self._now_ms = self._head = 0
        self._open()

    def _open(self) -> None:
        """Find it, and go on in its epoch, or in another. The head never goes back while we run."""
        self._batch = WriteBatch(raw_mode=True)
        self._blind: dict[bytes, bytes] = {}
        """What `add` left waiting: no tail knows of it."""
        self._promised = 0
        """On disk it says that offsets up to here are given out."""
        found = opening.find(self._folder, self._retention, keep=self._keep)
        self._database, self._buckets, self._is_open = found.database, found.buckets, True
        self._head, self._bytes = max(self._head, found.head.offset), found.head.bytes
        self._tails = Tails(self._buckets, self._tails_max)
        if opening.vouches(self._vouched, found, self._boot):
            assert found.identity is not None
            self._epoch, self._began = found.identity.epoch, found.identity.began
        elif self._keep and found.identity is not None:
            self._head += _LEAP
            self._epoch, self._began = secrets.token_hex(8), self._head
        else:
            self.wipe()
            return
        self._identify(closed=False)
        self._buckets.tend()

    @property
    def epoch(self) -> str:
        """The name of the present sequence."""
        return self._epoch

    @property
    def began(self) -> int:
        """The offset above which the sequence began: what the log has below it is of one that has ended."""
        return self._began

    @property
    def head(self) -> int:
        """The last offset given out; below FIRST_OFFSET when none was."""
        return self._head

    @property
    def horizon(self) -> int:
        """Up to and with this offset all is trimmed."""
        return self._buckets.horizon

    @property
    def buckets(self) -> int:
        """How many there are to look into for what is not there."""
        return len(self._buckets.live)

    @property
    def due(self) -> bool:
        """It is time to `tend`."""
        return self._buckets.due

    @property
    def has_failed(self) -> bool:
        """It takes nothing more until it is opened again."""
        return bool(self._stopped) and not self._closed

    def reopen(self) -> None:
        """Open a log that has failed again, as the next start would; it takes nothing before `go_on`.

        Waits, and nothing is read meanwhile: call it off the loop. Raises LogFailed while the disk has no room.
        """
        try:
            opening.require_room(self._folder)
            self._let_go()
            self._open()
        except Exception as error:  # rocksdict has only the one class
            raise LogFailed(str(error)) from error

    def go_on(self) -> None:
        """It is open again."""
        assert self._is_open
        self._stopped = ""
        _log.warning("log_opened_again", head=self._head)

    def append(self, verbs: Sequence[Verb], *, start: bool = False) -> list[tuple[int, ...] | None]:
        """Write each verb's records all or none; their offsets, or None for a verb that is behind.

        Behind is a verb with a rev that leaves a gap, or with a topic that the log does not know. `start` accepts
        both; no history goes across such a gap. A rev that is there already keeps its offset; 0 when it is trimmed,
        or a start went past it.
        """
        if self._stopped:
            raise LogFailed(self._stopped)
        try:
            return self._append(verbs, start)
        except Exception as error:
            raise self._failure(error) from error

    def add(self, topic: bytes, payload: bytes) -> int:
        """Append one record without a rev, blindly; its offset. It may wait until `flush`."""
        if not self._blind:
            self._begin_group()
        self._head = offset = self._head + 1
        key, value = _blind(topic, offset, self._now_ms, payload)
        self._blind[key] = value
        self._bytes += len(value)
        if self._tails:
            self._tails.forget(topic)
        if len(self._blind) >= _BLIND:
            self.flush()
        return offset

    def add_many(self, topics: Sequence[bytes], payloads: Sequence[bytes]) -> int:
        """The same of many; the first one's offset, which the others' follow."""
        if not self._blind:
            self._begin_group()
        first = self._head + 1
        self._bytes += record.blind_many(self._blind, topics, payloads, first, self._now_ms)
        self._head += len(topics)
        if self._tails:
            for topic in topics:
                self._tails.forget(topic)
        if len(self._blind) >= _BLIND:
            self.flush()
        return first

    def skip(self) -> int:
        """Give out an offset for a record that is not kept."""
        if self._stopped:
            raise LogFailed(self._stopped)
        self._head += 1
        if self._head > self._promised:
            self._promise()
        return self._head

    def _promise(self) -> None:
        self._promised = self._head + _PROMISE
        self._batch.put(marks.HEAD, marks.encode(marks.Head(self._promised, self._bytes)))
        try:
            self._write()
        except Exception as error:
            raise self._failure(error) from error

    def flush(self) -> None:
        """Write what `add` left waiting. Raises LogFailed."""
        self._require_open()
        try:
            self._commit()
        except Exception as error:
            raise self._failure(error) from error

    def require(self) -> None:
        """Raise LogFailed when the log takes nothing more: something that was appended may be lost."""
        if self._stopped:
            raise LogFailed(self._stopped)

    def page(self, topic: bytes, after: int, upto: int, limit: int) -> list[Entry]:
        """What there is of the topic above `after`, up to and with `upto`: the first ones, whole or not."""
        self.flush()
        return self._found(islice(self._buckets.forward(topic, max(after, self.horizon), upto), limit))

    def last(self, topic: bytes, after: int, upto: int, limit: int) -> list[Entry]:
        """The same from its end, newest first."""
        self.flush()
        low = max(after, self.horizon)
        back = takewhile(lambda entry: entry.offset > low, self._buckets.backward(topic, upto))
        return self._found(islice(back, limit))

    def read(self, topic: bytes, after: int, upto: int) -> Reader:
        """The topic's records above `after`, up to and with `upto`, to be read in slices."""
        return Reader(self._slice, topic, after, upto)

    def history(self, topic: bytes, after: int) -> list[Entry]:
        """The topic's records above `after`. Raises Trimmed when they are not whole."""
        return self.read(topic, after, self._head).slice(self._head)

    def trim(self) -> None:
        """Raise the horizon as far as retention says. `append` does it too, once a bucket. Raises LogFailed."""
        self.require()
        self._buckets.trim(self._batch, self._clock(), marks.Head(self._head, self._bytes))
        self.flush()

    def sync(self) -> None:
        """Return when all that was appended before is on the disk. Waits: call it off the loop."""
        self.require()  # some of it was not even written
        try:
            self._database.flush_wal(sync=True)
        except Exception as error:
            raise self._failure(error) from error

    def tend(self) -> None:
        """Make the next bucket, drop what is trimmed. Waits: call it off the loop. Raises LogFailed."""
        self.require()
        try:
            self._buckets.tend()
        except Exception as error:
            raise self._failure(error) from error

    def wipe(self) -> None:
        """Forget all records and begin another epoch, in which the offsets go on. Waits for the disk."""
        self._epoch, self._began = secrets.token_hex(8), self._head
        self._tails.clear()
        self._blind.clear()
        self._buckets.clear(self._batch, self._head)
        self._identify(closed=False)
        self._buckets.tend()

    def close(self) -> None:
        """Put it to rest: the next start need not ask whether the end is there."""
        if self._closed:
            return
        self._closed = True
        if self._stopped:
            self._let_go()
            return
        self._stopped = "the log is closed"
        try:
            self._identify(closed=True)
            self._buckets.rest()
        finally:
            self._buckets.close()
        self._database.close()

    def _let_go(self) -> None:
        """Of a database that failed: closing it would write once more, in vain."""
        if self._is_open:
            self._is_open = False
            self._buckets.close()
            self._tails.clear()
            del self._database

    def _require_open(self) -> None:
        if not self._is_open:
            raise LogFailed(self._stopped)

    def _identify(self, *, closed: bool) -> None:
        self._batch.put(marks.IDENTITY, marks.encode(marks.Identity(self._epoch, self._boot, closed, self._began)))
        self._commit()
        self._database.flush_wal(sync=True)
        opening.vouch(self._vouched)

    def _begin_group(self) -> None:
        """What waits from here on is of one moment, and blind."""
        if self._stopped:
            raise LogFailed(self._stopped)
        self.flush()
        self._look_at_buckets()

    def _look_at_buckets(self) -> None:
        self._now_ms = now_ms = self._clock()
        if self._buckets.full(now_ms, self._bytes):
            self._buckets.roll(self._batch, marks.Opened(self._head + 1, now_ms, self._bytes))
            self._buckets.trim(self._batch, now_ms, marks.Head(self._head, self._bytes))

    def _append(self, verbs: Sequence[Verb], start: bool) -> list[tuple[int, ...] | None]:
        if self._blind:
            self._commit()
        self._look_at_buckets()
        now_ms = self._now_ms
        answers: list[tuple[int, ...] | None] = []
        for verb in verbs:
            if len(self._batch) + len(verb) > _BATCH:
                self._commit()
            plan = planned(verb, self._tails, self._offset, start=start)
            answers.append(None if plan is None else self._place(verb, plan, now_ms))
        self._commit()
        return answers

    def _slice(self, topic: bytes, after: int, upto: int, limit: int) -> list[Entry]:
        self._require_open()
        if after < self._buckets.horizon:
            raise Trimmed
        if self._blind:
            self.flush()
        return self._found(islice(self._buckets.forward(topic, after, upto), limit))

    def _found(self, entries: Iterable[Entry]) -> list[Entry]:
        try:
            return list(entries)
        except Exception as error:
            if self._keep and type(error) is Exception:  # a bad block is no reason to refuse what has no need of it
                raise LogFailed(f"the log can not be read: {error}") from error
            raise self._failure(error) from error

    def _place(self, verb: Verb, plan: list[Tail | int], now_ms: int) -> tuple[int, ...]:
        """Put the verb's new records into the batch."""
        handle, put = self._buckets.live[-1].handle, self._batch.put
        offsets: list[int] = []
        for (topic, rev, payload), step in zip(verb, plan, strict=True):
            if isinstance(step, int):
                offsets.append(step)
                continue
            self._head += 1
            begins = step.rev < rev - 1 and step.offset > self._buckets.horizon
            value = record.value(topic, rev, now_ms, payload, begins)
            put(record.key(step.prefix, self._head), value, handle)
            self._bytes += len(value)
            step.rev, step.offset = rev, self._head
            offsets.append(self._head)
        return tuple(offsets)

    def _offset(self, topic: bytes, rev: int, tail: Tail) -> int:
        """Where a rev that the topic has had already is."""
        if rev == tail.rev:
            return tail.offset
        self._commit()  # it may be among what waits to be written
        older = dropwhile(lambda entry: entry.rev > rev, self._buckets.backward(topic))
        found = next(older, None)
        return found.offset if found is not None and found.rev == rev else 0

    def _commit(self) -> None:
        """Write what waits. This is the seam: on several machines the batch goes to the others first."""
        batch, blind = self._batch, self._blind
        if blind:
            self._blind = {}
            batch.set_default_column_family(self._buckets.live[-1].handle)
            for key in sorted(blind):  # neighbours are put in with the same memory at hand: twice as fast
                batch[key] = blind[key]
            batch.set_default_column_family(None)  # what is said of the log itself lies beside the buckets
        elif batch.is_empty():
            return
        batch.put(marks.HEAD, marks.encode(marks.Head(self._head, self._bytes)))
        self._write()

    def _write(self) -> None:
        batch, self._batch = self._batch, WriteBatch(raw_mode=True)
        self._database.write(batch)

    def _failure(self, error: Exception) -> Exception:
        """What to raise. After rocksdict's errors (it has only the one class) nothing is certain any more.

        Not even which offsets are given out: so the epoch ends here for whoever listens, and at the next start.
        """
        if type(error) is not Exception:
            return error
        self._stopped = f"the log has failed: {error}"
        self._epoch, self._began = secrets.token_hex(8), self._head
        self._vouched.unlink(missing_ok=True)
        _log.error("log_failed", reason=str(error))
        return LogFailed(str(error))
