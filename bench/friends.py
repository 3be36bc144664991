"""What friends cost the Presence Service: memory a session, by how many friends it has and whether they are here.

`python -m bench.friends` prints a table and writes it to bench/results/. It is the tracker's own memory, as Python
counts it. Each session is in 10 guilds.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Final

from derailed.presence import Announced
from derailed.presence.tracker import Tracker

USERS: Final = 3_000
GUILDS: Final = tuple(range(10))
FIRST: Final = 1 << 60
RESULT: Final = Path(__file__).parent / "results" / "friends.md"


def main() -> None:
    """Measure, print, write."""
    alone = memory(0, lambda number: FIRST + number % USERS)
    rows = [("no friends", alone, "")]
    for friends in (10, 50, 200):
        here = memory(friends, lambda number: FIRST + number % USERS)
        rows.append((f"{friends} friends, all of them here", here, f"{(here - alone) / friends:.0f}"))
    away = memory(50, lambda number: FIRST + USERS + number, users=100)
    rows.append(("50 friends who are nowhere, and nobody else's", away, f"{(away - alone) / 50:.0f}"))
    lines = ["| a session with | bytes | for each friend |", "| --- | ---: | ---: |"]
    printed = "\n".join([*lines, *(f"| {what} | {size:,.0f} | {each} |" for what, size, each in rows), ""])
    print(printed)
    RESULT.write_text(f"# Friends\n\n`python -m bench.friends`\n\n{printed}")


def memory(friends: int, friend: Callable[[int], int], users: int = USERS) -> float:
    """Bytes of one session among so many, of which each has so many friends: the next ones by number."""
    tracker = Tracker()
    node = tracker.join("node", lambda: None)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(users):
        step = number * friends if users < USERS else number
        groups = tuple(friend(step + other + 1) for other in range(friends))
        tracker.up(node, Announced(number.to_bytes(16), FIRST + number, 1, GUILDS + groups), 1)
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return (after - before) / users


if __name__ == "__main__":
    main()
