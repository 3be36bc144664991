"""`python -m tests.spine SEED [COUNT]`: play schedules, print the trace of the first that breaks a promise."""

from __future__ import annotations

import sys

from tests.spine.test_schedules import play


def _main(first: int, count: int = 1) -> None:
    for seed in range(first, first + count):
        violation, trace = play(seed)
        if violation or count == 1:
            sys.stdout.write(f"{trace}\n\nseed {seed}: {violation or 'no violation'}\n")
            return
    sys.stdout.write(f"{count} schedules without a violation\n")


if __name__ == "__main__":
    _main(*map(int, sys.argv[1:3]))
