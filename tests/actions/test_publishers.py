"""Several publishers on one outbox, dying whenever they like: each record is on the bus once and in order."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from derailed.actions.publisher import Publisher
from derailed.broker.log import Log
from derailed.bus.embedded import EmbeddedBus
from derailed.store import Connection, OutboxRow, topics
from derailed.store.sqlite import SqliteStore
from tests.actions.plain_bus import Clock, PlainBus

TOPICS = ("guild:1", "guild:2", "user:1")
PROCESSES = 2


async def say(store: SqliteStore, names: set[str]) -> None:
    """One verb that raises the rev of each topic."""

    async def work(tx: Connection) -> None:
        for name in sorted(names):
            at = await topics.lift(tx, name)
            await tx.emit(name, at.rev, b"")

    await store.write(work)


def test_two_publishers_out_of_order(tmp_path: Path) -> None:
    async def main() -> None:
        clock = Clock()
        slow, quick = (SqliteStore.open(tmp_path / "store.db", clock) for _ in range(2))
        bus = EmbeddedBus(Log(tmp_path / "log"))
        late: list[OutboxRow] = []
        slow.committed = late.extend
        await say(slow, {"guild:1"})

        first, second = Publisher(quick, bus, clock, clock.sleep), Publisher(slow, bus, clock, clock.sleep)
        quick.committed = first.take
        running = [asyncio.create_task(publisher.run()) for publisher in (first, second)]
        await say(quick, {"guild:1"})
        await first.drained()
        second.take(late)
        await second.drained()
        assert [entry.rev for entry in (await bus.history("guild:1", bus.horizon)).entries] == [1, 2]
        for task in running:
            task.cancel()
        await asyncio.wait(running)
        await bus.close()
        await slow.close()
        await quick.close()

    asyncio.run(main())


class Process:
    """A store and its publisher."""

    def __init__(self, path: Path, bus: PlainBus, clock: Clock) -> None:
        self.store = SqliteStore.open(path, clock)
        self.publisher = Publisher(self.store, bus, clock, clock.sleep)
        self.store.committed = self.publisher.take
        self._task = asyncio.create_task(self.publisher.run())

    async def die(self) -> None:
        """What it held in memory is lost, and what it appended without hearing the answer is in doubt."""
        self._task.cancel()
        await asyncio.wait([self._task])
        await self.store.close()


class Machine:
    """Some processes on one store and one bus."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "store.db"
        self.bus, self.clock = PlainBus(), Clock()
        self._processes = [self._start() for _ in range(PROCESSES)]

    def _start(self) -> Process:
        return Process(self._path, self.bus, self.clock)

    async def say(self, number: int, names: set[str]) -> None:
        await say(self._processes[number].store, names)

    async def kill(self, number: int) -> None:
        await self._processes[number].die()
        self._processes[number] = self._start()

    async def settle(self) -> None:
        """Let everything be reached, and everybody finish."""
        self.bus.down = self.bus.forgetful = False
        for _ in range(2):  # once for what they hold themselves, once for what others left
            drained = asyncio.gather(*(process.publisher.drained() for process in self._processes))
            while not drained.done():
                await self.clock.advance(1500)
            await self.clock.advance(1500)

    async def stop(self) -> None:
        for process in self._processes:
            await process.die()

    async def revs(self) -> dict[str, int]:
        """Where each topic stands in the store."""

        async def look(tx: Connection) -> dict[str, int]:
            return {name: (await topics.look(tx, name)).rev for name in TOPICS}

        return await self._processes[0].store.read(look)


Step = Callable[[Machine], Awaitable[None]]


def _speak(number: int, names: set[str]) -> Step:
    return lambda machine: machine.say(number, names)


def _die(number: int) -> Step:
    return lambda machine: machine.kill(number)


async def _down(machine: Machine) -> None:
    machine.bus.down = True


async def _up(machine: Machine) -> None:
    machine.bus.down = False


async def _lose_an_answer(machine: Machine) -> None:
    machine.bus.forgetful = True


async def _second(machine: Machine) -> None:
    await machine.clock.advance(1000)


async def _turn(machine: Machine) -> None:
    await asyncio.sleep(0)


processes = st.integers(0, PROCESSES - 1)
names = st.sets(st.sampled_from(TOPICS), min_size=1)
steps = st.one_of(
    st.builds(_speak, processes, names),
    st.builds(_speak, processes, names),
    st.builds(_die, processes),
    st.sampled_from((_down, _up, _lose_an_answer, _second, _turn)),
)


@settings(max_examples=25)
@given(st.lists(steps, max_size=25))
def test_each_record_is_published_once_and_in_order_whoever_dies(story: list[Step]) -> None:
    async def main() -> None:
        with tempfile.TemporaryDirectory() as folder:
            machine = Machine(Path(folder))
            for step in story:
                await step(machine)
            await machine.settle()
            for name, last in (await machine.revs()).items():
                assert machine.bus.revs(name) == list(range(1, last + 1))
            await machine.stop()

    asyncio.run(main())
