"""The real API over a real store, asked as a client asks: through its front door."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher

from derailed.actions.context import Context
from derailed.actions.passwords import Passwords
from derailed.actions.sweeper import Sweeper
from derailed.actions.verbs import Verbs
from derailed.actions.visitors import STAYS_MS, Visitors
from derailed.api import app
from derailed.blobs import Blobs
from derailed.blobs.folder import FolderBlobs
from derailed.model.snowflakes import EPOCH_MS, Snowflakes
from derailed.presence.local import LocalPresences
from derailed.store import OutboxRow, Store
from derailed.wire import records
from derailed.wire.records import Record
from tests import databases
from tests.api import documented

PASSWORD = "correct horse"


class Ear:
    """A bus that remembers what is ephemeral; nothing else goes to it."""

    def __init__(self) -> None:
        self.heard: list[Record] = []

    async def publish(self, topic: str, payload: bytes) -> None:
        """Hear it."""
        self.heard.append(records.decode(payload))


class Person:
    """Somebody with a token."""

    def __init__(self, door: Door, token: str, account: dict[str, Any]) -> None:
        self.door = door
        self.token = token
        self.id: str = account["id"]
        self.account = account

    async def ask(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """Send a request."""
        return await self.door.ask(method, path, body, token=self.token, **more)

    async def get(self, path: str) -> Any:
        """What is there; it must be."""
        return _good(await self.ask("GET", path))

    async def do(self, method: str, path: str, body: Any = None) -> Any:
        """What comes of it; it must go well."""
        return _good(await self.ask(method, path, body))

    async def guild(self, name: str = "station") -> dict[str, Any]:
        """A guild of one's own."""
        made: dict[str, Any] = await self.do("POST", "/guilds", {"name": name})
        return made

    async def invite(self, guild: dict[str, Any], **terms: Any) -> str:
        """A code for it."""
        channel = guild["system_channel_id"]
        code: str = (await self.do("POST", f"/channels/{channel}/invites", terms))["code"]
        return code

    async def join(self, code: str) -> None:
        """Come in."""
        await self.do("POST", f"/invites/{code}")


class Door:
    """The API, the time, and every record that was put into the outbox."""

    def __init__(self, store: Store, blobs: Blobs, registration: str) -> None:
        self.now_ms = EPOCH_MS + 300_000_000_000
        self.store = store
        self.records: list[tuple[str, Record]] = []
        self.bus = Ear()
        store.committed = self._keep
        self.presences = LocalPresences(lambda: self.now_ms)
        secret = b"secret" * 6
        self.context = Context(
            store, self.bus, Snowflakes(0), lambda: self.now_ms, blobs, secret, presences=self.presences
        )
        self.passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        self.verbs = Verbs.of(self.context, self.passwords, registration)
        transport = httpx.ASGITransport(served(app.create(self.verbs)), raise_app_exceptions=True)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://chat.example")

    async def ask(self, method: str, path: str, body: Any = None, *, token: str = "", **more: Any) -> httpx.Response:
        """Send a request to /api/v10, or wherever a path that begins with /api leads."""
        if body is not None:
            more["json"] = body
        if token:
            more.setdefault("headers", {})["authorization"] = token
        url = path if path.startswith("/api") else f"/api/v10{path}"
        answer = await self.client.request(method, url, **more)
        await self.verbs.tokens.note()
        documented.check(method, answer.request.url.path, answer)
        return answer

    async def register(self, username: str, **more: Any) -> Person:
        """A new account."""
        body = {"username": username, "password": PASSWORD, **more}
        token = _good(await self.ask("POST", "/auth/register", body))["token"]
        return Person(self, token, _good(await self.ask("GET", "/users/@me", token=token)))

    async def bot(self, owner: Person, name: str = "helper") -> Person:
        """A bot of that person's."""
        made = await owner.do("POST", "/applications", {"name": name})
        token = (await owner.do("POST", f"/applications/{made['id']}/bot/reset"))["token"]
        return Person(self, f"Bot {token}", made["bot"])

    def told(self, since: int = 0) -> list[str]:
        """The names of the records, in the order of the outbox."""
        return [record.event for _, record in self.records[since:]]

    def assert_dense(self) -> None:
        """Every rev of every topic has exactly one record, in order, since the door was opened."""
        revs: dict[str, list[int]] = {}
        for topic, record in self.records:
            revs.setdefault(topic, []).append(record.rev)
        for topic, seen in revs.items():
            assert seen == list(range(seen[0], seen[0] + len(seen))), topic

    def _keep(self, rows: Sequence[OutboxRow]) -> None:
        self.records += [(row.topic, records.decode(row.payload)) for row in rows]


def served(api: app.Api) -> app.Application:
    """The API as a connection asks it: at once, when a request has come whole."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        first = await receive()
        body = first["body"]
        if len(body) == int(dict(scope["headers"]).get(b"content-length", 0)):
            steps = api.at_once(scope, body)
            if steps is not None:
                status, headers, reply = await steps
                await send({"type": "http.response.start", "status": status, "headers": headers})
                await send({"type": "http.response.body", "body": reply})
                return
        events = iter([first])

        async def again() -> Any:
            return next(events, None) or await receive()

        await api(scope, again, send)

    return answer


def _good(response: httpx.Response) -> Any:
    assert response.is_success, (response.request.url, response.status_code, response.text)
    if response.status_code == 204:
        assert response.content == b""
        return None
    assert response.headers["content-type"] == "application/json"
    return response.json()


@contextlib.asynccontextmanager
async def opened(folder: Path, registration: str = "open") -> AsyncIterator[Door]:
    """A door to an empty house."""
    store = await databases.open_store(folder, lambda: 0)
    door = Door(store, FolderBlobs(folder / "blobs"), registration)
    try:
        async with door.client:
            yield door
    finally:
        await door.presences.close()
        await door.store.close()
        door.passwords.close()


async def swept(door: Door) -> None:
    """Let the sweeper finish what has been begun."""
    sweeper = Sweeper(door.context)
    while await sweeper.sweep():
        pass


async def departed(door: Door) -> None:
    """Let visitors leave, who have been offline for long enough then."""
    visitors = Visitors(door.context, door.presences)
    for _ in range(2):
        await visitors.look()
        door.now_ms += STAYS_MS


def visit(folder: Path, story: Callable[[Door], Awaitable[None]], registration: str = "open") -> None:
    """Run the story behind an own door, then see that its revs are dense."""

    async def run() -> None:
        async with opened(folder, registration) as door:
            await story(door)
            door.assert_dense()

    asyncio.run(run())
