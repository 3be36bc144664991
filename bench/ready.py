"""READY for a person in a hundred guilds: how large it is, how long it takes, and what it costs the server.

`python -m bench.ready` starts `derailed up`, makes the guilds, and identifies over and over, plain and with
zlib-stream, in turns with an account that is in no guild, which is the floor; on SQLite, then on PostgreSQL.
Prints tables and writes them to bench/results/.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import msgspec
import uvloop

from bench import processes
from bench.api import call
from tests.journeys.server import Server
from tests.servers.postgres import Postgres

GUILDS = 100
CHANNELS = 20
ROLES = 8
MEMBERS = 25
CALLED = 5
"""Guilds in which the person has unread messages that call them; in all of them they have read some channel."""
ROUNDS = 5
IN_A_ROUND = 8
RESULTS = Path(__file__).parent / "results"
NEVER_REACHED = "1000000"
PASSWORD = "correct horse"


class Opened(NamedTuple):
    """One READY."""

    wire_bytes: int
    json_bytes: int
    seconds: float


class Round(NamedTuple):
    """Medians of one round, and the CPU of the server a READY."""

    wire_bytes: float
    json_bytes: float
    ms: float
    cpu_ms: float


def settle(server: Server) -> tuple[str, str]:
    """The guilds, with an owner and others in each; tokens of the person who is in all, and of one who is in none."""
    tokens = [_register(server, f"person{number}") for number in range(MEMBERS + 1)]
    person, nobody, others = tokens[0], tokens[1], tokens[2:]
    for number in range(GUILDS):
        guild = call(server, "POST", "/guilds", person, name=f"station {number}")
        path = f"/guilds/{guild['id']}"
        channels = [guild["system_channel_id"]]
        for channel in range(CHANNELS - 1):
            made = call(server, "POST", f"{path}/channels", person, name=f"platform-{channel}", topic="Mind the gap.")
            channels.append(made["id"])
        for role in range(ROLES):
            call(server, "POST", f"{path}/roles", person, name=f"guard {role}", color=0xD9A441)
        code = call(server, "POST", f"/channels/{channels[0]}/invites", person, max_uses=0)["code"]
        for other in others:
            call(server, "POST", f"/invites/{code}", other)
        for channel_id in channels[:5]:
            said = call(server, "POST", f"/channels/{channel_id}/messages", others[0], content="All aboard")
            call(server, "POST", f"/channels/{channel_id}/messages/{said['id']}/ack", person, manual=False)
        if number < CALLED:
            me = call(server, "GET", "/users/@me", person)["id"]
            call(server, "POST", f"/channels/{channels[0]}/messages", others[0], content=f"<@{me}>")
    return person, nobody


def _register(server: Server, name: str) -> str:
    token: str = call(server, "POST", "/auth/register", username=name, password=PASSWORD)["token"]
    return token


async def identify(server: Server, token: str, compress: str, checks: bool = False) -> Opened:
    """From IDENTIFY to READY."""
    url = f"ws://127.0.0.1:{server.port}/gateway?v=10&encoding=json{f'&compress={compress}' if compress else ''}"
    inflate = zlib.decompressobj()
    async with aiohttp.ClientSession() as http, http.ws_connect(url, max_msg_size=0) as socket:
        hello = (await socket.receive()).data
        if compress:
            inflate.decompress(hello)
        identity: dict[str, Any] = {"token": token, "capabilities": 0, "properties": {}, "large_threshold": 250}
        began = time.perf_counter()
        await socket.send_json({"op": 2, "d": identity})
        data = (await socket.receive()).data
        took = time.perf_counter() - began
        text = inflate.decompress(data) if compress else data.encode()
        if checks:
            ready = msgspec.json.decode(text)["d"]
            assert len(ready["guilds"]) == GUILDS
            assert sum(each["mention_count"] for each in ready["read_state"]) == CALLED
        return Opened(len(data), len(text), took)


async def turn(server: Server, token: str, compress: str, pid: int | None) -> Round:
    """One round."""
    before = _cpu(server, pid)
    opened = [await identify(server, token, compress) for _ in range(IN_A_ROUND)]
    await asyncio.sleep(0.1)  # until the sockets are closed there, which is paid for too
    cpu = (_cpu(server, pid) - before) / IN_A_ROUND
    sizes = [statistics.median(column) for column in list(zip(*opened, strict=True))]
    return Round(sizes[0], sizes[1], sizes[2] * 1e3, cpu * 1e3)


def _cpu(server: Server, pid: int | None) -> float:
    return processes.cpu_seconds(server.pid) + (0 if pid is None else processes.family_cpu_seconds(pid))


async def measure(server: Server, pid: int | None) -> dict[str, list[Round]]:
    """All rounds, in turns."""
    person, nobody = await asyncio.to_thread(settle, server)
    kinds = {
        "no guild, plain": (nobody, ""),
        f"{GUILDS} guilds, plain": (person, ""),
        f"{GUILDS} guilds, zlib-stream": (person, "zlib-stream"),
    }
    await identify(server, person, "", checks=True)
    rounds: dict[str, list[Round]] = {name: [] for name in kinds}
    for _ in range(ROUNDS):
        for name, (token, compress) in kinds.items():
            rounds[name].append(await turn(server, token, compress, pid))
    return rounds


def table(rounds: dict[str, list[Round]]) -> str:
    """A line a kind."""
    lines = [
        "| READY | JSON | on the wire | until it is there | CPU of the server | CPU a guild |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    floor = statistics.median(each.cpu_ms for each in next(iter(rounds.values())))
    for name, done in rounds.items():
        wire, size, took, cpu = (statistics.median(column) for column in zip(*done, strict=True))
        guild = "" if name.startswith("no") else f"{1000 * (cpu - floor) / GUILDS:.0f} µs"
        lines.append(
            f"| {name} | {size / 1024:,.0f} KiB | {wire / 1024:,.0f} KiB | {took:.1f} ms | {cpu:.1f} ms | {guild} |"
        )
    return "\n".join(lines)


def told(database: str) -> str:
    """What is measured on one kind of database."""
    settings: dict[str, str] = {"DERAILED_RATE_LIMITS": NEVER_REACHED}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as until:
        pid = None
        if database == "PostgreSQL":
            postgres = until.enter_context(Postgres(durable=True))
            settings["DERAILED_DATABASE_URL"] = postgres.database()
            pid = postgres.pid
        server = until.enter_context(Server(Path(folder) / "data", **settings))
        rounds = uvloop.run(measure(server, pid))
    return f"## {database}\n\n{table(rounds)}\n\n{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}.\n"


def main() -> None:
    """Measure, print, write."""
    how = (
        f"One person in {GUILDS} guilds of {MEMBERS} members, {CHANNELS} channels and {1 + ROLES} roles each; medians "
        f"of {ROUNDS} rounds of {IN_A_ROUND}, in turns. CPU is the server's, with PostgreSQL's own, from the handshake "
        "to the end of the socket."
    )
    lines = [f"# READY\n\n`python -m bench.ready`\n\n{how}\n"]
    for database in ("SQLite", "PostgreSQL"):
        lines.append(told(database))
        print(lines[-1])
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "ready.md").write_text("\n".join(lines))


if __name__ == "__main__":
    main()
