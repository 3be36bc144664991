"""The split deployment as real processes: API, two WSS nodes, PS, SMS, on PostgreSQL and Valkey or our broker.

It has the face of `Server`, so that a journey need not know which of the two it goes through: clients are sent to the
nodes in turn. Each part can be killed and started by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.journeys.server import IN_A_HURRY, Running, free_port
from tests.servers import postgres
from tests.servers.broker import Broker
from tests.servers.postgres import Postgres
from tests.servers.valkey import Valkey

Bus = Valkey | Broker


class Split:
    """All of it. As a context it is started, and gone at the end however the test ended."""

    def __init__(
        self,
        data: Path,
        /,
        *,
        own_postgres: Postgres | bool = False,
        bus: Bus | None = None,
        workers: int = 1,
        **settings: str,
    ) -> None:
        """With `own_postgres` the server of the database, which may be given, may be killed.

        The bus is on `bus`, if not on Valkey. `workers`: of the first node.
        """
        self._end = ExitStack()
        self.data = data
        own = Postgres() if own_postgres is True else own_postgres
        self.postgres = self._end.enter_context(own) if own else postgres.shared()
        self.bus: Bus = bus or Valkey()
        self._end.enter_context(self.bus)
        self.database = self.postgres.database()
        self._end.callback(self.postgres.drop, self.database)
        ports = {name: free_port() for name in ("api", "one", "other", "presence", "members")}
        self.settings = {
            "DERAILED_DATA_DIR": str(data),
            "DERAILED_DATABASE_URL": self.database,
            "DERAILED_BUS_URL": self.bus.url,
            "DERAILED_PRESENCE_URL": f"127.0.0.1:{ports['presence']}",
            "DERAILED_MEMBERS_URL": f"127.0.0.1:{ports['members']}",
            "DERAILED_HTTP_PORT": str(ports["api"]),
            "DERAILED_GATEWAY_PORT": str(ports["one"]),
            "DERAILED_PRESENCE_PORT": str(ports["presence"]),
            "DERAILED_MEMBERS_PORT": str(ports["members"]),
            "DERAILED_DRAIN": "1",
            **IN_A_HURRY,
            **settings,
        }
        self.front = self._part("api", ports["api"])
        self.one = self._part("wss", ports["one"], "one", *_workers(workers))
        self.other = self._part("wss", ports["other"], "other", DERAILED_GATEWAY_PORT=str(ports["other"]))
        self.presence = self._beside("presence")
        self.members = self._beside("members")
        self.nodes = (self.one, self.other)
        self.parts: tuple[Running, ...] = (self.presence, self.members, self.one, self.other, self.front)
        self._next = cycle(self.nodes)

    @property
    def url(self) -> str:
        """Where the app is."""
        return self.front.url

    @property
    def api(self) -> str:
        """What REST paths follow."""
        return f"{self.url}/api/v10"

    @property
    def gateway(self) -> str:
        """Where the API tells clients to go."""
        return gateway_of(self.one)

    @property
    def log(self) -> str:
        """What all of our processes have written so far, one after the other."""
        return "".join(part.log for part in self.parts)

    def next_gateway(self) -> str:
        """Where the next client is to go: to the other node than the last one."""
        return gateway_of(next(self._next))

    def start(self) -> None:
        """Start what is ours, all at once, and wait until it is ready."""
        for part in self.parts:
            part.launch()
        for part in self.parts:
            part.until_ready()

    def kill(self) -> None:
        """End everything that is ours at once."""
        for part in self.parts:
            part.kill()

    def terminate(self) -> int:
        """Ask everything that is ours to stop, the doors first; the worst exit code."""
        return max(part.terminate() for part in reversed(self.parts))

    def restart(self) -> None:
        """Kill everything that is ours and start it again: same ports, same data."""
        self.kill()
        self.start()

    @contextmanager
    def unstarted(self) -> Iterator[None]:
        """For a test that starts the parts itself: they are gone at the end."""
        try:
            yield
        finally:
            self._close()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._close()

    def _close(self) -> None:
        for part in self.parts:
            part.end()
        self._end.close()

    def _part(self, command: str, port: int, name: str = "", *more: str, **settings: str) -> Running:
        log = self.data.with_name(f"{self.data.name}-{name or command}.log")
        return Running([command, *more], self.settings | settings, port, log)

    def _beside(self, command: str) -> Running:
        port = free_port()
        return self._part(command, port, DERAILED_HEALTH_PORT=str(port))


def _workers(count: int) -> list[str]:
    return ["--workers", str(count)] if count > 1 else []


def gateway_of(node: Running) -> str:
    """Where a node answers."""
    return f"ws://127.0.0.1:{node.port}/gateway"


def node_at(split: Split, address: str) -> Running:
    """Which node answers there."""
    return next(node for node in split.nodes if gateway_of(node) == address)
