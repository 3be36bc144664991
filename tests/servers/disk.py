"""A small disk that a test can fill: really full, and nobody else's.

It is memory, mounted in a namespace of mounts that only those see who are started within. No root is needed for it,
but a kernel that lets users have namespaces of their own, and `unshare` and `nsenter` of util-linux.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_FILLER: Final = "filler"
_MOUNT: Final = 'mount -t tmpfs -o size="$1" tmpfs "$2" && echo mounted && exec cat'
_PIECES: Final = (1 << 20, 1 << 12, 1)


class Disk:
    """A folder of so many MiB. As a context it is there; what is in it ends with it, and with us."""

    def __init__(self, folder: Path, size_mib: int) -> None:
        self.folder = folder
        self._size_mib = size_mib

    def within(self, command: Sequence[str]) -> list[str]:
        """The command, so that it sees the disk."""
        return ["nsenter", f"--target={self._holder.pid}", "--user", "--mount", "--preserve-credentials", *command]

    def seen(self, path: Path) -> Path:
        """Where a path on it is for those outside."""
        return Path(f"/proc/{self._holder.pid}/root{path}")

    def fill(self) -> None:
        """Leave not a byte."""
        with contextlib.suppress(OSError), self.seen(self.folder / _FILLER).open("ab", buffering=0) as file:
            for size in _PIECES:
                with contextlib.suppress(OSError):
                    while file.write(b"x" * size):
                        pass

    def make_room(self) -> None:
        """Take away what filled it."""
        self.seen(self.folder / _FILLER).unlink()

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        ours = ["unshare", "--user", "--map-root-user", "--mount", "--propagation=private"]
        self._holder = subprocess.Popen(
            [*ours, "sh", "-c", _MOUNT, "disk", f"{self._size_mib}m", str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # Ctrl+C is for the tests, which end it in their own time
            cwd=os.sep,
        )
        assert self._holder.stdout is not None
        said = self._holder.stdout.readline()
        if said != "mounted\n":
            self.__exit__(None, None, None)
            raise AssertionError(f"no disk can be mounted here ({said.strip()}): users need namespaces of their own")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._holder.communicate(timeout=30)  # it ends with its input
