"""`derailed up --split`: the whole split deployment on this machine, for people who want to see it.

Each part is a process, as on many machines: PostgreSQL and Valkey from wheels, the Presence Service, the Supreme Member
Storage, two nodes of the WebSocket Service that share a port, and the API. What dies is started again.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import signal
import tempfile
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import cycle
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape

from derailed.app.child import Child, derailed
from derailed.app.parts import make_data_folder
from derailed.app.trouble import CannotStart
from derailed.servers import Missing, guarded
from derailed.servers.postgres import Postgres
from derailed.servers.valkey import Valkey
from derailed.settings import Settings, bracketed, changed_environment, variable_name, without_password

_NODES: Final = 2
_DATABASE: Final = "postgres"
"""The one that every new server has."""
_LOOK_EVERY_S: Final = 0.2
_STOP_WITHIN_S: Final = 25.0
"""Beyond what a part allows itself: requests, a drain, what was said last."""
_COLOURS: Final = ("blue", "magenta", "cyan", "green", "yellow", "red")
_OF_ROOT: Final = Path("/var/lib/derailed")
"""Where PostgreSQL's data is when we are root, which it refuses to be: `nobody` may not enter the data folder."""
_MISSING: Final = (
    "`derailed up --split` brings PostgreSQL and Valkey along only if asked to: "
    "install derailed[split], or set DERAILED_DATABASE_URL and DERAILED_BUS_URL"
)


async def serve(settings: Settings, out: Console) -> None:
    """Run all of it until told to stop. Raises CannotStart."""
    for field in ("http_port", "gateway_port", "presence_port", "members_port"):
        if not getattr(settings, field):
            raise CannotStart(f"{variable_name(field)}: the parts have to find each other: a port is needed, not any")
    make_data_folder(settings.data_dir)
    log = _Log()
    stopping = _until_signalled()
    with tempfile.TemporaryDirectory(prefix="derailed-") as folder:
        sockets = Path(folder)
        try:
            database, postgres = await asyncio.to_thread(_database, settings, sockets, log)
            bus, valkey = _bus(settings, sockets, log)
        except Missing:
            raise CannotStart(_MISSING) from None
        ours = _ours(settings, log, database, bus)
        stages = [ours[:2], ours[2:], [*postgres, *valkey]]
        async with _running(stages) as ended:
            ready = asyncio.ensure_future(_until_ready(settings))
            await asyncio.wait((ready, stopping, ended), return_when=asyncio.FIRST_COMPLETED)
            if ready.done():
                _welcome(out, settings, database, bus)
                await asyncio.wait((stopping, ended), return_when=asyncio.FIRST_COMPLETED)
            ready.cancel()
            out.print("\nstopping …")


def _until_signalled() -> asyncio.Future[None]:
    """Done when we are told to stop."""
    loop = asyncio.get_running_loop()
    told: asyncio.Future[None] = loop.create_future()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, lambda: None if told.done() else told.set_result(None))
    return told


@contextlib.asynccontextmanager
async def _running(stages: Sequence[Sequence[Child]]) -> AsyncIterator[asyncio.Future[list[None]]]:
    """All of them, until they are stopped stage by stage. What it gives is done when one can not go on."""
    running = [asyncio.ensure_future(child.run()) for stage in reversed(stages) for child in stage]
    ended = asyncio.gather(*running)
    try:
        yield ended
    finally:
        for stage in stages:
            await asyncio.gather(*(child.stop(_STOP_WITHIN_S) for child in stage))
        await asyncio.gather(*running, return_exceptions=True)
    await ended


def _ours(settings: Settings, log: _Log, database: str, bus: str) -> list[Child]:
    """Our own parts, those that clients talk to first."""
    environment = changed_environment(
        {
            "DERAILED_DATABASE_URL": database,
            "DERAILED_BUS_URL": bus,
            "DERAILED_PRESENCE_URL": _presence(settings),
            "DERAILED_MEMBERS_URL": _members(settings),
            "DERAILED_LOG_FORMAT": "text" if settings.log_format == "auto" else settings.log_format,
        }
    )
    commands = {"api": ("api",), "wss": ("wss", "--workers", str(_NODES)), "presence": ("presence",)}
    commands["members"] = ("members",)
    return [Child(name, derailed(*command), environment, log.of(name)) for name, command in commands.items()]


def _database(settings: Settings, sockets: Path, log: _Log) -> tuple[str, list[Child]]:
    """The address of the database, and the server that is ours, if none is elsewhere. Takes seconds, once."""
    if settings.database_url:
        return settings.database_url, []
    folder = postgres_folder(settings.data_dir)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    server = Postgres(folder, str(sockets))
    log.of("postgres")("making the database; the first time takes some seconds")
    server.prepare()
    return server.url(_DATABASE), [Child("postgres", guarded(server), hear=log.of("postgres"))]


def postgres_folder(data: Path) -> Path:
    """Where the data of PostgreSQL is that belongs to this data folder."""
    if os.geteuid() != 0:
        return data / "postgres"
    return _OF_ROOT / hashlib.sha256(str(data).encode()).hexdigest()[:16]


def _bus(settings: Settings, sockets: Path, log: _Log) -> tuple[str, list[Child]]:
    """The address of the bus, and the server that is ours, if none is elsewhere. It keeps nothing: see `bus.redis`."""
    if settings.bus_url:
        return settings.bus_url, []
    server = Valkey(sockets, sockets / "valkey")
    return server.url, [Child("valkey", guarded(server), hear=log.of("valkey"))]


async def _until_ready(settings: Settings) -> None:
    """Wait until the doors are open: then all is there that they can not do without."""
    doors = ((settings.http_host, settings.http_port), (settings.gateway_host, settings.gateway_port))
    for host, port in doors:
        url = f"http://{_reachable(host)}:{port}/readyz"
        while not await asyncio.to_thread(_answers, url):  # noqa: ASYNC110  nobody tells us
            await asyncio.sleep(_LOOK_EVERY_S)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _welcome(out: Console, settings: Settings, database: str, bus: str) -> None:
    app = f"http://{_reachable(settings.http_host)}:{settings.http_port}"
    gateway = f"ws://{_reachable(settings.gateway_host)}:{settings.gateway_port}/gateway"
    out.print(
        f"\n  [bold]Derailed[/bold] is running, each part a process.\n\n"
        f"  open      [link={app}]{app}[/link]\n"
        f"  gateway   {settings.gateway_url or gateway}, {_NODES} nodes on one port\n"
        f"  presence  {_presence(settings)}\n"
        f"  members   {_members(settings)}\n"
        f"  database  {escape(without_password(database))}\n"
        f"  bus       {escape(without_password(bus))}\n"
        f"  data      {settings.data_dir}\n"
        f"  stop      Ctrl+C\n"
    )
    if not settings.database_url:  # else whoever set it knows it, and its password is not for the screen
        out.print(f"For commands such as `derailed bot create`: export DERAILED_DATABASE_URL='{escape(database)}'\n")


def _presence(settings: Settings) -> str:
    return f"{_reachable(settings.presence_host)}:{settings.presence_port}"


def _members(settings: Settings) -> str:
    return f"{_reachable(settings.members_host)}:{settings.members_port}"


def _reachable(host: str) -> str:
    """Where a service of this machine is reached that listens there."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, bracketed(host))


class _Log:
    """One log of many processes: each line begins with who says it."""

    def __init__(self) -> None:
        self._out = Console(stderr=True, highlight=False, soft_wrap=True)
        self._colours = cycle(_COLOURS)

    def of(self, name: str) -> Callable[[str], None]:
        """Where the lines of that process go."""
        head = f"[{next(self._colours)}]{name:<9}[/] "
        return lambda line: self._out.print(f"{head}{escape(line)}")
