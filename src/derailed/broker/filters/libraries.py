"""All libraries of a broker: loaded, asked, listed, and kept for the next start.

A message is taken in when every library of its namespace that has `accept` says so. A connection names the libraries
that it is filtered by, and a client of it gets what all of them `deliver`. A library that is gone says no.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

import structlog

from derailed.broker.filters import (
    MAX_CLIENTS,
    MAX_LIBRARIES,
    Attributes,
    FilterError,
    Message,
    Standing,
    checked_name,
    checked_source,
    frames,
    judging,
)
from derailed.broker.filters.clients import Connection
from derailed.broker.filters.process import Nursery
from derailed.broker.filters.shelf import Shelf
from derailed.broker.filters.worker import Worker

_log = structlog.get_logger()


class Filters:
    """The front. With a folder, libraries outlive it."""

    def __init__(self, shelf: Shelf, nursery: Nursery) -> None:
        self._shelf = shelf
        self._nursery = nursery
        self._workers: dict[tuple[str, str], Worker] = {}
        self._connections: dict[int, Connection] = {}
        self._numbers = 0
        self._changing = asyncio.Lock()
        """Libraries are loaded and deleted one after the other."""

    @classmethod
    async def open(cls, folder: Path | None = None) -> Self:
        """With the libraries that were kept. One that does not load any more lets nothing through."""
        self = cls(Shelf(folder), Nursery())
        for namespace, name, source in await asyncio.to_thread(lambda: list(self._shelf.all())):
            worker = self._worker(namespace, name, source)
            self._workers[namespace, name] = worker
            try:
                await worker.load()
            except FilterError as error:
                _log.error("filter_not_loaded", namespace=namespace, library=name, reason=str(error))
        return self

    async def load(self, namespace: str, name: str, source: bytes, *, replace: bool = False) -> Standing:
        """Raises FilterError, with the line where it is to blame. What was there goes on until the new one is ready."""
        checked_name(name)
        checked_source(source)
        async with self._changing:
            before = self._workers.get((namespace, name))
            if before is not None and not replace:
                raise FilterError(f"there is a library {name} already")
            if before is None and len(self._workers) >= MAX_LIBRARIES:
                raise FilterError(f"there are {MAX_LIBRARIES} libraries, and there can be no more")
            worker = self._worker(namespace, name, source)
            try:
                await worker.load()
                await asyncio.to_thread(self._shelf.keep, namespace, name, source)
            except BaseException:
                await worker.close()
                raise
            await self._take_over(worker, before)
            return worker.standing()

    async def delete(self, namespace: str, name: str) -> bool:
        """It says no from now on to whoever is still filtered by it. False when there was none."""
        async with self._changing:
            if (namespace, name) not in self._workers:
                return False
            await asyncio.to_thread(self._shelf.drop, namespace, name)
            await self._workers.pop((namespace, name)).retire()
            return True

    async def refresh(self) -> list[tuple[str, str]]:
        """Load what others have put on the shelf; which libraries are there no longer, to be deleted.

        What does not load leaves what was there.
        """
        kept = await asyncio.to_thread(lambda: {(each.namespace, each.name): each for each in self._shelf.all()})
        async with self._changing:
            for key, (namespace, name, source) in kept.items():
                before = self._workers.get(key)
                if before is not None and before.source == source:
                    continue
                worker = self._worker(namespace, name, source)
                try:
                    await worker.load()
                except FilterError as error:
                    _log.error("filter_not_loaded", namespace=namespace, library=name, reason=str(error))
                    await worker.close()
                    continue
                await self._take_over(worker, before)
            return sorted(self._workers.keys() - kept.keys())

    async def _take_over(self, worker: Worker, before: Worker | None) -> None:
        """It is asked from now on, and knows who is there."""
        self._workers[worker.namespace, worker.name] = worker
        for request in self._state(worker):
            worker.tell(request)
        if before is not None:
            await before.retire()

    def standings(self, namespace: str | None = None) -> list[Standing]:
        """How each is doing."""
        return [worker.standing() for key, worker in sorted(self._workers.items()) if namespace in (None, key[0])]

    def accepts(self, namespace: str) -> bool:
        """There is something to be asked before an append."""
        return any(True for _ in self._accepting(namespace))

    async def accept(self, namespace: str, publisher: Attributes, messages: Sequence[Message]) -> list[bool]:
        """Whether each is taken in. What is too large to be judged is not, where there is anything to be asked."""
        workers = list(self._accepting(namespace))
        encoded = [frames.message(message) for message in messages]
        known = frames.attributes(publisher)
        asked = [await judging.ask_accept(worker, known, encoded) for worker in workers]
        said = [await judging.accepted(answers, encoded) for answers in asked]
        return [all(each) for each in zip(*said, strict=True)] if said else [True] * len(messages)

    def connect(self, namespace: str, libraries: Iterable[str]) -> Connection:
        """A connection that is filtered by these. Raises FilterError when one is not there, or delivers nothing."""
        names = tuple(dict.fromkeys(libraries))
        for name in names:
            worker = self._workers.get((namespace, name))
            if worker is None:
                raise FilterError(f"there is no library {name}")
            if "deliver" not in worker.functions:
                raise FilterError(f"the library {name} has no function deliver")
        assert names
        self._numbers += 1
        connection = Connection(self._numbers, namespace, names, lambda request: self._tell(connection, request))
        self._connections[connection.number] = connection
        return connection

    def check(self, clients: Mapping[bytes, Attributes], already: int) -> int:
        """How many bytes they are. Raises FilterError when a connection that has so many can not have these."""
        if already + len(clients) > MAX_CLIENTS:
            raise FilterError(f"a connection has at most {MAX_CLIENTS} clients")
        return sum(len(name) + len(frames.attributes(values)) for name, values in clients.items())

    def disconnect(self, connection: Connection) -> None:
        """Its clients go with it."""
        del self._connections[connection.number]
        self._tell(connection, frames.gone(connection.number))

    async def deliver(self, connection: Connection, messages: Sequence[Message]) -> list[bytes]:
        """For each a bitmap of the connection's slots. What is too large to be judged goes to nobody."""
        encoded = [frames.message(message) for message in messages]
        workers = [self._workers.get((connection.namespace, name)) for name in connection.libraries]
        slots = connection.slots
        connection.asks()
        try:
            asked = [await judging.ask_deliver(worker, connection.number, slots, encoded) for worker in workers]
            said = [await judging.delivered(answers, slots, encoded) for answers in asked]
        finally:
            connection.hears()
        return said[0] if len(said) == 1 else [judging.all_of(each) for each in zip(*said, strict=True)]

    async def ready(self) -> None:
        """Return when a library that loses its process would have another at once."""
        await self._nursery.ready()

    async def close(self) -> None:
        """End all processes. What was asked and not answered is no."""
        for worker in self._workers.values():
            await worker.close()
        await self._nursery.close()

    def _worker(self, namespace: str, name: str, source: bytes) -> Worker:
        worker: Worker

        def state() -> Iterator[bytes]:
            """Nothing until it is the one that is asked."""
            return self._state(worker) if self._workers.get((namespace, name)) is worker else iter(())

        worker = Worker(namespace, name, source, self._nursery, state)
        return worker

    def _state(self, worker: Worker) -> Iterator[bytes]:
        for connection in self._connections.values():
            if connection.namespace == worker.namespace and worker.name in connection.libraries:
                yield from connection.state()

    def _accepting(self, namespace: str) -> Iterator[Worker]:
        for (of, _), worker in self._workers.items():
            if of == namespace and "accept" in worker.functions:
                yield worker

    def _tell(self, connection: Connection, request: bytes) -> None:
        for name in connection.libraries:
            if worker := self._workers.get((connection.namespace, name)):
                worker.tell(request)
