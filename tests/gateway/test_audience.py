"""Who hears what: the hub's fan-out over random guilds, held against a brute-force oracle. No leak, nothing missing."""

from __future__ import annotations

import asyncio
import random
import zlib
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import pytest

from derailed.bus import Bus, Entry, Signal
from derailed.gateway.audience import Seat
from derailed.gateway.frames import Frame
from derailed.gateway.hub import Hub
from derailed.gateway.node import Gap, Topic
from derailed.gateway.recipient import Encoding, Recipient, Stage
from derailed.gateway.session_id import SessionId
from derailed.gateway.view import View
from derailed.presence.local import LocalPresences
from derailed.wire import records
from derailed.wire.gateway import Close
from derailed.wire.records import Record, guild_topic
from tests.gateway.alone import Alone
from tests.gateway.worlds import GUILD, Listener, World
from tests.wires import payloads

_RECORDS = 60


class Stream:
    """A bus and its subscription, of which only being subscribed matters: the records are handed over by hand."""

    epoch = "e"

    def connect(self) -> Stream:
        return self

    async def subscribe(self, topics: Iterable[str]) -> None:
        """At once."""

    def unsubscribe(self, topics: Iterable[str]) -> None:
        """At once."""

    async def fence(self) -> int:
        return 0

    async def read(self) -> Sequence[Signal]:
        return ()

    async def close(self) -> None:
        """There is nothing to close."""


class NoOutbox:
    """Everything has been published."""

    async def pending(self, revs: Mapping[str, int]) -> bool:
        return False


class Heard:
    """A sink that keeps what it is given."""

    open = True
    forsaken = b""

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self.frames: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.frames.append(data)

    def send(self, frame: Frame) -> None:
        self.frames.append(frame.zlib if self.encoding is Encoding.ZLIB else frame.plain)

    def live(self) -> None:
        raise AssertionError("it is live already")

    def refuse(self) -> None:
        raise AssertionError("nobody is refused here")

    def hang_up(self, code: Close, reason: str) -> None:
        raise AssertionError("nobody is hung up on here")


class Dispatch(msgspec.Struct):
    s: int
    t: str
    d: msgspec.Raw


def dispatches(sink: Heard) -> list[Dispatch]:
    """What it was given since the last time, decoded."""
    wire, sink.frames = b"".join(sink.frames), []
    return [_decode(payload, sink.encoding) for payload in payloads(wire)]


def _decode(payload: bytes, encoding: Encoding) -> Dispatch:
    if encoding is Encoding.ZLIB:
        payload = zlib.decompressobj(-15).decompress(payload)
    return msgspec.json.decode(payload, type=Dispatch)


async def play(seed: int) -> int:
    """One world's life through a hub, in batches; the number of (record, session) pairs that were compared."""
    world, chance = World(seed), random.Random(seed)
    hub, sinks = await audience_of(world)
    offset = 1
    while offset <= _RECORDS:
        batch: list[Entry] = []
        owed: dict[Listener, list[tuple[int, str, bytes]]] = {listener: [] for listener in sinks}
        for _ in range(chance.choice((1, 1, 2, 7))):
            offset += 1
            record, due = world.happen()
            batch.append(Entry(offset, guild_topic(GUILD), record.rev, records.encode(record)))
            for listener, events in due.items():
                owed[listener] += [(2 * offset - 1, *event) for event in events[:-1]]
                owed[listener] += [(2 * offset, *event) for event in events[-1:]]
        await hub.take(batch)
        for listener, sink in sinks.items():
            told = [(each.s, each.t, bytes(each.d)) for each in dispatches(sink)]
            assert told == owed[listener], (seed, batch, listener)
    return (offset - 1) * len(sinks)


async def audience_of(world: World) -> tuple[Hub, dict[Listener, Heard]]:
    """Its listeners, seated at a hub."""
    bus: Bus = Stream()  # type: ignore[assignment]
    hub = Hub(bus, NoOutbox(), LocalPresences().link("node"), Alone())
    sinks = {each: Heard(Encoding(each.number % 2)) for each in world.listeners}
    for listener, sink in sinks.items():
        await seat(hub, world, listener, sink)
    return hub, sinks


async def seat(hub: Hub, world: World, listener: Listener, sink: Heard) -> None:
    """Make the session live in the world's guild, as IDENTIFY would."""
    identity = SessionId(
        user_id=listener.user_id,
        token_id=1,
        intents=listener.intents,
        shard=None,
        large_threshold=50,
        epoch="e",
        base=0,
        bot=True,
        nonce=listener.number.to_bytes(8),
    )
    recipient = Recipient(identity, sink)
    hub.registry.claim(recipient)
    await hub.registry.follow(recipient, [guild_topic(GUILD)])
    topic = hub.registry.topics[guild_topic(GUILD)]
    if topic.view is None:
        topic.load(View(world.guild), world.rev)
    hub.registry.seat(recipient, GUILD, Seat(world.rev, world.members[listener.user_id].roles))
    hub.registry.set_stage(recipient, Stage.LIVE)


@pytest.mark.parametrize("seed", range(12))
def test_each_session_hears_what_it_may_and_nothing_else(seed: int) -> None:
    assert asyncio.run(play(seed)) >= _RECORDS * 14


def test_what_the_same_sockets_get_in_a_row_leaves_in_one_write() -> None:
    async def story() -> None:
        world = World(0)
        hub, sinks = await audience_of(world)
        said = [
            Record(event="MESSAGE_CREATE", rev=world.rev + 1 + n, guild=GUILD, channel=channel)
            for n, channel in enumerate(sorted([*world.guild.channels] * 2))
        ]
        await hub.take(
            [Entry(2 + n, guild_topic(GUILD), each.rev, records.encode(each)) for n, each in enumerate(said)]
        )
        heard = [[[*payloads(wire)] for wire in sink.frames] for sink in sinks.values()]
        assert any(heard)
        assert all(len(together) == 2 for writes in heard for together in writes)

    asyncio.run(story())


def test_what_came_before_a_gap_is_told_before_the_session_ends() -> None:
    class Refused(Heard):
        def refuse(self) -> None:
            assert self.frames
            self.open = False

    async def story() -> None:
        world = World(0)
        hub, _ = await audience_of(world)
        owner = next(each for each in world.listeners if each.user_id == world.guild.owner_id)
        sink = Refused(Encoding.PLAIN)
        await seat(hub, world, owner._replace(number=99, intents=owner.intents | 1 << 9), sink)
        channel = next(iter(world.guild.channels))
        said = [Record(event="MESSAGE_CREATE", rev=world.rev + rev, guild=GUILD, channel=channel) for rev in (1, 3)]
        for each in hub.registry.everyone():
            if each.sink is not sink:
                hub.registry.drop(each)
        await hub.take([Entry(2, guild_topic(GUILD), each.rev, records.encode(each)) for each in said])
        assert not sink.open

    asyncio.run(story())


@pytest.mark.slow
def test_a_hundred_thousand_random_cases_leak_nothing_and_miss_nothing() -> None:
    async def many() -> int:
        return sum([await play(seed) for seed in range(1000, 1125)])

    assert asyncio.run(many()) >= 100_000


def test_what_comes_while_a_guild_is_read_follows_its_snapshot() -> None:
    world = World(0)
    topic = Topic(guild_topic(GUILD), GUILD)
    for rev in (world.rev, world.rev + 1, world.rev + 2):
        assert topic.advance(Record(event="MESSAGE_CREATE", rev=rev, guild=GUILD)) == (None, None)
    topic.load(View(world.guild), world.rev)
    assert topic.seen == topic.rev == world.rev + 2
    with pytest.raises(Gap):
        topic.advance(Record(event="MESSAGE_CREATE", rev=world.rev + 4, guild=GUILD))
