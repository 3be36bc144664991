"""POST a message and GET fifty, against a bare ASGI endpoint in the same run.

`python -m bench.api` starts `derailed up` and the floor, each in its own process, drives them in turns over loopback,
prints a table, and writes it with a plot to bench/results/. POST is durable, and its event reaches one session.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import tempfile
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import uvloop

from bench import processes
from bench.listener import Listener
from bench.load import Load, drive, request
from tests.journeys.server import Server, free_port

CONNECTIONS = 32
ROUNDS = 5
ROUND_S = 3.0
WARM_S = 1.0
RESULTS = Path(__file__).parent / "results"
BUDGETS = {"POST message": 25, "GET 50 messages": 20}
CONTENT = "Departures are on the left, arrivals on the right; mind the gap and have your ticket ready."
GUILD_MESSAGES = 1 << 0 | 1 << 9 | 1 << 15


class Round(NamedTuple):
    """One turn of one kind of request."""

    rate: float
    cpu_us: float
    p50_ms: float
    p99_ms: float


class Place(NamedTuple):
    """Where messages are sent, and by whom."""

    token: str
    channel_id: str


def call(server: Server, method: str, path: str, token: str = "", **body: object) -> Any:
    """One REST call."""
    headers = {"content-type": "application/json"} | ({"authorization": token} if token else {})
    data = json.dumps(body).encode() if body else None
    asked = urllib.request.Request(server.api + path, data, headers, method=method)
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return json.load(answer)


def settle(server: Server) -> Place:
    """An account, a guild, and its first channel."""
    token = call(server, "POST", "/auth/register", username="bench", password="correct horse")["token"]
    guild = call(server, "POST", "/guilds", token, name="bench")
    channels = call(server, "GET", f"/guilds/{guild['id']}/channels", token)
    return Place(token, next(channel["id"] for channel in channels if channel["type"] == 0))


async def turn(pid: int, port: int, asked: bytes, seconds: float) -> tuple[Round, Load]:
    """Drive one kind of request for a while."""
    before = processes.cpu_seconds(pid)
    load = await drive(port, asked, CONNECTIONS, seconds)
    cpu = (processes.cpu_seconds(pid) - before) / len(load.latencies)
    return Round(load.rate, cpu * 1e6, load.percentile(0.5) * 1e3, load.percentile(0.99) * 1e3), load


async def measure(server: Server, floor_pid: int, floor_port: int) -> dict[str, list[Round]]:
    """All rounds, the kinds in turns, so that what else the machine does falls on all alike."""
    place = settle(server)
    listener = await Listener.connect(server.port, place.token, GUILD_MESSAGES)
    path = f"/api/v10/channels/{place.channel_id}/messages"
    body = json.dumps({"content": CONTENT}).encode()
    kinds = {
        "bare POST": (floor_pid, floor_port, request("POST", "/", place.token, body)),
        "POST message": (server.pid, server.port, request("POST", path, place.token, body)),
        "bare GET": (floor_pid, floor_port, request("GET", "/", place.token)),
        "GET 50 messages": (server.pid, server.port, request("GET", path, place.token)),
    }
    rounds: dict[str, list[Round]] = {kind: [] for kind in kinds}
    sent = 0
    for seconds in (WARM_S, *[ROUND_S] * ROUNDS):
        for kind, (pid, port, asked) in kinds.items():
            done, load = await turn(pid, port, asked, seconds)
            sent += len(load.latencies) if kind == "POST message" else 0
            if seconds == ROUND_S:
                rounds[kind].append(done)
    await asyncio.wait_for(listener.heard(sent), 10)
    assert listener.messages == sent
    listener.close()
    return rounds


def table(rounds: dict[str, list[Round]]) -> str:
    """The numbers, medians over the rounds."""
    lines = [
        "| request | a second | CPU a request | p50 | p99 | share of bare, by rate | by CPU | budget |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for kind, done in rounds.items():
        rate, cpu, p50, p99 = (statistics.median(column) for column in zip(*done, strict=True))
        shares = ["", "", ""]
        if kind in BUDGETS:
            floor = rounds["bare POST" if kind.startswith("POST") else "bare GET"]
            by_rate, by_cpu = ratios(done, floor)
            shares = [f"{by_rate:.0f} %", f"{by_cpu:.0f} %", f"≥ {BUDGETS[kind]} %"]
        lines.append(f"| {kind} | {rate:,.0f} | {cpu:.0f} µs | {p50:.2f} ms | {p99:.2f} ms | {' | '.join(shares)} |")
    return "\n".join(lines)


def ratios(done: list[Round], floor: list[Round]) -> tuple[float, float]:
    """How much of the floor's rate is left, in percent: as measured, and as the CPU used would allow."""
    pairs = list(zip(done, floor, strict=True))
    return (
        100 * statistics.median(each.rate / bare.rate for each, bare in pairs),
        100 * statistics.median(bare.cpu_us / each.cpu_us for each, bare in pairs),
    )


def plot(rounds: dict[str, list[Round]]) -> None:
    """Each kind's rate and CPU, a dot a round."""
    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3), layout="constrained")
    for axis, field, title in ((axes[0], "rate", "requests a second"), (axes[1], "cpu_us", "µs of CPU a request")):
        values = {kind: [getattr(each, field) for each in done] for kind, done in rounds.items()}
        axis.barh(list(values), [statistics.median(each) for each in values.values()], color="#d9a441")
        for kind, each in values.items():
            axis.plot(each, [kind] * len(each), "k.", markersize=3)
        axis.set_title(title, fontsize=10)
        axis.invert_yaxis()
        axis.spines[["top", "right"]].set_visible(False)
    axes[1].set_yticklabels([])
    figure.savefig(RESULTS / "api.svg")


def main() -> None:
    """Measure, print, write."""
    floor_port, load = free_port(), os.getloadavg()[0]
    with (
        tempfile.TemporaryDirectory() as folder,
        processes.module("bench.floor", floor_port) as floor_pid,
        Server(Path(folder) / "data") as server,
    ):
        rounds = uvloop.run(measure(server, floor_pid, floor_port))
        memory = processes.resident_bytes(server.pid) / 2**20
    how = (
        f"{CONNECTIONS} connections, one request each in flight, medians of {ROUNDS} rounds of {ROUND_S:g} s in turns; "
        f"server's memory at the end {memory:.0f} MB; {os.cpu_count()} cores, load before {load:.1f}."
    )
    printed = f"{table(rounds)}\n\n{how}\n"
    print(printed)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "api.md").write_text(f"# API\n\n`python -m bench.api`\n\n{printed}\n![](api.svg)\n")
    plot(rounds)


if __name__ == "__main__":
    main()
