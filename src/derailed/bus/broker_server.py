"""The bus's log in a namespace of our broker, `broker://[user[:password]@]host[:port][/namespace]`; brokers:// is TLS.

The broker checks revs, keeps the history and pushes what is new, and it vouches for its epoch itself: a broker that was
killed goes on where it was, one that lost its end, was wiped or is a copy begins another. How durable an append is and
how long history goes back is the namespace's, and its operator's to say in the broker's file; what a bus can not do
with is refused when it connects.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

import structlog

from derailed.bus import BusDown, Entry, Put
from derailed.bus.resp import Address, Argument, Connection, Lost, Push, Refused
from derailed.bus.server import SLICE, Heard, Histories, Line, Place

_DEFAULT_PORT: Final = 6380
_DEFAULT_SPACE: Final = "default"
_log = structlog.stdlib.get_logger(__name__)
_WANTED: Final = "an address like broker://host:6380/namespace is needed"


class Location(NamedTuple):
    """A broker, and the namespace in it."""

    address: Address
    namespace: str

    @classmethod
    def parse(cls, url: str) -> Location:
        """Raises ValueError, which never repeats the password."""
        try:
            parts = urlsplit(url)
            port = parts.port or _DEFAULT_PORT
        except ValueError:
            raise ValueError(_WANTED) from None
        namespace = parts.path.strip("/") or _DEFAULT_SPACE
        if parts.scheme not in ("broker", "brokers") or not parts.hostname or "/" in namespace:
            raise ValueError(_WANTED)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(Address(parts.hostname, port, "", parts.scheme == "brokers", user, password, 0), namespace)


class BrokerServer:
    """A `Server` that is our broker."""

    def __init__(self, url: str, window_ms: int = 0) -> None:
        """The namespace must keep what is younger than `window_ms`. Raises ValueError."""
        self.address, self.namespace = Location.parse(url)
        self._window_ms = window_ms
        self._prefix = b"" if self.namespace == _DEFAULT_SPACE else b"{%b}" % self.namespace.encode()

    async def connect(self, on_pushes: Callable[[list[Push]], None], on_lost: Callable[[], None]) -> Line:
        """See `Server.connect`."""
        try:
            connection = await Connection.open(self.address, on_pushes, on_lost)
        except Lost as error:
            raise BusDown(str(error)) from error
        except Refused as error:
            raise BusDown(f"{self.address} refuses us ({error})") from error
        line = BrokerLine(self, connection)
        try:
            self._require_fit(await line.about())
        except (Lost, Refused, BusDown) as error:
            connection.close()
            raise BusDown(f"{self.address}: {error}") from error
        return line

    def key_of(self, topic: str) -> bytes:
        """See `Server.key_of`: the topic's name in the broker."""
        return self._prefix + topic.encode()

    def heard(self, push: Push) -> Heard | None:
        """See `Server.heard`. The broker says nothing in an epoch that has ended."""
        if push[0] != b"xmessage":
            return None
        _, topic, place, fields = push
        offset, _, rev = place.partition(b"-")
        return topic, int(offset), int(rev), fields[1], b""

    def goes_on(self, old: str, cursor: int, place: Place) -> int:
        """All of the new epoch is heard, and nothing of the old one."""
        return place.began

    def _require_fit(self, about: Mapping[bytes, Any]) -> None:
        level, window_ms = about[b"level"].decode(), about[b"window_ms"]
        if level != "disk":
            raise BusDown(f"namespace {self.namespace} has level {level}: what is acknowledged must be on the disk")
        if window_ms < self._window_ms:
            kept = f"namespace {self.namespace} keeps records for {window_ms // 1000} s"
            raise BusDown(f"{kept}, and clients are to resume for {self._window_ms // 1000} s")


class BrokerLine:
    """A `Line` to it."""

    def __init__(self, server: BrokerServer, connection: Connection) -> None:
        self._server = server
        self._connection = connection
        self._epoch = ""
        self._began = 1

    @property
    def is_open(self) -> bool:
        """See `Line.is_open`."""
        return self._connection.open_still

    def close(self) -> None:
        """See `Line.close`."""
        self._connection.close()

    def listen(self, topics: Sequence[str]) -> None:
        """See `Line.listen`."""
        asks = [part for topic in topics for part in (self._server.key_of(topic), b"$")]
        if asks:
            self._expect("XSUBSCRIBE", *asks)

    def leave(self, topics: Sequence[str]) -> None:
        """See `Line.leave`."""
        if topics:
            self._expect("XUNSUBSCRIBE", *map(self._server.key_of, topics))

    async def about(self) -> Mapping[bytes, Any]:
        """What there is to say about the namespace."""
        answer = await self._connection.call("XNAMESPACE", self._server.namespace)
        about: Mapping[bytes, Any] = dict(answer)
        self._epoch, self._began = about[b"epoch"].decode(), about[b"began"]
        return about

    async def place(self) -> Place:
        """See `Line.place`."""
        epoch, head, _ = await self._connection.call("XFENCE", self._server.namespace)
        if epoch.decode() != self._epoch:
            about = await self.about()
            head = about[b"head"]
        return Place(self._epoch, head, self._began)

    async def history(self, after: Mapping[str, int], upto: int | None) -> Histories:
        """See `Line.history`."""
        asks = [part for topic, offset in after.items() for part in (self._server.key_of(topic), offset)]
        if not asks:
            place = await self.place()
            return Histories(place.epoch, place.head, ())
        limits = (SLICE, "+" if upto is None else upto)
        epoch, head, answers = await self._connection.call("XHISTORY", self._server.namespace, *limits, *asks)
        found = [None if flat is None else _entries(topic, flat) for topic, flat in zip(after, answers, strict=True)]
        return Histories(epoch.decode(), head, found)

    async def append(
        self, epoch: str | None, verbs: Sequence[Sequence[Put]], *, start: bool
    ) -> tuple[str, list[tuple[int, ...] | None] | None]:
        """See `Line.append`."""
        arguments: list[str | bytes | int] = [self._server.namespace, epoch or "", int(start)]
        for verb in verbs:
            arguments.append(len(verb))
            for topic, rev, payload in verb:
                arguments += (self._server.key_of(topic), rev, payload)
        now, *answer = await self._connection.call("XAPPEND", *arguments)
        offsets = [None if verb is None else tuple(verb) for verb in answer[0]] if answer else None
        return now.decode(), offsets

    async def publish(self, topic: str, payload: bytes) -> None:
        """See `Line.publish`."""
        await self._connection.call("XPUBLISH", self._server.key_of(topic), "e", payload)

    def _expect(self, *command: Argument) -> None:
        """Ask for what is not refused; if it is, nobody may rely on this line."""

        def answered(answer: asyncio.Future[Any]) -> None:
            if not answer.cancelled() and answer.exception() is not None:
                _log.warning("the broker refuses", reason=str(answer.exception()))
                self.close()

        self._connection.call(*command).add_done_callback(answered)


def _entries(topic: str, flat: Sequence[Any]) -> list[Entry]:
    """What XHISTORY answers for one topic."""
    return [
        Entry(offset, topic, rev, payload)
        for offset, rev, payload in zip(flat[::3], flat[1::3], flat[2::3], strict=True)
    ]
