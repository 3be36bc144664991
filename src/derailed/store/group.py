"""What a group of verbs holds in memory until it is sealed, the same for every driver. Pure.

Topics: each is locked and read once a group; what verbs do to its rev is dictionary work until one statement writes
them all. Rows for the outbox, and writes that answer nothing, wait likewise. A verb that fails takes back what is
its own: all three are as they were before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import NamedTuple, Self

from derailed.store import OutboxRow
from derailed.store.topics import Change, Versions

Values = tuple[object, ...]
Batch = tuple[str, list[Values]]
"""A statement and every row that it is to be run for."""

_words = re.compile(r"\w+").findall
_put = re.compile(r"\s*INSERT INTO (\w+)\s*\(([^()]*)\)\s*VALUES\s*\(([^()]*)\)").match
_lookup = re.compile(r"\s*SELECT [^()]+? FROM \w+ WHERE ([^()]+)").fullmatch
_equal = re.compile(r"\s*(\w+) = [$?](\d+)\s*").fullmatch


class Statement(NamedTuple):
    """What a driver has to know of a portable statement before it runs it; made once for each."""

    sql: str
    words: frozenset[str]
    """Among them every table that it touches."""
    writes: bool
    keys: tuple[tuple[str, int], ...]
    """Of a look into one table: columns that must equal its values, by their place. Other rows it can not see."""

    @classmethod
    def of(cls, sql: str) -> Self:
        """Read it."""
        words = frozenset(_words(sql))
        looks = None if "OR" in words else _lookup(sql)
        terms = [] if looks is None else map(_equal, looks[1].split(" AND "))
        keys = tuple((term[1], int(term[2]) - 1) for term in terms if term is not None)
        return cls(sql, words, not words.isdisjoint({"INSERT", "UPDATE", "DELETE"}), keys)


class Put(NamedTuple):
    """An INSERT that can be held back."""

    sql: str
    table: str
    places: dict[str, int]
    """Where the value of each column is, for those that are not the same in every row."""

    @classmethod
    def of(cls, sql: str) -> Self:
        """Read it."""
        found = _put(sql)
        assert found is not None, "only a plain INSERT can be held back"
        pairs = zip(found[2].split(","), found[3].split(","), strict=True)
        places = {column.strip(): int(value.strip()[1:]) - 1 for column, value in pairs if value.strip()[0] in "$?"}
        return cls(sql, found[1], places)

    def is_seen(self, values: Values, by: Statement, asked: Values) -> bool:
        """Whether the statement could see the row."""
        places = self.places
        return all(column not in places or values[places[column]] == asked[place] for column, place in by.keys)


_puts: dict[str, Put] = {}


class Ahead(NamedTuple):
    """What has to be written before a statement may run: first `earlier`, then, in the verb's savepoint, `own`."""

    earlier: list[Batch]
    savepoint: bool
    own: list[Batch]


Held = dict[str, list[tuple[Put, Values]]]
"""What is held back, by table."""


class Group:
    """The verbs of one transaction, one after the other."""

    def __init__(self) -> None:
        self._topics: dict[str, Versions] = {}
        self._changed: dict[str, None] = {}
        self._before: dict[str, Versions | None] = {}
        self._emitted: list[tuple[int, str, int, bytes]] = []
        self._verb = 0
        self._earlier: Held = {}
        self._own: Held = {}
        self.has_savepoint = False

    def begin_verb(self) -> None:
        """Whatever follows is one verb's, until the next one begins."""
        for table, rows in self._own.items():
            self._earlier.setdefault(table, []).extend(rows)
        self._own.clear()
        self._before.clear()
        self._verb = len(self._emitted)
        self.has_savepoint = False

    def undo_verb(self) -> None:
        """Take back what the verb did. Topics that it was the first to lock are forgotten: their locks may be gone."""
        for topic, versions in self._before.items():
            if versions is None:
                del self._topics[topic]
                self._changed.pop(topic, None)
            else:
                self._topics[topic] = versions
        self._before.clear()
        del self._emitted[self._verb :]
        self._own.clear()

    def knows(self, topic: str) -> Versions | None:
        """Where the topic stands, if the group has locked it."""
        return self._topics.get(topic)

    def learn(self, topic: str, versions: Versions) -> Versions:
        """The topic was locked, and this is what its row says."""
        self._before[topic] = None
        self._topics[topic] = versions
        return versions

    def lift(self, topic: str) -> Versions:
        """Raise the rev of a topic that the group has locked."""
        at = self._topics[topic]
        return self._set(topic, Versions(at.rev + 1, at.shape, at.members, at.last_id, at.settled))

    def mark(self, topic: str, change: Change) -> None:
        """The topic's rev of now changes the shape or the members."""
        at = self._topics[topic]
        shape = at.rev if change & Change.SHAPE else at.shape
        members = at.rev if change & Change.MEMBERS else at.members
        self._set(topic, Versions(at.rev, shape, members, at.last_id, False))

    def lower(self, topic: str) -> None:
        """Take a `lift` back."""
        at = self._topics[topic]
        self._set(topic, Versions(at.rev - 1, at.shape, at.members, at.last_id, at.settled))

    def draw(self, topic: str, next_id: Callable[[int], int]) -> int:
        """The id that `next_id` makes above the last one drawn in this topic."""
        at = self._topics[topic]
        drawn = next_id(at.last_id)
        assert drawn > at.last_id
        self._set(topic, Versions(at.rev, at.shape, at.members, drawn, at.settled))
        return drawn

    def _set(self, topic: str, versions: Versions) -> Versions:
        self._before.setdefault(topic, self._topics[topic])
        self._topics[topic] = versions
        self._changed[topic] = None
        return versions

    def emit(self, topic: str, rev: int, payload: bytes) -> None:
        """Hold a row for the outbox."""
        self._emitted.append((self._verb, topic, rev, payload))

    def put(self, sql: str, values: Values) -> None:
        """Hold back a write that answers nothing."""
        put = _puts.get(sql) or _puts.setdefault(sql, Put.of(sql))
        self._own.setdefault(put.table, []).append((put, values))

    def ahead(self, of: Statement, values: Values) -> Ahead | None:
        """What to write before the statement, which is then no longer held. None is nothing, as almost always.

        What the statement could see is written, so that a verb reads what was put. A verb's first own write
        needs a savepoint, and before that everything of earlier verbs is written, which is not its to undo.
        """
        own = _seen(self._own, of, values)
        if not own and not of.writes:
            earlier = _seen(self._earlier, of, values)
            return Ahead(_take(self._earlier, earlier), False, []) if earlier else None
        if self.has_savepoint:
            return Ahead([], False, _take(self._own, own)) if own else None
        self.has_savepoint = True
        return Ahead(_take(self._earlier, list(self._earlier)), True, _take(self._own, own))

    def seal(self) -> list[Batch]:
        """Every write that is still held back."""
        self.begin_verb()
        return _take(self._earlier, list(self._earlier))

    def changed(self) -> list[tuple[str, int, int, int, int]]:
        """The row of each topic that is not as it was."""
        return [(topic, *self._topics[topic].row) for topic in self._changed]

    @property
    def emits(self) -> int:
        """How many rows the outbox gets."""
        return len(self._emitted)

    @property
    def emitted(self) -> Sequence[tuple[int, str, int, bytes]]:
        """Those rows: which of them was the first of the verb, the topic, its rev, the payload."""
        return self._emitted

    def rows(self, ids: Sequence[int], now: int) -> list[OutboxRow]:
        """Those rows, with ids that grow; the first of a verb's names the verb."""
        return [
            OutboxRow(row_id, ids[verb], topic, rev, payload, now)
            for row_id, (verb, topic, rev, payload) in zip(ids, self._emitted, strict=True)
        ]


def _seen(held: Held, of: Statement, values: Values) -> list[str]:
    """The tables of which it could see a row that is held."""
    return [
        table
        for table, rows in held.items()
        if table in of.words and any(put.is_seen(row, of, values) for put, row in rows)
    ]


def _take(held: Held, tables: Iterable[str]) -> list[Batch]:
    rows = [(put.sql, values) for table in tables for put, values in held.pop(table)]
    return [(sql, [values for _, values in run]) for sql, run in groupby(rows, key=_sql)]


def _sql(row: tuple[str, Values]) -> str:
    return row[0]
