"""A server of somebody else's that a test may start, kill and start again, and that never outlives the tests."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

from derailed.servers import Program, guarded
from tests.journeys.server import free_port, until


class Guarded(ABC):
    """One server on a free port of the loopback address, with a folder of its own that ends with it."""

    kill_signal: signal.Signals = signal.SIGKILL
    program: Program
    """What runs it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="derailed-"))
        self.port = free_port()
        self.pid = 0
        self._log = self.folder / "log"
        self._guard: subprocess.Popen[str] | None = None

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether it answers."""

    @property
    def log(self) -> str:
        """What it has written so far."""
        return self._log.read_text() if self._log.exists() else ""

    def start(self) -> None:
        """Start it on the data that it has, and wait until it answers."""
        assert self._guard is None, "it is running already"
        with self._log.open("ab") as log:
            self._guard = subprocess.Popen(
                guarded(self.program, remove=self.folder),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,  # Ctrl+C is for the tests, which end it in their own time
            )
        assert self._guard.stdout is not None
        self.pid = int(self._guard.stdout.readline() or 0)
        until(self._is_ready, "the server is ready")

    def stop(self) -> None:
        """Let it stop as it does when it is asked to."""
        self._end_guard("and keep the folder")

    def kill(self) -> None:
        """End it at once; what it had acknowledged is in its folder."""
        os.kill(self.pid, self.kill_signal)
        self.stop()

    def pause(self) -> None:
        """Let it do nothing for a while, as a machine does that is out of breath."""
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._guard is not None:
            self._end_guard("")
        else:
            shutil.rmtree(self.folder)

    def _is_ready(self) -> bool:
        assert self.pid, f"the server was not started:\n{self.log}"
        assert Path(f"/proc/{self.pid}").exists(), f"the server stopped:\n{self.log}"
        return self.is_ready()

    def _end_guard(self, last_word: str) -> None:
        assert self._guard is not None
        guard, self._guard = self._guard, None
        guard.communicate(last_word, timeout=30)  # closes its input, which is what it waits for
