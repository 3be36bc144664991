"""The parts: which implementation of each contract the settings ask for, and how it is let go of.

A service begins without its database, and waits for it; `derailed up` ends when there is none. What only some
processes need is imported where it is made: each has less to load, and to keep in memory.
"""

from __future__ import annotations

import asyncio
import os
import platform
import secrets
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import structlog

from derailed.actions.context import Context, Ephemerals
from derailed.actions.lease import Lease
from derailed.app.secret import secret_in
from derailed.app.trouble import CannotStart
from derailed.blobs import Blobs
from derailed.blobs.folder import FolderBlobs
from derailed.bus import Bus
from derailed.clock import Clock
from derailed.limits import Limits
from derailed.limits.local import LocalLimits
from derailed.members import Members
from derailed.model.errors import Unavailable
from derailed.model.snowflakes import Snowflakes
from derailed.presence import Presences
from derailed.presence.local import LocalPresences
from derailed.rules import Rules
from derailed.settings import Settings
from derailed.store import Store, T
from derailed.store.migrate import Incompatible, born_at

if TYPE_CHECKING:
    from derailed.actions.unfurling import Unfurling
    from derailed.broker.log import Log
    from derailed.store.postgres_claim import Claim

ONE_BUS: Final = (
    "DERAILED_BUS_URL: another server uses this database, and not this bus; all of its servers need one in common"
)
_AGAIN_FROM_S: Final = 0.25
_AGAIN_TO_S: Final = 5.0

_log = structlog.stdlib.get_logger(__name__)


now_ms: Final = Clock()
"""Unix time in milliseconds, the same for all parts of a process."""


class Parts(AsyncExitStack):
    """Makes parts, and lets go of them at its end, the last one first. `patient`: what is not there yet is waited for.

    Each method raises CannotStart.
    """

    def __init__(self, settings: Settings, *, patient: bool = False) -> None:
        super().__init__()
        self.settings = settings
        self._patient = patient
        self._claim: Claim | None = None
        self._who_is_here: Presences | None = None
        self.node = f"{platform.node()}-{os.getpid()}-{secrets.token_hex(4)}"
        """A name that no other process has, nor had: process ids are given out again."""

    # --- the database

    async def store(self) -> Store:
        """The database: PostgreSQL, or the embedded one."""
        store = await (self._postgres() if self.settings.database_url else self._sqlite())
        self.push_async_callback(store.close)
        return store

    async def claim(self) -> Claim | None:
        """What keeps processes with other buses from a database that can be shared."""
        url = self.settings.database_url
        if not url:
            return None
        from derailed.store.postgres_claim import Claim, Claimed
        from derailed.store.postgres_line import Unreachable

        try:
            claim = await self._once_there(lambda: Claim.lay(url, alone=not self.settings.bus_url), Unreachable)
        except Claimed:
            raise CannotStart(ONE_BUS) from None
        self.push_async_callback(claim.close)
        self._claim = claim
        return claim

    def prove_claim(self) -> None:
        """Raise CannotStart if another process took the database in the meantime."""
        if self._claim is not None and self._claim.is_lost:
            raise CannotStart(ONE_BUS)

    async def lease(self, store: Store) -> Lease:
        """The number under which this process makes ids."""
        try:
            lease = await self._once_there(lambda: Lease.take(store, now_ms), Unavailable)
        except Unavailable:
            raise CannotStart(
                "the database can not be written to, or 1,024 servers have used it in ten minutes"
            ) from None
        self.push_async_callback(lease.free)
        return lease

    async def _sqlite(self) -> Store:
        import sqlite3

        from derailed.store.sqlite import SqliteStore

        path = self.settings.database_path
        make_data_folder(self.settings.data_dir)
        try:
            return SqliteStore.open(path, now_ms)
        except (Incompatible, sqlite3.Error) as error:
            raise CannotStart(f"DERAILED_DATA_DIR: {path} can not be used ({error})") from None

    async def _postgres(self) -> Store:
        from derailed.store.postgres import PostgresStore, Unreachable  # loads a library that only this needs

        make_data_folder(self.settings.data_dir)
        url = self.settings.database_url
        try:
            return await self._once_there(lambda: PostgresStore.open(url, now_ms), Unreachable)
        except Unreachable as error:
            raise CannotStart(f"DERAILED_DATABASE_URL: can not connect ({error})") from None
        except Incompatible as error:
            raise CannotStart(f"DERAILED_DATABASE_URL: {error}") from None

    async def _once_there(self, make: Callable[[], Awaitable[T]], missing: type[Exception]) -> T:
        """What `make` makes; whoever is patient tries again for as long as it fails for being `missing`."""
        again_s = _AGAIN_FROM_S
        while True:
            try:
                return await make()
            except missing as error:
                if not self._patient or getattr(error, "is_final", False):
                    raise
                _log.warning("waiting for the database", error=str(error))
                await asyncio.sleep(again_s)
                again_s = min(2 * again_s, _AGAIN_TO_S)

    # --- the bus

    def log(self) -> Log | None:
        """The log in this process, if the bus is nowhere else."""
        if self.settings.bus_url:
            return None
        from derailed.broker import LogInUse
        from derailed.broker.buckets import Retention
        from derailed.broker.log import Log

        make_data_folder(self.settings.data_dir)
        try:
            return Log(self.settings.log_path, retention=Retention(window_ms=self.settings.resume_window_s * 1000))
        except LogInUse:
            raise CannotStart(f"DERAILED_DATA_DIR: another server uses {self.settings.data_dir}") from None

    async def bus(self, log: Log | None, store: Store) -> Bus:
        """The bus: on that log, or the one that processes share."""
        bus = self._shared_bus() if log is None else await _own_bus(log, store, self.settings.log_path)
        self.push_async_callback(bus.close)
        return bus

    def _shared_bus(self) -> Bus:
        from derailed.bus.remote import RemoteBus  # only the embedded one is always needed

        url, window_ms = self.settings.bus_url, self.settings.resume_window_s * 1000
        if self.settings.bus_is_broker:
            from derailed.bus.broker_server import BrokerServer

            return RemoteBus(BrokerServer(url, window_ms))
        from derailed.bus.redis_server import RedisServer
        from derailed.bus.redis_server import Retention as Kept

        return RemoteBus(RedisServer(url, Kept(window_ms=window_ms)))

    # --- what the Gateway asks

    async def rules(self) -> Rules:
        """What the operator adds to who hears what."""
        from derailed.rules.lua import LuaRules

        rules = await LuaRules.open(self.settings.rules_path)
        self.push_async_callback(rules.close)
        return rules

    def presences(self) -> Presences:
        """Who is here: as services elsewhere know, or this process, where there is one for all who ask."""
        if self._who_is_here is None:
            self._who_is_here = self._presences()
            self.push_async_callback(self._who_is_here.close)
        return self._who_is_here

    def members(self, store: Store, bus: Bus, presences: Presences) -> Members:
        """Who belongs: as services elsewhere know, or this process."""
        members = self._members(store, bus, presences)
        self.push_async_callback(members.close)
        return members

    def _presences(self) -> Presences:
        if not self.settings.presence_url:
            return LocalPresences(resume_window_s=self.settings.resume_window_s)
        from derailed.presence.remote import RemotePresences  # loads gRPC, which takes 100 ms

        return RemotePresences(self.settings.presence_url)

    def _members(self, store: Store, bus: Bus, presences: Presences) -> Members:
        if not self.settings.members_url:
            from derailed.members.local import LocalMembers

            return LocalMembers(store, bus, presences)
        from derailed.members.remote import RemoteMembers  # the same

        return RemoteMembers(self.settings.members_url)

    # --- what verbs are given

    def context(self, store: Store, bus: Ephemerals, ids: Snowflakes, presences: Presences | None = None) -> Context:
        """What every verb is given."""
        secret = secret_in(self.settings.secret_path)
        context = Context(store, bus, ids, now_ms, self.blobs(), secret, presences=presences)
        store.rolled_back = context.shapes.clear
        return context

    def limits(self) -> Limits | None:
        """Where it is counted how often somebody asks, if it is."""
        if not self.settings.rate_limits:
            return None
        limits = self._limits()
        self.push_async_callback(limits.close)
        return limits

    def _limits(self) -> Limits:
        shared = "" if self.settings.bus_is_broker else self.settings.bus_url  # the broker does not count
        url = self.settings.limits_url or shared
        if not url:
            return LocalLimits(now_ms)
        from derailed.limits.shared import SharedLimits  # loads a library that takes 40 ms

        return SharedLimits(url, now_ms)

    def unfurling(self, context: Context) -> Unfurling | None:
        """What shows where links lead, if they are shown."""
        if self.settings.unfurl == "off":
            return None
        from derailed.actions.unfurling import Unfurling
        from derailed.unfurl.client import GuardedClient

        return Unfurling(context, GuardedClient(urlsplit(self.settings.public_url).hostname or ""))

    def blobs(self) -> Blobs:
        """Where files are kept."""
        if not self.settings.blobs_url:
            return FolderBlobs(self.settings.blobs_path)
        from derailed.blobs.s3 import S3Blobs  # loads a library of ten megabytes

        return S3Blobs(self.settings.blobs_url)


async def _own_bus(log: Log, store: Store, folder: Path) -> Bus:
    """The bus on the log of this process, which is emptied if it tells of another database.

    The revs of another, also of the one that this is a copy of, may stand for other events: nobody resumes from them.
    """
    from derailed.bus.embedded import EmbeddedBus

    of, born = folder / "database", str(await store.read(born_at))
    if not of.exists() or of.read_text() != born:
        log.wipe()
        of.write_text(born)
    return EmbeddedBus(log)


def make_data_folder(folder: Path) -> None:
    """Make it if need be, for nobody else to read. Raises CannotStart."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(f"DERAILED_DATA_DIR: can not make {folder} ({error.strerror})") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise CannotStart(f"DERAILED_DATA_DIR: nothing can be written to {folder}")
