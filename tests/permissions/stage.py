"""The real API over a real store, on which every request is rehearsed: it is answered, and then has never been.

So thousands of requests meet the same world, each as if it were the first.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from argon2 import PasswordHasher

from derailed.actions import files
from derailed.actions.context import Context
from derailed.actions.indexing import Indexing
from derailed.actions.passwords import Passwords
from derailed.actions.verbs import Verbs
from derailed.api import app
from derailed.blobs.folder import FolderBlobs
from derailed.model.snowflakes import EPOCH_MS, Snowflakes
from derailed.store import Connection, OutboxRow, Store, T, Work
from derailed.wire import records
from derailed.wire.records import Record
from tests import databases
from tests.api.door import Ear
from tests.permissions import founding, worlds
from tests.permissions.worlds import World

_HOUR_MS: Final = 3_600_000
_FIRST_ID: Final = 60_000_000_000 << 22
"""Of the worlds: well before the stage's clock, and within the two weeks of which messages are deleted at once."""


class _Rehearsed(Exception):
    """What a verb would have answered, had it been meant."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer


class _Listening:
    """A transaction of which what is emitted is heard."""

    def __init__(self, tx: Connection, heard: list[Record]) -> None:
        self._tx = tx
        self._heard = heard

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    def emit(self, topic: str, rev: int, payload: bytes) -> Awaitable[None]:
        """Put it into the outbox, and remember it."""
        self._heard.append(records.decode(payload))
        return self._tx.emit(topic, rev, payload)


class Rehearsal:
    """A store that undoes whatever is written, once the verb has had its answer."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.heard: list[Record] = []
        self.committed: Callable[[Sequence[OutboxRow]], None] = store.committed
        self.rolled_back: Callable[[], None] = store.rolled_back

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def write(self, work: Work[T], topic: str = "") -> T:
        """Let it be written, and undo it; but for files, which are put before the verb that then refers to them."""
        if work.__module__ == files.__name__:
            return await self._store.write(work, topic)

        async def rehearse(tx: Connection) -> T:
            heard: list[Record] = []
            listening: Any = _Listening(tx, heard)
            answer = await work(listening)
            self.heard += heard
            raise _Rehearsed(answer)

        try:
            return await self._store.write(rehearse, topic)
        except _Rehearsed as over:
            answer: T = over.answer
            return answer


class Reply(NamedTuple):
    """A whole answer."""

    status: int
    body: bytes

    @property
    def code(self) -> int | None:
        """The error's code; None when there is no error."""
        return None if self.status < 300 else int(msgspec.json.decode(self.body)["code"])

    def json(self) -> Any:
        """What it says."""
        return msgspec.json.decode(self.body)


class Stage:
    """Makes worlds, and asks in them."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._ids = itertools.count(_FIRST_ID)
        self.now_ms = EPOCH_MS + (_FIRST_ID >> 22) + _HOUR_MS
        self.bus = Ear()
        self.rehearsal = Rehearsal(store)
        kept: Any = self.rehearsal
        clock, blobs = (lambda: self.now_ms), FolderBlobs(folder / "blobs")
        context = Context(kept, self.bus, Snowflakes(0), clock, blobs, b"secret" * 6)
        self._indexing = Indexing(Context(store, self.bus, Snowflakes(1), clock, blobs, b""))
        self.passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        self.verbs = Verbs.of(context, self.passwords, "open")
        self.application = app.create(self.verbs)

    async def world(self, seed: int) -> World:
        """The world of this seed, which is there now."""
        world = worlds.make(seed, self._ids)
        await self._store.write(lambda tx: founding.found(tx, world, self.now_ms))
        if seed % 2:  # of the others nothing is indexed yet
            await self._indexing.finish()
        return world

    def next_id(self) -> int:
        """An id for something more in a world."""
        return next(self._ids)

    async def write(self, work: Work[None]) -> None:
        """Put something more into it."""
        await self._store.write(work)

    async def ask(self, method: str, path: str, token: str, body: Any = None) -> Reply:
        """Ask, as a request that came over a socket would; the records of what it did are in `heard`."""
        self.rehearsal.heard.clear()
        self.bus.heard.clear()
        sent = b"" if body is None else msgspec.json.encode(body)
        address, _, query = path.partition("?")
        headers = [(b"host", b"chat.example"), (b"content-type", b"application/json")]
        if token:
            headers.append((b"authorization", token.encode()))
        return await self.exchange(method, f"/api/v10{address}", query, headers, sent)

    async def exchange(
        self, method: str, path: str, query: str, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> Reply:
        """One request as a server hands it over."""
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [*headers, (b"content-length", b"%d" % len(body))],
            "server": ("chat.example", 80),
            "client": ("127.0.0.1", 1),
            "root_path": "",
        }
        waiting = [{"type": "http.request", "body": body, "more_body": False}]
        status, said = 0, b""

        async def receive() -> MutableMapping[str, Any]:
            return waiting.pop() if waiting else await asyncio.Future()

        async def send(event: MutableMapping[str, Any]) -> None:
            nonlocal status, said
            status = event.get("status", status)
            said += event.get("body", b"")

        await self.application(scope, receive, send)
        return Reply(status, said)


@contextlib.asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Stage]:
    """An empty stage."""
    store = await databases.open_store(folder, lambda: 0)
    stage = Stage(store, folder)
    try:
        yield stage
    finally:
        stage.passwords.close()
        await store.close()
