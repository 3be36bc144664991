"""The WebSocket Service of this process: its hub, its arrivals, its sockets, and the wheel that times them out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import structlog
import zstandard

from derailed import members, presence
from derailed.actions.sessions import Sessions
from derailed.bus import Bus, BusDown
from derailed.gateway.arrival import Arrivals
from derailed.gateway.feeds import Feeds
from derailed.gateway.hub import Hub
from derailed.rules import Rules
from derailed.wire.gateway import Close

if TYPE_CHECKING:
    from derailed.gateway.connection import Connection

_SPOKES = 8
"""Sockets are looked at once a turn of the wheel, a spoke a second: no timer a connection."""
_PATIENCE_S = 15.0
_GOODBYE_S = 2.0
_LAG_WITHIN_S = 1.0
"""Whoever asks how far behind we are waits for as long."""
_ZSTD = zstandard.ZstdCompressionParameters.from_level(1, window_log=10, hash_log=7, chain_log=6)
"""Small tables: a context stays with its socket for as long as it lives."""

log = structlog.get_logger()


class Service:
    """What connections are given. `run` it in a task."""

    def __init__(
        self,
        bus: Bus,
        sessions: Sessions,
        secret: bytes,
        presences: presence.Link,
        belonging: members.Link,
        clock: Callable[[], int],
        public_url: str | None = None,
        rules: Rules | None = None,
    ) -> None:
        """`clock` is Unix milliseconds. The links are this node's, and are closed with it."""
        self.hub = Hub(bus, sessions, presences, belonging, rules)
        self._rules = rules
        self.feeds = Feeds(self.hub, presences, belonging, sessions, clock)
        self.arrivals = Arrivals(self.hub, bus, sessions, self.feeds, secret)
        self._links = (presences, belonging)
        self._public_url = public_url
        self._spokes: list[set[Connection]] = [set() for _ in range(_SPOKES)]
        self._next = 0
        self._empty = asyncio.Event()
        """No socket is here."""
        self._empty.set()
        self._fenced_at: float | None = None
        self._fencing: asyncio.Event | None = None
        self.lag_s = 0.0
        """For how long records wait here, as of the last `look`."""

    async def run(self) -> None:
        """Serve until cancelled or `close`d."""
        self.hub.supervisor.start(self._turn(), _log_failure)
        self.hub.supervisor.start(self._feed(), _log_failure)
        if self._rules is not None:
            self.hub.supervisor.start(self._rules.run(), _log_failure)
        await self.hub.run()

    async def close(self, spread_s: float = 0.0) -> None:
        """Send everyone to resume elsewhere, over `spread_s` seconds, so that they do not all come back at once."""
        for spoke in self._spokes:
            for connection in list(spoke):
                connection.shutdown()
            await asyncio.sleep(spread_s / _SPOKES)
        with contextlib.suppress(TimeoutError):  # their clients should have the time to answer
            await asyncio.wait_for(self._empty.wait(), _GOODBYE_S)
        await self.hub.close()
        for link in self._links:
            await link.close()

    async def _feed(self) -> None:
        """A feed that fails begins again: sessions go on without, for a moment."""
        while True:
            try:
                await self.feeds.run()
                return
            except Exception:
                log.exception("presences or members could not be told")
                await asyncio.sleep(1.0)

    async def _turn(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(1.0)
            self._next = (self._next + 1) % _SPOKES
            for connection in list(self._spokes[self._next]):
                connection.check(loop.time(), _PATIENCE_S)

    def start(self, work: Coroutine[Any, Any, None], connection: Connection, session: str = "") -> None:
        """Run a socket's task; when it fails, that socket is closed. `session` is the handle of its session."""

        def failed(error: Exception) -> None:
            _log_failure(error)
            connection.hang_up(Close.UNKNOWN_ERROR, "That failed here. Connect again.")

        self.hub.supervisor.start(work, failed, session)

    def opened(self, connection: Connection) -> None:
        """A socket has come: it is timed from now on."""
        self._spokes[id(connection) // 64 % _SPOKES].add(connection)
        self._empty.clear()

    def closed(self, connection: Connection) -> None:
        """A socket has gone."""
        self._spokes[id(connection) // 64 % _SPOKES].discard(connection)
        if not any(self._spokes):
            self._empty.set()

    async def look(self) -> None:
        """Find out how far behind the bus we are, by asking it to be told all that it holds now."""
        asked_at = asyncio.get_running_loop().time()
        if self._fencing is None:
            self._fencing = asyncio.Event()
            self.hub.supervisor.start(self._fence(self._fencing, asked_at), _log_failure)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._fencing.wait(), _LAG_WITHIN_S)
        if self._fencing is not None:  # nothing was heard since it was asked, or since we were told the last time
            self.lag_s = asyncio.get_running_loop().time() - (self._fenced_at or asked_at)

    async def _fence(self, told: asyncio.Event, asked_at: float) -> None:
        with contextlib.suppress(BusDown):  # it is closed
            await self.hub.fence()
            self._fenced_at = asyncio.get_running_loop().time()
            self.lag_s = self._fenced_at - asked_at
        self._fencing = None
        told.set()

    def sockets(self) -> int:
        """How many are open."""
        return sum(map(len, self._spokes))

    def address(self, host: str, forwarded_proto: str) -> str:
        """Where a client that reached us as `host` should resume."""
        if self._public_url is not None:
            return self._public_url.replace("http", "ws", 1).rstrip("/") + "/gateway"
        return f"{'wss' if forwarded_proto == 'https' else 'ws'}://{host}/gateway"

    def zstd(self) -> zstandard.ZstdCompressor:
        """A compressor for one more socket."""
        return zstandard.ZstdCompressor(compression_params=_ZSTD)


def _log_failure(error: Exception) -> None:
    log.error("a socket's task failed", exc_info=error)
