"""Programs as processes of their own: what they tell, awaited; stopped and continued at will."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Self

from tests.journeys.server import clean_environment

PATIENCE_S = 30
"""Libraries wait some seconds before they connect again; a loaded machine needs more."""

Told = dict[str, Any]


class Piped:
    """A program, both of whose streams are read line by line as they come. As a context it is gone at the end."""

    def __init__(
        self,
        arguments: Sequence[str],
        settings: Mapping[str, str],
        out: Callable[[str], None],
        err: Callable[[str], None],
    ) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            env=clean_environment() | dict(settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._readers = [
            threading.Thread(target=_read, args=(self._process.stdout, out)),
            threading.Thread(target=_read, args=(self._process.stderr, err)),
        ]
        for reader in self._readers:
            reader.start()

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


class Program(Piped):
    """A bot's program: each line that is an event is told, all else is noise."""

    def __init__(self, script: str, *arguments: str) -> None:
        self.told: list[Told] = []
        """Everything it has told so far."""
        self._coming: queue.Queue[Told] = queue.Queue()
        self._noise: list[str] = []
        path = str(Path(__file__).parent / script)
        super().__init__(["-W", "ignore", path, *arguments], {}, self._heard, self._noise.append)

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

    def _heard(self, line: str) -> None:
        if line.startswith('{"event"'):
            self._coming.put(json.loads(line))
        else:
            self._noise.append(line)  # hikari logs here


def _read(stream: IO[str], take: Callable[[str], None]) -> None:
    for line in stream:
        take(line)
