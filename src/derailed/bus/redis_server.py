"""The bus's log on a server that speaks the Redis protocol: Redis, Valkey, Dragonfly.

One script appends verbs, checks their revs, keeps the history and pushes the records to whoever listens. All keys are
declared and share one slot; only plain commands are used, so that Valkey and Dragonfly can serve it too.

The epoch is the server's run id and a name that lives with the data: a server that was restarted or failed over
can not vouch for the last moments, and a wiped one for nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha1
from importlib.resources import files
from typing import Any, Final, NamedTuple

from derailed.bus import BusDown, Entry, Put
from derailed.bus.resp import Address, Connection, Lost, Push, Refused
from derailed.bus.server import SLICE, Heard, Histories, Line, Place

TAG: Final = "{d}:"
"""Before every key: one slot, so that one script may touch them all."""
META, LOG, MARKS = TAG + "meta", TAG + "log", TAG + "marks"
_NAME_BYTES: Final = 8
_RUN_DIGITS: Final = 8


class Retention(NamedTuple):
    """What is kept at least, unless it is more than `records` or `size` bytes; never less than `age_min_ms`."""

    window_ms: int = 300_000
    records: int = 5_000_000
    size: int = 2 << 30
    age_min_ms: int = 60_000


class Script:
    """One of the bus's scripts, called by its digest."""

    def __init__(self, name: str) -> None:
        folder = files("derailed.bus")
        parts = (f"redis_{part}.lua" for part in ("common", name))
        self.text = "\n".join(folder.joinpath(part).read_text("utf-8") for part in parts)
        self.digest = sha1(self.text.encode(), usedforsecurity=False).hexdigest()

    async def call(self, connection: Connection, keys: Sequence[str], arguments: Sequence[str | bytes | int]) -> Any:
        """Run it; a server that does not know it yet is told it. Raises Lost, Refused."""
        try:
            return await connection.call("EVALSHA", self.digest, len(keys), *keys, *arguments)
        except Refused as error:
            if not str(error).startswith("NOSCRIPT"):
                raise
        return await connection.call("EVAL", self.text, len(keys), *keys, *arguments)


class RedisServer:
    """A `Server` that speaks the Redis protocol."""

    def __init__(self, url: str, retention: Retention | None = None) -> None:
        """`url` is as `Address.parse` reads it. Raises ValueError."""
        self.address = Address.parse(url)
        self.retention = retention or Retention()
        self.append = Script("append")
        self.history = Script("history")

    async def connect(self, on_pushes: Callable[[list[Push]], None], on_lost: Callable[[], None]) -> Line:
        """See `Server.connect`."""
        try:
            connection = await Connection.open(self.address, on_pushes, on_lost)
        except Lost as error:
            raise BusDown(str(error)) from error
        except Refused as error:
            raise BusDown(f"{self.address} refuses us ({error})") from error
        try:
            about = facts_in(await connection.call("INFO"))
            self._require_fit(about)
        except (Lost, Refused, BusDown) as error:
            connection.close()
            raise BusDown(str(error)) from error
        run = about.get("run_id", "")[:_RUN_DIGITS] + about.get("master_replid", "")[:_RUN_DIGITS]
        return RedisLine(self, connection, run)

    def key_of(self, topic: str) -> bytes:
        """See `Server.key_of`."""
        return index_of(topic).encode()

    def heard(self, push: Push) -> Heard | None:
        """See `Server.heard`."""
        if push[0] != b"message":
            return None
        name, offset, rev, payload = push[2].split(b" ", 3)
        return push[1], int(offset), int(rev), payload, b"" if name == b"-" else name

    def goes_on(self, old: str, cursor: int, place: Place) -> int:
        """What was wiped begins again. What was restarted goes on, though it may have lost its last moments."""
        same_data = _name_in(old) == _name_in(place.epoch)
        return min(cursor, place.head) if same_data else place.began

    def _require_fit(self, about: dict[str, str]) -> None:
        if about.get("cluster_enabled") == "1":
            raise BusDown(f"{self.address} is a cluster: one bus is one sequence, which one server keeps")
        policy = about.get("maxmemory_policy", "noeviction")
        if policy != "noeviction":
            raise BusDown(f"{self.address} evicts keys (maxmemory-policy {policy}): it must be noeviction")


class RedisLine:
    """A `Line` to it."""

    def __init__(self, server: RedisServer, connection: Connection, run: str) -> None:
        """`run` is the server's part of the epoch."""
        self._server = server
        self._connection = connection
        self._run = run

    @property
    def is_open(self) -> bool:
        """See `Line.is_open`."""
        return self._connection.open_still

    def close(self) -> None:
        """See `Line.close`."""
        self._connection.close()

    def listen(self, topics: Sequence[str]) -> None:
        """See `Line.listen`."""
        self._connection.tell("SUBSCRIBE", *map(index_of, topics))

    def leave(self, topics: Sequence[str]) -> None:
        """See `Line.leave`."""
        self._connection.tell("UNSUBSCRIBE", *map(index_of, topics))

    async def place(self) -> Place:
        """See `Line.place`. A server that has nothing begins its epoch now."""
        name, head = await self._connection.call("HMGET", META, "name", "seq")
        if name is None:
            epoch, head, _ = await self.history({}, None)
            return Place(epoch, head)
        return Place(self._epoch(name), int(head))

    async def history(self, after: Mapping[str, int], upto: int | None) -> Histories:
        """See `Line.history`."""
        limits = (SLICE, "+inf" if upto is None else upto)
        arguments = [*self._common(""), *limits, *after.values()]
        name, head, answers = await self._server.history.call(self._connection, _keys(after), arguments)
        found = [None if flat == 0 else entries_of(topic, flat) for topic, flat in zip(after, answers, strict=True)]
        return Histories(self._epoch(name), head, found)

    async def append(
        self, epoch: str | None, verbs: Sequence[Sequence[Put]], *, start: bool
    ) -> tuple[str, list[tuple[int, ...] | None] | None]:
        """See `Line.append`."""
        numbers: dict[str, int] = {}
        arguments: list[str | bytes | int] = [*self._common(_name_in(epoch or "")), int(start)]
        for verb in verbs:
            arguments.append(len(verb))
            for topic, rev, payload in verb:
                arguments += (numbers.setdefault(topic, len(numbers) + 1), rev, payload)
        name, *answer = await self._server.append.call(self._connection, _keys(numbers), arguments)
        offsets = [None if verb == 0 else tuple(verb) for verb in answer[0]] if answer else None
        return self._epoch(name), offsets

    async def publish(self, topic: str, payload: bytes) -> None:
        """See `Line.publish`."""
        await self._connection.call("PUBLISH", index_of(topic), b"- 0 0 " + payload)

    def _common(self, expected: str) -> tuple[str | int, ...]:
        return (secrets.token_hex(_NAME_BYTES), expected, *self._server.retention)

    def _epoch(self, name: bytes) -> str:
        return f"{self._run}.{name.decode()}"


def index_of(topic: str) -> str:
    """The key of a topic's index, which is also the channel that its records are pushed to."""
    return f"{TAG}t:{topic}"


def entries_of(topic: str, flat: Sequence[Any]) -> list[Entry]:
    """What the history script answers for one topic."""
    return [
        Entry(offset, topic, rev, payload)
        for offset, rev, payload in zip(flat[::3], flat[1::3], flat[2::3], strict=True)
    ]


def _keys(topics: Iterable[str]) -> list[str]:
    keys = [META, LOG, MARKS]
    for topic in topics:
        keys += (index_of(topic), f"{TAG}f:{topic}")
    return keys


def _name_in(epoch: str) -> str:
    """The part that lives with the data."""
    return epoch.rpartition(".")[2]


def facts_in(info: bytes | str) -> dict[str, str]:
    """INFO's `name:value` lines."""
    text = info.decode() if isinstance(info, bytes) else info
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
