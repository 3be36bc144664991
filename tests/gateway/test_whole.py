"""What is not from the log is told at points where its session is whole, and at offsets of the log that there is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from derailed.actions.changes import Changes
from derailed.bus import Bus, NewEpoch
from derailed.gateway.fan_out import SLICE
from derailed.gateway.hub import Hub
from derailed.gateway.recipient import Stage
from derailed.model.guild import Channel, Member
from derailed.presence.local import LocalPresences
from derailed.store import channels, members
from derailed.wire.gateway import REQUESTS_WAITING
from tests.gateway.alone import Alone
from tests.gateway.house import House, Screen, live
from tests.gateway.test_audience import NoOutbox, Stream
from tests.members.town import FIRST, GUILD, NOW, user

NEW = 7


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


async def joining(house: House, do: Callable[[Screen], Coroutine[Any, Any, object]], times: int = 1) -> list[str]:
    """Somebody new does this while they are on their way into a guild; what they had been told when it was done."""
    node = await house.node()
    bystanders = [Bystander(node) for _ in range(SLICE + 10)]
    token = await house.log_in(1)
    await asyncio.gather(*(each.identify(token) for each in bystanders))
    await house.moves_in(NEW)
    screen = await house.enter(node, NEW)
    doing: list[asyncio.Task[object]] = []
    bystanders[0].then = lambda: doing.extend(asyncio.create_task(do(screen)) for _ in range(times))
    await house.town.do(opens_and_joins)
    await screen.true(lambda: bool(doing))
    await asyncio.gather(*doing)
    return [name for name in screen.names() if name in ("GUILD_CREATE", "RATE_LIMITED")]


def test_who_is_on_their_way_into_a_guild_is_whole_when_they_are_in_it(tmp_path: Path) -> None:
    async def wait(screen: Screen) -> None:
        assert screen.recipient is not None
        await screen.node.hub.whole(screen.recipient)
        assert screen.recipient.stage is Stage.LIVE

    async def story(house: House) -> None:
        assert await joining(house, wait) == ["GUILD_CREATE"]

    live(tmp_path, story)


def test_who_asks_too_much_is_told_so_when_they_are_whole(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        told = await joining(house, lambda screen: screen.ask(""), REQUESTS_WAITING + 3)
        assert told == ["GUILD_CREATE", "RATE_LIMITED", "RATE_LIMITED"]

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
