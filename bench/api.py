"""POST a message and GET fifty, on SQLite and on PostgreSQL, against a bare ASGI endpoint in the same run.

`python -m bench.api [--database sqlite|postgres]` starts `derailed up` on each database and the floor, each in its own
process, drives them in turns over loopback, prints a table, and writes it with a plot to bench/results/. POST is
durable, and its event reaches one session; requests are limited at a rate that is never reached.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import tempfile
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import uvloop

from bench import processes
from bench.listener import Listener
from bench.load import Load, drive, request
from tests.journeys.server import Server, free_port
from tests.servers.postgres import Postgres

CONNECTIONS = 64
CHANNELS = 64
PAGE = 50
ROUNDS = 5
ROUND_S = 2.0
WARM_S = 1.0
FILL_S = 1.0
RESULTS = Path(__file__).parent / "results"
BUDGETS = {"POST": 25, "GET": 20}
DATABASES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
CONTENT = "Departures are on the left, arrivals on the right; mind the gap and have your ticket ready."
BODY = json.dumps({"content": CONTENT}).encode()
GUILD_MESSAGES = 1 << 0 | 1 << 9 | 1 << 15
NEVER_REACHED = "1000000"


class Round(NamedTuple):
    """One turn of one kind of request."""

    rate: float
    cpu_us: float
    p50_ms: float
    p99_ms: float
    busy: float


class Side(NamedTuple):
    """A server, what runs its database if that is another process, and who hears what is posted."""

    server: Server
    database_pid: int | None
    listener: Listener
    token: str
    paths: list[str]

    def requests(self, method: str, channels: int) -> list[bytes]:
        """To the first of its channels, one each."""
        body = BODY if method == "POST" else b""
        return [request(method, path, self.token, body) for path in self.paths[:channels]]


class Kind(NamedTuple):
    """One kind of request: a row of the table."""

    name: str
    method: str
    port: int
    pid: int
    requests: list[bytes]
    side: Side | None
    """None is the floor."""


def call(server: Server, method: str, path: str, token: str = "", **body: object) -> Any:
    """One REST call."""
    headers = {"content-type": "application/json"} | ({"authorization": token} if token else {})
    data = json.dumps(body).encode() if body else None
    asked = urllib.request.Request(server.api + path, data, headers, method=method)
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return json.load(answer)


async def settle(server: Server, database_pid: int | None) -> Side:
    """An account, a guild, its channels, and a page of messages in each."""
    token = call(server, "POST", "/auth/register", username="bench", password="correct horse")["token"]
    guild = call(server, "POST", "/guilds", token, name="bench")
    names = [f"platform-{number}" for number in range(CHANNELS)]
    made = [call(server, "POST", f"/guilds/{guild['id']}/channels", token, name=name) for name in names]
    listener = await Listener.connect(server.port, token, GUILD_MESSAGES)
    side = Side(server, database_pid, listener, token, [f"/api/v10/channels/{one['id']}/messages" for one in made])
    sent = 0
    while sent < 2 * PAGE * CHANNELS:
        sent += len((await drive(server.port, side.requests("POST", CHANNELS), CONNECTIONS, FILL_S)).latencies)
    await asyncio.wait_for(listener.heard(sent), 30)
    assert all(len(call(server, "GET", f"/channels/{one['id']}/messages", token)) == PAGE for one in made)
    return side


def kinds(sides: dict[str, Side], floor_pid: int, floor_port: int) -> list[Kind]:
    """All rows of the table."""
    floor = [
        Kind(f"bare {method}", method, floor_port, floor_pid, [request(method, "/", "x" * 70, body)], None)
        for method, body in (("POST", BODY), ("GET", b""))
    ]
    rows = (
        ("POST message", "POST", 1),
        (f"GET {PAGE} messages", "GET", 1),
        (f"GET {PAGE} messages of {CHANNELS} channels in turns", "GET", CHANNELS),
    )
    asked = [
        Kind(f"{name}, {database}", method, side.server.port, side.server.pid, side.requests(method, channels), side)
        for database, side in sides.items()
        for name, method, channels in rows
    ]
    return floor + asked


async def turn(kind: Kind, seconds: float) -> tuple[Round, Load]:
    """Drive one kind of request for a while. CPU is the server's, and what the database takes beside it."""
    before = _cpu_seconds(kind)
    load = await drive(kind.port, kind.requests, CONNECTIONS, seconds)
    cpu = (_cpu_seconds(kind) - before) / len(load.latencies)
    return Round(load.rate, cpu * 1e6, load.percentile(0.5) * 1e3, load.percentile(0.99) * 1e3, load.busy), load


def _cpu_seconds(kind: Kind) -> float:
    database_pid = None if kind.side is None else kind.side.database_pid
    beside = 0 if database_pid is None else processes.family_cpu_seconds(database_pid)
    return processes.cpu_seconds(kind.pid) + beside


async def lone_post_ms(side: Side) -> float:
    """The median time of a POST that has the server for itself."""
    load = await drive(side.server.port, side.requests("POST", 1), 1, WARM_S)
    return load.percentile(0.5) * 1e3


async def measure(
    servers: dict[str, tuple[Server, int | None]], floor_pid: int, floor_port: int
) -> tuple[dict[str, list[Round]], dict[str, float]]:
    """All rounds, the kinds in turns, so that what else the machine does falls on all alike; and lone POSTs."""
    sides = {database: await settle(server, pid) for database, (server, pid) in servers.items()}
    asked = kinds(sides, floor_pid, floor_port)
    rounds: dict[str, list[Round]] = {kind.name: [] for kind in asked}
    heard = {database: side.listener.messages for database, side in sides.items()}
    for number in range(1 + ROUNDS):
        for kind in asked:
            done, load = await turn(kind, ROUND_S if number else WARM_S)
            if number:
                rounds[kind.name].append(done)
            if kind.side is not None and kind.method == "POST":
                heard[kind.name.rpartition(", ")[2]] += len(load.latencies)
    for database, side in sides.items():
        await asyncio.wait_for(side.listener.heard(heard[database]), 30)
        assert side.listener.messages == heard[database]
    lone = {database: await lone_post_ms(side) for database, side in sides.items()}
    for side in sides.values():
        side.listener.close()
    return rounds, lone


def table(rounds: dict[str, list[Round]]) -> str:
    """The numbers, medians over the rounds; of the share also the range."""
    lines = [
        "| request | a second | CPU a request | p50 | p99 | share of bare, by rate | by CPU | budget | asking |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, done in rounds.items():
        rate, cpu, p50, p99, busy = (statistics.median(column) for column in zip(*done, strict=True))
        shares = ["", "", ""]
        if not name.startswith("bare"):
            method = name.partition(" ")[0]
            by_rate, by_cpu = ratios(done, rounds[f"bare {method}"])
            spread = f"{statistics.median(by_rate):.0f} % ({min(by_rate):.0f}–{max(by_rate):.0f})"
            shares = [spread, f"{statistics.median(by_cpu):.0f} %", f"≥ {BUDGETS[method]} %"]
        numbers = f"{rate:,.0f} | {cpu:.0f} µs | {p50:.2f} ms | {p99:.2f} ms"
        lines.append(f"| {name} | {numbers} | {' | '.join(shares)} | {100 * busy:.0f} % |")
    return "\n".join(lines)


def ratios(done: Sequence[Round], floor: Sequence[Round]) -> tuple[list[float], list[float]]:
    """How much of the floor's rate is left in each round, in percent: as measured, and as the CPU used would allow."""
    pairs = list(zip(done, floor, strict=True))
    return (
        [100 * each.rate / bare.rate for each, bare in pairs],
        [100 * bare.cpu_us / each.cpu_us for each, bare in pairs],
    )


def plot(rounds: dict[str, list[Round]]) -> None:
    """Each kind's rate and CPU, a dot a round."""
    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(9, 0.7 + 0.35 * len(rounds)), layout="constrained")
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


@contextlib.contextmanager
def running(databases: Sequence[str]) -> Iterator[dict[str, tuple[Server, int | None]]]:
    """A server on each of these databases; with the process of the database where it has one."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers: dict[str, tuple[Server, int | None]] = {}
        for database in databases:
            settings, pid = {"DERAILED_RATE_LIMITS": NEVER_REACHED}, None
            if database == "postgres":
                postgres = stack.enter_context(Postgres(durable=True))
                settings["DERAILED_DATABASE_URL"], pid = postgres.database(), postgres.pid
            server = stack.enter_context(Server(folder / database, **settings))
            servers[DATABASES[database]] = (server, pid)
        yield servers


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=DATABASES, action="append", help="only this one")
    databases = parser.parse_args().database or list(DATABASES)
    floor_port, before = free_port(), os.getloadavg()[0]
    with processes.module("bench.floor", floor_port) as floor_pid, running(databases) as servers:
        rounds, lone = uvloop.run(measure(servers, floor_pid, floor_port))
        memory = [
            f"{processes.resident_bytes(server.pid) / 2**20:.0f} MB ({name})" for name, (server, _) in servers.items()
        ]
    alone = ", ".join(f"{each:.2f} ms on {database}" for database, each in lone.items())
    how = (
        f"{CONNECTIONS} connections, one request each in flight; medians of {ROUNDS} rounds of {ROUND_S:g} s in turns, "
        f"in brackets the range. CPU is the server's, with PostgreSQL's own where it runs. Asking is the share of a "
        f"core that the load generator takes. A lone POST takes {alone}. The servers' memory at the end: "
        f"{', '.join(memory)}. {os.cpu_count()} cores, load before {before:.1f}."
    )
    printed = f"{table(rounds)}\n\n{how}\n"
    print(printed)
    if len(servers) == len(DATABASES):
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "api.md").write_text(f"# API\n\n`python -m bench.api`\n\n{printed}\n![](api.svg)\n")
        plot(rounds)


if __name__ == "__main__":
    main()
