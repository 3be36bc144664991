"""The shipped programs as processes, each on a free port; and `derailed up`, the one that is all of them."""

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
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

READY_WITHIN_S = 90  # a start takes under two seconds; a loaded machine, and five at once, need more
STOPPED_WITHIN_S = 30

IN_A_HURRY = {
    "DERAILED_UNFURL": "off",  # nothing but the loopback is asked here
    "DERAILED_RATE_LIMITS": "1000000",  # counted as ever, and never reached: a journey is in a hurry
}

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


class Running:
    """One process: `derailed COMMAND`. As a context it is started, and gone at the end however the test ended."""

    def __init__(self, command: Sequence[str], settings: Mapping[str, str], port: int, log: Path) -> None:
        self.command = [sys.executable, "-m", "derailed", *command]
        self.settings = dict(settings)
        self.port = port
        """Where it answers HTTP."""
        self._log_path = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it was started, and neither killed nor told to stop since."""
        return self._process is not None

    @property
    def log(self) -> str:
        """Everything it has written so far, over all its starts."""
        return self._log_path.read_text() if self._log_path.exists() else ""

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        self.launch()
        self.until_ready()

    def launch(self) -> None:
        """Start it."""
        assert self._process is None, "it is running already"
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        with self._log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self.command, env=clean_environment() | self.settings, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def until_ready(self) -> None:
        """Wait until it is ready."""
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

    def end(self) -> None:
        """Kill it if it runs."""
        if self._process is not None:
            self.kill()

    def readiness(self) -> tuple[int, str]:
        """What /readyz answers; 0 when nobody does."""
        return ask(f"{self.url}/readyz")

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.end()

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"the server stopped:\n{self.log}"
        return self.readiness()[0] == 200

    def _wait_until_gone(self) -> int:
        assert self._process is not None
        process, self._process = self._process, None
        return process.wait(STOPPED_WITHIN_S)


class Server(Running):
    """`derailed up`."""

    def __init__(self, data: Path, port: int | None = None, /, **settings: str) -> None:
        self.data = data
        port = port or free_port()
        own = {"DERAILED_DATA_DIR": str(data), "DERAILED_HTTP_PORT": str(port)}
        super().__init__(["up"], own | IN_A_HURRY | settings, port, data.with_name(f"{data.name}.log"))

    @property
    def api(self) -> str:
        """What REST paths follow."""
        return f"{self.url}/api/v10"

    @property
    def gateway(self) -> str:
        """Where its Gateway answers."""
        return f"ws://127.0.0.1:{self.port}/gateway"

    def next_gateway(self) -> str:
        """Where the next client is to go: there is but one node."""
        return self.gateway


def ask(url: str) -> tuple[int, str]:
    """Status and body of an answer; 0 when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return 0, ""
