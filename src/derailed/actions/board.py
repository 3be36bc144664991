"""What the processes of an instance last said of themselves, and what it comes to. Nothing here asks anybody."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple, TypeVar

import msgspec

from derailed.wire import operator
from derailed.wire.operator import BusState, Instance, ProcessShape, Pulse, Rates, Totals

SILENT_MS: Final = 7_000
"""Who has not been heard of for so long is down: three pulses, and some."""
_FORGOTTEN_MS: Final = 120_000
_PROCESSES_MAX: Final = 1_000
"""Those beyond it are not shown: far more than there are of one instance."""

T = TypeVar("T")


class _Heard(NamedTuple):
    pulse: Pulse
    at_ms: int
    before: Pulse | None


class Board:
    """One in each API process."""

    def __init__(self) -> None:
        self._heard: dict[str, _Heard] = {}

    def read(self, told: bytes, now_ms: int) -> None:
        """A process tells how it is; one of another version may say what can not be read."""
        with contextlib.suppress(msgspec.DecodeError):
            self.hear(operator.decode(told), now_ms)

    def hear(self, pulse: Pulse, now_ms: int) -> None:
        """A process tells how it is."""
        known = self._heard.get(pulse.node)
        if known is None and len(self._heard) >= _PROCESSES_MAX:
            return
        if known is not None and pulse.at_ms <= known.pulse.at_ms:
            return
        self._heard[pulse.node] = _Heard(pulse, now_ms, None if known is None else known.pulse)

    def look(self, now_ms: int) -> Instance:
        """How all of it is."""
        for node in [node for node, heard in self._heard.items() if now_ms - heard.at_ms > _FORGOTTEN_MS]:
            del self._heard[node]
        heard = sorted(self._heard.values(), key=lambda each: (each.pulse.service, each.pulse.began_ms))
        live = [each for each in heard if now_ms - each.at_ms <= SILENT_MS]
        pulses = [each.pulse for each in live]
        return Instance(
            at_ms=now_ms,
            versions=sorted({each.version for each in pulses}),
            rates=_sum([_rates(each) for each in live]),
            sockets=_total(pulses, lambda each: each.sockets),
            sessions=_total(pulses, lambda each: each.sessions),
            online_users=_total(pulses, lambda each: each.online_users),
            online_sessions=_total(pulses, lambda each: each.online_sessions),
            guilds_kept=_total(pulses, lambda each: each.guilds_kept),
            members_kept=_total(pulses, lambda each: each.members_kept),
            bus=_bus([each.bus for each in pulses if each.bus is not None]),
            database=_latest(pulses, lambda each: each.database),
            processes=[_shape(each, now_ms) for each in heard],
        )


def _shape(heard: _Heard, now_ms: int) -> ProcessShape:
    pulse, silent_ms = heard.pulse, max(now_ms - heard.at_ms, 0)
    is_up = silent_ms <= SILENT_MS
    return ProcessShape(
        service=pulse.service,
        node=pulse.node,
        version=pulse.version,
        is_up=is_up,
        is_ready=is_up and pulse.is_ready,
        problems=pulse.problems,
        heard_s=silent_ms / 1000,
        uptime_s=(pulse.at_ms - pulse.began_ms) / 1000,
        memory_bytes=pulse.memory_bytes,
        rates=_rates(heard) if is_up else Rates(),
        sockets=pulse.sockets,
        sessions=pulse.sessions,
        bus_offset=None if pulse.bus is None else pulse.bus.offset,
        bus_lag_s=None if pulse.bus is None else pulse.bus.lag_s,
    )


def _rates(heard: _Heard) -> Rates:
    """Between the last two pulses; nothing yet of a process that has sent one."""
    if heard.before is None:
        return Rates()
    now, before = heard.pulse.totals, heard.before.totals
    seconds = (heard.pulse.at_ms - heard.before.at_ms) / 1000

    def rate(of: Callable[[Totals], float]) -> float:
        return max(0.0, round((of(now) - of(before)) / seconds, 3))

    return Rates(
        requests=rate(lambda each: each.requests),
        messages=rate(lambda each: each.messages),
        events=rate(lambda each: each.events),
        deliveries=rate(lambda each: each.deliveries),
        sent_bytes=rate(lambda each: each.sent_bytes),
        cpu=rate(lambda each: each.cpu_s),
    )


def _sum(of: Iterable[Rates]) -> Rates:
    rates = list(of)
    return Rates(**{name: round(sum(getattr(each, name) for each in rates), 3) for name in Rates.__struct_fields__})


def _total(pulses: Iterable[Pulse], of: Callable[[Pulse], int | None]) -> int:
    return sum(of(each) or 0 for each in pulses)


def _latest(pulses: Iterable[Pulse], of: Callable[[Pulse], T | None]) -> T | None:
    known = [(each.at_ms, found) for each in pulses if (found := of(each)) is not None]
    return max(known, key=lambda each: each[0])[1] if known else None


def _bus(told: list[BusState]) -> BusState | None:
    """As all see it together: who can not reach it makes it down."""
    if not told:
        return None
    lags = [each.lag_s for each in told if each.lag_s is not None]
    return BusState(
        kind=told[0].kind,
        is_up=all(each.is_up for each in told),
        offset=max(each.offset for each in told),
        lag_s=max(lags, default=None),
    )
