"""The composition: every part is made here, by hand, in the order in which it needs the others.

Reads from top to bottom. Nothing else names an implementation of a contract.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import secrets
import signal
import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import uvicorn
from argon2 import PasswordHasher

from derailed import telemetry
from derailed.actions.context import Context, Ephemerals
from derailed.actions.lease import Lease
from derailed.actions.passwords import Passwords
from derailed.actions.publisher import Publisher
from derailed.actions.sweeper import Sweeper
from derailed.actions.unfurling import Unfurling
from derailed.actions.verbs import Verbs
from derailed.api.app import Application, Receive, Scope, Send, create
from derailed.api.connection import Connection
from derailed.api.entrance import Limiting
from derailed.api.files import is_file
from derailed.blobs import Blobs
from derailed.blobs.folder import FolderBlobs
from derailed.broker import LogInUse
from derailed.broker.buckets import Retention
from derailed.broker.log import Log
from derailed.bus import Bus
from derailed.bus.embedded import EmbeddedBus
from derailed.gateway.connection import protocol
from derailed.gateway.service import Service
from derailed.limits import Limits
from derailed.limits.local import LocalLimits
from derailed.model.errors import Unavailable
from derailed.model.snowflakes import Snowflakes
from derailed.settings import Settings
from derailed.site import Site, respond
from derailed.store import OutboxRow, Store
from derailed.store.migrate import Incompatible, born_at
from derailed.store.sqlite import SqliteStore
from derailed.unfurl.client import GuardedClient

if TYPE_CHECKING:
    from derailed.store.postgres_claim import Claim

_STOP_WITHIN_S: Final = 10
"""Requests in flight have this long once the process was told to stop."""

_DRAIN_WITHIN_S: Final = 2
"""What was said last has as long to reach the bus. What does not is in the outbox, for the next start."""

_KEPT_ALIVE_S: Final = 75
"""Longer than clients keep an idle connection, or they would send into one that we close at that moment: bots that
wait for the end of a limit's window all send after the same pause."""

_COLLECT_AFTER: Final = (20_000, 20, 50)
"""Objects, then collections, until the next search for garbage in circles: requests leave next to none, and a search
every 700 objects takes a tenth of their time."""

_SECRET_BYTES: Final = 32
_ONE_BUS: Final = (
    "DERAILED_BUS_URL: another server uses this database, and not this bus; all of its servers need one in common"
)
_TEXT: Final = [(b"content-type", b"text/plain")]


Committed = Callable[[Sequence[OutboxRow]], None]


class CannotStart(Exception):
    """What an operator has to see to, in one line."""


async def serve(settings: Settings, started: Callable[[str], None]) -> None:
    """Run every part in this process until it is told to stop. `started` hears the address, once it answers."""
    with _listen(settings) as listener:
        log = None if settings.bus_url else _open_log(settings)
        store = await _open_store(settings)
        claim = await _claim(settings)
        bus = _shared_bus(settings) if log is None else await _own_bus(log, store, settings.log_path)
        publisher = Publisher(store, bus, _now_ms)
        store.committed = publisher.take
        passwords = Passwords(PasswordHasher())
        lease = await _lease(store)
        context = _context(store, bus, settings, lease.ids)
        verbs = Verbs.of(context, passwords, settings.registration)
        gateway = Service(bus, verbs.sessions, context.secret, settings.public_url or None)
        limits = _limits(settings)
        limiting = Limiting(limits, settings.rate_limits, settings.trusted_proxies, _now_ms)
        application = _front(create(verbs, settings.public_url, limiting), Site(), store, publisher)
        unfurling = _unfurling(settings, context)
        if unfurling is not None:
            store.committed = _both(publisher.take, unfurling.take)
        server = _Server(_http(application, protocol(gateway)))
        telemetry.watch_process()
        async with asyncio.TaskGroup() as tasks:
            running = (telemetry.watch_loop(), publisher.run(), gateway.run(), Sweeper(context).run(), lease.run())
            parts = [tasks.create_task(part) for part in running]
            if claim is not None:
                parts.append(tasks.create_task(claim.hold(server.stop)))
            if unfurling is not None:
                parts.append(tasks.create_task(unfurling.run()))
            _stop_on_signals(server.stop)
            _stop_searching_what_stays()
            started(_address(listener))
            await server.serve(sockets=[listener])
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(publisher.drained(), _DRAIN_WITHIN_S)
            await gateway.close()
            for part in parts:
                part.cancel()
        passwords.close()
        if limits is not None:
            await limits.close()
        await bus.close()
        await lease.free()
        await store.close()
        if claim is not None:
            await claim.close()
            if claim.is_lost:
                raise CannotStart(_ONE_BUS)


@contextlib.asynccontextmanager
async def operating(settings: Settings) -> AsyncIterator[Verbs]:
    """The verbs over the same data, for one command of the operator; a server may be running meanwhile.

    What they emit waits in the outbox for the server, which looks there when it starts and once a second.
    """
    store = await _open_store(settings)
    passwords = Passwords(PasswordHasher())
    try:
        lease = await _lease(store)
        try:
            yield Verbs.of(_context(store, _NobodyListens(), settings, lease.ids), passwords, settings.registration)
        finally:
            await lease.free()
    finally:
        passwords.close()
        await store.close()


def _context(store: Store, bus: Ephemerals, settings: Settings, ids: Snowflakes) -> Context:
    context = Context(store, bus, ids, _now_ms, _blobs(settings), _secret(settings.secret_path))
    store.rolled_back = context.shapes.clear
    return context


def _blobs(settings: Settings) -> Blobs:
    if not settings.blobs_url:
        return FolderBlobs(settings.blobs_path)
    from derailed.blobs.s3 import S3Blobs  # loads a library of ten megabytes

    return S3Blobs(settings.blobs_url)


def _unfurling(settings: Settings, context: Context) -> Unfurling | None:
    if settings.unfurl == "off":
        return None
    return Unfurling(context, GuardedClient(urlsplit(settings.public_url).hostname or ""))


def _both(one: Committed, other: Committed) -> Committed:
    def take(rows: Sequence[OutboxRow]) -> None:
        one(rows)
        other(rows)

    return take


def _limits(settings: Settings) -> Limits | None:
    if not settings.rate_limits:
        return None
    url = settings.limits_url or settings.bus_url
    if not url:
        return LocalLimits(_now_ms)
    from derailed.limits.shared import SharedLimits  # loads a library that takes 40 ms

    return SharedLimits(url, _now_ms)


def _front(api: Application, site: Site, store: Store, publisher: Publisher) -> Application:
    """What answers on the port: health, metrics, the API, files, and the app for every other path."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        match scope["path"].removeprefix("/").partition("/")[0]:
            case "api" | "docs":
                await api(scope, receive, send)
            case "healthz":
                await respond(send, 200, b"ok\n", _TEXT)
            case "readyz":
                missing = _missing(store, publisher)
                await respond(send, 503 if missing else 200, missing or b"ok\n", _TEXT)
            case "metrics":
                await respond(send, 200, telemetry.metrics(), [(b"content-type", telemetry.METRICS_TYPE.encode())])
            case _ if is_file(scope["path"]):
                await api(scope, receive, send)
            case _:
                await site(scope, receive, send)

    return answer


def _missing(store: Store, publisher: Publisher) -> bytes:
    """Why requests had better go elsewhere, if they had."""
    if not store.is_up:
        return b"the database can not be reached\n"
    if publisher.is_stuck:
        return b"the bus can not be reached, or its log has failed: see the log; what is said is kept, and told later\n"
    return b""


class _NobodyListens:
    """Where a command publishes what is not kept."""

    async def publish(self, topic: str, payload: bytes) -> None:
        """Deliver it to the subscribers of this process, of which there are none."""


class _Server(uvicorn.Server):
    """A server whose end is our `serve` returning: uvicorn's own would kill the process by the signal it took."""

    def stop(self) -> None:
        """Take no more connections, finish what was begun; asked twice, finish nothing."""
        self.force_exit = self.should_exit
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to `serve`."""
        yield


def _http(application: Application, upgraded: Callable[..., asyncio.Protocol]) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http=Connection,
        ws=upgraded,  # type: ignore[arg-type]  # it is called as a class would be
        lifespan="off",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # what a proxy says is read where it matters, not before every request
        log_config=None,
        log_level="warning",  # what it says at info, `started` and the exit code say already
        timeout_keep_alive=_KEPT_ALIVE_S,
        timeout_graceful_shutdown=_STOP_WITHIN_S,
    )


def _stop_on_signals(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)


def _shared_bus(settings: Settings) -> Bus:
    from derailed.bus.redis import RedisBus  # only the embedded one is always needed
    from derailed.bus.redis_server import Retention as Kept

    return RedisBus(settings.bus_url, Kept(window_ms=settings.resume_window_s * 1000))


async def _own_bus(log: Log, store: Store, folder: Path) -> Bus:
    """The bus on the log of this process, which is emptied if it tells of another database.

    The revs of another, also of the one that this is a copy of, may stand for other events: nobody resumes from them.
    """
    of, born = folder / "database", str(await store.read(born_at))
    if not of.exists() or of.read_text() != born:
        log.wipe()
        of.write_text(born)
    return EmbeddedBus(log)


def _open_log(settings: Settings) -> Log:
    make_data_folder(settings.data_dir)
    try:
        return Log(settings.log_path, retention=Retention(window_ms=settings.resume_window_s * 1000))
    except LogInUse:
        raise CannotStart(f"DERAILED_DATA_DIR: another server uses {settings.data_dir}") from None


async def _open_store(settings: Settings) -> Store:
    make_data_folder(settings.data_dir)
    if settings.database_url:
        return await _open_postgres(settings.database_url)
    try:
        return SqliteStore.open(settings.database_path, _now_ms)
    except (Incompatible, sqlite3.Error) as error:
        raise CannotStart(f"DERAILED_DATA_DIR: {settings.database_path} can not be used ({error})") from None


async def _open_postgres(url: str) -> Store:
    from derailed.store.postgres import PostgresStore, Unreachable  # loads a library that only this needs

    try:
        return await PostgresStore.open(url, _now_ms)
    except Unreachable as error:
        raise CannotStart(f"DERAILED_DATABASE_URL: can not connect ({error})") from None
    except Incompatible as error:
        raise CannotStart(f"DERAILED_DATABASE_URL: {error}") from None


async def _claim(settings: Settings) -> Claim | None:
    """What keeps processes with other buses from a database that can be shared."""
    if not settings.database_url:
        return None
    from derailed.store.postgres_claim import Claim, Claimed

    try:
        return await Claim.lay(settings.database_url, alone=not settings.bus_url)
    except Claimed:
        raise CannotStart(_ONE_BUS) from None


async def _lease(store: Store) -> Lease:
    try:
        return await Lease.take(store, _now_ms)
    except Unavailable:
        raise CannotStart("the database can not be written to, or 1,024 servers have used it in ten minutes") from None


def _secret(path: Path) -> bytes:
    """The secret in that file, which is made when there is none."""
    try:
        if not path.exists():
            _make_secret(path)
        secret = path.read_bytes()
    except OSError as error:
        raise CannotStart(f"DERAILED_SECRET_FILE: {path} can not be read or made ({error.strerror})") from None
    if len(secret) < _SECRET_BYTES:
        raise CannotStart(f"DERAILED_SECRET_FILE: {path} holds less than {_SECRET_BYTES} bytes")
    return secret


def _make_secret(path: Path) -> None:
    """Made whole or not at all: half a secret would be taken for one at the next start."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(secrets.token_bytes(_SECRET_BYTES))
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def make_data_folder(folder: Path) -> None:
    """Make it if need be, for nobody else to read. Raises CannotStart."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(f"DERAILED_DATA_DIR: can not make {folder} ({error.strerror})") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise CannotStart(f"DERAILED_DATA_DIR: nothing can be written to {folder}")


def _stop_searching_what_stays() -> None:
    """Set what was made so far aside: a search through all of it holds everybody up for tens of milliseconds."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.http_host else socket.AF_INET
    try:
        return socket.create_server((settings.http_host, settings.http_port), family=family, backlog=2048)
    except OSError as error:
        where = f"{settings.http_host}:{settings.http_port}"
        raise CannotStart(f"DERAILED_HTTP_PORT: can not listen on {where} ({error.strerror})") from None


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
