"""What a filter's decision costs, its process included, and how fast a library is back. `python -m bench.filters`

One call judges a message for all clients of a connection. CPU is that of this process and of the library's, as the
system counts it. The floors of the same rounds: the same decision in plain Python, and a library that says true.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import structlog
import uvloop

from derailed.broker.filters import Message
from derailed.broker.filters.clients import Connection
from derailed.broker.filters.libraries import Filters

RESULT: Final = Path(__file__).parent / "results" / "filters.md"
CLIENTS: Final = (1, 100, 1_000, 10_000)
DECISIONS: Final = 400_000
"""Of one line in one round."""
AT_ONCE: Final = 64
"""Messages of one call: what a busy broker finds waiting."""

RULE: Final = b"""
function deliver(message, client)
  if message.fields.author == client.user then return true end
  return client.level >= 3 and message.fields.kind ~= "typing"
end
"""
NOTHING: Final = b"function deliver() return true end"
MESSAGES: Final = [
    Message(
        b"guild:1",
        b"%d-0" % number,
        1_700_000_000_000 + number,
        [(b"author", b"%d" % (number % 50)), (b"kind", b"post"), (b"body", bytes(100))],
    )
    for number in range(AT_ONCE)
]


class Cost(NamedTuple):
    """Nanoseconds a decision."""

    child: float
    both: float


def attributes(number: int) -> dict[str, str | int]:
    return {"user": str(number), "level": number % 6}


def in_python(clients: list[dict[str, str | int]]) -> float:
    """The same rule, the fields of the message at hand, nothing sent anywhere."""
    fields = {"author": "7", "kind": "post"}

    def deliver(client: dict[str, str | int]) -> bool:
        if fields["author"] == client["user"]:
            return True
        return int(client["level"]) >= 3 and fields["kind"] != "typing"

    rounds = max(1, DECISIONS // 4 // len(clients))
    begun = time.process_time()
    for _ in range(rounds):
        [deliver(client) for client in clients]
    return (time.process_time() - begun) / (rounds * len(clients)) * 1e9


async def measured(filters: Filters, connection: Connection, clients: int) -> Cost:
    """Calls of AT_ONCE messages, several under way."""
    calls = max(8, DECISIONS // clients // AT_ONCE)
    child = _cpu_of(filters, connection)
    began, began_child = time.process_time(), child()
    for first in range(0, calls, 4):
        await asyncio.gather(*(filters.deliver(connection, MESSAGES) for _ in range(min(4, calls - first))))
    decisions = calls * AT_ONCE * clients
    spent, spent_child = time.process_time() - began, child() - began_child
    return Cost(spent_child / decisions * 1e9, (spent + spent_child) / decisions * 1e9)


def _cpu_of(filters: Filters, connection: Connection) -> Callable[[], float]:
    process = filters._workers["", connection.libraries[0]]._process
    assert process is not None
    return lambda: process.cpu_s() or 0.0


async def round_trip(filters: Filters, connection: Connection) -> float:
    """One message for one client, one after the other: microseconds."""
    waits = []
    for message in MESSAGES * 20:
        begun = time.perf_counter()
        await filters.deliver(connection, [message])
        waits.append((time.perf_counter() - begun) * 1e6)
    return statistics.median(waits)


async def falls(filters: Filters, times: int) -> tuple[list[float], list[float]]:
    """Milliseconds: to load a library, and from the death of its process to its next answer."""
    loads, returns = [], []
    for number in range(times):
        await filters.ready()
        name = f"fall{number}"
        begun = time.perf_counter()
        await filters.load("falls", name, b"function accept() return true end")
        loads.append((time.perf_counter() - begun) * 1e3)
        process = filters._workers["falls", name]._process
        assert process is not None
        await filters.ready()
        begun = time.perf_counter()
        os.kill(process.pid, signal.SIGKILL)
        while not (await filters.accept("falls", {}, MESSAGES[:1]))[0]:
            pass
        returns.append((time.perf_counter() - begun) * 1e3)
        await filters.delete("falls", name)
    return loads, returns


def shown(costs: list[float]) -> str:
    """The middle one of the rounds, and the lowest: others on the machine only ever add."""
    return f"{statistics.median(costs):,.1f} ns ({min(costs):,.1f})"


async def row(filters: Filters, clients: int, rounds: int) -> str:
    """One line of the table, in rounds that take turns."""
    ruled, bare = filters.connect("", ["rule"]), filters.connect("", ["nothing"])
    known = [attributes(number) for number in range(clients)]
    for connection in (ruled, bare):
        connection.set({b"%d" % number: each for number, each in enumerate(known)})
        await filters.deliver(connection, MESSAGES[:1])
    costs, floors, python = [], [], []
    for _ in range(rounds):
        costs.append(await measured(filters, ruled, clients))
        floors.append(await measured(filters, bare, clients))
        python.append(in_python(known))
    for connection in (ruled, bare):
        filters.disconnect(connection)
    cells = [[cost.both for cost in costs], [cost.child for cost in costs], [cost.both for cost in floors], python]
    ratio = statistics.median(python) / statistics.median(cells[0])
    return f"| {clients:,} | {' | '.join(shown(cell) for cell in cells)} | {ratio:.1f} |"


async def main(rounds: int) -> None:
    """Measure, print, write."""
    filters = await Filters.open()
    await filters.load("", "rule", RULE)
    await filters.load("", "nothing", NOTHING)
    heads = ("clients", "a decision", "of it in its process", "a library that says true", "in Python", "times cheaper")
    lines = [f"| {' | '.join(heads)} |", f"|{' ---: |' * len(heads)}"]
    lines += [await row(filters, clients, rounds) for clients in CLIENTS]
    ended = [(each.name, each.last_fault) for each in filters.standings() if each.ends]
    assert not ended, ended  # a process that was ended has told less than it computed
    one = filters.connect("", ["rule"])
    one.set({b"0": attributes(0)})
    trip = await round_trip(filters, one)
    loads, returns = await falls(filters, 2 * rounds)
    await filters.close()
    said = (
        f"CPU a decision: the median of {rounds} rounds, and the lowest.\n\n"
        f"One message for one client, there and back: {trip:.0f} µs. "
        f"To load a library: {statistics.median(loads):.1f} ms. From the death of its process to its next answer: "
        f"{statistics.median(returns):.1f} ms (at most {max(returns):.1f} in {2 * rounds}).\n"
    )
    printed = "\n".join([*lines, "", said])
    print(printed)
    RESULT.write_text(f"# Filters\n\n`python -m bench.filters --rounds {rounds}`\n\n{printed}")


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    uvloop.run(main(parser.parse_args().rounds))
