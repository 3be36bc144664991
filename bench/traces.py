"""What it costs to follow requests: POST of a message with its event to one session, off, at a hundredth, and each.

`python -m bench.traces` starts `derailed up` three times on SQLite, with a collector that takes what it is sent and
throws it away, drives the three in turns over loopback, prints a table, and writes it to bench/results/. CPU is the
whole server's, with the thread that sends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

import uvloop
from msgspec.structs import replace

from bench import processes
from bench.api import BODY, CONNECTIONS, GUILD_MESSAGES, NEVER_REACHED, RESULTS, call
from bench.listener import Listener
from bench.load import drive, request
from derailed.telemetry import followed
from derailed.wire import records
from derailed.wire.records import Record
from tests.journeys.server import Server
from tests.servers.collector import Collector

SHARES = {"off": "", "followed: 1 of 100": "0.01", "followed: each": "1"}
ROUNDS = 7
ROUND_S = 2.0


class Side:
    """A server, and a channel that is listened to."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.token: str = call(server, "POST", "/auth/register", username="bench", password="correct horse")["token"]
        guild = call(server, "POST", "/guilds", self.token, name="bench")
        channel = call(server, "GET", f"/guilds/{guild['id']}/channels", self.token)[0]["id"]
        self.request = request("POST", f"/api/v10/channels/{channel}/messages", self.token, BODY)
        self.said = 0

    async def turn(self, seconds: float) -> float:
        """Microseconds of CPU a message, each of which was heard."""
        before = processes.cpu_seconds(self.server.pid)
        load = await drive(self.server.port, [self.request], CONNECTIONS, seconds)
        self.said += len(load.latencies)
        await asyncio.wait_for(self.listener.heard(self.said), 30)
        return 1e6 * (processes.cpu_seconds(self.server.pid) - before) / len(load.latencies)

    async def listen(self) -> None:
        """Hear what is said from now on."""
        self.listener = await Listener.connect(self.server.port, self.token, GUILD_MESSAGES)


async def measure(servers: dict[str, Server], collector: Collector) -> dict[str, list[float]]:
    """All rounds, in turns; each begins with another."""
    sides = {name: Side(server) for name, server in servers.items()}
    for side in sides.values():
        await side.listen()
        await side.turn(ROUND_S)
    took: dict[str, list[float]] = {name: [] for name in sides}
    names = list(sides)
    for number in range(ROUNDS):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            took[name].append(await sides[name].turn(ROUND_S))
            collector.bodies.clear()
    for side in sides.values():
        side.listener.close()
    return took


def sizes() -> str:
    """Bytes of a record, by what it says of its cause."""
    told = Record(event="MESSAGE_CREATE", rev=1 << 20, id=1 << 60, time=1 << 40, guild=1 << 60, data=b"x" * 420)
    request_id = "0123456789abcdef"
    causes = ("", request_id, followed(request_id, "0" * 32, "0" * 16))
    none, asked, traced = (len(records.encode(replace(told, cause=cause))) for cause in causes)
    return (
        f"A record without a cause has 1 byte for it; the id of a request is {asked - none} bytes more, and "
        f"{traced - none} where it is followed."
    )


def table(took: dict[str, list[float]]) -> str:
    """Medians, and the ratio to what is off in the same round."""
    lines = ["| requests | CPU a message | beside off |", "| --- | ---: | ---: |"]
    for name, each in took.items():
        beside = [one / off for one, off in zip(each, took["off"], strict=True)]
        spread = f"{statistics.median(beside):.2f} ({min(beside):.2f}–{max(beside):.2f})"
        lines.append(f"| {name} | {statistics.median(each):.0f} µs | {'' if name == 'off' else spread} |")
    return "\n".join(lines)


@contextlib.contextmanager
def running(collector: Collector) -> Iterator[dict[str, Server]]:
    """A server for each share."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = {}
        for number, (name, share) in enumerate(SHARES.items()):
            told = {"DERAILED_TRACES_URL": collector.url, "DERAILED_TRACES_SHARE": share} if share else {}
            told["DERAILED_RATE_LIMITS"] = NEVER_REACHED
            servers[name] = stack.enter_context(Server(folder / str(number), **told))
        yield servers


def main() -> None:
    """Measure, print, write."""
    before = os.getloadavg()[0]
    with Collector() as collector, running(collector) as servers:
        took = uvloop.run(measure(servers, collector))
    how = (
        f"{CONNECTIONS} connections, one request each in flight; medians of {ROUNDS} rounds of {ROUND_S:g} s in turns, "
        f"in brackets the range. {sizes()} {os.cpu_count()} cores, load before {before:.1f}."
    )
    printed = f"{table(took)}\n\n{how}\n"
    print(printed)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "traces.md").write_text(f"# Traces\n\n`python -m bench.traces`\n\n{printed}")


if __name__ == "__main__":
    main()
