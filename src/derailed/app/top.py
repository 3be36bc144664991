"""`derailed top`: how the instance is, once a second, on a terminal."""

from __future__ import annotations

import asyncio
import time
from typing import Final

import httpx
import msgspec
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from derailed.actions.operators import proof
from derailed.app.operator_page import PATH, PROOF
from derailed.app.trouble import CannotStart
from derailed.settings import Settings, bracketed
from derailed.wire.operator import Instance, ProcessShape

_EVERY_S: Final = 1.0
_WITHIN_S: Final = 5.0
_ANYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}
_decode: Final = msgspec.json.Decoder(Instance).decode


async def show(settings: Settings, out: Console, *, url: str = "", once: bool = False) -> None:
    """Show it until interrupted; or once, as text. Raises CannotStart."""
    host = _ANYWHERE.get(settings.http_host, settings.http_host)
    address = url.rstrip("/") or f"http://{bracketed(host)}:{settings.http_port}"
    try:
        secret = settings.secret_path.read_bytes()
    except OSError as error:
        raise CannotStart(f"DERAILED_SECRET_FILE: can not read {settings.secret_path} ({error.strerror})") from None
    async with httpx.AsyncClient(timeout=_WITHIN_S, trust_env=False) as client:
        seen = await _ask(client, address, secret)
        if once:
            out.print(view(seen), soft_wrap=False)
            return
        with Live(view(seen), console=out, screen=True, auto_refresh=False) as live:
            while True:
                try:
                    live.update(view(await _ask(client, address, secret)), refresh=True)
                except CannotStart as gone:
                    live.update(Text(f"{gone}; asking again", style="red"), refresh=True)
                await asyncio.sleep(_EVERY_S)


async def _ask(client: httpx.AsyncClient, address: str, secret: bytes) -> Instance:
    header = proof(secret, time.time_ns() // 1_000_000)
    try:
        answer = await client.get(f"{address}{PATH}", headers={PROOF.decode(): header})
        answer.raise_for_status()
        return _decode(answer.content)
    except httpx.HTTPStatusError as refused:
        if refused.response.status_code == httpx.codes.NOT_FOUND:
            raise CannotStart(f"{address} has another secret, or a clock of its own") from None
        raise CannotStart(f"{address} is not ready") from None
    except (httpx.HTTPError, httpx.InvalidURL):
        raise CannotStart(f"nobody answers at {address}") from None
    except msgspec.DecodeError:
        raise CannotStart(f"{address} is another version of Derailed") from None


def view(of: Instance) -> RenderableType:
    """All of it, for a screen."""
    return Group(_numbers(of), Text(), _processes(of))


def _numbers(of: Instance) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    rates, bus, database = of.rates, of.bus, of.database
    table.add_row(
        "messages/s", _rate(rates.messages), "sessions", f"{of.sessions:,}", "users online", f"{of.online_users:,}"
    )
    table.add_row(
        "deliveries/s", _rate(rates.deliveries), "sockets", f"{of.sockets:,}", "members kept", f"{of.members_kept:,}"
    )
    table.add_row(
        "requests/s", _rate(rates.requests), "sent/s", _bytes(rates.sent_bytes), "guilds kept", f"{of.guilds_kept:,}"
    )
    if bus is not None:
        lag = "–" if bus.lag_s is None else f"{bus.lag_s * 1000:,.1f} ms"
        table.add_row("bus", _state(bus.kind, is_up=bus.is_up), "offset", f"{bus.offset:,}", "lag", lag)
    if database is not None:
        waiting = f"{database.outbox_rows:,}, oldest {database.outbox_age_s:,.1f} s"
        size = _bytes(database.size_bytes)
        table.add_row("database", _state(database.kind, is_up=database.is_up), "size", size, "outbox", waiting)
    table.add_row("version", ", ".join(of.versions))
    return table


def _processes(of: Instance) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("process", no_wrap=True)
    table.add_column("state")
    for name in ("up for", "cpu", "memory", "sessions", "req/s", "sent/s", "lag"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in of.processes:
        lag = "" if each.bus_lag_s is None else f"{each.bus_lag_s * 1000:,.1f} ms"
        sessions = "" if each.sessions is None else f"{each.sessions:,}"
        rates = each.rates
        table.add_row(
            each.service, _health(each), _span(each.uptime_s), f"{rates.cpu:.0%}", _bytes(each.memory_bytes), sessions,
            _rate(rates.requests), _rate(rates.deliveries), lag,
        )  # fmt: skip
    return table


def _health(of: ProcessShape) -> Text:
    if not of.is_up:
        return Text(f"gone for {of.heard_s:,.0f} s", style="red")
    if not of.is_ready or of.problems:
        return Text("; ".join(of.problems) or "not ready", style="yellow" if of.is_ready else "red")
    return Text("ready", style="green")


def _state(kind: str, *, is_up: bool) -> Text:
    return Text(kind if is_up else f"{kind}: can not be reached", style="" if is_up else "red")


def _rate(of: float) -> str:
    return f"{of:,.1f}" if of < 100 else f"{of:,.0f}"


def _bytes(of: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if of < 1024:
            return f"{of:,.0f} {unit}" if unit == "B" else f"{of:,.1f} {unit}"
        of /= 1024
    return f"{of:,.1f} TiB"


def _span(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if days else f"{hours} h {minutes} m" if hours else f"{minutes} m {rest} s"
