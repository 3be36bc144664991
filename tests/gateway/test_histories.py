"""Histories read together: one read for all who come back at the same time, and each has what they alone would have."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from derailed.broker.log import Log
from derailed.bus import BusDown, History, Put, Trimmed
from derailed.bus.embedded import EmbeddedBus
from derailed.gateway.histories import Histories
from derailed.gateway.recipient import Recipient
from derailed.gateway.session_id import SessionId
from derailed.wire import records
from derailed.wire.records import Record

TOPIC = "guild:1"


class SlowBus(EmbeddedBus):
    """Answers for a history when it is let; remembers what it was asked for."""

    def __init__(self, log: Log) -> None:
        super().__init__(log)
        self.asked: list[int] = []
        self.is_down = False
        self.trimmed = 0
        self.may_answer = asyncio.Event()

    async def history(self, topic: str, after: int) -> History:
        """Wait, then answer."""
        self.asked.append(after)
        if self.is_down:
            raise BusDown
        await self.may_answer.wait()
        if after < self.trimmed:
            raise Trimmed
        return await super().history(topic, after)

    async def say(self, revs: Sequence[int]) -> list[int]:
        """A record a rev; their offsets."""
        told = [Record(event="MESSAGE_CREATE", rev=rev) for rev in revs]
        appended = await self.append([[Put(TOPIC, each.rev, records.encode(each))] for each in told], start=True)
        return [offsets[0] for offsets in appended.offsets if offsets]


def session() -> Recipient:
    identity = SessionId(1, 1, 0, None, 50, "epoch", 0, False, b"nonce")
    return Recipient(identity, sink=None)  # type: ignore[arg-type]  # nothing is sent


def tell(folder: Path, story: Callable[[SlowBus, Histories, list[int]], Awaitable[None]]) -> None:
    """On a bus with ten records, at these offsets."""

    async def run() -> None:
        bus = SlowBus(Log(folder / "log"))
        await story(bus, Histories(bus), await bus.say(range(1, 11)))
        bus.may_answer.set()
        await bus.close()

    asyncio.run(run())


async def settled() -> None:
    """Everything has gone as far as it can by itself."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_those_who_come_while_one_is_read_share_the_next_from_where_the_first_of_them_stands(tmp_path: Path) -> None:
    async def story(bus: SlowBus, histories: Histories, said: list[int]) -> None:
        first = asyncio.create_task(histories.together(TOPIC, said[5], session()))
        await settled()
        others = [asyncio.create_task(histories.together(TOPIC, said[at], session())) for at in (4, 2, 8)]
        await settled()
        assert bus.asked == [said[5]]
        bus.may_answer.set()
        found = await asyncio.gather(first, *others)
        assert bus.asked == [said[5], said[2]]
        for at, history in zip((5, 4, 2, 8), found, strict=True):
            assert history is not None
            assert [each.offset for each in history.after(said[at])] == said[at + 1 :]
            assert [each.record.rev for each in history.after(said[at])] == list(range(at + 2, 11))
            assert history.reaches(bus.epoch, said[at])
            assert not history.reaches(bus.epoch, said[-1] + 1)
            assert not history.reaches("another", said[at])
        assert found[1] is found[2] is found[3]

    tell(tmp_path, story)


def test_what_is_trimmed_for_one_is_not_for_those_who_were_away_for_less(tmp_path: Path) -> None:
    async def story(bus: SlowBus, histories: Histories, said: list[int]) -> None:
        bus.trimmed = said[5]
        first = asyncio.create_task(histories.together(TOPIC, said[9], session()))
        await settled()
        asking = [asyncio.create_task(histories.together(TOPIC, said[at], session())) for at in (7, 0, 8)]
        await settled()
        bus.may_answer.set()
        _, late, early, later = await asyncio.gather(first, *asking)
        assert early is None
        assert bus.asked[:2] == [said[9], said[0]]
        for at, history in ((7, late), (8, later)):
            assert history is not None
            assert [each.offset for each in history.after(said[at])] == said[at + 1 :]

    tell(tmp_path, story)


def test_a_bus_that_is_down_is_waited_for_while_anyone_waits(tmp_path: Path) -> None:
    async def story(bus: SlowBus, histories: Histories, said: list[int]) -> None:
        bus.is_down = True
        one, other = session(), session()
        asking = [asyncio.create_task(histories.together(TOPIC, said[0], each)) for each in (one, other)]
        await settled()
        one.stage = one.stage.GONE
        bus.is_down = False
        bus.may_answer.set()
        found = await asyncio.gather(*asking)
        assert found[1] is not None
        bus.is_down = True
        left = session()
        alone = asyncio.create_task(histories.together(TOPIC, said[0], left))
        await settled()
        left.stage = left.stage.GONE
        assert await alone is None

    tell(tmp_path, story)


def test_when_the_one_who_reads_is_stopped_the_others_are_too(tmp_path: Path) -> None:
    async def story(bus: SlowBus, histories: Histories, said: list[int]) -> None:
        first = asyncio.create_task(histories.together(TOPIC, said[0], session()))
        await settled()
        second = asyncio.create_task(histories.together(TOPIC, said[0], session()))
        third = asyncio.create_task(histories.together(TOPIC, said[0], session()))
        await settled()
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await third
        bus.may_answer.set()
        assert await first is not None
        assert await histories.together(TOPIC, said[0], session()) is not None

    tell(tmp_path, story)
