"""What is not from the log is told at points where its session is whole, and at offsets of the log that there is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from derailed.actions.changes import Changes
from derailed.bus import Bus, Entry, NewEpoch
from derailed.gateway.fan_out import SLICE
from derailed.gateway.hub import Hub
from derailed.gateway.recipient import Stage
from derailed.gateway.service import Service
from derailed.model.guild import Channel, Member
from derailed.presence.local import LocalPresences
from derailed.store import channels, members
from derailed.wire import records
from derailed.wire.gateway import REQUESTS_WAITING
from derailed.wire.records import Record, guild_topic
from tests.gateway.alone import Alone
from tests.gateway.house import House, Screen, live
from tests.gateway.test_audience import NoOutbox, Stream
from tests.members.town import FIRST, GUILD, NOW, OPEN, user

NEW = 7
MANY = 4_000
"""Records that take a few hundred milliseconds."""


class Bystander(Screen):
    """Does something when it is told of a channel, while others are still to be told of it."""

    then: Callable[[], object] | None = None

    def _take(self, payload: bytes) -> None:
        super()._take(payload)
        if self.then is not None and self.names()[-1] == "CHANNEL_CREATE":
            self.then()


async def opens_and_joins(changes: Changes) -> None:
    """A channel is added and somebody comes in, the one right behind the other in the log."""
    channel = Channel(id=GUILD + 100, guild_id=GUILD, type=0, name="platform")
    await channels.insert(changes.tx, channel)
    await changes.channel("CHANNEL_CREATE", channel)
    member = Member(guild_id=GUILD, user_id=FIRST + NEW, joined_at=NOW)
    await members.insert(changes.tx, member)
    await changes.joined(FIRST + NEW, GUILD, await changes.member("GUILD_MEMBER_ADD", member, user(NEW)))


async def gathered(node: Service, token: str) -> list[Bystander]:
    """More sessions than are told of something at a time."""
    bystanders = [Bystander(node) for _ in range(SLICE + 10)]
    await asyncio.gather(*(each.identify(token) for each in bystanders))
    return bystanders


def test_who_is_on_their_way_into_a_guild_is_whole_when_they_are_in_it(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node = await house.node()
        bystanders = await gathered(node, await house.log_in(1))
        await house.moves_in(NEW)
        screen = await house.enter(node, NEW)
        recipient = screen.recipient
        assert recipient is not None
        waiting: list[asyncio.Task[None]] = []

        async def wait() -> None:
            await node.hub.whole(recipient)
            assert recipient.stage is Stage.LIVE

        bystanders[0].then = lambda: waiting.append(asyncio.create_task(wait()))
        await house.town.do(opens_and_joins)
        await screen.until("GUILD_CREATE")
        await asyncio.gather(*waiting)
        assert len(waiting) == 1

    live(tmp_path, story)


def test_who_asks_too_much_is_told_so_when_they_are_whole(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        bystanders = await gathered(await house.node(), await house.log_in(1))
        last = bystanders[-1]
        asked: list[asyncio.Task[Any]] = []
        questions = REQUESTS_WAITING + 3
        bystanders[0].then = lambda: asked.extend(asyncio.create_task(last.ask("")) for _ in range(questions))
        await house.adds_channels(1)
        await last.true(lambda: bool(asked))
        await asyncio.gather(*asked)
        told = [name for name in last.names() if name in ("CHANNEL_CREATE", "RATE_LIMITED")]
        assert told == ["CHANNEL_CREATE", "RATE_LIMITED", "RATE_LIMITED"]

    live(tmp_path, story)


def test_a_fence_of_a_log_that_is_no_more_says_nothing_of_the_next() -> None:
    class Renewed(Stream):
        """Its server comes back empty just when the first fence is passed."""

        async def fence(self) -> int:
            if self.epoch == "f":
                return 5
            self.epoch = "f"
            await hub.take([NewEpoch(self.epoch)])
            return 1_000

    bus: Bus = Renewed()  # type: ignore[assignment]
    hub = Hub(bus, NoOutbox(), LocalPresences().link("node"), Alone())
    asyncio.run(hub.fence())
    assert hub.cursor == 5


def test_who_has_much_to_tell_lets_others_have_the_loop(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node = await house.node()
        screens = [await house.enter(node, number) for number in range(3)]
        topic, first = node.hub.registry.topics[guild_topic(GUILD)], node.hub.cursor + 1
        said = [Record(event="MESSAGE_CREATE", rev=topic.rev + 1 + at, guild=GUILD, channel=OPEN) for at in range(MANY)]
        batch = [Entry(first + at, topic.name, each.rev, records.encode(each)) for at, each in enumerate(said)]
        telling, turns = asyncio.create_task(node.hub.take(batch)), 0
        while not telling.done():
            turns += 1
            await asyncio.sleep(0)
        assert all(len(screen.told("MESSAGE_CREATE")) == MANY for screen in screens)
        assert turns > 5

    live(tmp_path, story)
