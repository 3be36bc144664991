"""A copy that dies: `python -m tests.store.dying_copy STEPS FROM TO` is killed after so many steps of progress."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from derailed.store.upkeep import copying
from tests.store import filled


class Doom:
    """Watches a copy, and kills it."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def begin(self, step: str, rows: int) -> None:
        """A step, too."""
        self.advance(rows)

    def advance(self, rows: int) -> None:
        """One step less."""
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1


if __name__ == "__main__":
    asyncio.run(copying.copy(sys.argv[2], sys.argv[3], lambda: filled.NOW, Doom(int(sys.argv[1]))))
