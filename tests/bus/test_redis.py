"""The bus on a Redis-protocol server: what happens to the server, and what only a server has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import pytest
import redis.asyncio
import uvloop

from derailed.bus import BusDown, Gap, NewEpoch, Put, Subscription, Trimmed
from derailed.bus.redis_server import LOG, RedisServer, Retention
from derailed.bus.remote import RemoteBus
from derailed.bus.remote_subscription import RemoteSubscription
from derailed.bus.resp import Address
from tests.contracts.buses import GUILD, OTHER, eventually, heard, listen, offsets, one, read_all
from tests.servers.valkey import Valkey

WITHIN_S = 30


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    """A server that may be killed."""
    with Valkey() as server:
        yield server


@pytest.fixture
def keeping() -> Iterator[Valkey]:
    """One that has after a kill what it acknowledged before."""
    with Valkey(keeps=True) as server:
        yield server


def story(server: Valkey, case: Callable[[RemoteBus], Awaitable[None]], retention: Retention | None = None) -> None:
    """Run the case on a bus of its own."""

    async def main() -> None:
        async with asyncio.timeout(WITHIN_S), bus_on(server, retention) as bus:
            await case(bus)

    uvloop.run(main())  # as the server does


@asynccontextmanager
async def bus_on(server: Valkey, retention: Retention | None = None) -> AsyncIterator[RemoteBus]:
    """A bus, closed at the end."""
    bus = RemoteBus(RedisServer(server.url, retention))
    try:
        yield bus
    finally:
        await bus.close()


def test_a_server_restarted_with_its_data_is_another_epoch_and_knows_its_revs(keeping: Valkey) -> None:
    async def case(bus: RemoteBus) -> None:
        subscription = await listen(bus, GUILD)
        await bus.append([one(GUILD, 1), one(GUILD, 2)], start=True)
        await read_all(subscription)
        before = bus.epoch
        await asyncio.to_thread(keeping.restart)
        await eventually(lambda: _look(bus))
        assert bus.epoch != before
        assert list((await bus.append([one(GUILD, 2), one(GUILD, 3)])).offsets) == [(3,), (4,)]
        signals = await read_all(subscription)
        assert signals[0] == NewEpoch(bus.epoch)
        assert (GUILD, 3) in heard(signals)

    story(keeping, case)


def test_a_server_restarted_without_its_data_is_another_epoch_and_knows_nothing(valkey: Valkey) -> None:
    async def case(bus: RemoteBus) -> None:
        subscription = await listen(bus, GUILD)
        await bus.append([one(GUILD, 1)], start=True)
        await read_all(subscription)
        before = bus.epoch
        await asyncio.to_thread(valkey.lose_everything)
        await eventually(lambda: _look(bus))
        assert bus.epoch != before
        assert list((await bus.append([one(GUILD, 2)])).offsets) == [None]
        await bus.append([one(GUILD, 2)], start=True)
        signals = await read_all(subscription)
        assert signals[0] == NewEpoch(bus.epoch)
        assert heard(signals) == [(GUILD, 2)]

    story(valkey, case)


def test_a_server_that_is_down_is_bus_down_and_not_an_end(valkey: Valkey) -> None:
    async def case(bus: RemoteBus) -> None:
        await asyncio.to_thread(valkey.kill)
        with pytest.raises(BusDown):
            await bus.append([one(GUILD, 1)], start=True)
        with pytest.raises(BusDown):
            await bus.history(GUILD, 1)
        await bus.publish(GUILD, b"typing")
        subscribing = asyncio.create_task(listen(bus, GUILD))
        await asyncio.sleep(0)
        assert not subscribing.done()
        await asyncio.to_thread(valkey.start)
        subscription = await subscribing
        await eventually(lambda: _append(bus, GUILD, 1))
        assert (GUILD, 1) in heard(await read_all(subscription))

    story(valkey, case)


def test_an_append_in_an_epoch_that_is_over_appends_nothing(valkey: Valkey) -> None:
    async def case(bus: RemoteBus) -> None:
        old = await bus.look()
        async with redis.asyncio.Redis.from_url(valkey.url) as client:
            await client.flushall()
            with pytest.raises(BusDown):
                await bus.append([one(GUILD, 1)], start=True, epoch=old)
            assert bus.epoch != old
            assert not await client.exists(LOG)

    story(valkey, case)


def test_a_server_that_evicts_keys_is_refused_with_the_reason(valkey: Valkey) -> None:
    async def case(bus: RemoteBus) -> None:
        async with redis.asyncio.Redis.from_url(valkey.url) as client:
            await client.config_set("maxmemory-policy", "allkeys-lru")
        with pytest.raises(BusDown, match="must be noeviction"):
            await bus.look()

    story(valkey, case)


def test_a_thousand_topics_on_one_connection_are_closed_up_in_order(valkey: Valkey) -> None:
    async def case(bus: RemoteBus) -> None:
        topics = [f"guild:{number}" for number in range(1000)]
        subscription = await listen(bus, *topics)
        await bus.append([one(topic, 1) for topic in topics], start=True)
        _drop(subscription)
        await bus.append([one(topic, 2) for topic in reversed(topics)])
        assert offsets(await read_all(subscription)) == list(range(2, 2002))
        async with redis.asyncio.Redis.from_url(valkey.url) as client:
            clients = [each for each in await client.client_list() if int(each["sub"])]
            assert len(clients) == 1

    story(valkey, case)


def test_a_long_history_is_read_in_slices_and_whole(valkey: Valkey) -> None:
    async def case(bus: RemoteBus) -> None:
        for first in range(1, 1802, 200):
            await bus.append([one(GUILD, rev, b"x" * 50) for rev in range(first, first + 200)], start=first == 1)
        assert [entry.rev for entry in (await bus.history(GUILD, 1)).entries] == list(range(1, 2001))

    story(valkey, case)


def test_the_log_is_bounded_by_its_number_of_records(valkey: Valkey) -> None:
    async def case(bus: RemoteBus) -> None:
        async with redis.asyncio.Redis.from_url(valkey.url) as client:
            await bus.append([one(GUILD, 1), one(OTHER, 1)], start=True)
            for rev in range(2, 400):
                await client.hset("{d}:meta", "marked", 0)  # each append is as if a second had passed
                await bus.append([one(GUILD, rev)])
            assert await client.xlen(LOG) < 250
            with pytest.raises(Trimmed):
                await bus.history(OTHER, 1)
            assert heard((await bus.history(GUILD, 399)).entries)

    story(valkey, case, Retention(records=100, age_min_ms=0))


def test_nothing_of_an_idle_topic_stays(valkey: Valkey) -> None:
    async def case(bus: RemoteBus) -> None:
        await bus.append([one(GUILD, 1), one(GUILD, 5)], start=True)
        async with redis.asyncio.Redis.from_url(valkey.url) as client:
            lives = [await client.pttl(key) for key in await client.keys("{d}:[tf]:*")]
            assert len(lives) == 2
            assert all(0 < life <= 2 * 1000 + 60_000 for life in lives)

    story(valkey, case, Retention(window_ms=1000))


def test_silence_longer_than_the_window_trims_everything(valkey: Valkey) -> None:
    async def case(bus: RemoteBus) -> None:
        subscription = await listen(bus, GUILD)
        await bus.append([one(GUILD, 1)], start=True)
        async with redis.asyncio.Redis.from_url(valkey.url) as client:
            await client.hincrby("{d}:meta", "appended", -400_000)
        with pytest.raises(Trimmed):
            await bus.history(GUILD, 1)
        assert list((await bus.append([one(GUILD, 2)])).offsets) == [None]
        assert heard(await read_all(subscription)) == [(GUILD, 1)]
        _drop(subscription)
        await bus.append([one(GUILD, 2)], start=True)
        assert Gap(GUILD) not in await read_all(subscription)

    story(valkey, case)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://host", Address("host", 6379, "", False, "", "", 0)),
        ("rediss://me:s%40crt@host:7000/2", Address("host", 7000, "", True, "me", "s@crt", 2)),
        ("unix:///run/bus.sock?db=1", Address("", 0, "/run/bus.sock", False, "", "", 1)),
    ],
)
def test_an_address_is_read(url: str, address: Address) -> None:
    assert Address.parse(url) == address


@pytest.mark.parametrize("url", ["http://host", "redis://", "redis://:secret@host/name"])
def test_a_wrong_address_is_refused_without_repeating_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="redis://host") as refused:
        Address.parse(url)
    assert "secret" not in str(refused.value)


def _drop(subscription: Subscription) -> None:
    assert isinstance(subscription, RemoteSubscription)
    subscription.drop()


async def _look(bus: RemoteBus) -> None:
    await bus.look()


async def _append(bus: RemoteBus, topic: str, rev: int) -> None:
    await bus.append([[Put(topic, rev, b"")]], start=True)
