"""Looks at the ports that are to be listened on, and at who listens there."""

from __future__ import annotations

import errno
import socket
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

import httpx

from derailed.bus.resp import Address, Connection, Lost, Refused
from derailed.doctor.facts import At
from derailed.doctor.probes import WITHIN_S
from derailed.doctor.probes.services import serving
from derailed.settings import Settings, bracketed

_OURS: Final = b"ok\n"
_ANYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class Port(NamedTuple):
    """One that a process of ours listens on."""

    variable: str
    host: str
    number: int
    is_ours: Callable[[str], Awaitable[bool]]

    @property
    def address(self) -> str:
        """Where one finds it."""
        return f"{bracketed(_ANYWHERE.get(self.host, self.host))}:{self.number}"


class Ports(NamedTuple):
    """What was seen of them."""

    taken: tuple[At, ...]
    not_ours: tuple[At, ...]
    not_ready: str

    @classmethod
    async def look(cls, settings: Settings) -> Ports:
        """See which are free, and who is at the others."""
        taken, not_ours, not_ready = [], [], ""
        for port in _wanted(settings):
            trouble = _trouble(port)
            if trouble is None:
                continue
            if trouble.errno != errno.EADDRINUSE:
                not_ours.append(At(port.variable, port.address, trouble.strerror or str(trouble)))
            elif not await port.is_ours(port.address):
                taken.append(At(port.variable, port.address))
            elif port.is_ours is _answers_healthz:
                not_ready = not_ready or await _lacks(port.address)
        return cls(tuple(taken), tuple(not_ours), not_ready)


def _wanted(settings: Settings) -> list[Port]:
    """Those of processes that these settings are for: which of them run on this machine is not said anywhere."""
    host_and_port = {
        "HTTP": (settings.http_host, settings.http_port, _answers_healthz, True),
        "GATEWAY": (settings.gateway_host, settings.gateway_port, _answers_healthz, bool(settings.presence_url)),
        "PRESENCE": (settings.presence_host, settings.presence_port, _serves, bool(settings.presence_url)),
        "MEMBERS": (settings.members_host, settings.members_port, _serves, bool(settings.members_url)),
        "HEALTH": (settings.health_host, settings.health_port or 0, _answers_healthz, True),
        "BROKER": (settings.broker_host, settings.broker_port, _is_a_broker, settings.broker_file is not None),
    }
    return [
        Port(f"DERAILED_{name}_PORT", host, number, ours)
        for name, (host, number, ours, is_wanted) in host_and_port.items()
        if is_wanted and number
    ]


def _trouble(port: Port) -> OSError | None:
    """Why it can not be listened on."""
    family = socket.AF_INET6 if ":" in port.host else socket.AF_INET
    try:
        socket.create_server((port.host, port.number), family=family).close()
    except OSError as error:
        return error
    return None


async def _answers_healthz(address: str) -> bool:
    return await _page(address, "/healthz") == (200, _OURS)


async def _lacks(address: str) -> str:
    status, lines = await _page(address, "/readyz")
    return "; ".join(lines.decode(errors="replace").splitlines()) if status == httpx.codes.SERVICE_UNAVAILABLE else ""


async def _page(address: str, path: str) -> tuple[int, bytes]:
    async with httpx.AsyncClient(timeout=WITHIN_S, trust_env=False) as client:
        try:
            answer = await client.get(f"http://{address}{path}")
        except httpx.HTTPError:
            return 0, b""
    return answer.status_code, answer.content


async def _serves(address: str) -> bool:
    return not await serving(address)


async def _is_a_broker(address: str) -> bool:
    """Whether one speaks our protocol there: with TLS, or to users alone, it says nothing more to a stranger."""
    host, _, port = address.rpartition(":")
    try:
        found = await Connection.open(Address(host, int(port), "", False, "", "", 0), lambda _: None, lambda: None)
    except Refused:
        return True
    except Lost:
        return False
    found.close()
    return True
