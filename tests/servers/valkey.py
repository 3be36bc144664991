"""A real Valkey, from the wheel that the tests depend on. It speaks the Redis protocol."""

from __future__ import annotations

import atexit
import shutil
from functools import cache

import redis

from derailed.servers import valkey
from tests.servers.guarded import Guarded


class Valkey(Guarded):
    """One server. With `keeps` it has after a kill what it acknowledged before; else it comes back empty."""

    program: valkey.Valkey

    def __init__(self, *, keeps: bool = False) -> None:
        super().__init__()
        self._data = self.folder / "data"
        self._data.mkdir()
        self.program = valkey.Valkey(self._data, self.port, keeps=keeps)

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.program.url

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
        self._data.mkdir()
        self.start()


@cache
def shared() -> Valkey:
    """The one server of this process, started when it is first asked for, ended with the process."""
    server = Valkey().__enter__()
    atexit.register(server.__exit__, None, None, None)
    return server
