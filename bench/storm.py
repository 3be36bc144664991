"""How long 5,000 clients of a split deployment take to be back when all are cut, and what that asks of PostgreSQL.

`python -m bench.storm` starts two nodes, API, Presence Service, Supreme Member Storage, PostgreSQL and Valkey, brings
the clients in, has people talk, and counts the statements that PostgreSQL runs: the steady rate. Then it cuts: all
connections, as a balancer does that is restarted; one node; both nodes; both nodes and the log, so that nobody can be
resumed. Prints a table and writes it with a plot to bench/results/.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from typing import Final

import matplotlib as mpl
import uvloop

from tests.journeys.split import Split
from tests.servers.postgres import Postgres
from tests.storm import harbour, storm
from tests.storm.counting import COUNTS
from tests.storm.harbour import CHANNELS, EACH_IN, Harbour
from tests.storm.storm import Storm, Weather
from tests.storm.traffic import LOOKS

RESULTS: Final = Path(__file__).parent / "results"
CLIENTS: Final = int(__import__("os").environ.get("SC", "5000"))
GUILDS: Final = 20
POSTS_S: Final = 25.0
FLOCKS: Final = 2
STEADY_S: Final = 10.0
AFTER_S: Final = 2.0
BUDGET_S: Final = 30.0
BUDGET_RATE: Final = 2.0


async def measure(split: Split, people: Harbour) -> tuple[float, list[Weather]]:
    """The steady rate, and each cut."""
    seen: list[Weather] = []
    async with Storm.brewing(split, people, posts_s=POSTS_S, flocks=FLOCKS) as here:
        await asyncio.sleep(AFTER_S)
        steady = await here.calm(STEADY_S)
        print(f"steady: {steady:.0f}/s", file=sys.stderr)

        async def cut(name: str, how: storm.Cut) -> None:
            seen.append(await here.cut(name, how, after_s=AFTER_S))
            print(line(seen[-1], steady), file=sys.stderr)
            write(steady, seen)

        await cut("all connections", storm.everybody)
        await cut("one of two nodes", storm.a_node)
        await asyncio.to_thread(split.one.start)
        await here.flocks.go_to([node.port for node in split.nodes])
        await cut("both nodes", storm.all_nodes)
        await cut("both nodes and the log", storm.all_nodes_and_the_log)
        await here.all_heard()
    return steady, seen


def line(each: Weather, steady: float) -> str:
    """A row of the table."""
    half, cores = each.back_s[len(each.back_s) // 2], each.clients_cpu_s / each.wall_s
    cells = (
        each.name,
        f"{len(each.back_s):,}",
        f"{each.resumed:,} / {each.afresh:,}",
        f"{half:.1f} s",
        f"{each.all_s:.1f} s",
        f"{each.peak:.0f}/s",
        f"{each.peak / steady:.2f} ×",
        f"{each.nodes_cpu_s:.1f} s",
        f"{each.clients_cpu_s:.1f} s ({cores:.0%} of a core)",
        f"{each.postgres_cpu_s:.1f} s",
        f"{each.memory_bytes / 1e6:.0f} MB",
        f"{each.torn}",
    )
    return f"| {' | '.join(cells)} |"


def table(steady: float, seen: list[Weather]) -> str:
    """All of them."""
    head = (
        "| cut | clients | resumed / afresh | half are back | all are back | most statements | of steady "
        "| CPU of the nodes | of the clients | of PostgreSQL | a node's memory, at most | not whole |"
    )
    lines = [head, "| --- |" + " ---: |" * 11, *(line(each, steady) for each in seen)]
    return "\n".join(
        [*lines, "", f"Budgets: < {BUDGET_S:g} s, and ≤ {BUDGET_RATE:g} × steady, {steady:.0f} statements/s."]
    )


def plot(steady: float, seen: list[Weather]) -> None:
    """Who is back, and statements a second, over time."""
    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "derailed"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, 1, figsize=(8, 6), layout="constrained", sharex=True)
    for each in seen:
        axes[0].plot(each.back_s, [100 * (n + 1) / len(each.back_s) for n in range(len(each.back_s))], label=each.name)
        axes[1].plot([at for at, _ in each.rates], [rate / steady for _, rate in each.rates], label=each.name)
    axes[0].set_ylabel("% are back")
    axes[0].legend()
    axes[1].axhline(BUDGET_RATE, color="k", linestyle=":")
    axes[1].set_ylabel("statements, × steady")
    axes[1].set_xlabel("seconds after the cut")
    axes[1].set_ylim(bottom=0)
    figure.savefig(RESULTS / "storm.svg", metadata={"Date": None})


def how() -> str:
    """What the numbers are, and how they came about."""
    return (
        f"{CLIENTS:,} people, each in {EACH_IN} of {GUILDS} guilds of {CHANNELS} channels, have a client each, on two "
        f"nodes. *Steady* is the evening that goes on all the time: {POSTS_S:g} messages a second, and for every "
        f"{1 / LOOKS:g} of them somebody who reads a channel's last 50 and acknowledges them; it was counted over "
        f"{STEADY_S:g} s before the first cut. *Statements* are what PostgreSQL itself counts (pg_stat_statements, "
        "BEGIN and COMMIT included), from all processes, the evening's own among them; *most* is the worst second from "
        f"the cut until {AFTER_S:g} s after all were back. Everybody's token was last used two days before. A client "
        "tries again after 0.1 to 1 s by chance, and twice as long, up to 4 s, after each failure. *Not whole* are "
        "messages that a client missed, or was sent twice or out of order, as they are numbered in each guild. Times "
        "are by the clock, and where nodes were killed a node's start is in them. Clients, nodes, API, PostgreSQL and "
        f"Valkey share {os.cpu_count()} cores, whose load was {os.getloadavg()[0]:.1f} at the end."
    )


def write(steady: float, seen: list[Weather]) -> str:
    """Keep what is measured so far: on a busy machine a later cut may take too long."""
    printed = f"{table(steady, seen)}\n\n{how()}\n"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "storm.md").write_text(f"# Reconnect storm\n\n`python -m bench.storm`\n\n{printed}\n![](storm.svg)\n")
    plot(steady, seen)
    return printed


def main() -> None:
    """Measure, print, write."""
    server = Postgres(durable=True, **COUNTS)
    with tempfile.TemporaryDirectory() as folder, Split(Path(folder) / "data", own_postgres=server) as split:
        people = harbour.build(split, guilds=GUILDS, clients=CLIENTS)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            steady, seen = runner.run(measure(split, people))
    print(write(steady, seen))


if __name__ == "__main__":
    main()
