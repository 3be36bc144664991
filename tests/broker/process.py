"""The shipped broker as a process of its own: `derailed broker` on a free port, with its own folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.broker.served import Client
from tests.journeys.server import Server, clean_environment, free_port


class Broker(Server):
    """One broker. As a context it is started, and gone at the end however the test ended."""

    def __init__(self, data: Path, file: str = "", /, **settings: str) -> None:
        port = free_port()
        super().__init__(data, port, DERAILED_BROKER_PORT=str(port), **settings)
        self._starts = 0
        self.command = [sys.executable, "-m", "derailed", "broker"]
        if file:
            path = data.with_name(f"{data.name}.toml")
            path.write_text(file)
            self.settings["DERAILED_BROKER_FILE"] = str(path)

    def start(self) -> None:
        """Start it, and wait until it says that it answers."""
        self._starts += 1
        super().start()

    def connect(self) -> Client:
        """A client that speaks version 3."""
        client = Client(self.port)
        try:
            client.ask("HELLO", 3)
        except BaseException:  # killed between the connection and the answer: the socket is nobody's then
            client.close()
            raise
        return client

    def refuses_to_start(self) -> str:
        """What it says instead."""
        done = subprocess.run(
            self.command,
            env=clean_environment() | self.settings,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 2, done
        return done.stderr

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"the broker stopped:\n{self.log}"
        return self.log.count("The broker answers") == self._starts
