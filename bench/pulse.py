"""How late an event loop is that has nothing to do: what is the machine's part in the lateness of one that has.

`python -m bench.pulse SECONDS LATE_SECONDS` looks every so often, and for each line on standard input says how often
it has looked so far, and how often that was later than LATE_SECONDS.
"""

from __future__ import annotations

import asyncio
import sys

import uvloop


async def main() -> None:
    """Look until the end of standard input."""
    every_s, late_s = map(float, sys.argv[1:3])
    loop = asyncio.get_running_loop()
    looked = late = 0

    is_over = False

    def say() -> None:
        nonlocal is_over
        is_over = not sys.stdin.readline()
        print(looked, late, flush=True)

    loop.add_reader(sys.stdin, say)
    while not is_over:
        due = loop.time() + every_s
        await asyncio.sleep(every_s)
        looked += 1
        late += loop.time() - due > late_s


if __name__ == "__main__":
    uvloop.run(main())
