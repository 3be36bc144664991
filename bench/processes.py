"""What the system says about a process, and a process that a bench starts."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_READY_WITHIN_S = 30


def cpu_seconds(pid: int) -> float:
    """What all its threads have used so far, in their own code and in the kernel."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def family_cpu_seconds(pid: int) -> float:
    """What a process and its children have used so far; none of these may have ended in between."""
    return cpu_seconds(pid) + sum(cpu_seconds(child) for child in _children(pid))


def _children(pid: int) -> list[int]:
    listed = [Path(f"/proc/{pid}/task/{thread.name}/children") for thread in Path(f"/proc/{pid}/task").iterdir()]
    return [int(child) for path in listed for child in path.read_text().split()]


def resident_bytes(pid: int) -> int:
    """Its memory in RAM."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE


@contextlib.contextmanager
def module(name: str, port: int) -> Iterator[int]:
    """Run `python -m name port` until the end of the block, from when it listens; its pid."""
    process = subprocess.Popen([sys.executable, "-m", name, str(port)], stdin=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield process.pid
    finally:
        process.kill()
        process.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < deadline, f"nobody listens on {port}"
            time.sleep(0.05)
        else:
            return
