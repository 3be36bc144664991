"""What every bus promises; one suite for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import pytest

from derailed.broker.log import Log
from derailed.bus import (
    Bus,
    BusDown,
    Entry,
    Ephemeral,
    Gap,
    NewEpoch,
    Put,
    Signal,
    Subscription,
    Trimmed,
)
from derailed.bus.embedded import EmbeddedBus, EmbeddedSubscription

GUILD, OTHER, USER = "guild:1", "guild:2", "user:1"


class Bench(Protocol):
    """One kind of bus, and the hands to disturb it."""

    @property
    def bus(self) -> Bus:
        """The one that runs now."""
        ...

    async def trim(self) -> None:
        """Let five minutes pass, and trim what is older."""
        ...

    async def lose_connection(self, subscription: Subscription) -> None:
        """Cut it as a network does."""
        ...

    async def lose_past(self) -> None:
        """Begin another epoch."""
        ...

    async def restart(self) -> None:
        """Stop the bus and start it again on the same data."""
        ...


class EmbeddedBench:
    """The log in this process, with a clock of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._now_ms = 1_700_000_000_000
        self._bus = self._open()

    @property
    def bus(self) -> EmbeddedBus:
        return self._bus

    def _open(self) -> EmbeddedBus:
        self._log = Log(self._folder, clock=lambda: self._now_ms, boot_id="boot")
        return EmbeddedBus(self._log)

    async def trim(self) -> None:
        for _ in range(3):
            await self.bus.settle()
            self._now_ms += 400_000
            last = self._log.history(b"filler", self._log.horizon)
            await self.bus.append([[Put("filler", last[-1].rev + 1 if last else 1, b"")]], start=True)

    async def lose_connection(self, subscription: Subscription) -> None:
        assert isinstance(subscription, EmbeddedSubscription)
        subscription.drop()

    async def lose_past(self) -> None:
        await self.bus.wipe()

    async def restart(self) -> None:
        await self.bus.close()
        self._bus = self._open()


Case = Callable[[Bench], Awaitable[None]]
Runner = Callable[[Case], None]


@asynccontextmanager
async def embedded(folder: Path) -> AsyncIterator[Bench]:
    bench = EmbeddedBench(folder)
    yield bench
    await bench.bus.close()


@pytest.fixture(params=[embedded], ids=lambda bench: bench.__name__)
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Runner:
    """Runs a case on a fresh bus."""

    def run_case(case: Case) -> None:
        async def main() -> None:
            async with asyncio.timeout(20), request.param(tmp_path / "bus") as bench:
                await case(bench)

        asyncio.run(main())

    return run_case


def one(topic: str, rev: int, payload: bytes = b"") -> list[Put]:
    return [Put(topic, rev, payload)]


async def listen(bus: Bus, *topics: str) -> Subscription:
    subscription = bus.connect()
    await subscription.subscribe(topics)
    return subscription


async def read_all(subscription: Subscription) -> list[Signal]:
    """Everything up to a fence of now."""
    passed = asyncio.create_task(subscription.fence())
    await asyncio.sleep(0)
    signals: list[Signal] = []
    while not passed.done():
        reading = asyncio.create_task(subscription.read())
        await asyncio.wait([reading, passed], return_when=asyncio.FIRST_COMPLETED)
        if reading.done():
            signals += reading.result()
        else:
            reading.cancel()
            await asyncio.wait([reading])
    return signals


def heard(signals: Sequence[Signal]) -> list[tuple[str, int]]:
    return [(signal.topic, signal.rev) for signal in signals if isinstance(signal, Entry)]


def offsets(signals: Sequence[Signal]) -> list[int]:
    return [signal.offset for signal in signals if isinstance(signal, Entry)]


# Appending


def test_offsets_begin_at_two_and_are_dense(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        appended = await bench.bus.append([one(GUILD, 1), [Put(GUILD, 2, b""), Put(USER, 1, b"")]], start=True)
        assert appended.epoch == bench.bus.epoch
        assert list(appended.offsets) == [(2,), (3, 4)]

    run(case)


def test_a_verb_is_appended_all_or_none(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        await bench.bus.append([one(GUILD, 1), one(USER, 1)], start=True)
        subscription = await listen(bench.bus, GUILD, USER)
        verb = [Put(GUILD, 2, b""), Put(USER, 3, b"")]
        assert list((await bench.bus.append([verb])).offsets) == [None]
        assert await read_all(subscription) == []
        assert heard((await bench.bus.history(GUILD, 1)).entries) == [(GUILD, 1)]

    run(case)


def test_a_verb_behind_does_not_hold_up_the_next(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        await bench.bus.append([one(GUILD, 1)], start=True)
        assert list((await bench.bus.append([one(OTHER, 1), one(GUILD, 2)])).offsets) == [None, (3,)]

    run(case)


def test_a_rev_that_is_there_keeps_its_offset_and_is_not_heard_again(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        await bench.bus.append([one(GUILD, 1), one(GUILD, 2), one(GUILD, 3)], start=True)
        subscription = await listen(bench.bus, GUILD)
        again = await bench.bus.append([one(GUILD, 1), one(GUILD, 3), one(GUILD, 4), one(GUILD, 4)])
        assert list(again.offsets) == [(2,), (4,), (5,), (5,)]
        assert heard(await read_all(subscription)) == [(GUILD, 4)]

    run(case)


def test_a_verb_appended_in_part_is_completed(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        await bench.bus.append([one(GUILD, 1), one(USER, 1), one(GUILD, 2)], start=True)
        verb = [Put(GUILD, 2, b""), Put(USER, 2, b"")]
        assert list((await bench.bus.append([verb])).offsets) == [(4, 5)]

    run(case)


def test_a_gap_and_an_unknown_topic_are_behind(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        assert list((await bench.bus.append([one(GUILD, 1)])).offsets) == [None]
        await bench.bus.append([one(GUILD, 1)], start=True)
        assert list((await bench.bus.append([one(GUILD, 3)])).offsets) == [None]

    run(case)


def test_a_rev_below_the_horizon_has_offset_zero(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        await bench.bus.append([one(GUILD, 1)], start=True)
        await bench.trim()
        await bench.bus.append([one(GUILD, 2)], start=True)
        assert list((await bench.bus.append([one(GUILD, 1)])).offsets) == [(0,)]

    run(case)


def test_appends_at_once_all_become_durable(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        topics = [f"guild:{n}" for n in range(200)]
        appended = await asyncio.gather(*(bench.bus.append([one(topic, 1)], start=True) for topic in topics))
        assert sorted(offset for answer in appended for verb in answer.offsets for offset in verb or ()) == list(
            range(2, 202)
        )

    run(case)


# History


def test_history_is_what_lies_above_an_offset_up_to_the_head(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        await bench.bus.append([one(GUILD, 1, b"a"), one(OTHER, 1), one(GUILD, 2, b"b")], start=True)
        history = await bench.bus.history(GUILD, 2)
        assert (history.epoch, history.head) == (bench.bus.epoch, 4)
        assert list(history.entries) == [Entry(4, GUILD, 2, b"b")]
        assert heard((await bench.bus.history(GUILD, 1)).entries) == [(GUILD, 1), (GUILD, 2)]

    run(case)


def test_a_long_history_is_whole(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        await bench.bus.append([one(GUILD, rev) for rev in range(1, 2001)], start=True)
        assert [entry.rev for entry in (await bench.bus.history(GUILD, 1)).entries] == list(range(1, 2001))

    run(case)


def test_history_below_the_horizon_is_trimmed_also_for_a_topic_that_has_nothing(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        await bench.bus.append([one(GUILD, 1)], start=True)
        await bench.trim()
        for topic in (GUILD, OTHER):
            with pytest.raises(Trimmed):
                await bench.bus.history(topic, 2)

    run(case)


def test_starting_an_idle_topic_again_keeps_its_history_whole(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        await bench.bus.append([one(GUILD, 1)], start=True)
        await bench.trim()
        await bench.bus.append([one(OTHER, 1)], start=True)
        before = (await bench.bus.history(OTHER, (await bench.bus.history(OTHER, 1 << 40)).head)).head
        assert list((await bench.bus.append([one(GUILD, 2)])).offsets) == [None]
        await bench.bus.append([one(GUILD, 2)], start=True)
        assert heard((await bench.bus.history(GUILD, before)).entries) == [(GUILD, 2)]

    run(case)


def test_starting_over_a_gap_trims_the_topic_alone(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        await bench.bus.append([one(GUILD, 1), one(OTHER, 1), one(OTHER, 2)], start=True)
        assert list((await bench.bus.append([one(GUILD, 4)], start=True)).offsets) == [(5,)]
        with pytest.raises(Trimmed):
            await bench.bus.history(GUILD, 3)
        await bench.bus.append([one(GUILD, 5)])
        assert heard((await bench.bus.history(GUILD, 5)).entries) == [(GUILD, 5)]
        assert len((await bench.bus.history(OTHER, 1)).entries) == 2

    run(case)


def test_history_and_epoch_outlive_a_restart(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        await bench.bus.append([one(GUILD, 1), one(GUILD, 5)], start=True)
        epoch = bench.bus.epoch
        await bench.restart()
        assert bench.bus.epoch == epoch
        with pytest.raises(Trimmed):
            await bench.bus.history(GUILD, 1)
        assert list((await bench.bus.append([one(GUILD, 6), one(GUILD, 5)])).offsets) == [(4,), (3,)]
        assert heard((await bench.bus.history(GUILD, 3)).entries) == [(GUILD, 6)]

    run(case)


# Hearing


def test_a_subscription_hears_its_topics_in_offset_order(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        subscription = await listen(bench.bus, GUILD, USER)
        await bench.bus.append([one(GUILD, 1), one(OTHER, 1), one(USER, 1), one(GUILD, 2)], start=True)
        assert await subscription.read() == [
            Entry(2, GUILD, 1, b""),
            Entry(4, USER, 1, b""),
            Entry(5, GUILD, 2, b""),
        ]

    run(case)


def test_a_subscription_hears_nothing_from_before_it(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        await bench.bus.append([one(GUILD, 1)], start=True)
        subscription = await listen(bench.bus, GUILD)
        await bench.bus.append([one(GUILD, 2)])
        assert heard(await read_all(subscription)) == [(GUILD, 2)]

    run(case)


def test_subscribing_twice_hears_once(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        subscription = await listen(bench.bus, GUILD, GUILD)
        await subscription.subscribe([GUILD])
        await bench.bus.append([one(GUILD, 1)], start=True)
        assert heard(await read_all(subscription)) == [(GUILD, 1)]

    run(case)


def test_an_unsubscribed_topic_is_not_heard(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        subscription = await listen(bench.bus, GUILD, OTHER)
        subscription.unsubscribe([GUILD, "guild:unknown"])
        await bench.bus.append([one(GUILD, 1), one(OTHER, 1)], start=True)
        assert heard(await read_all(subscription)) == [(OTHER, 1)]

    run(case)


def test_every_subscription_hears_everything(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        subscriptions = [await listen(bench.bus, GUILD) for _ in range(3)]
        await bench.bus.append([one(GUILD, 1)], start=True)
        assert [heard(await read_all(each)) for each in subscriptions] == [[(GUILD, 1)]] * 3

    run(case)


def test_an_ephemeral_record_is_heard_and_not_kept(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        await bench.bus.append([one(GUILD, 1)], start=True)
        subscription = await listen(bench.bus, GUILD)
        await bench.bus.publish(GUILD, b"typing")
        await bench.bus.publish(OTHER, b"elsewhere")
        assert await subscription.read() == [Ephemeral(GUILD, b"typing")]
        assert len((await bench.bus.history(GUILD, 1)).entries) == 1

    run(case)


def test_a_waiting_read_returns_when_something_comes(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        subscription = await listen(bench.bus, GUILD)
        reading = asyncio.create_task(subscription.read())
        await asyncio.sleep(0)
        await bench.bus.append([one(GUILD, 1)], start=True)
        assert heard(await reading) == [(GUILD, 1)]

    run(case)


def test_a_closed_subscription_reads_nothing(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        subscription = await listen(bench.bus, GUILD)
        reading = asyncio.create_task(subscription.read())
        await asyncio.sleep(0)
        await subscription.close()
        assert list(await reading) == []
        await bench.bus.append([one(GUILD, 1)], start=True)
        assert list(await subscription.read()) == []
        with pytest.raises(BusDown):
            await subscription.fence()

    run(case)


# Fences


def test_a_fence_waits_until_what_was_read_is_handled(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        subscription = await listen(bench.bus, GUILD)
        await bench.bus.append([one(GUILD, 1)], start=True)
        passed = asyncio.create_task(subscription.fence())
        assert heard(await subscription.read()) == [(GUILD, 1)]
        await asyncio.sleep(0.01)
        assert not passed.done()
        reading = asyncio.create_task(subscription.read())
        assert await passed >= 2
        reading.cancel()

    run(case)


def test_a_fence_of_an_idle_subscription_is_the_head(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        subscription = await listen(bench.bus, GUILD)
        assert await subscription.fence() == 1
        await bench.bus.append([one(OTHER, 1), one(OTHER, 2)], start=True)
        assert await subscription.fence() == 3

    run(case)


def test_a_fence_covers_all_that_was_appended_before_it(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        subscription = await listen(bench.bus, GUILD)
        handled: list[int] = []

        async def reader() -> None:
            while batch := await subscription.read():
                await asyncio.sleep(0)
                handled.extend(offsets(batch))

        reading = asyncio.create_task(reader())
        for rev in range(1, 50):
            await bench.bus.append([one(GUILD, rev)], start=rev == 1)
            fence = await subscription.fence()
            assert fence >= rev + 1
            assert handled == list(range(2, rev + 2))
        await subscription.close()
        await reading

    run(case)


# Lost connections


def test_a_lost_connection_is_closed_up_in_offset_order_across_topics(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        topics = [f"guild:{n}" for n in range(5)]
        subscription = await listen(bench.bus, *topics)
        await bench.bus.append([one(topic, 1) for topic in topics], start=True)
        await bench.lose_connection(subscription)
        for rev in range(2, 6):
            await bench.bus.append([one(topic, rev) for topic in reversed(topics)])
        signals = await read_all(subscription)
        await bench.bus.append([one(topics[0], 6)])
        signals += await read_all(subscription)
        assert offsets(signals) == list(range(2, 28))

    run(case)


def test_what_was_read_before_the_loss_is_not_heard_again(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        subscription = await listen(bench.bus, GUILD)
        await bench.bus.append([one(GUILD, 1)], start=True)
        assert heard(await subscription.read()) == [(GUILD, 1)]
        await bench.bus.append([one(GUILD, 2)])
        await bench.lose_connection(subscription)
        await bench.bus.append([one(GUILD, 3)])
        assert heard(await read_all(subscription)) == [(GUILD, 2), (GUILD, 3)]

    run(case)


def test_a_topic_subscribed_while_the_connection_is_lost_is_heard_from_then_on(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        subscription = await listen(bench.bus, GUILD)
        await bench.lose_connection(subscription)
        await bench.bus.append([one(GUILD, 1), one(OTHER, 1)], start=True)
        await subscription.subscribe([OTHER])
        await bench.bus.append([one(OTHER, 2), one(GUILD, 2)])
        assert heard(await read_all(subscription)) == [(GUILD, 1), (OTHER, 2), (GUILD, 2)]

    run(case)


def test_a_fence_waits_for_what_was_missed(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        subscription = await listen(bench.bus, GUILD)
        await bench.lose_connection(subscription)
        await bench.bus.append([one(GUILD, 1)], start=True)
        passed = asyncio.create_task(subscription.fence())
        assert heard(await subscription.read()) == [(GUILD, 1)]
        assert not passed.done()
        reading = asyncio.create_task(subscription.read())
        assert await passed == 2
        reading.cancel()

    run(case)


def test_appends_during_the_closing_up_come_after_it(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        topics = [f"guild:{n}" for n in range(20)]
        subscription = await listen(bench.bus, *topics)
        await bench.lose_connection(subscription)
        await bench.bus.append([one(topic, 1) for topic in topics], start=True)
        reading = asyncio.create_task(read_all(subscription))
        for rev in range(2, 5):
            await asyncio.sleep(0)
            await bench.bus.append([one(topic, rev) for topic in topics])
        signals = await reading + await read_all(subscription)
        assert offsets(signals) == list(range(2, 82))

    run(case)


def test_a_reader_cancelled_while_closing_up_misses_nothing(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        topics = [f"guild:{n}" for n in range(20)]
        subscription = await listen(bench.bus, *topics)
        await bench.lose_connection(subscription)
        await bench.bus.append([one(topic, 1) for topic in topics], start=True)
        reading = asyncio.create_task(subscription.read())
        for _ in range(5):
            await asyncio.sleep(0)
        reading.cancel()
        await asyncio.wait([reading])
        await bench.bus.append([one(topic, 2) for topic in topics])
        signals = list(reading.result()) if not reading.cancelled() else []
        assert offsets(signals + await read_all(subscription)) == list(range(2, 42))

    run(case)


def test_a_topic_that_can_not_be_closed_up_is_a_gap_and_goes_on(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        subscription = await listen(bench.bus, GUILD, OTHER)
        await bench.bus.append([one(GUILD, 1), one(OTHER, 1)], start=True)
        await read_all(subscription)
        await bench.lose_connection(subscription)
        await bench.bus.append([one(GUILD, 7), one(OTHER, 2)], start=True)
        signals = await read_all(subscription)
        assert signals[0] == Gap(GUILD)
        assert (OTHER, 2) in heard(signals)
        await bench.bus.append([one(GUILD, 8)])
        assert heard(await read_all(subscription)) == [(GUILD, 8)]

    run(case)


def test_a_connection_lost_for_longer_than_the_window_is_a_gap_in_every_topic(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        subscription = await listen(bench.bus, GUILD, OTHER)
        await bench.lose_connection(subscription)
        await bench.trim()
        signals = await read_all(subscription)
        assert set(signals) == {Gap(GUILD), Gap(OTHER)}
        await bench.bus.append([one(GUILD, 1)], start=True)
        assert heard(await read_all(subscription)) == [(GUILD, 1)]

    run(case)


# Epochs


def test_another_epoch_is_said_before_anything_of_it(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        subscription = await listen(bench.bus, GUILD)
        await bench.bus.append([one(GUILD, 1)], start=True)
        old = subscription.epoch
        await bench.lose_past()
        assert bench.bus.epoch != old
        await bench.bus.append([one(GUILD, 9)], start=True)
        assert subscription.epoch == old
        signals = await read_all(subscription)
        assert signals[0] == NewEpoch(bench.bus.epoch)
        assert heard(signals) == [(GUILD, 9)]
        assert subscription.epoch == bench.bus.epoch

    run(case)


def test_another_epoch_is_said_also_after_a_lost_connection(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        subscription = await listen(bench.bus, GUILD)
        await bench.lose_past()
        await bench.bus.append([one(GUILD, 3)], start=True)
        await bench.lose_connection(subscription)
        signals = await read_all(subscription)
        assert signals[0] == NewEpoch(bench.bus.epoch)
        assert heard(signals) == [(GUILD, 3)]

    run(case)


def test_another_epoch_knows_no_topic_and_has_no_past(run: Runner) -> None:
    async def case(bench: Bench) -> None:
        await bench.bus.append([one(GUILD, 1)], start=True)
        await bench.lose_past()
        assert list((await bench.bus.append([one(GUILD, 2)])).offsets) == [None]
        with pytest.raises(Trimmed):
            await bench.bus.history(GUILD, 1)

    run(case)
