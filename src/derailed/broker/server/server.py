"""The server: listens, and owns the logs, the clients and those who hear what."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import secrets
import shutil
import ssl
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog

from derailed.broker import LogFailed
from derailed.broker.filters.libraries import Filters
from derailed.broker.server import Refused, namespaces
from derailed.broker.server.commits import Commits
from derailed.broker.server.configuration import EVERYBODY, NOBODY, Configuration
from derailed.broker.server.connection import Connection
from derailed.broker.server.namespaces import Namespace, Namespaces
from derailed.broker.server.replay import Replays
from derailed.broker.server.report import Report

_BACKLOG: Final = 1024
_TICK_S: Final = 1.0
_COLLECT_AFTER: Final = (50_000, 50, 100)
"""Commands leave nothing that refers to itself; millions of topics would be walked through in vain."""
_CLOSE_WITHIN_S: Final = 2.0
_FILTERS: Final = "_filters"
"""The folder of the libraries. No namespace is called so."""

T = TypeVar("T")
_log = structlog.get_logger()


class Server:
    """One broker."""

    def __init__(self, configuration: Configuration, folder: Path) -> None:
        """Open every namespace's log. Raises LogDamaged, LogInUse."""
        self.configuration = configuration
        self.limits = configuration.limits
        self.users = {user.name.encode(): user for user in configuration.users}
        self.first_user = NOBODY if self.users else EVERYBODY
        self.run_id = secrets.token_hex(20)
        self.clock: Callable[[], float] = time.monotonic
        self.began = self.clock()
        self._folder = folder
        self.namespaces = Namespaces(configuration.spaces, folder)
        self.default = self.namespaces.default
        self.plain_bytes = self.limits.message - 64
        """Of a field and its value, with which a record is not too long whatever stands around them."""
        self._threads = ThreadPoolExecutor(3, thread_name_prefix="broker")
        self.commits = Commits(self._threads, self._write_durable)
        self.replays = Replays(self)
        self.filters: Filters
        self.asks_filters = False
        self.connections: set[Connection] = set()
        self.channels: dict[bytes, Connection | list[Connection]] = {}
        self.shards: dict[bytes, Connection | list[Connection]] = {}
        self.dirty: list[Connection] = []
        """Those with pushes to be sent."""
        self.commands = self.published = self.accepted = self.turned_away = self.dropped = 0
        self._touched: list[Namespace] = []
        self._durable: list[Namespace] = []
        """Touched too, but written when they are brought to the disk, or somebody wants to read."""
        self._turn: list[Connection] = []
        """Those who were read, and are yet to be answered."""
        self._failure = ""
        """Why what they appended may not be written."""
        self._changes: set[asyncio.Task[Any]] = set()
        """Libraries that are being loaded or deleted."""
        self._ids = 0
        self._empty = asyncio.Event()
        self._empty.set()
        self._servers: list[asyncio.Server] = []
        self._running: list[asyncio.Task[None]] = []

    async def start(self, host: str, port: int) -> int:
        """Listen; the port. Raises OSError."""
        await asyncio.to_thread(self._tend_all)
        self.filters = await Filters.open(self._folder / _FILTERS)
        self.ask_filters()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: Connection(self), host, port, ssl=self._tls(), backlog=_BACKLOG, reuse_address=True
        )
        self._servers.append(server)
        self._running = [asyncio.create_task(self.replays.run()), asyncio.create_task(self._tick())]
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_COLLECT_AFTER)
        found: int = server.sockets[0].getsockname()[1]
        return found

    async def stop(self) -> None:
        """Take nothing more, answer what was done, put the logs to rest."""
        for server in self._servers:
            server.close()
        for task in self._running:
            task.cancel()
        await asyncio.wait(self._running)
        self.settle()
        await self.commits.rest()
        for connection in tuple(self.connections):
            connection.quit()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_WITHIN_S):
                await self._empty.wait()
        if self._changes:
            await asyncio.wait(self._changes)
        await self.filters.close()
        self._threads.shutdown()
        self.namespaces.close()

    # Clients come and go.

    def next_id(self) -> int:
        """A number for a client."""
        self._ids += 1
        return self._ids

    def welcome(self, connection: Connection) -> None:
        """A client has come."""
        self.connections.add(connection)
        self._empty.clear()
        self.accepted += 1
        if len(self.connections) > self.limits.clients:
            self.turned_away += 1
            connection.end("ERR max number of clients reached")

    def farewell(self, connection: Connection) -> None:
        """A client has gone."""
        self.connections.discard(connection)
        if not self.connections:
            self._empty.set()
        self.forget_subscriptions(connection)
        self.replays.forget(connection)

    def make_room(self, connection: Connection, more: int) -> None:
        """Before a client hears so many more topics and channels. Raises Refused."""
        if connection.heard + more > self.limits.topics:
            raise Refused(f"ERR a connection may hear {self.limits.topics} topics and channels")

    def forget_topic(self, connection: Connection, topic: bytes) -> None:
        """The client wants to hear it no more."""
        if topic in connection.topics:
            connection.topics.remove(topic)
            connection.replaying.pop(topic, None)
            self.namespaces.of(topic).leave(topic, connection.hearings.pop(topic, connection))

    def forget_subscriptions(self, connection: Connection) -> None:
        """The client hears nothing more."""
        for topic in tuple(connection.topics):
            self.forget_topic(connection, topic)
        for mine, heard in ((connection.channels, self.channels), (connection.shards, self.shards)):
            for channel in mine:
                namespaces.remove(heard, channel, connection)
            mine.clear()
        for filtered in connection.filtered.values():
            filtered.close()
        connection.filtered.clear()
        connection.clients.clear()

    def ask_filters(self) -> None:
        """Libraries have come or gone: which namespaces ask before an append."""
        for namespace in self.namespaces:
            namespace.accepts = self.filters.accepts(namespace.name)
        self.asks_filters = any(namespace.accepts for namespace in self.namespaces)

    async def change_filters(self, change: Coroutine[Any, Any, T]) -> T:
        """Load or delete a library. Whoever asked may leave: what has begun is done all the same."""
        task = asyncio.create_task(self._change_filters(change))
        self._changes.add(task)
        task.add_done_callback(self._changed)
        return await asyncio.shield(task)

    async def _change_filters(self, change: Coroutine[Any, Any, T]) -> T:
        try:
            return await change
        finally:
            self.ask_filters()

    def _changed(self, task: asyncio.Task[Any]) -> None:
        self._changes.discard(task)
        if not task.cancelled():
            task.exception()  # heard of by whoever asked, if they are still there

    # What is appended and told.

    def touch(self, namespace: Namespace) -> None:
        """It has something to settle."""
        namespace.dirty = True
        (self._durable if namespace.is_durable else self._touched).append(namespace)

    def finish_soon(self, connection: Connection) -> None:
        """Answer it at the end of this turn of the loop: what all who are read in it append is one write."""
        if not self._turn:
            asyncio.get_running_loop().call_soon(self._end_turn)
        self._turn.append(connection)

    def _end_turn(self) -> None:
        self.settle_read()
        turn, self._turn = self._turn, []
        failure, self._failure = self._failure, ""
        for connection in turn:
            connection.is_due = False
            if failure:
                connection.lose(failure)
            connection.send()
        self.send_pushes()

    def settle(self) -> str:
        """Write what was appended, and tell it; why that failed, if it did."""
        durable, self._durable = self._durable, []
        self._touched += durable
        return self.settle_read()

    def settle_read(self) -> str:
        """The same of what is answered at once."""
        if not self._touched:
            return ""
        touched, self._touched = self._touched, []
        failure = ""
        for namespace in touched:
            try:
                namespace.settle()
            except LogFailed as failed:
                failure = str(failed)
        if failure and self._turn:
            self._failure = failure
        return failure

    def _write_durable(self) -> None:
        self.settle()  # where it fails, the sync that follows does too
        self.send_pushes()

    def send_pushes(self) -> None:
        """Write what is to be pushed, once a client."""
        while self.dirty:
            dirty, self.dirty = self.dirty, []
            for connection in dirty:
                connection.send()

    def info(self, wanted: set[str]) -> str:
        """What INFO answers."""
        return Report(self).info(wanted)

    # What is done beside.

    def _tls(self) -> ssl.SSLContext | None:
        if self.configuration.certificate is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.configuration.certificate, self.configuration.key)
        return context

    async def _tick(self) -> None:
        """Once a second: sync what nobody waits for, make buckets ahead, see how full the disk is."""
        loop = asyncio.get_running_loop()
        synced: dict[str, int] = {}
        while True:
            self._look_at_disk()
            for namespace in self.namespaces:
                log = namespace.log
                if log.has_failed:
                    await self._heal(namespace)
                    continue
                try:
                    if synced.get(namespace.name) != log.head:
                        synced[namespace.name] = log.head
                        await loop.run_in_executor(self._threads, log.sync)
                    if log.due:
                        await loop.run_in_executor(self._threads, log.tend)
                    log.trim()
                except LogFailed as failure:
                    _log.error("log_failed", namespace=namespace.name, reason=str(failure))
            await asyncio.sleep(_TICK_S)

    async def _heal(self, namespace: Namespace) -> None:
        """Open a log again that has failed, and hang up on those who listen: they come back into another epoch."""
        if namespace.full:
            return
        with contextlib.suppress(LogFailed):
            await asyncio.get_running_loop().run_in_executor(self._threads, namespace.log.reopen)
            namespace.log.go_on()
            for connection in tuple(self.connections):
                if any(self.namespaces.of(topic) is namespace for topic in connection.topics):
                    connection.lose("another epoch has begun")

    def _look_at_disk(self) -> None:
        free = shutil.disk_usage(self._folder).free
        full = f"DISKFULL {free >> 20} MiB are free, fewer than the broker leaves" if free < self.limits.free else ""
        for namespace in self.namespaces:
            if full and not namespace.full:
                _log.error("disk_full", namespace=namespace.name, free=free)
            namespace.full = full if namespace.kept else ""

    def _tend_all(self) -> None:
        for namespace in self.namespaces:
            namespace.log.tend()
