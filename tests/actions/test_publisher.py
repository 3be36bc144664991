"""The publisher on a real store: nothing is lost, doubled or out of order, whatever the bus does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from derailed.actions.publisher import Publisher
from derailed.store import Connection, OutboxRow, Store, topics
from derailed.store.sqlite import SqliteStore
from tests.actions.plain_bus import Clock, PlainBus
from tests.databases import open_sqlite

RETENTION_MS = 60_000


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
    store = open_sqlite(path / "store.db", clock)
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


def test_a_leftover_row_of_a_process_whose_clock_was_ahead_is_not_waited_for(scene: Scene) -> None:
    async def story(rig: Rig) -> None:
        other = SqliteStore.open(rig.path / "store.db", lambda: rig.clock() + 3_600_000)
        await other.write(verb("guild:1"))
        await other.close()
        for _ in range(2):  # at the first sweep its owner may still be about to publish it
            await rig.clock.advance(1000)
            await rig.publisher.drained()
        assert rig.bus.revs("guild:1") == [1]

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
        stuck = [rig.publisher.is_stuck]
        rig.bus.down = False
        await rig.clock.advance(5000)
        await rig.publisher.drained()
        assert [*stuck, rig.publisher.is_stuck] == [True, False]
        assert rig.bus.revs("guild:1") == [1, 2, 3, 4, 5]
        assert await rig.outbox() == []

    scene(story)


def test_no_append_waits_for_the_disk_of_the_one_before(scene: Scene) -> None:
    async def story(rig: Rig) -> None:
        await rig.say("guild:1")
        await rig.publisher.drained()
        rig.bus.disk.clear()
        for _ in range(3):
            await rig.say("guild:1")
        await rig.clock.advance(100)
        assert rig.bus.revs("guild:1") == [1, 2, 3, 4]
        assert [row.rev for row in await rig.outbox()] == [2, 3, 4]
        rig.bus.disk.set()
        await rig.publisher.drained()
        assert await rig.outbox() == []

    scene(story)


def test_what_was_on_its_way_behind_a_lost_append_comes_in_order(scene: Scene) -> None:
    async def story(rig: Rig) -> None:
        await rig.say("guild:1")
        await rig.publisher.drained()
        rig.bus.losses = 1
        rig.bus.gate.clear()
        for _ in range(3):
            await rig.say("guild:1", "user:1")
            await rig.clock.advance(10)
        rig.bus.gate.set()
        await rig.publisher.drained()
        assert rig.bus.revs("guild:1") == [1, 2, 3, 4]
        assert rig.bus.revs("user:1") == [1, 2, 3]
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
