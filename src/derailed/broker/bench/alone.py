"""What there is to measure beside rates: what a subscriber costs in memory, and the tail of a topic gone cold."""

from __future__ import annotations

import gc
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from derailed.broker.bench import programs
from derailed.broker.bench.clients import Client
from derailed.broker.bench.programs import Ours, Process, Theirs
from derailed.broker.buckets import Retention
from derailed.broker.log import Log

SUBSCRIPTIONS: Final = 500_000
_AT_ONCE: Final = 1_000
TAILS: Final = 20_000
_BUCKETS: Final = 24
_A_BUCKET: Final = 20_000
_HOUR_MS: Final = 3_600_000


class Memory(NamedTuple):
    """What a subscription costs."""

    server: str
    command: str
    bytes: float


def subscriptions(told: Callable[[str], None], number: int = SUBSCRIPTIONS) -> list[Memory]:
    """One client hears very many topics, each of which nobody else hears."""
    found = []
    with tempfile.TemporaryDirectory(prefix="derailed-bench-") as folder:
        servers: list[tuple[Process, list[tuple[str, int]]]] = [
            (Ours(Path(folder), "memory"), [("XSUBSCRIBE", 2), ("SUBSCRIBE", 1)])
        ]
        servers += [(Theirs(program), [("SUBSCRIBE", 1)]) for program in programs.others()]
        for server, commands in servers:
            for command, parts in commands:
                told(f"{number:,} × {command}: {server.name}")
                with server:
                    found.append(Memory(server.name, command, _cost(server, command, parts, number)))
    return found


def _cost(server: Process, command: str, parts: int, number: int) -> float:
    with Client(server.port) as client:
        before = server.rss()
        for first in range(0, number, _AT_ONCE):
            names = [f"some:topic:{n:09}" for n in range(first, first + _AT_ONCE)]
            client.send((command, *([part for name in names for part in (name, "$")] if parts == 2 else names)))
            for _ in range(_AT_ONCE if command == "SUBSCRIBE" else 1):
                client.answer()
        return (server.rss() - before) / number


class Tail(NamedTuple):
    """How long the last record of a topic takes to find."""

    topics: str
    p50_us: float
    p99_us: float
    processor_p50_us: float
    processor_p99_us: float
    """Without the time in which the machine did something else."""


class _Clock:
    now_ms = 1_700_000_000_000

    def __call__(self) -> int:
        return self.now_ms


def cold_tails(told: Callable[[str], None], number: int = TAILS) -> tuple[int, list[Tail]]:
    """With as many buckets as there can be; of the topics of the oldest one, and of topics that are not there."""
    chance, clock = Random(1), _Clock()
    with tempfile.TemporaryDirectory(prefix="derailed-bench-") as folder:
        # Time alone makes fewer; with a longer window the next ones are added to those of the shorter.
        for window_h, first, last in ((14, 0, 14), (1400, 14, _BUCKETS)):
            retention = Retention(window_h * _HOUR_MS, 1 << 62, 1 << 62)
            log = Log(Path(folder) / "log", clock=clock, retention=retention)
            for bucket in range(first, last):
                told(f"cold tails: bucket {bucket + 1} of {_BUCKETS}")
                clock.now_ms += window_h * _HOUR_MS // 14 + 1
                for n in range(_A_BUCKET):
                    log.add(b"topic:%d:%d" % (bucket, n), os.urandom(150))
                log.flush()
                log.tend()
            log.close()
        log = Log(Path(folder) / "log", clock=clock, retention=retention)
        buckets = log.buckets
        oldest = [b"topic:0:%d" % chance.randrange(_A_BUCKET) for _ in range(number)]
        absent = [b"nowhere:%d" % n for n in range(number)]
        tails = [_tail("of the oldest bucket", log, oldest), _tail("that are not there", log, absent)]
        log.close()
    return buckets, tails


def _tail(name: str, log: Log, topics: Sequence[bytes]) -> Tail:
    took, worked = [], []
    gc.disable()
    for topic in topics:
        began, began_work = time.perf_counter_ns(), time.thread_time_ns()
        log.last(topic, 0, log.head, 1)
        worked.append((time.thread_time_ns() - began_work) / 1000)
        took.append((time.perf_counter_ns() - began) / 1000)
    gc.enable()
    wall, work = statistics.quantiles(took, n=100), statistics.quantiles(worked, n=100)
    return Tail(name, wall[49], wall[98], work[49], work[98])
