"""How long 1,000 sessions take to be whole again on another node when theirs is killed.

`python -m bench.resume` starts the split deployment, brings 1,000 clients of one guild onto one node, talks, kills the
node with SIGKILL, goes on talking, and waits until every client has RESUMED on the other node and heard the last of it.
The checker of the fault tests reads what all of them saw. Prints a table and writes it to bench/results/.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import NamedTuple

import uvloop

from bench import processes
from tests.faults import delivery, town
from tests.faults.client import Client
from tests.faults.history import History, Post
from tests.faults.rest import Rest
from tests.faults.town import Town
from tests.journeys.split import Split

RESULTS = Path(__file__).parent / "results"
SESSIONS = 1_000
ROUNDS = 5
BUDGET_S = 5.0
PATIENCE_S = 120.0
POST_EVERY_S = 0.05
BEFORE_S = 1.0
NUMBERS = count(1)


class Round(NamedTuple):
    """One kill: seconds until half, and all, had RESUMED; CPU of the node that took them, and of asking."""

    half_s: float
    all_s: float
    node_cpu_s: float
    asking_cpu_s: float
    missed: int
    """Messages that came meanwhile, in all."""
    complaints: list[str]


async def talk(people: Town, history: History, rest: Rest, is_over: asyncio.Event) -> None:
    """Post until it is over, each until it is acknowledged."""
    channel = min(people.open)
    while not is_over.is_set():
        post = Post(next(NUMBERS), people.authors[0].id, channel, time.monotonic())
        history.posts[post.number] = post
        body = {"content": f"{post.number} all aboard", "nonce": str(post.number), "enforce_nonce": True}
        _, said = await rest.insist("POST", f"/channels/{channel}/messages", people.authors[0].token, body)
        post.acked, post.id = time.monotonic(), int(said["id"])
        await asyncio.sleep(POST_EVERY_S)


async def until(true: Callable[[], bool]) -> None:
    """Wait for what is about to be true."""
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110  what is waited for is in the sockets
            await asyncio.sleep(0.01)


async def measure(split: Split, people: Town, seed: int) -> Round:
    """Bring them in, kill, and wait."""
    chance = random.Random(seed)
    history = History(
        {each.id: people.open for each in people.plain} | {each.id: people.everything for each in people.crew}
    )
    clients = [Client(each, [split.one.port], history, chance) for each in (*people.crew, *people.plain)]
    running = [asyncio.create_task(client.run()) for client in clients]
    is_over = asyncio.Event()
    async with Rest(split.api, chance) as rest:
        await until(lambda: all(client.is_up for client in clients))
        talking = asyncio.create_task(talk(people, history, rest, is_over))
        await asyncio.sleep(BEFORE_S)
        for client in clients:
            client.ports = [split.other.port]
        cpu, own_cpu = processes.cpu_seconds(split.other.pid), time.process_time()
        killed = time.monotonic()
        await asyncio.to_thread(split.one.kill)
        await until(lambda: all(len(client.life.spans) > 1 for client in clients if client.life))
        cpu, own_cpu = processes.cpu_seconds(split.other.pid) - cpu, time.process_time() - own_cpu
        is_over.set()
        await talking
        last = max(post.id for post in history.posts.values())
        await until(lambda: all(max(client.latest.values(), default=0) >= last for client in clients))
        complaints = list(delivery.complaints(history))
    back = sorted(life.spans[1].began - killed for life in history.lives if len(life.spans) > 1)
    missed = sum(killed < heard.at <= life.spans[1].began for life in history.lives for heard in life.heard if heard.id)
    for client in clients:
        client.close()
    await until(lambda: all(not client.is_open for client in clients))
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    return Round(statistics.median(back), back[-1], cpu, own_cpu, missed, complaints)


def table(rounds: list[Round]) -> str:
    """A line a round."""
    lines = [
        "| kill | half are back | all are back | budget | CPU of the node | of the clients | missed | not whole |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for number, each in enumerate(rounds, start=1):
        lines.append(
            f"| {number} | {each.half_s:.2f} s | {each.all_s:.2f} s | < {BUDGET_S:g} s | {each.node_cpu_s:.2f} s "
            f"| {each.asking_cpu_s:.2f} s | {each.missed:,} | {len(each.complaints)} |"
        )
    middle = statistics.median(each.all_s for each in rounds)
    return "\n".join([*lines, "", f"Median of {len(rounds)} kills: all {SESSIONS:,} are whole after {middle:.2f} s."])


def main() -> None:
    """Measure, print, write."""
    rounds = []
    with tempfile.TemporaryDirectory() as folder, Split(Path(folder) / "data", own_postgres=True) as split:
        people = town.build(split, people_connected=SESSIONS, bots=0, members=SESSIONS + 20)
        for seed in range(ROUNDS):
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                rounds.append(runner.run(measure(split, people, seed)))
            print(rounds[-1], file=sys.stderr)
            split.one.start()
    pace = f"{1 / POST_EVERY_S:.0f}"
    how = (
        f"{SESSIONS:,} clients of one guild are on one of two nodes, and up to {pace} messages a second are said. The "
        "node is killed; each client tries again after 0.1 to 1 s by chance, as libraries do, and sends RESUME to the "
        "other node. Times are from the kill to RESUMED. *Missed* are dispatches of what was said meanwhile, all "
        "sessions together. *Not whole* is what the checker of the fault tests has against what all of them saw. "
        f"Clients, nodes, API, PostgreSQL and Valkey share the machine, whose load was {os.getloadavg()[0]:.1f}."
    )
    printed = f"{table(rounds)}\n\n{how}\n"
    print(printed)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "resume.md").write_text(f"# Resume\n\n`python -m bench.resume`\n\n{printed}")


if __name__ == "__main__":
    main()
