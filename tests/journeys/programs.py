"""A bot's program as a process of its own: what it tells, awaited; stopped and continued at will."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Self

from tests.journeys.server import clean_environment

PATIENCE_S = 30
"""Libraries wait some seconds before they connect again; a loaded machine needs more."""

Told = dict[str, Any]


class Program:
    """One running program. As a context it is gone at the end."""

    def __init__(self, script: str, *arguments: str) -> None:
        self.told: list[Told] = []
        """Everything it has told so far."""
        self._coming: queue.Queue[Told] = queue.Queue()
        self._noise: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(Path(__file__).parent / script), *arguments],
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._readers = [
            threading.Thread(target=self._read, args=(self._process.stdout,)),
            threading.Thread(target=self._noise.extend, args=(self._process.stderr,)),
        ]
        for reader in self._readers:
            reader.start()

    def until(self, event: str, fits: Callable[[Told], bool] = lambda _: True) -> Told:
        """Wait until it tells of such an event, or told of it before."""
        seen = 0
        deadline = time.monotonic() + PATIENCE_S
        while True:
            for told in self.told[seen:]:
                if told["event"] == event and fits(told):
                    return told
            seen = len(self.told)
            try:
                self.told.append(self._coming.get(timeout=deadline - time.monotonic()))
            except (queue.Empty, ValueError):
                said = "".join(self._noise)
                raise AssertionError(f"no {event!r} came; told: {self.told}; said:\n{said}") from None

    def all(self, event: str) -> list[Told]:
        """What it has told of such events."""
        return [told for told in self.told if told["event"] == event]

    @property
    def noise(self) -> list[str]:
        """What it has written beside that, such as warnings."""
        return [line for line in self._noise if line.strip()]

    def pause(self) -> None:
        """Let it do nothing for a while; it does not know."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.wait(PATIENCE_S)
        for reader in self._readers:
            reader.join()
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()

    def _read(self, lines: IO[str]) -> None:
        for line in lines:
            if line.startswith('{"event"'):
                self._coming.put(json.loads(line))
            else:
                self._noise.append(line)  # hikari logs here
