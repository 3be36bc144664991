"""How soon an installed server answers, and what it holds when nobody is there.

`python -m bench.start` starts `derailed up` on an empty data folder and then on the same one again, prints a table,
and writes it to bench/results/. CPU stands beside time, because it does not depend on what else the machine does.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from bench import processes
from tests.journeys.server import Server

ROUNDS = 7
IDLE_S = 3.0
RESULT = Path(__file__).parent / "results" / "start.md"


class Round(NamedTuple):
    """One server, started twice."""

    first_s: float
    again_s: float
    cpu_s: float
    idle_mb: float
    idle_share: float


def main() -> None:
    """Measure, print, write."""
    printed = table([one_round() for _ in range(ROUNDS)])
    print(printed)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(f"# Start\n\n`python -m bench.start`\n\n{printed}")


def one_round() -> Round:
    """Start on nothing, start again, and wait while nobody asks anything."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "data")
        first = timed_start(server)
        server.terminate()
        again = timed_start(server)
        started = processes.cpu_seconds(server.pid)
        time.sleep(IDLE_S)
        share = (processes.cpu_seconds(server.pid) - started) / IDLE_S
        memory = processes.resident_bytes(server.pid) / 1e6
        server.kill()
    return Round(first, again, started, memory, share)


def timed_start(server: Server) -> float:
    """Seconds from the command to the first 200 on /readyz."""
    began = time.perf_counter()
    server.start()
    return time.perf_counter() - began


def table(rounds: list[Round]) -> str:
    """The numbers, median and worst."""
    first, again, cpu, memory, share = zip(*rounds, strict=True)
    rows = [
        ("to the first 200 on /readyz, no data yet", first, "{:.2f} s", "< 2 s"),
        ("to the first 200 on /readyz, again", again, "{:.2f} s", "< 2 s"),
        ("CPU until then", cpu, "{:.2f} s", ""),
        ("memory when idle (RSS)", memory, "{:.0f} MB", "< 120 MB"),
        ("CPU when idle, of one core", share, "{:.1%}", ""),
    ]
    lines = ["| what | median | worst | budget |", "| --- | ---: | ---: | ---: |"]
    for what, values, form, budget in rows:
        lines.append(f"| {what} | {form.format(statistics.median(values))} | {form.format(max(values))} | {budget} |")
    return "\n".join([*lines, f"\n{ROUNDS} rounds.\n"])


if __name__ == "__main__":
    main()
