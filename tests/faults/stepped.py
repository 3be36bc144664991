"""Runs `derailed` under a wall clock that can be set: `python -m tests.faults.stepped FILE COMMAND …`.

The file holds how many nanoseconds it is set by. Time that only passes is left alone, as on a real machine.
"""

from __future__ import annotations

import mmap
import runpy
import struct
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_OFFSET: Final = struct.Struct("<q")


class SetClock:
    """The clock of those processes that were started to go by it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        file.write_bytes(_OFFSET.pack(0))

    def under(self, command: Sequence[str]) -> list[str]:
        """`python -m derailed COMMAND`, so that it goes by this clock."""
        python, _, _, *rest = command
        return [python, "-m", "tests.faults.stepped", str(self._file), *rest]

    def set_by(self, seconds: float) -> None:
        """How far it is from the machine's from now on."""
        with self._file.open("r+b") as file:
            file.write(_OFFSET.pack(int(seconds * 1e9)))


def main(file: str, *command: str) -> None:
    """Put our clock in the place of the machine's before anything of ours is imported."""
    with Path(file).open("rb") as opened:
        offset = mmap.mmap(opened.fileno(), _OFFSET.size, access=mmap.ACCESS_READ)
    machine_ns = time.time_ns

    def time_ns() -> int:
        return machine_ns() + int(_OFFSET.unpack(offset[:])[0])

    time.time_ns = time_ns
    time.time = lambda: time_ns() / 1e9
    sys.argv = ["derailed", *command]
    runpy.run_module("derailed", run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])
