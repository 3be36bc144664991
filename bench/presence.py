"""What presence costs: memory a session, a delta told, a node of 100,000 sessions expiring. `python -m bench.presence`

Each user has one session and is in 10 of 10,000 guilds. One node announces them, another watches every guild. Memory
and CPU are those of the service's process, as the system counts them. How long others wait is asked all the time: the
latency of a count, which the same event loop answers. Whoever asks does so beside all that the nodes say, so what it
waits for itself is in it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import grpc.aio
import uvloop

from bench import processes
from derailed.generated import presence_pb2 as proto
from derailed.generated import presence_pb2_grpc

GUILDS: Final = range(1 << 60, (1 << 60) + 10_000)
FIRST_USER: Final = 1 << 61
GUILDS_EACH: Final = 10
REPORTS_AT_ONCE: Final = 100
ASKED_EVERY_S: Final = 0.005
RESULT: Final = Path(__file__).parent / "results" / "presence.md"


class Heard(NamedTuple):
    """The deltas of one phase, when the first and the last came, and how long others waited meanwhile."""

    deltas: int
    seconds: float
    cpu_s: float
    waits: list[float]

    def waited(self, share: float) -> str:
        """The latency that this share of questions stayed under."""
        return f"{sorted(self.waits)[min(len(self.waits) - 1, int(share * len(self.waits)))] * 1000:.1f} ms"


class Service:
    """The process under test, and what is said to it."""

    def __init__(self, pid: int, channel: grpc.aio.Channel) -> None:
        self.pid = pid
        self.stub: Any = presence_pb2_grpc.PresenceStub(channel)
        self.deltas = 0
        self.last_at = self.first_at = 0.0
        self.last_cpu_s = self.first_cpu_s = 0.0
        self.snapshots = 0
        self.waits: list[float] = []

    def count(self, message: proto.FromService) -> None:
        """What a node that watches every guild hears."""
        self.snapshots += sum(page.last for page in message.snapshots)
        if message.changed or message.gone:
            self.deltas += len(message.changed) + len(message.gone)
            self.last_at = time.perf_counter()
            self.last_cpu_s = processes.cpu_seconds(self.pid)
            if not self.first_at:
                self.first_at, self.first_cpu_s = self.last_at, self.last_cpu_s
                self.waits.clear()

    async def ask(self) -> None:
        """How long a question waits, over and over."""
        request = proto.CountRequest(guild_ids=[GUILDS[0]])
        while True:
            asked_at = time.perf_counter()
            await self.stub.Count(request)
            self.waits.append(time.perf_counter() - asked_at)
            await asyncio.sleep(ASKED_EVERY_S)

    async def hear(self, deltas: int) -> Heard:
        """Until so many were told."""
        self.deltas, self.first_at, self.last_at, self.waits = 0, 0.0, 0.0, []
        await polled(lambda: self.deltas >= deltas)
        return Heard(self.deltas, self.last_at - self.first_at, self.last_cpu_s - self.first_cpu_s, self.waits)


async def polled(true: Callable[[], bool]) -> None:
    """Until it holds."""
    while not true():  # noqa: ASYNC110
        await asyncio.sleep(0.02)


class Node:
    """A stream to the service. It says something every second, and one thing at a time."""

    def __init__(self, service: Service, name: str) -> None:
        self.call = service.stub.Link()
        self._name = name
        self._speaking = asyncio.Lock()

    async def say(self, reports: Iterable[proto.Report]) -> None:
        """In batches, as a node does."""
        remaining = iter(reports)
        while batch := list(islice(remaining, REPORTS_AT_ONCE)):
            await self._say(proto.FromNode(reports=batch))

    async def live(self, hear: Callable[[proto.FromService], None]) -> None:
        """Until cancelled."""
        await self._say(proto.FromNode(node=self._name))
        alive = asyncio.create_task(self._keep_alive())
        try:
            while (message := await self.call.read()) is not grpc.aio.EOF:
                hear(message)
        finally:
            alive.cancel()

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(1)
            await self._say(proto.FromNode())

    async def _say(self, message: proto.FromNode) -> None:
        async with self._speaking:
            await self.call.write(message)


def announcements(sessions: int) -> Iterator[proto.Report]:
    """One session for each user; half of them do something."""
    chance = random.Random(1)
    for user in range(sessions):
        up = proto.Session(
            session_id=chance.randbytes(16),
            user_id=FIRST_USER + user,
            claim=1_800_000_000_000 + user,
            guild_ids=chance.sample(GUILDS, GUILDS_EACH),
            status=proto.STATUS_ONLINE,
            activities=b"[]" if user % 2 else b'[{"name":"Custom Status","type":4,"state":"%d","created_at":1}]' % user,
            client=proto.CLIENT_DESKTOP,
        )
        yield proto.Report(up=up)


def changes(reports: Iterable[proto.Report]) -> Iterator[proto.Report]:
    """Everyone is idle now."""
    for report in reports:
        change = proto.Change(session_id=report.up.session_id, status=proto.STATUS_IDLE, activities=b"[]")
        yield proto.Report(change=change)


@contextlib.asynccontextmanager
async def service() -> AsyncIterator[Service]:
    """Start it, and end it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with processes.module("bench.presence_service", port) as pid:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield Service(pid, channel)


async def measure(sessions: int) -> list[tuple[str, str, str]]:
    """Everything once."""
    async with service() as under_test:
        empty = processes.resident_bytes(under_test.pid)
        reports = list(announcements(sessions))
        crowd = Node(under_test, "crowd")
        crowding = asyncio.create_task(crowd.live(lambda _: None))
        await asyncio.sleep(0)  # it says its name first
        begun, begun_cpu_s = time.perf_counter(), processes.cpu_seconds(under_test.pid)
        await crowd.say(reports)
        while not (await under_test.stub.Find(_last(reports))).presences:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        announced_s = time.perf_counter() - begun
        announced_cpu_s = processes.cpu_seconds(under_test.pid) - begun_cpu_s
        bytes_each = (processes.resident_bytes(under_test.pid) - empty) / sessions

        watcher = Node(under_test, "watcher")
        tasks = [asyncio.create_task(each) for each in (watcher.live(under_test.count), under_test.ask())]
        await asyncio.sleep(0)
        await watcher.say(proto.Report(watch=proto.Watch(guild_id=guild_id)) for guild_id in GUILDS)
        await polled(lambda: under_test.snapshots >= len(GUILDS))
        told, _ = await asyncio.gather(under_test.hear(sessions), crowd.say(changes(reports)))
        await asyncio.sleep(0.5)
        crowd.call.cancel()
        expired = await under_test.hear(sessions)
        for task in tasks:
            task.cancel()
        await asyncio.gather(crowding, *tasks, return_exceptions=True)
    return [
        ("sessions", f"{sessions:,}", ""),
        ("memory a session at 10 guilds", f"{bytes_each:,.0f} B", ""),
        ("sessions in 1 GB", f"{1e9 / bytes_each:,.0f}", "750,000"),
        ("sessions announced a second", f"{sessions / announced_s:,.0f}", ""),
        ("CPU of that, a session", f"{announced_cpu_s / sessions * 1e6:.0f} µs", ""),
        ("deltas told a second to a node that watches all", f"{told.deltas / told.seconds:,.0f}", ""),
        ("CPU a delta, change and telling", f"{told.cpu_s / told.deltas * 1e6:.0f} µs", ""),
        ("others wait meanwhile, p50 / p99", f"{told.waited(0.5)} / {told.waited(0.99)}", ""),
        ("all sessions of a lost node expired and told in", f"{expired.seconds:.2f} s", "1 s"),
        ("CPU of that, a session", f"{expired.cpu_s / expired.deltas * 1e6:.0f} µs", "10 µs"),
        ("others wait meanwhile, p50 / longest", f"{expired.waited(0.5)} / {expired.waited(1)}", ""),
    ]


def _last(reports: list[proto.Report]) -> proto.FindRequest:
    up = reports[-1].up
    return proto.FindRequest(guild_id=up.guild_ids[0], user_ids=[up.user_id])


async def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=100_000)
    rows = await measure(parser.parse_args().sessions)
    printed = "\n".join(
        [
            "| what | measured | budget |",
            "| --- | ---: | ---: |",
            *(f"| {what} | {value} | {budget} |" for what, value, budget in rows),
            "",
        ]
    )
    print(printed)
    RESULT.write_text(f"# Presence\n\n`python -m bench.presence`\n\n{printed}")


if __name__ == "__main__":
    uvloop.run(main())
