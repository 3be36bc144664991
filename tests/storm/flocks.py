"""Flocks of clients as processes, as those see them who drive them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from typing import Self

import msgspec

from tests.storm.flock import Told

_told = msgspec.json.Decoder(Told).decode


class Flocks:
    """As a context they run, each with its share of the tokens."""

    def __init__(self, tokens: Sequence[str], ports: Sequence[int], intents: int, processes: int) -> None:
        self._shares = [tokens[number::processes] for number in range(processes)]
        self._ports, self._intents = ports, intents
        self.count = len(tokens)

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.storm.flock"]
        self._running = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in self._shares]
        return self

    def __exit__(self, *error: object) -> None:
        for process in self._running:
            process.communicate(timeout=60)  # it ends with its input

    async def come(self) -> None:
        """Have all of them connect."""
        head = f"come {_listed(self._ports)} {self._intents}"
        says = ["\n".join([head, *share, "."]) for share in self._shares]
        await asyncio.gather(*map(self._ask, self._running, says))

    async def go_to(self, ports: Sequence[int]) -> None:
        """Have them try there from now on."""
        await self._all(f"ports {_listed(ports)}")

    async def cut(self) -> None:
        """Have all of them lose their sockets, and count from then on."""
        await self._all("cut")

    async def mark(self) -> None:
        """Count from now on."""
        await self._all("mark")

    async def told(self) -> Told:
        """What became of all of them."""
        each = [_told(said) for said in await self._all("told")]
        reached: dict[str, int] = {}
        for guild, number in [pair for told in each for pair in told.reached.items()]:
            reached[guild] = min(reached.get(guild, number), number)
        return Told(
            up=sum(told.up for told in each),
            back_ns=sorted(at for told in each for at in told.back_ns),
            resumed=sum(told.resumed for told in each),
            afresh=sum(told.afresh for told in each),
            heard=sum(told.heard for told in each),
            torn=sum(told.torn for told in each),
            reached=reached,
            cpu_s=sum(told.cpu_s for told in each),
        )

    async def all_up(self, within_s: float) -> Told:
        """Wait until all of them have a session."""
        async with asyncio.timeout(within_s):
            while await self.up() < self.count:  # noqa: ASYNC110  it is in other processes
                await asyncio.sleep(0.1)
        return await self.told()

    async def up(self) -> int:
        """How many have a session."""
        return sum(map(int, await self._all("up")))

    async def _all(self, line: str) -> list[bytes]:
        return await asyncio.gather(*(self._ask(process, line) for process in self._running))

    async def _ask(self, process: subprocess.Popen[bytes], line: str) -> bytes:
        return await asyncio.to_thread(_ask, process, line)


def _listed(ports: Sequence[int]) -> str:
    return ",".join(map(str, ports))


def _ask(process: subprocess.Popen[bytes], line: str) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line.encode() + b"\n")
    process.stdin.flush()
    return process.stdout.readline()
