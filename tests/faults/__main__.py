"""Bad days by chance: `python -m tests.faults [SEED [RUNS [BUS]]]`. Each has a seed of its own, printed first.

`make faults SEED=… RUNS=…`. BUS is valkey or broker. What a run finds is printed, and ends with exit code 1.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.faults import town
from tests.faults.chance import day
from tests.faults.run import play
from tests.faults.wired import Wired, bus_of

PEOPLE, BOTS = 200, 40


def main(seed: int, runs: int, bus: str) -> int:
    """One after the other, on one deployment."""
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        with Wired(Path(folder) / "data", bus_of(bus)) as split:
            people = town.build(split, people_connected=PEOPLE, bots=BOTS)
            for number in range(seed, seed + runs):
                names, story = day(number, bus)
                said = ", ".join(" with ".join(some) for some in names)
                sys.stdout.write(f"seed {number}: {said} … ")
                sys.stdout.flush()
                began = time.monotonic()
                try:
                    run = play(split, people, number, story)
                except AssertionError as found:
                    failed += 1
                    sys.stdout.write(f"{found}\n")
                else:
                    sys.stdout.write(f"nothing in {time.monotonic() - began:.0f} s; {run.gist()}\n")
        sys.stdout.write(f"{failed} of {runs} runs found something\n")
    return 1 if failed else 0


if __name__ == "__main__":
    asked = sys.argv[1:]
    sys.exit(main(int(asked[0]) if asked else 1, int(asked[1]) if len(asked) > 1 else 1, "".join(asked[2:3])))
