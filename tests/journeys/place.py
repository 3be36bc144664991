"""A server with a small community, for journeys over the Gateway."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

from tests.journeys.deployment import Deployment
from tests.journeys.people import Account, Guild, register
from tests.journeys.sockets import Socket


class Place:
    """A server with a guild of Anna's, to which Ben belongs, and a bot."""

    def __init__(self, server: Deployment) -> None:
        self.server = server
        self.anna = register(server, "anna")
        self.guild = Guild(self.anna)
        self.ben = register(server, "ben")
        self.guild.admit(self.ben)
        self.bot = self.guild.add_bot()
        self._strangers = 0

    def stranger(self) -> Account:
        """Someone new."""
        self._strangers += 1
        return register(self.server, f"stranger{self._strangers}")

    def socket(self, compress: str | None = None, path: str = "", query: str = "", at: str = "") -> Socket:
        """A connection that is to be opened."""
        return Socket(self.server, compress, path, query, at)

    def say(self, content: str = "hello") -> int:
        """A message of Anna's; its id."""
        return self.anna.send(self.guild.general, content)


@contextmanager
def settled(server: Deployment) -> Iterator[Place]:
    """A small community on it."""
    place = Place(server)
    with place.anna, place.ben, place.bot:
        yield place


@asynccontextmanager
async def on_nodes(place: Place, *addresses: str) -> AsyncIterator[tuple[Socket, ...]]:
    """Anna and Ben, each on a node of their own, whole."""
    accounts = (place.anna, place.ben)
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(place.socket(at=each)) for each in addresses]
        for socket, account in zip(sockets, accounts, strict=True):
            await socket.identify(account)
            await socket.whole(account, place.guild.general)
        yield tuple(sockets)


def run(journey: Coroutine[Any, Any, None], within_s: float = 90) -> None:
    """Live through a journey."""
    asyncio.run(asyncio.wait_for(journey, within_s))
