"""A wire between two processes that can be cut: `python -m tests.faults.proxy`, a process of its own.

Takes lines. `NAME PORT TARGET` listens on PORT and passes on to TARGET, and says so; then `cut NAME` (connections are
reset, and refused), `hush NAME` (they stay, and nothing passes in either direction), `slow NAME BYTES MS` (so many
bytes a second pass in either direction, and so much later), `mend NAME`.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from typing import Self

_AT_ONCE = 1 << 16
_PIECES_A_SECOND = 20
"""Of a slow wire: what is on its way at once is a twentieth of what passes in a second."""


class Wire:
    """One port and where it leads to."""

    def __init__(self, port: int, target: int) -> None:
        self._port, self._target = port, target
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._passes = asyncio.Event()
        self._bytes_s, self._late_s = 0, 0.0

    async def mend(self) -> None:
        """Let pass."""
        self._passes.set()
        self.slow(0, 0.0)
        if self._server is None:
            self._server = await asyncio.start_server(self._connect, "127.0.0.1", self._port)

    def hush(self) -> None:
        """Let nothing pass, and say nothing of it."""
        self._passes.clear()

    def slow(self, bytes_s: int, late_s: float) -> None:
        """Let so many bytes pass a second, all if 0, and each so late."""
        self._bytes_s, self._late_s = bytes_s, late_s

    def cut(self) -> None:
        """Reset what is there, and refuse what comes."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._writers:
            writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            with contextlib.suppress(OSError):
                onward_reader, onward_writer = await asyncio.open_connection("127.0.0.1", self._target)
                self._writers.add(onward_writer)
                await asyncio.gather(self._pass(reader, onward_writer), self._pass(onward_reader, writer))
        finally:
            writer.transport.abort()
            self._writers.discard(writer)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(self._bytes_s // _PIECES_A_SECOND or _AT_ONCE):
                await self._passes.wait()
                if self._bytes_s:
                    await asyncio.sleep(self._late_s + len(data) / self._bytes_s)
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()
            self._writers.discard(writer)


class Proxy:
    """The process, as those see it who cut its wires. As a context it runs."""

    def __init__(self, **wires: tuple[int, int]) -> None:
        """Of each wire its own port, and the one that it leads to."""
        self._wires = wires

    def say(self, line: str) -> None:
        """Have it do something, and wait until it has."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n"

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.faults.proxy"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for name, (port, target) in self._wires.items():
            self.say(f"{name} {port} {target}")
        return self

    def __exit__(self, *error: object) -> None:
        self._process.communicate(timeout=30)  # it ends with its input


async def main() -> None:
    """Do as the lines say, until there are no more."""
    loop = asyncio.get_running_loop()
    wires: dict[str, Wire] = {}
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        match line.split():
            case ["cut", name]:
                wires[name].cut()
            case ["hush", name]:
                wires[name].hush()
            case ["slow", name, size, late_ms]:
                wires[name].slow(int(size), int(late_ms) / 1000)
            case ["mend", name]:
                await wires[name].mend()
            case [name, port, target]:
                wires[name] = Wire(int(port), int(target))
                await wires[name].mend()
        sys.stdout.write("done\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
