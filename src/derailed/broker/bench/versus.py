"""The same benchmark at each server in turn, in interleaved rounds: rates, and the processor that a command costs.

On a machine that does other things too the rates of one moment are not those of the next; so the rounds are
interleaved, the median counts, and the processor's time, which others do not use up, stands beside.
"""

from __future__ import annotations

import csv
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

from derailed.broker.bench import programs
from derailed.broker.bench.clients import Client, Sink
from derailed.broker.bench.programs import Ours, Process, Theirs

VALUE: Final = "x" * 150
PIPELINE: Final = 64
_TOPICS: Final = 2_000_000_000
"""Of so many chosen by chance, hardly any comes twice."""


class Test(NamedTuple):
    """One thing that is measured."""

    name: str
    commands: int
    arguments: tuple[str, ...]
    heard: bool = False
    """One subscriber takes what is published."""
    pipeline: int = PIPELINE


TESTS: Final = (
    Test("XADD, each to a new topic", 200_000, ("XADD", "topic:__rand_int__", "*", "f", VALUE)),
    Test("PUBLISH, nobody listens", 1_000_000, ("PUBLISH", "channel", VALUE)),
    Test("PUBLISH, one listens", 200_000, ("PUBLISH", "channel", VALUE), heard=True),
)
DISK: Final = Test(
    "XADD, on the disk before it is answered", 200_000, ("XADD", "topic:__rand_int__", "*", "f", VALUE), pipeline=16
)


class Run(NamedTuple):
    """One round of one test at one server."""

    rate: float
    cpu_us: float
    p99_ms: float


class Line(NamedTuple):
    """The median of all rounds."""

    test: str
    server: str
    rate: float
    cpu_us: float
    p99_ms: float
    ratio: float
    """Of our rate to this one's, in the same round: the median."""


def run(told: Callable[[str], None], rounds: int) -> Iterator[Line]:
    """All tests."""
    tool = programs.benchmark()
    with tempfile.TemporaryDirectory(prefix="derailed-bench-") as folder:
        yield from _compared(tool, Path(folder) / "memory", TESTS, told, rounds, durable=False)
        yield from _compared(tool, Path(folder) / "disk", (DISK,), told, rounds, durable=True)


def _compared(
    tool: str, folder: Path, tests: tuple[Test, ...], told: Callable[[str], None], rounds: int, *, durable: bool
) -> Iterator[Line]:
    with ExitStack() as stack:
        ours = stack.enter_context(Ours(folder, "disk" if durable else "memory"))
        servers: list[Process] = [ours]
        servers += [stack.enter_context(Theirs(program, durable=durable)) for program in programs.others()]
        for test in tests:
            found: dict[str, list[Run]] = {server.name: [] for server in servers}
            for number in range(rounds):
                for server in servers:
                    told(f"{test.name}: {server.name}, round {number + 1} of {rounds}")
                    found[server.name].append(_measured(tool, server, test))
            yield from _lines(test, found, ours.name)


def _lines(test: Test, found: dict[str, list[Run]], ours: str) -> Iterator[Line]:
    for name, runs in found.items():
        ratios = [mine.rate / other.rate for mine, other in zip(found[ours], runs, strict=True)]
        rate, cpu_us, p99_ms = (statistics.median(values) for values in zip(*runs, strict=True))
        yield Line(test.name, name, rate, cpu_us, p99_ms, statistics.median(ratios))


def _measured(tool: str, server: Process, test: Test) -> Run:
    with ExitStack() as stack:
        sink = stack.enter_context(Sink(server.port, "channel")) if test.heard else None
        if isinstance(server, Theirs):
            with Client(server.port) as client:
                client.ask("FLUSHALL")
        cpu_s = server.cpu_s()
        command = [
            tool, "-h", "127.0.0.1", "-p", str(server.port), "-c", "50", "-P", str(test.pipeline),
            "-n", str(test.commands), "-r", str(_TOPICS), "--csv", *test.arguments,
        ]  # fmt: skip
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600).stdout
        row = list(csv.reader(said.splitlines()))[-1]
        rate, p99_ms = float(row[1]), float(row[6])
        if sink is not None:
            rate = min(rate, sink.rate(test.commands))
        return Run(rate, (server.cpu_s() - cpu_s) / test.commands * 1e6, p99_ms)
