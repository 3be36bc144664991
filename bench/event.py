"""How long one event takes to 10,000 sessions of a guild, and whether anybody else waits meanwhile.

`python -m bench.event [SESSIONS]` starts `derailed up`, brings the sessions in, posts one message at a time, in turns
with a process that does nothing but `send` the same bytes to as many sockets, and prints a table, which it writes to
bench/results/. The clients are one process that reads them all: what it takes to read is in both.
"""

from __future__ import annotations

import asyncio
import re
import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

from bench.gateway import CONTENT, RESULTS, WARM, Crowd, Helper, populate, settle, warm_up
from tests.journeys.people import Account
from tests.journeys.server import Server, free_port

SESSIONS = 10_000
POSTS = 40
BETWEEN_S = 0.25
STALL_S = "0.02"
EVERY_S = 0.025
"""As the server looks at its own."""


class Took(NamedTuple):
    """Milliseconds from the request, or the word to send, until so many of the frames had been read."""

    half: float
    most: float
    last: float


class Looks(NamedTuple):
    """How often an event loop was looked at, and how many of those looks were more than 20 ms late."""

    all: int
    late: int

    def since(self, before: Looks) -> Looks:
        """Those that came later."""
        return Looks(self.all - before.all, self.late - before.late)

    def __str__(self) -> str:
        return f"{self.late} of {self.all:,} ({self.late / max(self.all, 1):.2%})"


def post(owner: Account, channel_id: int, crowd: Crowd) -> Took:
    """One message, until everybody has it."""
    time.sleep(BETWEEN_S)
    since = time.monotonic_ns()
    owner.send(channel_id, CONTENT)
    crowd.wait_for(frames=crowd.size)
    return Took(*crowd.times(since))


def send(floor: Helper, crowd: Crowd, size: int) -> Took:
    """The same bytes, by system calls alone."""
    time.sleep(BETWEEN_S)
    since = time.monotonic_ns()
    floor.say("")
    crowd.wait_for(size=crowd.size * size)
    return Took(*crowd.times(since))


def stalls(server: Server) -> Looks:
    """At the server's event loop."""
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    within = re.search(rf'derailed_loop_stall_seconds_bucket\{{le="{re.escape(STALL_S)}"\}} ([\d.]+)', text)
    total = re.search(r"derailed_loop_stall_seconds_count ([\d.]+)", text)
    assert within is not None
    assert total is not None
    return Looks(int(float(total[1])), int(float(total[1]) - float(within[1])))


def beats(pulse: Helper) -> Looks:
    """At the loop that has nothing to do."""
    pulse.say("")
    return Looks(*map(int, pulse.hear().split()))


def measure(server: Server, sessions: int) -> tuple[list[Took], list[Took], Looks, Looks]:
    """Posts and sends in turns; looks meanwhile at the server's loop, and at one that has nothing to do."""
    with server:
        place = settle(server)
    tokens = asyncio.run(populate(server, place, sessions))
    with server, Account(server, place.owner) as owner:
        warm_up(server, owner, place, tokens[:WARM], "plain")
        crowd = Crowd(server.port, "plain", tokens)
        owner.send(place.channel_id, CONTENT)
        crowd.wait_for(frames=sessions)
        crowd.times()
        port = free_port()
        floor = Helper("bench.sends", port)
        floor.hear()
        readers = Crowd(port, "bare", tokens)
        floor.say(crowd.frame.hex())
        pulse = Helper("bench.pulse", EVERY_S, STALL_S)
        size, idle_before, before = len(crowd.frame), beats(pulse), stalls(server)
        posted, sent = [], []
        for number in range(POSTS):
            posted.append(post(owner, place.channel_id, crowd))
            sent.append(send(floor, readers, size))
            print(f"{number + 1} of {POSTS}: {posted[-1].last:.0f} ms, bare {sent[-1].last:.0f} ms", file=sys.stderr)
        looks, idle = stalls(server).since(before), beats(pulse).since(idle_before)
        for each in (crowd, readers, floor, pulse):
            each.end()
    return posted, sent, looks, idle


def table(posted: list[Took], sent: list[Took], looks: Looks, idle: Looks) -> str:
    """Medians, and the ratio of each turn."""
    ratio = statistics.median(ours.last / bare.last for ours, bare in zip(posted, sent, strict=True))
    rows = ["| | half | 99 % | last |", "| --- | ---: | ---: | ---: |"]
    for name, took in (("POST until it is read", posted), ("bare `send`", sent)):
        cells = (statistics.median(column) for column in zip(*took, strict=True))
        rows.append(f"| {name} | {' | '.join(f'{each:.0f} ms' for each in cells)} |")
    said = (
        f"The last frame: {ratio:.2f} × the floor's, median of {len(posted)} turns (budget ≤ 1.2 ×, and 99 % within "
        f"200 ms). Of the looks at the server's event loop {looks} found it more than 20 ms late (budget 0.1 %); of "
        f"those at a loop that has nothing to do, on the same machine at the same time, {idle}."
    )
    return "\n".join([*rows, "", said])


def main() -> None:
    """Measure, print, write."""
    sessions = int(sys.argv[1]) if sys.argv[1:] else SESSIONS
    with tempfile.TemporaryDirectory() as folder:
        printed = table(*measure(Server(Path(folder) / "data"), sessions))
    print(printed)
    if sessions == SESSIONS:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "event.md").write_text(f"# One event to 10,000 sessions\n\n`python -m bench.event`\n\n{printed}\n")


if __name__ == "__main__":
    main()
