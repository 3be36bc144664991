"""The split deployment on servers of its own, its first node at the end of wires that can be cut."""

from __future__ import annotations

from pathlib import Path

from tests.faults.proxy import Proxy
from tests.faults.small_broker import SmallBroker
from tests.faults.stepped import SetClock
from tests.journeys.server import free_port
from tests.journeys.split import Bus, Split
from tests.servers.valkey import Valkey

WIRES = ("bus", "presence", "members")


def bus_of(name: str) -> Bus:
    """`valkey`, which keeps what it has, or our `broker`, on a disk of its own."""
    return SmallBroker() if name == "broker" else Valkey(keeps=True)


class Wired(Split):
    """`wires` lead from the first node to these services, each by its name. Each process has a clock to be set."""

    def __init__(self, data: Path, bus: Bus) -> None:
        super().__init__(data, own_postgres=True, bus=bus)
        targets = {"bus": self.bus.port, "presence": self._port_of("presence"), "members": self._port_of("members")}
        ports = {name: free_port() for name in WIRES}
        self.wires = self._end.enter_context(Proxy(**{name: (ports[name], targets[name]) for name in WIRES}))
        self.one.settings |= {
            "DERAILED_BUS_URL": self.bus.url.replace(str(self.bus.port), str(ports["bus"])),
            "DERAILED_PRESENCE_URL": f"127.0.0.1:{ports['presence']}",
            "DERAILED_MEMBERS_URL": f"127.0.0.1:{ports['members']}",
        }

        self.clocks = {part: SetClock(data.with_name(f"clock{number}")) for number, part in enumerate(self.parts)}
        for part, clock in self.clocks.items():
            part.command = clock.under(part.command)

    def _port_of(self, service: str) -> int:
        return int(self.settings[f"DERAILED_{service.upper()}_PORT"])
