"""How an instance is: what its processes say of themselves, and what whoever runs it is told."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

PULSE_TOPIC: Final = "pulse"
"""Where each process says every two seconds how it is; nothing of it is kept."""
PULSE_S: Final = 2.0


class Totals(Struct, kw_only=True, frozen=True):
    """What a process did since it began."""

    requests: int = 0
    messages: int = 0
    events: int = 0
    deliveries: int = 0
    sent_bytes: int = 0
    cpu_s: float = 0.0


class Database(Struct, kw_only=True, frozen=True):
    """The database. The outbox is what the bus may not have yet."""

    kind: str
    is_up: bool
    size_bytes: int
    outbox_rows: int
    outbox_age_s: float


class BusState(Struct, kw_only=True, frozen=True):
    """The bus: the last offset that is known, and for how long the node that is worst off lets records wait."""

    kind: str
    is_up: bool
    offset: int
    lag_s: float | None = None


class Pulse(Struct, kw_only=True, frozen=True):
    """One process. What it does not know of is None."""

    service: str
    node: str
    version: str
    at_ms: int
    began_ms: int
    is_ready: bool
    problems: list[str]
    memory_bytes: int
    totals: Totals
    sockets: int | None = None
    sessions: int | None = None
    online_users: int | None = None
    online_sessions: int | None = None
    guilds_kept: int | None = None
    members_kept: int | None = None
    bus: BusState | None = None
    database: Database | None = None


class Rates(Struct, kw_only=True, frozen=True):
    """How much of it a second; `cpu` is in cores."""

    requests: float = 0.0
    messages: float = 0.0
    events: float = 0.0
    deliveries: float = 0.0
    sent_bytes: float = 0.0
    cpu: float = 0.0


class ProcessShape(Struct, kw_only=True, frozen=True):
    """One process: `is_up` while it is heard of. What it does not know of is null."""

    service: str
    node: str
    version: str
    is_up: bool
    is_ready: bool
    problems: list[str]
    heard_s: float
    uptime_s: float
    memory_bytes: int
    rates: Rates
    sockets: int | None
    sessions: int | None
    bus_offset: int | None
    bus_lag_s: float | None


class Instance(Struct, kw_only=True, frozen=True):
    """The whole of it, as of now. Numbers are sums over the processes that are heard of."""

    at_ms: int
    versions: list[str]
    rates: Rates
    sockets: int
    sessions: int
    online_users: int
    online_sessions: int
    guilds_kept: int
    members_kept: int
    bus: BusState | None
    database: Database | None
    processes: list[ProcessShape]


encode: Final = msgspec.json.Encoder().encode
decode: Final = msgspec.json.Decoder(Pulse).decode
"""Raises msgspec.DecodeError."""
