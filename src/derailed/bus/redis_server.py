"""A Redis-protocol server as the bus uses it: what it must be like, and the scripts that keep topics there.

All keys are declared and share one slot; only plain commands are used, so that Valkey and Dragonfly can serve it too.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha1
from importlib.resources import files
from typing import Any, Final, NamedTuple

from derailed.bus import BusDown, Entry, Put
from derailed.bus.resp import Address, Connection, Lost, Push, Refused

TAG: Final = "{d}:"
"""Before every key: one slot, so that one script may touch them all."""
META, LOG, MARKS = TAG + "meta", TAG + "log", TAG + "marks"
SLICE: Final = 500
"""Records of a history that one call reads: the server does nothing else meanwhile."""
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


class Server:
    """How to reach one server, and what every one of our connections to it needs."""

    def __init__(self, address: Address, retention: Retention) -> None:
        self.address = address
        self.retention = retention
        self._append = Script("append")
        self._history = Script("history")

    async def connect(
        self, on_pushes: Callable[[list[Push]], None], on_lost: Callable[[], None]
    ) -> tuple[Connection, str]:
        """A connection, and the server's part of the epoch. Raises BusDown, also for a server that will not do."""
        try:
            connection = await Connection.open(self.address, on_pushes, on_lost)
        except Lost as error:
            raise BusDown(str(error)) from error
        except Refused as error:
            raise BusDown(f"{self.address} refuses us ({error})") from error
        try:
            about = _facts(await connection.call("INFO"))
            self._require_fit(about)
        except (Lost, Refused, BusDown) as error:
            connection.close()
            raise BusDown(str(error)) from error
        return connection, about.get("run_id", "")[:_RUN_DIGITS] + about.get("master_replid", "")[:_RUN_DIGITS]

    def _require_fit(self, about: dict[str, str]) -> None:
        if about.get("cluster_enabled") == "1":
            raise BusDown(f"{self.address} is a cluster: one bus is one sequence, which one server keeps")
        policy = about.get("maxmemory_policy", "noeviction")
        if policy != "noeviction":
            raise BusDown(f"{self.address} evicts keys (maxmemory-policy {policy}): it must be noeviction")

    async def append(self, connection: Connection, name: str, verbs: Sequence[Sequence[Put]], *, start: bool) -> Any:
        """Run the append script; `name` is the epoch's that is expected, or empty."""
        numbers: dict[str, int] = {}
        arguments: list[str | bytes | int] = [*self._common(name), int(start)]
        for verb in verbs:
            arguments.append(len(verb))
            for topic, rev, payload in verb:
                arguments += (numbers.setdefault(topic, len(numbers) + 1), rev, payload)
        return await self._append.call(connection, _keys(numbers), arguments)

    async def history(self, connection: Connection, after: Mapping[str, int], upto: int | None) -> Any:
        """Run the history script: at most a slice of each topic above its offset, up to and with `upto`."""
        limits = (SLICE, "+inf" if upto is None else upto)
        return await self._history.call(connection, _keys(after), [*self._common(""), *limits, *after.values()])

    def _common(self, expected: str) -> tuple[str | int, ...]:
        return (secrets.token_hex(_NAME_BYTES), expected, *self.retention)


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


def _facts(info: bytes | str) -> dict[str, str]:
    """INFO's `name:value` lines."""
    text = info.decode() if isinstance(info, bytes) else info
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
