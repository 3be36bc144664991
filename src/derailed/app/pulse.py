"""A process tells every two seconds how it is, over the bus, for those who run the instance."""

from __future__ import annotations

import asyncio
import os
import platform
import resource
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog

from derailed.actions import tally
from derailed.app.measures import VERSION
from derailed.app.readiness import Readiness
from derailed.bus import Bus, BusDown, Ephemeral
from derailed.wire import operator
from derailed.wire.operator import PULSE_S, PULSE_TOPIC, BusState, Database, Pulse, Totals

if TYPE_CHECKING:
    from derailed.actions.board import Board
    from derailed.actions.tally import Tally
    from derailed.gateway.service import Service
    from derailed.members.keeper import Keeper
    from derailed.presence.sessions import Census
    from derailed.store import Store

_MEASURED_EVERY: Final = 5
"""Pulses: how large a database is takes it some work to say."""
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")

Told = Mapping[str, Any]
"""Fields of a pulse; those of its totals are added up."""

_log: Final = structlog.stdlib.get_logger(__name__)


class Pulsing:
    """What this process says. Its parts add what they know."""

    def __init__(self, service: str, readiness: Readiness) -> None:
        self._service = service
        self._readiness = readiness
        self.node = f"{platform.node()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._began_ms = _now_ms()
        self._parts: list[Callable[[], Told]] = []
        self._looks: list[Callable[[], Awaitable[None]]] = []

    def tells(self, part: Callable[[], Told], ahead: Callable[[], Awaitable[None]] | None = None) -> None:
        """One more part; `ahead` is awaited before it is asked."""
        self._parts.append(part)
        if ahead is not None:
            self._looks.append(ahead)

    def now(self) -> Pulse:
        """How it is."""
        fields: dict[str, Any] = {}
        totals: dict[str, float] = {"cpu_s": round(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]), 3)}
        for part in self._parts:
            told = dict(part())
            totals |= told.pop("totals", {})
            fields |= told
        is_ready, lines = self._readiness.look()
        return Pulse(
            service=self._service,
            node=self.node,
            version=VERSION,
            at_ms=_now_ms(),
            began_ms=self._began_ms,
            is_ready=is_ready,
            problems=[] if lines == "ok\n" else lines.splitlines(),
            memory_bytes=_memory(),
            totals=msgspec.convert(totals, Totals, strict=False),
            **fields,
        )

    async def run(self, bus: Bus) -> None:
        """Tell it, until cancelled."""
        while True:
            for look in self._looks:
                await look()
            try:
                await bus.publish(PULSE_TOPIC, operator.encode(self.now()))
            except BusDown:
                _log.debug("how this process is could not be told")
            await asyncio.sleep(PULSE_S)


async def listen(bus: Bus, board: Board, clock: Callable[[], int]) -> None:
    """Have the board hear of every process, until cancelled."""
    heard = bus.connect()
    try:
        await heard.subscribe([PULSE_TOPIC])
        while signals := await heard.read():
            for signal in signals:
                if isinstance(signal, Ephemeral):
                    board.read(signal.payload, clock())
    finally:
        await heard.close()


def of_acting(to: Pulsing, made: Tally, store: Store, kind: str, clock: Callable[[], int]) -> None:
    """What a process does that people's requests come to."""
    size, waiting, count = 0, (0, 0.0), 0

    async def look() -> None:
        nonlocal size, waiting, count
        if count % _MEASURED_EVERY == 0 and store.is_up:
            try:
                size, waiting = await store.size(), await tally.waiting(store, clock())
            except Exception as error:  # noqa: BLE001  what is not known now is told as it was
                _log.debug("the database could not be measured", error=repr(error))
        count += 1

    def told() -> Told:
        database = Database(
            kind=kind, is_up=store.is_up, size_bytes=size, outbox_rows=waiting[0], outbox_age_s=waiting[1]
        )
        return {"totals": {"messages": made.messages, "events": made.events}, "database": database}

    to.tells(told, look)


def of_bus(to: Pulsing, bus: Bus, kind: str, offset: Callable[[], int], lag_s: Callable[[], float] | None) -> None:
    """How the bus is seen from here."""
    to.tells(
        lambda: {"bus": BusState(kind=kind, is_up=bus.is_up, offset=offset(), lag_s=None if lag_s is None else lag_s())}
    )


def of_gateway(to: Pulsing, service: Service) -> None:
    """What a node has and does."""
    traffic = service.hub.registry.traffic

    def told() -> Told:
        return {
            "totals": {"deliveries": traffic.deliveries, "sent_bytes": traffic.bytes},
            "sockets": service.sockets(),
            "sessions": len(service.hub.registry),
        }

    to.tells(told, service.look)


def of_census(to: Pulsing, census: Callable[[], Census]) -> None:
    """Who is here."""

    def told() -> Told:
        now = census()
        return {"online_users": now.users, "online_sessions": now.sessions}

    to.tells(told)


def of_keeper(to: Pulsing, keeper: Keeper) -> None:
    """Which members are in memory."""

    def told() -> Told:
        guilds, members = keeper.census()
        return {"guilds_kept": guilds, "members_kept": members}

    to.tells(told)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _memory() -> int:
    """Bytes in use; 0 where the system does not say."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * _PAGE if statm.exists() else 0
