"""The bus on our broker: what happens to the broker as a process, and what only a broker has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random

import pytest
import redis
import redis.asyncio
import uvloop

from derailed.bus import BusDown, Entry, NewEpoch, Put, Signal, Subscription
from derailed.bus.broker_server import BrokerLine, BrokerServer, Location
from derailed.bus.remote import RemoteBus
from derailed.bus.remote_subscription import RemoteSubscription
from derailed.bus.resp import Address, Connection
from tests.certificates import certified
from tests.contracts.buses import GUILD, OTHER, eventually, heard, listen, offsets, one, read_all
from tests.journeys.server import until
from tests.servers.broker import CHAT, Broker, user

WITHIN_S = 60

pytestmark = pytest.mark.slow


@pytest.fixture
def broker() -> Iterator[Broker]:
    """One that may be killed."""
    with Broker() as running:
        yield running


def story(url: str, case: Callable[[RemoteBus], Awaitable[None]], window_ms: int = 300_000) -> None:
    """Run the case on a bus of its own."""

    async def main() -> None:
        async with asyncio.timeout(WITHIN_S), bus_on(url, window_ms) as bus:
            await case(bus)

    uvloop.run(main())  # as the server does


@asynccontextmanager
async def bus_on(url: str, window_ms: int = 300_000) -> AsyncIterator[RemoteBus]:
    """A bus, closed at the end."""
    bus = RemoteBus(BrokerServer(url, window_ms))
    try:
        yield bus
    finally:
        await bus.close()


# What happens to it


def test_a_broker_killed_under_a_subscription_goes_on_where_it_was(broker: Broker) -> None:
    async def case(bus: RemoteBus) -> None:
        epoch = await bus.look()
        subscription = await listen(bus, GUILD, OTHER)
        await bus.append([one(GUILD, 1), one(OTHER, 1)], start=True)
        signals = await read_all(subscription)
        for rev in range(2, 5):
            await bus.append([one(GUILD, rev), one(OTHER, rev)])
            await asyncio.to_thread(broker.restart)
            await eventually(bus.look)
        assert list((await bus.append([one(OTHER, 4), one(GUILD, 5)])).offsets) == [(9,), (10,)]
        signals += await read_all(subscription)
        assert offsets(signals) == list(range(2, 11))
        assert bus.epoch == subscription.epoch == epoch
        assert NewEpoch(epoch) not in signals

    story(broker.url, case)


@pytest.mark.parametrize("seed", range(2))
def test_through_kills_pauses_and_cuts_everything_is_heard_once_and_in_order(broker: Broker, seed: int) -> None:
    chance, topics = Random(seed), ("guild:1", "guild:2", "user:1")
    done = asyncio.Event()

    async def publish(bus: RemoteBus) -> int:
        """As a publisher does: what was not acknowledged is appended again."""
        rev = 0
        while not done.is_set():
            rev += 1
            verb = [Put(topic, rev, b"x" * chance.randrange(2000)) for topic in topics]
            await eventually(partial(bus.append, [verb], start=rev == 1))
        await eventually(partial(bus.append, [[Put(topic, rev + 1, b"end") for topic in topics]]))
        return rev + 1

    async def hear(subscription: Subscription) -> list[Signal]:
        signals: list[Signal] = []
        while not (
            signals
            and isinstance(signals[-1], Entry)
            and signals[-1].payload == b"end"
            and signals[-1].topic == topics[-1]
        ):
            signals += await subscription.read()
        return signals

    async def disturb(subscriptions: list[RemoteSubscription]) -> None:
        for _ in range(6):
            deed = chance.choice([broker.restart, broker.pause, subscriptions[0].drop])
            if deed == subscriptions[0].drop:
                deed()
            else:
                await asyncio.to_thread(deed)
            await asyncio.sleep(chance.random() / 2)
            if deed == broker.pause:
                broker.go_on()
        done.set()

    async def case(bus: RemoteBus) -> None:
        epoch = await bus.look()
        subscriptions = [bus.connect() for _ in range(3)]
        for subscription in subscriptions:
            await subscription.subscribe(topics)
        publishing = asyncio.create_task(publish(bus))
        hearing = [asyncio.create_task(hear(subscription)) for subscription in subscriptions]
        await disturb(subscriptions)
        last = await publishing
        for signals in await asyncio.gather(*hearing):
            assert all(isinstance(signal, Entry) for signal in signals)
            assert offsets(signals) == list(range(2, 2 + last * len(topics)))
            for topic in topics:
                assert [rev for name, rev in heard(signals) if name == topic] == list(range(1, last + 1))
        assert bus.epoch == epoch

    story(broker.url, case)


def test_a_broker_that_comes_back_empty_is_another_epoch_and_knows_nothing(broker: Broker) -> None:
    async def case(bus: RemoteBus) -> None:
        subscription = await listen(bus, GUILD)
        await bus.append([one(GUILD, 1)], start=True)
        await read_all(subscription)
        before = bus.epoch
        await asyncio.to_thread(broker.lose_everything)
        await eventually(bus.look)
        assert bus.epoch != before
        assert list((await bus.append([one(GUILD, 2)])).offsets) == [None]
        await bus.append([one(GUILD, 2)], start=True)
        signals = await read_all(subscription)
        assert signals[0] == NewEpoch(bus.epoch)
        assert heard(signals) == [(GUILD, 2)]

    story(broker.url, case)


def test_a_restored_broker_is_another_epoch_and_gives_no_offset_twice(broker: Broker) -> None:
    async def case(bus: RemoteBus) -> None:
        subscription = await listen(bus, GUILD)
        await bus.append([one(GUILD, 1)], start=True)
        await asyncio.to_thread(broker.back_up)
        await eventually(bus.look)
        before = bus.epoch
        await bus.append([one(GUILD, 2)])
        await read_all(subscription)
        await asyncio.to_thread(broker.restore)
        await eventually(bus.look)
        assert bus.epoch != before
        assert list((await bus.append([one(GUILD, 3)])).offsets) == [None]
        ((offset,),) = (await bus.append([one(GUILD, 3)], start=True)).offsets  # type: ignore[misc]
        assert offset > 4
        signals = await read_all(subscription)
        assert signals[0] == NewEpoch(bus.epoch)
        assert offsets(signals) in ([], [offset])  # what it missed may begin with that gap, or it missed nothing
        await bus.append([one(GUILD, 4)])
        assert offsets(await read_all(subscription)) == [offset + 1]

    story(broker.url, case)


def test_a_broker_that_is_down_is_bus_down_and_not_an_end(broker: Broker) -> None:
    async def case(bus: RemoteBus) -> None:
        await asyncio.to_thread(broker.kill)
        with pytest.raises(BusDown):
            await bus.append([one(GUILD, 1)], start=True)
        with pytest.raises(BusDown):
            await bus.history(GUILD, 1)
        await bus.publish(GUILD, b"typing")
        subscribing = asyncio.create_task(listen(bus, GUILD))
        await asyncio.sleep(0)
        assert not subscribing.done()
        await asyncio.to_thread(broker.start)
        subscription = await subscribing
        await eventually(lambda: bus.append([[Put(GUILD, 1, b"")]], start=True))
        assert (GUILD, 1) in heard(await read_all(subscription))

    story(broker.url, case)


def test_an_append_in_an_epoch_that_is_over_appends_nothing(broker: Broker) -> None:
    async def case(bus: RemoteBus) -> None:
        old = await bus.look()
        await asyncio.to_thread(broker.lose_everything)
        await eventually(bus.look)
        with pytest.raises(BusDown):
            await bus.append([one(GUILD, 1)], start=True, epoch=old)
        assert list((await bus.append([one(GUILD, 1)], start=True, epoch=bus.epoch)).offsets) == [(2,)]

    story(broker.url, case)


def test_one_who_does_not_read_is_dropped_and_misses_nothing() -> None:
    with Broker(f"{CHAT}output = 200_000\n") as broker:

        async def case(bus: RemoteBus) -> None:
            subscription = await listen(bus, GUILD)
            await bus.append([one(GUILD, 1)], start=True)
            connection = _connection(subscription)
            connection.pause()
            for rev in range(2, 302):
                await bus.append([one(GUILD, rev, b"x" * 40_000)])
            with redis.Redis(port=broker.port) as client:
                until(lambda: client.info("stats")["slow_subscribers_dropped"], "it is dropped")
            connection.resume()
            signals = await read_all(subscription)
            assert offsets(signals) == list(range(2, 303))

        story(broker.url, case)


def test_a_thousand_topics_on_one_connection_are_closed_up_in_order(broker: Broker) -> None:
    async def case(bus: RemoteBus) -> None:
        topics = [f"guild:{number}" for number in range(1000)]
        subscription = await listen(bus, *topics)
        await bus.append([one(topic, 1) for topic in topics], start=True)
        assert isinstance(subscription, RemoteSubscription)
        subscription.drop()
        await bus.append([one(topic, 2) for topic in reversed(topics)])
        assert offsets(await read_all(subscription)) == list(range(2, 2002))
        subscription.unsubscribe(topics[10:])
        await subscription.fence()
        async with redis.asyncio.Redis(port=broker.port) as client:
            assert [int(each["topics"]) for each in await client.client_list() if int(each["topics"])] == [10]

    story(broker.url, case)


# What it must be like


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ('[namespaces.chat]\nlevel = "memory"\n', "namespace chat has level memory"),
        ('[namespaces.chat]\nwindow = "120s"\n', "keeps records for 120 s, and clients are to resume for 300 s"),
        ("", "there is no namespace 'chat'"),
        (user("chat", "another", 'read = [""]\nwrite = [""]'), "WRONGPASS"),
    ],
)
def test_a_broker_that_will_not_do_is_refused_with_the_reason(file: str, reason: str) -> None:
    with Broker(file) as broker:

        async def case(bus: RemoteBus) -> None:
            with pytest.raises(BusDown, match=reason):
                await bus.look()

        story(broker.url.replace("//", "//chat:secret@") if "users" in file else broker.url, case)


def test_a_user_needs_the_rights_to_the_namespace_and_no_more() -> None:
    with Broker(CHAT + user("node", "s@crt", 'read = ["{chat}"]\nwrite = ["{chat}"]')) as broker:

        async def case(bus: RemoteBus) -> None:
            subscription = await listen(bus, GUILD)
            await bus.append([one(GUILD, 1)], start=True)
            await bus.publish(GUILD, b"typing")
            assert heard(await read_all(subscription)) == [(GUILD, 1)]
            assert heard((await bus.history(GUILD, 1)).entries) == [(GUILD, 1)]

        story(broker.url.replace("//", "//node:s%40crt@"), case)


def test_a_bus_goes_through_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = certified(tmp_path, datetime.now(UTC) + timedelta(days=1))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Broker(f'{CHAT}\n[tls]\ncertificate = "{certificate}"\nkey = "{key}"\n') as broker:

        async def case(bus: RemoteBus) -> None:
            subscription = await listen(bus, GUILD)
            await bus.append([one(GUILD, 1)], start=True)
            assert heard(await read_all(subscription)) == [(GUILD, 1)]

        story(broker.url.replace("broker:", "brokers:"), case)
        with pytest.raises(BusDown):
            story(broker.url, _look)


# Addresses


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("broker://host", Location(Address("host", 6380, "", False, "", "", 0), "default")),
        (
            "brokers://me:s%40crt@host:7000/chat",
            Location(Address("host", 7000, "", True, "me", "s@crt", 0), "chat"),
        ),
    ],
)
def test_an_address_is_read(url: str, location: Location) -> None:
    assert Location.parse(url) == location


@pytest.mark.parametrize("url", ["redis://host", "broker://", "broker://:secret@host:port", "broker://host/a/b"])
def test_a_wrong_address_is_refused_without_repeating_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="broker://host") as refused:
        Location.parse(url)
    assert "secret" not in str(refused.value)


async def _look(bus: RemoteBus) -> None:
    await bus.look()


def _connection(subscription: Subscription) -> Connection:
    assert isinstance(subscription, RemoteSubscription)
    assert isinstance(subscription._line, BrokerLine)
    return subscription._line._connection
