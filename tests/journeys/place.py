"""A server with a small community, for journeys over the Gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
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


def run(journey: Coroutine[Any, Any, None], within_s: float = 90) -> None:
    """Live through a journey."""
    asyncio.run(asyncio.wait_for(journey, within_s))
