"""The real parts, with an ear on each: transaction, log, sessions; and the way from one process to the bus."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from msgspec.structs import replace

from derailed.actions.sessions import AccountSnapshot, GuildSnapshot, Sessions
from derailed.broker import Verb
from derailed.broker.buckets import Retention
from derailed.broker.log import Log
from derailed.bus import Appended, BusDown, History, Put, Subscription
from derailed.bus.embedded import EmbeddedBus, EmbeddedSubscription
from derailed.store import Connection, OutboxRow, Work
from derailed.store.sqlite_connection import Transaction
from derailed.wire import records
from tests.spine.loop import ChanceLoop
from tests.spine.oracle import Oracle, State, truth

T = TypeVar("T")

_WINDOW_MS = 60_000


class EarTransaction(Transaction):
    """Tells the oracle, at the very moment of each commit, what is true from now on."""

    def __init__(self, path: Path, oracle: Oracle) -> None:
        super().__init__(sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False))
        self._oracle = oracle
        self._rows: list[tuple[str, int, bytes]] = []
        self._group: list[tuple[list[tuple[str, int, bytes]], dict[str, State | None]]] = []

    async def emit(self, topic: str, rev: int, payload: bytes) -> None:
        """Hear one record of the verb."""
        self._rows.append((topic, rev, payload))
        await super().emit(topic, rev, payload)

    def write(self, work: Work[T]) -> T:
        """Hear one verb of the group."""

        async def heard(tx: Connection) -> T:
            result = await work(tx)
            touched = {topic for topic, _, payload in self._rows if _reshapes(payload)}
            self._group.append((self._rows, {topic: await truth(tx, _number(topic)) for topic in sorted(touched)}))
            return result

        self._rows = []
        return super().write(heard)

    def commit(self) -> None:
        """All of the group is true now."""
        super().commit()
        for rows, tables in self._group:
            self._oracle.committed(rows, tables)
        self._group.clear()

    def undo(self) -> None:
        """Nothing of the group is."""
        super().undo()
        self._group.clear()

    def kill(self) -> None:
        """The system takes its locks away."""
        self._db.rollback()  # a closed connection of this very process would keep them until it is collected
        self._db.close()


class EarLog(Log):
    """Tells the oracle what it takes."""

    def __init__(self, folder: Path, oracle: Oracle, clock: Callable[[], int], boot_id: str, durable: int) -> None:
        self._oracle = oracle
        self.durable = durable
        super().__init__(folder, retention=Retention(_WINDOW_MS), clock=clock, boot_id=boot_id, tails=1000)

    def append(self, verbs: Sequence[Verb], *, start: bool = False) -> list[tuple[int, ...] | None]:
        """Hear what is new."""
        last = self.head
        answers = super().append(verbs, start=start)
        for verb, offsets in zip(verbs, answers, strict=True):
            for (topic, rev, _), offset in zip(verb, offsets or (), strict=False):
                if offset > last:
                    self._oracle.appended(self._epoch, topic.decode(), rev, offset)
        return answers

    def sync(self) -> None:
        """Hear what is on the disk."""
        head = self.head
        super().sync()
        self.durable = head

    def kill(self, *, machine: bool) -> None:
        """End without a last word. With the machine goes what was not on the disk."""
        if machine:
            self._oracle.lost(self._epoch, self.durable)
        self._closed, self._stopped = True, "killed"
        self._buckets.close()
        self._database.close()


class StampedSessions(Sessions):
    """Writes on each snapshot the rev at which it was true, where a client can read it: nothing else says so."""

    async def account(self, user_id: int, token_id: int) -> AccountSnapshot:
        """The account, its rev as its email."""
        snapshot = await super().account(user_id, token_id)
        return snapshot._replace(email=str(snapshot.rev))

    async def guild(
        self, guild_id: int, user_id: int, *, members_up_to: int, reads: bool = False
    ) -> GuildSnapshot | None:
        """The guild, its rev as its description."""
        snapshot = await super().guild(guild_id, user_id, members_up_to=members_up_to, reads=reads)
        if snapshot is None:
            return None
        return snapshot._replace(guild=replace(snapshot.guild, description=str(snapshot.rev)))


class BusProcess:
    """The bus in a process of its own, as the other processes reach it: a call may arrive late, or die with either."""

    def __init__(self, loop: ChanceLoop, oracle: Oracle, place: Path, clock: Callable[[], int]) -> None:
        self._loop = loop
        self._oracle = oracle
        self._place = place
        self._clock = clock
        self._skew_ms = 0
        self._lives = 0
        self._boots = 0
        self._calls: dict[asyncio.Future[Any], None] = {}
        self.subscriptions: list[EmbeddedSubscription] = []
        self._up: EmbeddedBus | None = None
        self._log: EarLog
        self._durable = 0
        self.start()

    # --- what can happen to it

    def start(self) -> None:
        """Come up, on what is in the folder."""
        self._lives += 1
        self._log = EarLog(self._place / "log", self._oracle, self._time, f"boot {self._boots}", self._durable)
        self._up = EmbeddedBus(self._log)

    def kill(self, *, machine: bool = False) -> None:
        """End as by kill -9; with the whole machine, the log can not vouch for its end any more."""
        self._up = None
        self._loop.kill(self._process)
        self._log.kill(machine=machine)
        self._boots += machine
        self._durable = self._log.durable
        self.subscriptions.clear()
        for answer in list(self._calls):
            if not answer.done():
                answer.set_exception(BusDown("it died"))
        self._calls.clear()

    async def wipe(self, allowed: Callable[[], bool] = lambda: True) -> None:
        """Begin another epoch, as soon as it may."""
        up = self._up
        assert up is not None
        await up.settle()
        while not allowed():
            await asyncio.sleep(0.01)
            await up.settle()
        await up.wipe()

    def roll(self) -> None:
        """Let some time pass in the log, so that it can be trimmed up to here."""
        self._skew_ms += _WINDOW_MS // 20
        self._log.append([])

    def trim(self) -> None:
        """Let so much time pass in the log that all before the last `roll` is trimmed."""
        self._skew_ms += _WINDOW_MS
        self._log.trim()

    def stop(self) -> None:
        """The end of the schedule."""
        self._log.close()

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Do something in its process."""
        return self._loop.spawn(self._process, work)

    def holds(self, rows: Sequence[OutboxRow]) -> bool:
        """Whether it has one of these rows, or may be getting one just now."""
        known = self._oracle.offsets[self._log._epoch]
        return bool(self._calls) or any((row.topic, row.rev) in known for row in rows)

    @property
    def up(self) -> bool:
        """Whether it runs."""
        return self._up is not None

    # --- Bus

    @property
    def epoch(self) -> str:
        """The epoch that is known."""
        return self._log.epoch

    @property
    def is_up(self) -> bool:
        """See `Bus.is_up`."""
        return True

    async def append(
        self, verbs: Sequence[Sequence[Put]], *, start: bool = False, epoch: str | None = None
    ) -> Appended:
        """See `Bus.append`."""
        return await self._call(lambda bus: bus.append(verbs, start=start, epoch=epoch))

    async def publish(self, topic: str, payload: bytes) -> None:
        """See `Bus.publish`."""
        marked = records.encode(self._oracle.typing(records.decode(payload)))
        await self._call(lambda bus: bus.publish(topic, marked))

    async def history(self, topic: str, after: int) -> History:
        """See `Bus.history`."""
        return await self._call(lambda bus: bus.history(topic, after))

    def connect(self) -> Subscription:
        """See `Bus.connect`."""
        assert self._up is not None
        subscription = self._up.connect()
        self.subscriptions.append(subscription)
        return subscription

    async def close(self) -> None:
        """Nobody but the schedule closes it."""

    async def _call(self, ask: Callable[[EmbeddedBus], Coroutine[Any, Any, T]]) -> T:
        if self._up is None:
            raise BusDown("it is not up")
        answer: asyncio.Future[T] = self._loop.create_future()
        self._calls[answer] = None
        self.spawn(self._relay(ask(self._up), answer))
        return await answer

    async def _relay(self, work: Coroutine[Any, Any, T], answer: asyncio.Future[T]) -> None:
        try:
            result = await work
        except Exception as error:  # noqa: BLE001  it is the caller's
            answer.set_exception(error)
        else:
            answer.set_result(result)
        self._calls.pop(answer, None)

    @property
    def _process(self) -> str:
        return f"bus {self._lives}"

    def _time(self) -> int:
        return self._clock() + self._skew_ms


def _reshapes(payload: bytes) -> bool:
    record = records.decode(payload)
    return bool(record.guild) and record.event.startswith(("GUILD", "CHANNEL"))


def _number(topic: str) -> int:
    return int(topic.partition(":")[2])
