"""What is the embedded bus's own: its limits, its stretches, and what it says when the disk refuses."""

from __future__ import annotations

import asyncio
import resource
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog

from derailed.broker import LogFailed
from derailed.broker.log import Log
from derailed.bus import BusDown, Entry, NewEpoch, Put, Signal, Trimmed
from derailed.bus import embedded as module
from derailed.bus.embedded import EmbeddedBus, EmbeddedSubscription

Case = Callable[[EmbeddedBus], Awaitable[None]]


def run(folder: Path, case: Case, log: type[Log] = Log) -> None:
    async def main() -> None:
        async with asyncio.timeout(20):
            bus = EmbeddedBus(log(folder))
            await case(bus)
            await bus.close()

    asyncio.run(main())


async def append(bus: EmbeddedBus, topic: str, *revs: int, payload: bytes = b"") -> None:
    await bus.append([[Put(topic, rev, payload)] for rev in revs], start=True)


async def read_until(subscription: EmbeddedSubscription, offset: int) -> list[int]:
    """The offsets read, down to that one."""
    seen: list[Signal] = []
    while not (seen and isinstance(seen[-1], Entry) and seen[-1].offset >= offset):
        seen += await subscription.read()
    return [signal.offset for signal in seen if isinstance(signal, Entry)]


@contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """What a full disk does: no file may grow beyond."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class HeldLog(Log):
    """Its sync takes until it is let go."""

    syncing, let_go = threading.Event(), threading.Event()

    def sync(self) -> None:
        self.syncing.set()
        assert self.let_go.wait(20)
        super().sync()


def test_who_repeats_what_is_just_being_synced_waits_for_no_other_sync(tmp_path: Path) -> None:
    async def case(bus: EmbeddedBus) -> None:
        first = asyncio.create_task(append(bus, "guild:1", 1))
        assert await asyncio.to_thread(HeldLog.syncing.wait, 20)
        again = asyncio.create_task(append(bus, "guild:1", 1))
        await asyncio.sleep(0)
        HeldLog.let_go.set()
        await asyncio.gather(first, again)

    run(tmp_path, case, HeldLog)


@pytest.mark.parametrize(("limit", "value"), [("QUEUE_SIGNALS", 10), ("QUEUE_BYTES", 1000)])
def test_a_queue_that_is_full_is_let_go_and_read_from_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(module, limit, value)

    async def case(bus: EmbeddedBus) -> None:
        subscription = bus.connect()
        await subscription.subscribe(["guild:1", "guild:2"])
        for rev in range(1, 31):
            await append(bus, "guild:1", rev, payload=b"x" * 100)
            await append(bus, "guild:2", rev)
            assert len(subscription._queue) <= 10 or limit != "QUEUE_SIGNALS"
            assert subscription._bytes <= 1000 or limit != "QUEUE_BYTES"
        assert await read_until(subscription, 61) == list(range(2, 62))

    run(tmp_path, case)


def test_a_long_absence_is_closed_up_in_stretches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STRETCH", 7)

    async def case(bus: EmbeddedBus) -> None:
        subscription = bus.connect()
        await subscription.subscribe(["guild:1", "guild:2"])
        subscription.drop()
        for rev in range(1, 21):
            await append(bus, "guild:1", rev)
            await append(bus, "guild:2", rev)
        assert list(await subscription.read()) == [
            Entry(offset, f"guild:{1 + offset % 2}", offset // 2, b"") for offset in range(2, 9)
        ]
        passed = asyncio.create_task(subscription.fence())
        assert await read_until(subscription, 41) == list(range(9, 42))
        assert not passed.done()
        reading = asyncio.create_task(subscription.read())
        assert await passed == 41
        reading.cancel()

    run(tmp_path, case)


def test_nobody_is_remembered_for_a_topic_that_nobody_hears(tmp_path: Path) -> None:
    async def case(bus: EmbeddedBus) -> None:
        first, second = bus.connect(), bus.connect()
        await first.subscribe(["guild:1", "guild:2"])
        await second.subscribe(["guild:1"])
        first.unsubscribe(["guild:1"])
        await first.close()
        assert list(bus.listeners) == ["guild:1"]
        await second.close()
        assert bus.listeners == {}

    run(tmp_path, case)


def test_an_append_waits_for_the_disk_and_others_join_its_sync(tmp_path: Path) -> None:
    class CountingLog(Log):
        syncs = 0

        def sync(self) -> None:
            super().sync()
            CountingLog.syncs += 1

    async def case(bus: EmbeddedBus) -> None:
        await append(bus, "guild:0", 1)
        assert CountingLog.syncs == 1
        await asyncio.gather(*(append(bus, f"guild:{n}", 1) for n in range(1, 100)))
        assert CountingLog.syncs <= 3

    run(tmp_path, case, CountingLog)


def test_a_disk_that_refuses_a_write_takes_the_bus_down_and_ends_the_epoch(tmp_path: Path) -> None:
    epochs: list[str] = []

    async def case(bus: EmbeddedBus) -> None:
        subscription = bus.connect()
        await append(bus, "guild:1", 1)
        epochs.append(bus.epoch)
        with structlog.testing.capture_logs() as logged, files_limited_to(1 << 16), pytest.raises(BusDown):
            await append(bus, "guild:1", *range(2, 2000), payload=b"x" * 100)
        assert [line["event"] for line in logged] == ["log_failed"]
        assert await subscription.read() == (NewEpoch(bus.epoch),)
        epochs.append(bus.epoch)
        with pytest.raises(BusDown):
            await append(bus, "guild:1", 2)

    async def after_restart(bus: EmbeddedBus) -> None:
        epochs.append(bus.epoch)
        with pytest.raises(Trimmed):
            await bus.history("guild:1", 1)
        await append(bus, "guild:1", 2)

    run(tmp_path, case)
    run(tmp_path, after_restart)
    assert len(set(epochs)) == 3


def test_a_bus_goes_on_in_another_epoch_when_the_disk_has_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_HEAL_S", 0.01)

    async def case(bus: EmbeddedBus) -> None:
        subscription = bus.connect()
        await subscription.subscribe(["guild:1"])
        await append(bus, "guild:1", 1)
        assert len(await subscription.read()) == 1
        with structlog.testing.capture_logs() as logged:
            with files_limited_to(1 << 16):
                with pytest.raises(BusDown):
                    await append(bus, "guild:1", *range(2, 2000), payload=b"x" * 100)
                assert await subscription.read() == (NewEpoch(bus.epoch),)
            failed, head = bus.epoch, bus.head
            assert logged[-1]["event"] == "log_failed"
            async with asyncio.timeout(30):
                while not bus.is_up:  # noqa: ASYNC110  it has no event for whoever asks
                    await asyncio.sleep(0.01)
            assert await subscription.read() == (NewEpoch(bus.epoch),)
        assert [line["event"] for line in logged] == ["log_failed", "log_epoch_ended", "log_opened_again"]
        assert bus.epoch != failed
        await append(bus, "guild:1", 2000)
        (entry,) = await subscription.read()
        assert isinstance(entry, Entry)
        assert entry.offset > head

    run(tmp_path, case)


def test_a_disk_that_refuses_a_sync_takes_the_bus_down(tmp_path: Path) -> None:
    class UnsyncedLog(Log):
        def sync(self) -> None:
            raise LogFailed("no sync")

    async def case(bus: EmbeddedBus) -> None:
        answers = await asyncio.gather(*(append(bus, f"guild:{n}", 1) for n in range(9)), return_exceptions=True)
        assert [type(answer) for answer in answers] == [BusDown] * 9

    run(tmp_path, case, UnsyncedLog)
