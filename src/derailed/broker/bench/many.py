"""Very many topics, a record each, through the socket of the shipped broker; and what it is like to have them.

The n-th topic's record has the n-th offset, so the broker itself knows how far a run came: it can be stopped at any
moment and gone on with. What was measured while it filled is kept beside the data.
"""

from __future__ import annotations

import os
import shutil
import statistics
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Final

import msgspec
from msgspec import Struct, field

from derailed.broker import FIRST_OFFSET
from derailed.broker.bench.clients import Client
from derailed.broker.bench.programs import Missing, Ours

VALUE_BYTES: Final = 150
_A_RECORD: Final = 260
"""Bytes on the disk, with its key, its topic and what RocksDB adds; measured."""
_SPARE: Final = 1.25
_TO_REWRITE: Final = 6 << 30
"""Files exist twice while they are merged."""
_CHUNK: Final = 1_000
_AHEAD: Final = 16
"""Chunks that may be unanswered."""
_BLOB: Final = os.urandom(1 << 20)
_LOOKS: Final = 2_000


class Sample(Struct):
    """The broker at one moment of a fill."""

    topics: int
    seconds: float
    rss: int
    disk: int


class Filled(Struct):
    """A run, over all its stops."""

    topics: int
    samples: list[Sample] = field(default_factory=list)
    seconds: float = 0.0
    stop_s: float = 0.0
    restart_s: float = 0.0
    rss_after_restart: int = 0
    disk: int = 0
    cold_us: tuple[float, float] = (0.0, 0.0)
    absent_us: tuple[float, float] = (0.0, 0.0)


Told = Callable[[int, int], None]


def fill(folder: Path, topics: int, level: str, told: Told) -> Filled:
    """Fill, or go on filling; then restart and look. Raises Missing when there is no room."""
    notes = folder / f"filled-{topics}.json"
    filled = msgspec.json.decode(notes.read_bytes(), type=Filled) if notes.exists() else Filled(topics)
    require_room(folder, topics)
    broker = Ours(folder, level, kept=f"{max(topics * _A_RECORD * 2, 1 << 30)}B")
    broker.start()
    try:
        with Client(broker.port) as client:
            done = client.ask("XHEAD")[1] - FIRST_OFFSET + 1
            try:
                _load(client, broker, folder, filled, range(done, topics), told)
            finally:
                notes.write_bytes(msgspec.json.encode(filled))
        filled.stop_s = broker.stop()
        began = time.perf_counter()
        broker.start()
        filled.restart_s = time.perf_counter() - began
        _look(broker, topics, filled)
        filled.disk = used(folder)
        notes.write_bytes(msgspec.json.encode(filled))
    finally:
        broker.stop()
    return filled


def require_room(folder: Path, topics: int) -> None:
    """Raises Missing."""
    folder.mkdir(parents=True, exist_ok=True)
    needed = int(topics * _A_RECORD * _SPARE) + _TO_REWRITE - used(folder)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Missing(
            f"{topics:,} topics need {needed / 1e9:.0f} GB more in {folder}, and {free / 1e9:.0f} GB are free"
        )


def used(folder: Path) -> int:
    """Bytes on the disk."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_blocks * 512
        except FileNotFoundError:
            continue  # merged away meanwhile
    return total


def topic_of(number: int) -> bytes:
    """Its name."""
    return b"bench:topic:%010d" % number


def _load(client: Client, broker: Ours, folder: Path, filled: Filled, numbers: range, told: Told) -> None:
    """Chunks go out while earlier ones are answered; what is not answered when we are stopped is sent again."""
    before, began, next_sample = filled.seconds, time.perf_counter(), 0.0
    chunks = deque(range(numbers.start, numbers.stop, _CHUNK))
    unanswered: deque[int] = deque()
    room = threading.Semaphore(_AHEAD)
    halted = threading.Event()

    def send() -> None:
        while chunks and not halted.is_set():
            room.acquire()
            first = chunks.popleft()
            last = min(first + _CHUNK, numbers.stop)
            unanswered.append(last - first)
            client.socket.sendall(b"".join(_command(number) for number in range(first, last)))

    sender = threading.Thread(target=send)
    sender.start()
    done, answered, ends = numbers.start, 0, b"\n"
    try:
        while done < numbers.stop:
            more, ends = _answers(client, ends)
            answered += more
            while unanswered and answered >= unanswered[0]:
                count = unanswered.popleft()
                answered -= count
                done += count
                room.release()
            filled.seconds = before + time.perf_counter() - began
            if filled.seconds >= next_sample:
                next_sample = filled.seconds + 5
                filled.samples.append(Sample(done, filled.seconds, broker.rss(), used(folder)))
            told(done, numbers.stop)
    finally:
        halted.set()
        room.release()
        sender.join()
    filled.samples.append(Sample(done, filled.seconds, broker.rss(), used(folder)))


def _command(number: int) -> bytes:
    """Values that do not compress."""
    start = number * 97 % (len(_BLOB) - VALUE_BYTES)
    value = _BLOB[start : start + VALUE_BYTES]
    return b"*5\r\n$4\r\nXADD\r\n$22\r\n%b\r\n$1\r\n*\r\n$1\r\nf\r\n$150\r\n%b\r\n" % (topic_of(number), value)


def _answers(client: Client, ended: bytes) -> tuple[int, bytes]:
    """How many came, and how that ends: an error begins a line, and what comes at once may begin within one."""
    data = client.socket.recv(1 << 20)
    if not data or b"\n-" in ended + data:
        raise Missing(f"the broker refuses: {data[:200]!r}")
    return data.count(b"$"), data[-1:]


def _look(broker: Ours, topics: int, filled: Filled) -> None:
    """Tails of topics from all over, one after the other; the answer's way through the socket is counted too."""
    chance = Random(1)
    with Client(broker.port) as client:
        there = [topic_of(chance.randrange(topics)) for _ in range(_LOOKS)]
        filled.cold_us = _ranks([_took(client, topic, 1) for topic in there])
        filled.absent_us = _ranks([_took(client, b"absent:%d" % n, 0) for n in range(_LOOKS)])
    filled.rss_after_restart = broker.rss()


def _took(client: Client, topic: bytes, expected: int) -> float:
    began = time.perf_counter()
    found = client.ask("XREVRANGE", topic, "+", "-", "COUNT", 1)
    took = time.perf_counter() - began
    if len(found) != expected:
        raise AssertionError(f"{topic!r} has {found}")
    return took * 1e6


def _ranks(took: Sequence[float]) -> tuple[float, float]:
    ranks = statistics.quantiles(took, n=100)
    return ranks[49], ranks[98]
