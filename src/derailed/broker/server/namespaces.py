"""Namespaces: a log each, and who hears what is appended to it. A topic says in braces which one it belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from derailed.broker import LogFailed
from derailed.broker.log import Log
from derailed.broker.server import Refused, resp
from derailed.broker.server.configuration import DEFAULT, Space

L = TypeVar("L")


class Listener(Protocol):
    """Who is told of the records of a topic."""

    def hear(self, topic: bytes, offset: int, rev: int, payload: bytes, frame: bytes) -> None:
        """A record came; `frame` is its push. Offset 0: it is not kept."""


class Namespace:
    """A log, and what has been appended but not yet told."""

    __slots__ = (
        "_fresh", "_longer", "_owes", "accepts", "answer", "dirty", "full", "is_durable", "kept", "level", "listeners",
        "log", "name", "retention",
    )  # fmt: skip

    def __init__(self, space: Space, folder: Path) -> None:
        self.name = space.name
        self.level = space.level
        self.kept = space.level != "none"
        self.retention = space.retention
        self.is_durable = space.level == "disk"
        self.log = Log(folder / space.name, retention=space.retention, keep=True)
        self.listeners: dict[bytes, Listener | list[Listener]] = {}
        self.full = ""
        """Why nothing is appended now."""
        self.accepts = False
        """Filters are asked before an append."""
        self.dirty = False
        self.answer = b""
        """What an offset becomes to who appended it; offsets of as many digits have it in common."""
        self._longer = 0
        self._owes = False
        """Something was appended since the last `settle`: it may have been written, or lost, before."""
        self._fresh: list[tuple[bytes, int, int, bytes]] = []

    def add(self, topic: bytes, payload: bytes) -> int:
        """Append a record without a rev; its offset. Raises Refused."""
        if self.full:
            raise Refused(self.full)
        try:
            offset = self.log.add(topic, payload) if self.kept else self.log.skip()
        except LogFailed as failure:
            raise Refused(f"LOGFAILED {failure}") from failure
        self._owes = True
        if topic in self.listeners:
            self._fresh.append((topic, offset, 0, payload))
        if offset >= self._longer:
            digits = len(str(offset))
            self._longer, self.answer = 10**digits, b"$%d\r\n%%d-0\r\n" % (digits + 2)
        return offset

    def add_many(self, topics: Sequence[bytes], payloads: Sequence[bytes]) -> int:
        """The same of many, where records are kept and the disk is not full; the offset of the first."""
        assert self.kept
        assert not self.full
        try:
            first = self.log.add_many(topics, payloads)
        except LogFailed as failure:
            raise Refused(f"LOGFAILED {failure}") from failure
        self._owes = True
        listeners = self.listeners
        if listeners:
            for offset, (topic, payload) in enumerate(zip(topics, payloads, strict=True), first):
                if topic in listeners:
                    self._fresh.append((topic, offset, 0, payload))
        return first

    def append(self, verbs: list[list[tuple[bytes, int, bytes]]], *, start: bool) -> list[tuple[int, ...] | None]:
        """Append verbs of records that have revs; see `Log.append`. Raises Refused."""
        if self.full:
            raise Refused(self.full)
        if not self.kept:
            raise Refused(f"ERR namespace {self.name} keeps nothing, so it knows no revs")
        last = self.log.head
        try:
            answers = self.log.append(verbs, start=start)
        except LogFailed as failure:
            raise Refused(f"LOGFAILED {failure}") from failure
        self._owes = True
        for verb, offsets in zip(verbs, answers, strict=True):
            for (topic, rev, payload), offset in zip(verb, offsets or (), strict=False):
                if offset > last:
                    last = offset
                    if topic in self.listeners:
                        self._fresh.append((topic, offset, rev, payload))
        return answers

    def tell(self, topic: bytes, payload: bytes) -> int:
        """A record that is not kept, for those who listen now; how many they are."""
        heard = self.listeners.get(topic)
        if heard is None:
            return 0
        self._fresh.append((topic, 0, 0, payload))
        return len(heard) if type(heard) is list else 1

    def settle(self) -> None:
        """Write what waits, then tell it. Raises LogFailed; then it was not told."""
        self.dirty = False
        fresh, self._fresh = self._fresh, []
        owes, self._owes = self._owes, False
        self.log.flush()
        if owes:
            self.log.require()
        for topic, offset, rev, payload in fresh:
            heard = self.listeners.get(topic)
            if heard is None:
                continue
            frame = resp.delivery(topic, offset, rev, payload)
            if type(heard) is list:
                for listener in tuple(heard):
                    listener.hear(topic, offset, rev, payload, frame)
            else:
                heard.hear(topic, offset, rev, payload, frame)  # type: ignore[union-attr]

    def listen(self, topic: bytes, listener: Listener) -> None:
        """Tell it of the topic's records from now on. One listener needs no list: most topics have one."""
        add(self.listeners, topic, listener)

    def leave(self, topic: bytes, listener: Listener) -> None:
        """Tell it no more."""
        remove(self.listeners, topic, listener)


def add(listeners: dict[bytes, L | list[L]], topic: bytes, listener: L) -> None:
    """One more who hears it."""
    heard = listeners.get(topic)
    if heard is None:
        listeners[topic] = listener
    elif isinstance(heard, list):
        heard.append(listener)
    else:
        listeners[topic] = [heard, listener]


def remove(listeners: dict[bytes, L | list[L]], topic: bytes, listener: L) -> None:
    """One who hears it no more."""
    heard = listeners.get(topic)
    if isinstance(heard, list):
        if listener in heard:
            heard.remove(listener)
        if not heard:
            del listeners[topic]
    elif heard is listener:
        del listeners[topic]


class Namespaces:
    """All of them; those that are not named in a topic leave it to the default one."""

    def __init__(self, spaces: Iterable[Space], folder: Path) -> None:
        """Open every log. Raises LogDamaged, LogInUse."""
        self._all: dict[bytes, Namespace] = {}
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            for space in spaces:
                self._all[space.name.encode()] = Namespace(space, folder)
        except BaseException:
            self.close()
            raise
        self.default = self._all[DEFAULT.encode()]

    def of(self, topic: bytes) -> Namespace:
        """Whose the topic is."""
        if b"{" not in topic:
            return self.default
        return self._all.get(topic.partition(b"{")[2].partition(b"}")[0], self.default)

    def named(self, name: bytes) -> Namespace:
        """The one of this name. Raises Refused."""
        found = self._all.get(name)
        if found is None:
            raise Refused(f"ERR there is no namespace {name.decode(errors='replace')!r}: the broker's file has them")
        return found

    def __iter__(self) -> Iterator[Namespace]:
        return iter(self._all.values())

    def close(self) -> None:
        """Put all logs to rest."""
        for namespace in self._all.values():
            namespace.log.close()
