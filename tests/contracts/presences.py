"""The Presence Service here and elsewhere, and a reader that knows what a node shows."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from derailed.presence import Changed, Link, Presence, Presences, Signal
from derailed.presence.local import LocalPresences
from derailed.presence.remote import RemotePresences
from derailed.presence.server import PresenceServer

GUILD: Final = 1258291200000000001
OTHER_GUILD: Final = 1258291200000000002

Case = Callable[[Presences], Awaitable[None]]


class Reader:
    """Reads one link, and shows what a node would."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.signals: list[Signal] = []
        self.shown: dict[tuple[int, int], Presence] = {}
        """(guild, user) to what is shown of them; nobody who is offline."""
        self._read = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    async def watch(self, guild_id: int = GUILD) -> None:
        """Watch and show a guild."""
        for presence in await self.link.watch(guild_id):
            self.shown[guild_id, presence.user_id] = presence

    async def until(self, true: Callable[[], bool]) -> None:
        """Read until this holds."""
        while not true():
            await self.next()

    async def next(self) -> None:
        """Read once more."""
        self._read.clear()
        await self._read.wait()

    async def until_shown(self, user_id: int, status: str, guild_id: int = GUILD) -> None:
        """Read until somebody looks like this."""
        await self.until(lambda: self.status(user_id, guild_id) == status)

    def status(self, user_id: int, guild_id: int = GUILD) -> str:
        """What somebody looks like."""
        presence = self.shown.get((guild_id, user_id))
        return "offline" if presence is None else presence.status

    def statuses(self, user_id: int) -> list[str]:
        """Everything that was told of somebody."""
        changes = [signal.presence for signal in self.signals if isinstance(signal, Changed)]
        return [presence.status for presence in changes if presence.user_id == user_id]

    async def close(self) -> None:
        """The node ends."""
        await self.link.close()
        await self._task

    async def _run(self) -> None:
        while signals := await self.link.read():
            for signal in signals:
                self._take(signal)
            self._read.set()

    def _take(self, signal: Signal) -> None:
        self.signals.append(signal)
        if isinstance(signal, Changed):
            for guild_id in signal.guild_ids:
                if signal.presence.status == "offline":
                    self.shown.pop((guild_id, signal.presence.user_id), None)
                else:
                    self.shown[guild_id, signal.presence.user_id] = signal.presence


@contextlib.asynccontextmanager
async def local(_: Path) -> AsyncIterator[Presences]:
    """In this process."""
    presences = LocalPresences()
    try:
        yield presences
    finally:
        await presences.close()


@contextlib.asynccontextmanager
async def remote(folder: Path) -> AsyncIterator[Presences]:
    """Over gRPC."""
    async with services(1) as (addresses, _), client(addresses) as presences:
        yield presences


@contextlib.asynccontextmanager
async def remote_of_two(folder: Path) -> AsyncIterator[Presences]:
    """Over gRPC, and two services."""
    async with services(2) as (addresses, _), client(addresses) as presences:
        yield presences


@contextlib.asynccontextmanager
async def services(count: int, settles_in_ms: int = 0) -> AsyncIterator[tuple[list[str], list[PresenceServer]]]:
    """So many, and where they are."""
    servers = [PresenceServer("127.0.0.1:0", settles_in_ms=settles_in_ms) for _ in range(count)]
    for server in servers:
        await server.start()
    try:
        yield [f"127.0.0.1:{server.port}" for server in servers], servers
    finally:
        for server in servers:
            await server.stop()


@contextlib.asynccontextmanager
async def client(addresses: Sequence[str]) -> AsyncIterator[Presences]:
    """One process that uses them."""
    presences = RemotePresences(addresses)
    try:
        yield presences
    finally:
        await presences.close()


PRESENCES: Final = {"local": local, "remote": remote, "remote of two": remote_of_two}
"""What the contract stands on."""
