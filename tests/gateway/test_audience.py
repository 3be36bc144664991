"""Who hears what: the hub's fan-out over random guilds, held against a brute-force oracle. No leak, nothing missing."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import pytest

from derailed.bus import Bus, Entry, Signal
from derailed.gateway.audience import Seat
from derailed.gateway.frames import Frame
from derailed.gateway.hub import Hub
from derailed.gateway.recipient import Encoding, Recipient, Stage
from derailed.gateway.session_id import SessionId
from derailed.gateway.view import View
from derailed.presence.local import LocalPresences
from derailed.wire import records
from derailed.wire.gateway import Close
from derailed.wire.records import guild_topic
from tests.gateway.alone import Alone
from tests.gateway.worlds import GUILD, Listener, World

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
    wire, sink.frames = sink.frames, []
    return [_decode(frame, sink.encoding) for frame in wire]


def _decode(wire: bytes, encoding: Encoding) -> Dispatch:

    body = wire[{126: 4, 127: 10}.get(wire[1], 2) :]
    if encoding is Encoding.ZLIB:
        body = zlib.decompressobj(-15).decompress(body)
    return msgspec.json.decode(body, type=Dispatch)


async def play(seed: int) -> int:
    """One world's life through a hub; the number of (record, session) pairs that were compared."""
    world = World(seed)
    bus: Bus = Stream()  # type: ignore[assignment]
    hub = Hub(bus, NoOutbox(), LocalPresences().link("node"), Alone())
    sinks = {each: Heard(Encoding(each.number % 2)) for each in world.listeners}
    for listener, sink in sinks.items():
        await seat(hub, world, listener, sink)
    cases = 0
    for offset in range(2, 2 + _RECORDS):
        record, due = world.happen()
        await hub._handle(Entry(offset, guild_topic(GUILD), record.rev, records.encode(record)))
        for listener, sink in sinks.items():
            got = dispatches(sink)
            told = [(each.t, bytes(each.d)) for each in got]
            assert told == due[listener], (seed, record, listener, told, due[listener])
            last = 2 * offset
            assert [each.s for each in got] == [last - 1] * (len(got) - 1) + [last] * bool(got)
            cases += 1
    return cases


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
    assert asyncio.run(play(seed)) == _RECORDS * 14


@pytest.mark.slow
def test_a_hundred_thousand_random_cases_leak_nothing_and_miss_nothing() -> None:
    async def many() -> int:
        return sum([await play(seed) for seed in range(1000, 1125)])

    assert asyncio.run(many()) >= 100_000
