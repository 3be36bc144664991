"""What every bus promises of appending, of history and of hearing; one suite for all of them."""

from __future__ import annotations

import asyncio

import pytest

from derailed.bus import BusDown, Entry, Ephemeral, Put, Trimmed
from tests.contracts.buses import GUILD, OTHER, USER, Bench, Runner, heard, listen, one, read_all

# Appending


def test_offsets_begin_at_two_and_are_dense(on_bus: Runner) -> None:
    async def case(bench: Bench) -> None:
        appended = await bench.bus.append([one(GUILD, 1), [Put(GUILD, 2, b""), Put(USER, 1, b"")]], start=True)
        assert appended.epoch == bench.bus.epoch
        assert list(appended.offsets) == [(2,), (3, 4)]

    on_bus(case)


def test_a_verb_is_appended_all_or_none(on_bus: Runner) -> None:
    async def case(bench: Bench) -> None:
        await bench.bus.append([one(GUILD, 1), one(USER, 1)], start=True)
        subscription = await listen(bench.bus, GUILD, USER)
        verb = [Put(GUILD, 2, b""), Put(USER, 3, b"")]
        assert list((await bench.bus.append([verb])).offsets) == [None]
        assert await read_all(subscription) == []
        assert heard((await bench.bus.history(GUILD, 1)).entries) == [(GUILD, 1)]

    on_bus(case)


def test_a_verb_behind_does_not_hold_up_the_next(on_bus: Runner) -> None:
    async def case(bench: Bench) -> None:
        await bench.bus.append([one(GUILD, 1)], start=True)
        assert list((await bench.bus.append([one(OTHER, 1), one(GUILD, 2)])).offsets) == [None, (3,)]

    on_bus(case)


def test_a_rev_that_is_there_keeps_its_offset_and_is_not_heard_again(on_bus: Runner) -> None:
    async def case(bench: Bench) -> None:
        await bench.bus.append([one(GUILD, 1), one(GUILD, 2), one(GUILD, 3)], start=True)
        subscription = await listen(bench.bus, GUILD)
        again = await bench.bus.append([one(GUILD, 1), one(GUILD, 3), one(GUILD, 4), one(GUILD, 4)])
        assert list(again.offsets) == [(2,), (4,), (5,), (5,)]
        assert heard(await read_all(subscription)) == [(GUILD, 4)]

    on_bus(case)


def test_a_verb_appended_in_part_is_completed(on_bus: Runner) -> None:
    async def case(bench: Bench) -> None:
        await bench.bus.append([one(GUILD, 1), one(USER, 1), one(GUILD, 2)], start=True)
        verb = [Put(GUILD, 2, b""), Put(USER, 2, b"")]
        assert list((await bench.bus.append([verb])).offsets) == [(4, 5)]

    on_bus(case)


def test_a_gap_and_an_unknown_topic_are_behind(on_bus: Runner) -> None:
    async def case(bench: Bench) -> None:
        assert list((await bench.bus.append([one(GUILD, 1)])).offsets) == [None]
        await bench.bus.append([one(GUILD, 1)], start=True)
        assert list((await bench.bus.append([one(GUILD, 3)])).offsets) == [None]

    on_bus(case)


def test_a_rev_below_the_horizon_has_offset_zero(on_bus: Runner) -> None:
    async def case(bench: Bench) -> None:
        await bench.bus.append([one(GUILD, 1)], start=True)
        await bench.trim()
        await bench.bus.append([one(GUILD, 2)], start=True)
        assert list((await bench.bus.append([one(GUILD, 1)])).offsets) == [(0,)]

    on_bus(case)


def test_appends_at_once_all_become_durable(on_bus: Runner) -> None:
    async def case(bench: Bench) -> None:
        topics = [f"guild:{n}" for n in range(200)]
        appended = await asyncio.gather(*(bench.bus.append([one(topic, 1)], start=True) for topic in topics))
        assert sorted(offset for answer in appended for verb in answer.offsets for offset in verb or ()) == list(
            range(2, 202)
        )

    on_bus(case)


# History


def test_history_is_what_lies_above_an_offset_up_to_the_head(on_bus: Runner) -> None:
    async def case(bench: Bench) -> None:
        await bench.bus.append([one(GUILD, 1, b"a"), one(OTHER, 1), one(GUILD, 2, b"b")], start=True)
        history = await bench.bus.history(GUILD, 2)
        assert (history.epoch, history.head) == (bench.bus.epoch, 4)
        assert list(history.entries) == [Entry(4, GUILD, 2, b"b")]
        assert heard((await bench.bus.history(GUILD, 1)).entries) == [(GUILD, 1), (GUILD, 2)]

    on_bus(case)


def test_a_long_history_is_whole(on_bus: Runner) -> None:
    async def case(bench: Bench) -> None:
        await bench.bus.append([one(GUILD, rev) for rev in range(1, 2001)], start=True)
        assert [entry.rev for entry in (await bench.bus.history(GUILD, 1)).entries] == list(range(1, 2001))

    on_bus(case)


def test_history_below_the_horizon_is_trimmed_also_for_a_topic_that_has_nothing(on_bus: Runner) -> None:
    async def case(bench: Bench) -> None:
        await bench.bus.append([one(GUILD, 1)], start=True)
        await bench.trim()
        for topic in (GUILD, OTHER):
            with pytest.raises(Trimmed):
                await bench.bus.history(topic, 2)

    on_bus(case)


def test_starting_an_idle_topic_again_keeps_its_history_whole(on_bus: Runner) -> None:
    async def case(bench: Bench) -> None:
        await bench.bus.append([one(GUILD, 1)], start=True)
        await bench.trim()
        await bench.bus.append([one(OTHER, 1)], start=True)
        before = (await bench.bus.history(OTHER, (await bench.bus.history(OTHER, 1 << 40)).head)).head
        assert list((await bench.bus.append([one(GUILD, 2)])).offsets) == [None]
        await bench.bus.append([one(GUILD, 2)], start=True)
        assert heard((await bench.bus.history(GUILD, before)).entries) == [(GUILD, 2)]

    on_bus(case)


def test_starting_over_a_gap_trims_the_topic_alone(on_bus: Runner) -> None:
    async def case(bench: Bench) -> None:
        await bench.bus.append([one(GUILD, 1), one(OTHER, 1), one(OTHER, 2)], start=True)
        assert list((await bench.bus.append([one(GUILD, 4)], start=True)).offsets) == [(5,)]
        with pytest.raises(Trimmed):
            await bench.bus.history(GUILD, 3)
        await bench.bus.append([one(GUILD, 5)])
        assert heard((await bench.bus.history(GUILD, 5)).entries) == [(GUILD, 5)]
        assert len((await bench.bus.history(OTHER, 1)).entries) == 2

    on_bus(case)


def test_history_and_epoch_outlive_a_restart(on_bus: Runner) -> None:
    async def case(bench: Bench) -> None:
        await bench.bus.append([one(GUILD, 1), one(GUILD, 5)], start=True)
        epoch = bench.bus.epoch
        await bench.restart()
        assert bench.bus.epoch == epoch
        with pytest.raises(Trimmed):
            await bench.bus.history(GUILD, 1)
        assert list((await bench.bus.append([one(GUILD, 6), one(GUILD, 5)])).offsets) == [(4,), (3,)]
        assert heard((await bench.bus.history(GUILD, 3)).entries) == [(GUILD, 6)]

    on_bus(case)


# Hearing


def test_a_subscription_hears_its_topics_in_offset_order(on_bus: Runner) -> None:
    async def case(bench: Bench) -> None:
        subscription = await listen(bench.bus, GUILD, USER)
        await bench.bus.append([one(GUILD, 1), one(OTHER, 1), one(USER, 1), one(GUILD, 2)], start=True)
        assert await subscription.read() == [
            Entry(2, GUILD, 1, b""),
            Entry(4, USER, 1, b""),
            Entry(5, GUILD, 2, b""),
        ]

    on_bus(case)


def test_a_subscription_hears_nothing_from_before_it(on_bus: Runner) -> None:
    async def case(bench: Bench) -> None:
        await bench.bus.append([one(GUILD, 1)], start=True)
        subscription = await listen(bench.bus, GUILD)
        await bench.bus.append([one(GUILD, 2)])
        assert heard(await read_all(subscription)) == [(GUILD, 2)]

    on_bus(case)


def test_subscribing_twice_hears_once(on_bus: Runner) -> None:
    async def case(bench: Bench) -> None:
        subscription = await listen(bench.bus, GUILD, GUILD)
        await subscription.subscribe([GUILD])
        await bench.bus.append([one(GUILD, 1)], start=True)
        assert heard(await read_all(subscription)) == [(GUILD, 1)]

    on_bus(case)


def test_an_unsubscribed_topic_is_not_heard(on_bus: Runner) -> None:
    async def case(bench: Bench) -> None:
        subscription = await listen(bench.bus, GUILD, OTHER)
        subscription.unsubscribe([GUILD, "guild:unknown"])
        await bench.bus.append([one(GUILD, 1), one(OTHER, 1)], start=True)
        assert heard(await read_all(subscription)) == [(OTHER, 1)]

    on_bus(case)


def test_every_subscription_hears_everything(on_bus: Runner) -> None:
    async def case(bench: Bench) -> None:
        subscriptions = [await listen(bench.bus, GUILD) for _ in range(3)]
        await bench.bus.append([one(GUILD, 1)], start=True)
        assert [heard(await read_all(each)) for each in subscriptions] == [[(GUILD, 1)]] * 3

    on_bus(case)


def test_an_ephemeral_record_is_heard_and_not_kept(on_bus: Runner) -> None:
    async def case(bench: Bench) -> None:
        await bench.bus.append([one(GUILD, 1)], start=True)
        subscription = await listen(bench.bus, GUILD)
        await bench.bus.publish(GUILD, b"typing")
        await bench.bus.publish(OTHER, b"elsewhere")
        assert await subscription.read() == [Ephemeral(GUILD, b"typing")]
        assert len((await bench.bus.history(GUILD, 1)).entries) == 1

    on_bus(case)


def test_a_waiting_read_returns_when_something_comes(on_bus: Runner) -> None:
    async def case(bench: Bench) -> None:
        subscription = await listen(bench.bus, GUILD)
        reading = asyncio.create_task(subscription.read())
        await asyncio.sleep(0)
        await bench.bus.append([one(GUILD, 1)], start=True)
        assert heard(await reading) == [(GUILD, 1)]

    on_bus(case)


def test_a_closed_subscription_reads_nothing(on_bus: Runner) -> None:
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

    on_bus(case)
