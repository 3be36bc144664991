"""The publisher on a real store: nothing is lost, doubled or out of order, whatever the bus does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from derailed.actions.publisher import Publisher
from derailed.bus import Appended, Bus, BusDown, History, Put, Subscription
from derailed.store import Connection, OutboxRow, Store, topics
from derailed.store.sqlite import SqliteStore

RETENTION_MS = 60_000


class Clock:
    """Time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.ms = 1_700_000_000_000
        self._sleepers: list[tuple[int, asyncio.Future[None]]] = []

    def __call__(self) -> int:
        return self.ms

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.ms + round(seconds * 1000), woken))
        await woken

    async def advance(self, ms: int) -> None:
        self.ms += ms
        for due, woken in self._sleepers:
            if due <= self.ms and not woken.done():
                woken.set_result(None)
        self._sleepers = [sleeper for sleeper in self._sleepers if not sleeper[1].done()]
        for _ in range(20):  # whoever woke takes its next steps
            await asyncio.sleep(0)


class Logged(NamedTuple):
    """One record that the bus keeps."""

    offset: int
    topic: str
    rev: int


class PlainBus(Bus):
    """The rules of `Bus.append` in a list, with failures that a test can ask for."""

    def __init__(self) -> None:
        self.log: list[Logged] = []
        self.calls: list[int] = []
        self.started: list[str] = []
        self.down = False
        self.forgetful = False
        self.wiped_meanwhile = False
        self.gate = asyncio.Event()
        self.gate.set()
        self._epoch = 1
        self._last: dict[str, int] = {}

    @property
    def epoch(self) -> str:
        return str(self._epoch)

    def wipe(self) -> None:
        self._epoch += 1
        self.log, self._last = [], {}

    def trim(self) -> None:
        self.log, self._last = [], {}

    def revs(self, topic: str) -> list[int]:
        return [entry.rev for entry in self.log if entry.topic == topic]

    async def append(self, verbs: Sequence[Sequence[Put]], *, start: bool = False) -> Appended:
        await self.gate.wait()
        if self.down:
            raise BusDown
        epoch = self.epoch
        self.calls.append(len(verbs))
        offsets = [self._append(verb, start) for verb in verbs]
        if self.forgetful:
            self.forgetful = False
            raise BusDown("the answer was lost")
        if self.wiped_meanwhile:
            self.wiped_meanwhile = False
            self.wipe()
        return Appended(epoch, offsets)

    def _append(self, verb: Sequence[Put], start: bool) -> tuple[int, ...] | None:
        fits = [self._last.get(put.topic, -1) + 1 >= put.rev for put in verb]
        if not start and not all(fits):
            return None
        self.started.extend(put.topic for put, fit in zip(verb, fits, strict=True) if not fit)
        return tuple(self._keep(put) for put in verb)

    def _keep(self, put: Put) -> int:
        if put.rev <= self._last.get(put.topic, -1):
            return 0
        self._last[put.topic] = put.rev
        self.log.append(Logged(len(self.log) + 2, put.topic, put.rev))
        return self.log[-1].offset

    async def publish(self, topic: str, payload: bytes) -> None:
        raise NotImplementedError

    async def history(self, topic: str, after: int) -> History:
        raise NotImplementedError

    def connect(self) -> Subscription:
        raise NotImplementedError

    async def close(self) -> None:
        return


class Rig(NamedTuple):
    """A store, a bus, and what publishes from one to the other."""

    store: Store
    bus: PlainBus
    publisher: Publisher
    clock: Clock
    path: Path

    async def say(self, *names: str) -> None:
        """One verb that raises the rev of each topic."""
        await self.store.write(verb(*names))

    async def outbox(self) -> list[OutboxRow]:
        return await self.store.outbox(0, 10_000)


def verb(*names: str, payload: bytes = b"said") -> Callable[[Connection], Coroutine[Any, Any, None]]:
    async def work(tx: Connection) -> None:
        for name in sorted(names):
            at = await topics.lift(tx, name)
            await tx.emit(name, at.rev, payload)

    return work


@asynccontextmanager
async def running(path: Path) -> AsyncIterator[Rig]:
    clock = Clock()
    store = SqliteStore.open(path / "store.db", clock)
    bus = PlainBus()
    publisher = Publisher(store, bus, clock, clock.sleep)
    store.committed = publisher.take
    task = asyncio.create_task(publisher.run())
    try:
        yield Rig(store, bus, publisher, clock, path)
    finally:
        task.cancel()
        await asyncio.wait([task])
        await store.close()


@pytest.fixture
def scene(tmp_path: Path) -> Callable[[Callable[[Rig], Coroutine[Any, Any, None]]], None]:
    def play(story: Callable[[Rig], Coroutine[Any, Any, None]]) -> None:
        async def main() -> None:
            async with running(tmp_path) as rig:
                await rig.publisher.drained()
                async with asyncio.timeout(20):
                    await story(rig)

        asyncio.run(main())

    return play


Scene = Callable[[Callable[[Rig], Coroutine[Any, Any, None]]], None]


def test_what_is_committed_is_published_in_order_and_leaves_the_outbox(scene: Scene) -> None:
    async def story(rig: Rig) -> None:
        await asyncio.gather(*(rig.say("guild:1", f"user:{i % 5}") for i in range(50)))
        await rig.publisher.drained()
        assert rig.bus.revs("guild:1") == list(range(1, 51))
        assert all(rig.bus.revs(f"user:{i}") == list(range(1, 11)) for i in range(5))
        assert await rig.outbox() == []

    scene(story)


def test_a_group_of_verbs_is_one_append(scene: Scene) -> None:
    async def story(rig: Rig) -> None:
        await rig.say("guild:1")
        await rig.publisher.drained()
        rig.bus.calls.clear()
        await asyncio.gather(*(rig.say("guild:1") for _ in range(40)))
        await rig.publisher.drained()
        assert sum(rig.bus.calls) == 40
        assert len(rig.bus.calls) <= 2

    scene(story)


def test_a_leftover_row_of_a_dead_process_is_published_at_start(tmp_path: Path) -> None:
    async def main() -> None:
        dead = SqliteStore.open(tmp_path / "store.db", Clock())
        await dead.write(verb("guild:1", "user:1"))
        await dead.write(verb("guild:1"))
        await dead.close()
        async with running(tmp_path) as rig:
            await rig.publisher.drained()
            assert rig.bus.revs("guild:1") == [1, 2]
            assert rig.bus.revs("user:1") == [1]
            assert await rig.outbox() == []

    asyncio.run(main())


def test_a_leftover_row_of_another_process_is_published_within_two_seconds(scene: Scene) -> None:
    async def story(rig: Rig) -> None:
        other = SqliteStore.open(rig.path / "store.db", rig.clock)
        await other.write(verb("guild:1"))
        await other.close()
        await rig.clock.advance(900)
        await rig.clock.advance(100)
        await rig.publisher.drained()
        assert rig.bus.revs("guild:1") == [1]
        assert await rig.outbox() == []

    scene(story)


def test_a_row_that_its_own_process_is_about_to_publish_is_left_to_it(scene: Scene) -> None:
    async def story(rig: Rig) -> None:
        await rig.clock.advance(500)
        other = SqliteStore.open(rig.path / "store.db", rig.clock)
        await other.write(verb("guild:1"))
        await other.close()
        await rig.clock.advance(500)
        await rig.publisher.drained()
        assert rig.bus.revs("guild:1") == []
        await rig.clock.advance(1000)
        await rig.publisher.drained()
        assert rig.bus.revs("guild:1") == [1]

    scene(story)


def test_an_idle_topic_that_the_log_has_let_go_of_is_started_again(scene: Scene) -> None:
    async def story(rig: Rig) -> None:
        await rig.say("guild:1")
        await rig.publisher.drained()
        rig.bus.trim()
        rig.bus.started.clear()
        await rig.say("guild:1")
        await rig.publisher.drained()
        assert rig.bus.revs("guild:1") == [2]
        assert rig.bus.started == ["guild:1"]
        assert await rig.outbox() == []

    scene(story)


def test_a_later_verb_waits_for_what_the_bus_is_behind_for(scene: Scene) -> None:
    async def story(rig: Rig) -> None:
        other = SqliteStore.open(rig.path / "store.db", rig.clock)
        await other.write(verb("guild:1", "guild:2"))
        await other.write(verb("guild:1"))
        await other.close()
        await rig.say("guild:1", "guild:3")
        await rig.publisher.drained()
        assert [(entry.topic, entry.rev) for entry in rig.bus.log] == [
            ("guild:1", 1),
            ("guild:2", 1),
            ("guild:1", 2),
            ("guild:1", 3),
            ("guild:3", 1),
        ]
        assert await rig.outbox() == []

    scene(story)


def test_a_bus_that_is_down_gets_everything_when_it_is_back(scene: Scene) -> None:
    async def story(rig: Rig) -> None:
        rig.bus.down = True
        for _ in range(5):
            await rig.say("guild:1")
        await rig.clock.advance(5000)
        assert [row.rev for row in await rig.outbox()] == [1, 2, 3, 4, 5]
        rig.bus.down = False
        await rig.clock.advance(5000)
        await rig.publisher.drained()
        assert rig.bus.revs("guild:1") == [1, 2, 3, 4, 5]
        assert await rig.outbox() == []

    scene(story)


def test_an_append_whose_answer_was_lost_is_not_doubled(scene: Scene) -> None:
    async def story(rig: Rig) -> None:
        rig.bus.forgetful = True
        await rig.say("guild:1")
        await rig.clock.advance(5000)
        await rig.publisher.drained()
        assert rig.bus.revs("guild:1") == [1]
        assert await rig.outbox() == []

    scene(story)


def test_an_acknowledgement_of_an_epoch_that_is_over_forgets_nothing(scene: Scene) -> None:
    async def story(rig: Rig) -> None:
        rig.bus.wiped_meanwhile = True
        await rig.say("guild:1")
        await rig.clock.advance(5000)
        await rig.publisher.drained()
        assert rig.bus.revs("guild:1") == [1]
        assert await rig.outbox() == []

    scene(story)


def test_a_row_held_for_half_the_retention_is_read_again(scene: Scene) -> None:
    async def story(rig: Rig) -> None:
        rig.bus.down = True
        await rig.say("guild:1")
        await rig.clock.advance(RETENTION_MS // 2 + 1000)
        # Meanwhile another process published it, and forgot it; the log has let go of it since.
        other = SqliteStore.open(rig.path / "store.db", rig.clock)
        await other.forget([row.id for row in await other.outbox(0, 10)])
        await other.close()
        rig.bus.down = False
        await rig.clock.advance(5000)
        await rig.publisher.drained()
        assert rig.bus.log == []

    scene(story)


def test_what_does_not_fit_in_memory_is_read_from_the_outbox(scene: Scene) -> None:
    async def story(rig: Rig) -> None:
        rig.bus.gate.clear()
        for _ in range(12):
            await rig.store.write(verb("guild:1", payload=bytes(4 << 20)))
        rig.bus.gate.set()
        await rig.say("guild:1")
        await rig.publisher.drained()
        assert rig.bus.revs("guild:1") == list(range(1, 14))
        assert await rig.outbox() == []

    scene(story)


def test_more_leftovers_than_a_page_are_published_in_order(tmp_path: Path) -> None:
    async def main() -> None:
        dead = SqliteStore.open(tmp_path / "store.db", Clock())
        await asyncio.gather(*(dead.write(verb("guild:1", f"user:{i}", f"user:{i + 1}")) for i in range(300)))
        await dead.close()
        async with running(tmp_path) as rig:
            await rig.publisher.drained()
            assert rig.bus.revs("guild:1") == list(range(1, 301))
            assert rig.bus.revs("user:7") == [1, 2]
            assert await rig.outbox() == []

    asyncio.run(main())
