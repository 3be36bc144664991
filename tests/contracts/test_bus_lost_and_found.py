"""What every bus promises when something is lost: fences, connections, the past. One suite for all of them."""

from __future__ import annotations

import asyncio
import contextlib

from derailed.bus import Gap, NewEpoch, Trimmed
from tests.contracts.buses import GUILD, OTHER, Bench, Runner, heard, listen, offsets, one, read_all

# Fences


def test_a_fence_waits_until_what_was_read_is_handled(on_bus: Runner) -> None:
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

    on_bus(case)


def test_a_fence_of_an_idle_subscription_is_the_head(on_bus: Runner) -> None:
    async def case(bench: Bench) -> None:
        subscription = await listen(bench.bus, GUILD)
        assert await subscription.fence() == 1
        await bench.bus.append([one(OTHER, 1), one(OTHER, 2)], start=True)
        assert await subscription.fence() == 3

    on_bus(case)


def test_a_fence_covers_all_that_was_appended_before_it(on_bus: Runner) -> None:
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

    on_bus(case)


# Lost connections


def test_a_lost_connection_is_closed_up_in_offset_order_across_topics(on_bus: Runner) -> None:
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

    on_bus(case)


def test_what_was_read_before_the_loss_is_not_heard_again(on_bus: Runner) -> None:
    async def case(bench: Bench) -> None:
        subscription = await listen(bench.bus, GUILD)
        await bench.bus.append([one(GUILD, 1)], start=True)
        assert heard(await subscription.read()) == [(GUILD, 1)]
        await bench.bus.append([one(GUILD, 2)])
        await bench.lose_connection(subscription)
        await bench.bus.append([one(GUILD, 3)])
        assert heard(await read_all(subscription)) == [(GUILD, 2), (GUILD, 3)]

    on_bus(case)


def test_a_topic_subscribed_while_the_connection_is_lost_is_heard_from_then_on(on_bus: Runner) -> None:
    async def case(bench: Bench) -> None:
        subscription = await listen(bench.bus, GUILD)
        await bench.lose_connection(subscription)
        await bench.bus.append([one(GUILD, 1), one(OTHER, 1)], start=True)
        await subscription.subscribe([OTHER])
        await bench.bus.append([one(OTHER, 2), one(GUILD, 2)])
        assert heard(await read_all(subscription)) == [(GUILD, 1), (OTHER, 2), (GUILD, 2)]

    on_bus(case)


def test_a_fence_waits_for_what_was_missed(on_bus: Runner) -> None:
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

    on_bus(case)


def test_appends_during_the_closing_up_come_after_it(on_bus: Runner) -> None:
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

    on_bus(case)


def test_a_reader_cancelled_while_closing_up_misses_nothing(on_bus: Runner) -> None:
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

    on_bus(case)


def test_a_topic_that_can_not_be_closed_up_is_a_gap_and_goes_on(on_bus: Runner) -> None:
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

    on_bus(case)


def test_a_connection_lost_for_longer_than_the_window_is_a_gap_in_every_topic(on_bus: Runner) -> None:
    async def case(bench: Bench) -> None:
        subscription = await listen(bench.bus, GUILD, OTHER)
        await bench.lose_connection(subscription)
        await bench.trim()
        signals = await read_all(subscription)
        assert set(signals) == {Gap(GUILD), Gap(OTHER)}
        await bench.bus.append([one(GUILD, 1)], start=True)
        assert heard(await read_all(subscription)) == [(GUILD, 1)]

    on_bus(case)


# Epochs


def test_another_epoch_is_said_before_anything_of_it(on_bus: Runner) -> None:
    async def case(bench: Bench) -> None:
        subscription = await listen(bench.bus, GUILD)
        await bench.bus.append([one(GUILD, 1)], start=True)
        old = subscription.epoch
        await bench.lose_past()
        assert bench.bus.epoch != old
        await bench.bus.append([one(GUILD, 9)], start=True)
        assert subscription.epoch == old
        signals = await read_all(subscription)
        said = signals.index(NewEpoch(bench.bus.epoch))
        assert heard(signals[said:]) == [(GUILD, 9)]
        assert subscription.epoch == bench.bus.epoch

    on_bus(case)


def test_another_epoch_is_said_also_after_a_lost_connection(on_bus: Runner) -> None:
    async def case(bench: Bench) -> None:
        subscription = await listen(bench.bus, GUILD)
        await bench.lose_past()
        await bench.bus.append([one(GUILD, 3)], start=True)
        await bench.lose_connection(subscription)
        signals = await read_all(subscription)
        assert signals[0] == NewEpoch(bench.bus.epoch)
        assert heard(signals) == [(GUILD, 3)]

    on_bus(case)


def test_another_epoch_knows_no_topic_and_has_no_past(on_bus: Runner) -> None:
    async def case(bench: Bench) -> None:
        await bench.bus.append([one(GUILD, 1)], start=True)
        await bench.lose_past()
        assert list((await bench.bus.append([one(GUILD, 2)])).offsets) == [None]
        with contextlib.suppress(Trimmed):
            assert list((await bench.bus.history(GUILD, 1)).entries) == []

    on_bus(case)
