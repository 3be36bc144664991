"""The shipped server as a process of its own: `derailed up` on a free port, with its own data folder."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

READY_WITHIN_S = 30  # a start takes under two seconds; a loaded machine may need more
STOPPED_WITHIN_S = 30

# Below the ports that the system hands out by itself: a client that tries again while the server is down
# must not be given the very port it calls, because it would then be connected to itself.
_PORTS = itertools.count(20_000 + os.getpid() * 37 % 10_000)


def free_port() -> int:
    """A port of the loopback address on which nobody listens."""
    for port in _PORTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("the ports never end")


def until(true: Callable[[], bool], what: str, within_s: float = 30) -> None:
    """Wait for what is about to become true."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, f"it never came that {what}"
        time.sleep(0.02)


def derailed(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one `derailed` command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "derailed", *arguments],
        env=clean_environment() | environment,
        capture_output=True,
        text=True,
        timeout=STOPPED_WITHIN_S,
        check=False,
    )


def clean_environment() -> dict[str, str]:
    """This process's environment, without anybody's settings of Derailed."""
    return {name: value for name, value in os.environ.items() if not name.startswith("DERAILED_")}


class Server:
    """One server. As a context it is started, and gone at the end however the test ended."""

    def __init__(self, data: Path, port: int | None = None, /, **settings: str) -> None:
        self.data = data
        self.port = port or free_port()
        self.settings = {
            "DERAILED_DATA_DIR": str(data),
            "DERAILED_HTTP_PORT": str(self.port),
            "DERAILED_UNFURL": "off",  # nothing but the loopback is asked here
            "DERAILED_RATE_LIMITS": "1000000",  # counted as ever, and never reached: a journey is in a hurry
            **settings,
        }
        self.command = [sys.executable, "-m", "derailed", "up"]
        self._log_path = data.with_name(f"{data.name}.log")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def api(self) -> str:
        """What REST paths follow."""
        return f"{self.url}/api/v10"

    @property
    def gateway(self) -> str:
        """Where its Gateway answers."""
        return f"ws://127.0.0.1:{self.port}/gateway"

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """Everything it has written so far, over all its starts."""
        return self._log_path.read_text() if self._log_path.exists() else ""

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        assert self._process is None, "it is running already"
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        with self._log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self.command, env=clean_environment() | self.settings, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        until(self._is_ready, f"{self.url} is ready", READY_WITHIN_S)

    def kill(self) -> None:
        """End it at once: no handler runs, nothing is tidied."""
        assert self._process is not None
        self._process.kill()
        self._wait_until_gone()

    def terminate(self) -> int:
        """Ask it to stop; its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._wait_until_gone()

    def interrupt(self) -> int:
        """Stop it as Ctrl+C does; its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        return self._wait_until_gone()

    def pause(self) -> None:
        """Let it do nothing for a while; it does not know."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def wait(self) -> int:
        """Wait until it ends by itself; its exit code."""
        return self._wait_until_gone()

    def restart(self) -> None:
        """Kill it and start it again: same port, same data."""
        self.kill()
        self.start()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process is not None:
            self.kill()

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"the server stopped:\n{self.log}"
        return _answers(f"{self.url}/readyz")

    def _wait_until_gone(self) -> int:
        assert self._process is not None
        process, self._process = self._process, None
        return process.wait(STOPPED_WITHIN_S)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
