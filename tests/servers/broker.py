"""Our own broker as a process that a test may kill and start again, with a file of its own."""

from __future__ import annotations

import shutil
import signal
import sys
from hashlib import sha256
from typing import Final

from tests.servers.guarded import Guarded

CHAT: Final = """
[namespaces.chat]
window = "5m"

[limits]
free = 0
"""
"""What an operator writes for a bus."""


class Broker(Guarded):
    """One broker. After a kill it has what it acknowledged before."""

    stop_signal = signal.SIGTERM
    uid: int | None = None

    def __init__(self, file: str = CHAT) -> None:
        super().__init__()
        self.program = self
        self._data = self.folder / "data"
        self._file = self.folder / "broker.toml"
        self._file.write_text(file)
        self._starts = 0

    @property
    def url(self) -> str:
        """Where a bus is."""
        return f"broker://127.0.0.1:{self.port}/chat"

    def command(self) -> list[str]:
        """What runs it."""
        settings = (
            f"DERAILED_DATA_DIR={self._data}",
            f"DERAILED_BROKER_PORT={self.port}",
            f"DERAILED_BROKER_FILE={self._file}",
        )
        return ["env", *settings, sys.executable, "-m", "derailed", "broker"]

    def is_ready(self) -> bool:
        """Whether it says so, as it does each time."""
        return self.log.count("The broker answers") == self._starts

    def start(self) -> None:
        """Start it on the data that it has, and wait until it answers."""
        self._starts += 1
        super().start()

    def restart(self) -> None:
        """Kill it and start it again: same port, same data."""
        self.kill()
        self.start()

    def lose_everything(self) -> None:
        """Kill it and start it again without what it kept."""
        self.kill()
        shutil.rmtree(self._data)
        self.start()

    def back_up(self) -> None:
        """Stop it, put a copy of its data aside, and start it again."""
        self.stop()
        shutil.copytree(self._data, self.folder / "copy")
        self.start()

    def restore(self) -> None:
        """Stop it and let it go on with the copy."""
        self.stop()
        shutil.rmtree(self._data)
        shutil.copytree(self.folder / "copy", self._data)
        self.start()


def user(name: str, password: str, rights: str) -> str:
    """A user in the broker's file."""
    return f'[users.{name}]\npassword_sha256 = "{sha256(password.encode()).hexdigest()}"\n{rights}\n'
