"""Where libraries outlive the broker: a file each, in a folder. Waits for the disk: call it off the loop.

folder/<namespace in hex, after an n>/<name>.lua
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Kept(NamedTuple):
    """One library."""

    namespace: str
    name: str
    source: bytes


class Shelf:
    """Keeps what was put on it; without a folder, nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def all(self) -> Iterator[Kept]:
        """In the order of their names."""
        for path in sorted(self._folder.glob("n*/*.lua")) if self._folder else ():
            with contextlib.suppress(FileNotFoundError):  # somebody has just taken it away
                yield Kept(bytes.fromhex(path.parent.name[1:]).decode(), path.stem, path.read_bytes())

    def keep(self, namespace: str, name: str, source: bytes) -> None:
        """For good, when this returns: the old one or the new one, whatever happens meanwhile."""
        if self._folder is None:
            return
        path = self._path(namespace, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(source)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        _sync(path.parent)
        _sync(self._folder)

    def drop(self, namespace: str, name: str) -> None:
        """For good, when this returns."""
        if self._folder is None:
            return
        path = self._path(namespace, name)
        path.unlink(missing_ok=True)
        if path.parent.exists():
            _sync(path.parent)

    def _path(self, namespace: str, name: str) -> Path:
        assert self._folder is not None
        return self._folder / f"n{namespace.encode().hex()}" / f"{name}.lua"


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
