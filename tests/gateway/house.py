"""A guild with a Gateway of one or more nodes in this process: the real parts, but for sockets and HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from msgspec import structs

from derailed import presence
from derailed.actions.changes import Changes
from derailed.actions.relationships import Relationships
from derailed.actions.sessions import Sessions
from derailed.actions.tokens import Tokens
from derailed.actions.user_settings import Settings
from derailed.gateway.frames import Frame
from derailed.gateway.recipient import Encoding, Recipient
from derailed.gateway.service import Service
from derailed.gateway.session import AskMembers, Begin, Continue, FollowLists
from derailed.members import Link
from derailed.members.local import LocalMembers
from derailed.model.guild import Channel, Member
from derailed.model.user import Actor
from derailed.presence import Client
from derailed.store import Store, channels, members, users
from derailed.wire.gateway import ALL_INTENTS, Close
from derailed.wire.presences import SentPresence
from derailed.wire.requests import decode_hook
from derailed.wire.user_settings import EditSettings
from tests.members.town import FIRST, GUILD, NOW, Town, town, user

SECRET = b"the secret of every node"
PATIENCE_S = 20


class Screen:
    """A session's far end, which is also its sink here."""

    gateway_url = "ws://nowhere/gateway"
    encoding = Encoding.PLAIN

    def __init__(self, node: Service) -> None:
        self.node = node
        self.open = True
        self.forsaken = b""
        self.seen: list[Any] = []
        self.refused = 0
        self.code: Close | None = None
        self.recipient: Recipient | None = None
        self.session_id = ""
        self.sequence = 0
        self._news = asyncio.Event()

    # --- Sink

    def write(self, data: bytes) -> None:
        """Wire bytes of unmasked text frames, one or several."""
        while data:
            bare = {126: 2, 127: 8}.get(data[1], 0)
            size = int.from_bytes(data[2 : 2 + bare]) if bare else data[1]
            payload, data = data[2 + bare :][:size], data[2 + bare + size :]
            self._take(payload)

    def send(self, frame: Frame) -> None:
        """A frame."""
        self._take(frame.payload)

    def live(self) -> None:
        """The session is live."""

    def refuse(self) -> None:
        """Op 9."""
        self.refused += 1
        if self.recipient is not None:
            self.forsaken = self.recipient.id.nonce
        self.recipient = None
        self._news.set()

    def hang_up(self, code: Close, reason: str) -> None:
        """Closed by the server."""
        self.open, self.code = False, code
        self._news.set()

    async def drained(self) -> None:
        """It always is."""

    def _take(self, payload: bytes) -> None:
        if not self.open:
            return
        frame = msgspec.json.decode(payload)
        assert frame["s"] >= self.sequence, "s never goes back"
        self.sequence = frame["s"]
        if frame["t"] == "READY":
            self.session_id = frame["d"]["session_id"]
        self.seen.append((frame["t"], frame["d"]))
        self._news.set()

    # --- what a test does with it

    async def identify(self, token: str, *, intents: int = ALL_INTENTS, client: Client = "web", **shows: Any) -> None:
        """Come in; returns when READY, and all that belongs to it, is there."""
        asked = Begin(token, intents, 50, None, client, msgspec.convert(shows, SentPresence))
        self.recipient = await self.node.arrivals.identify(asked, self)
        await self.true(lambda: bool(self.session_id) and self.sequence % 2 == 0)

    async def resume(self, token: str, other: Screen) -> None:
        """Go on where another left off; returns when that is taken, or refused."""
        asked = Continue(token, other.session_id, other.sequence)
        self.session_id = other.session_id
        self.recipient = await self.node.arrivals.resume(asked, self)
        await self.true(lambda: "RESUMED" in self.names() or bool(self.refused))

    def leave(self, *, gone: bool = False) -> None:
        """Hang up: for good, or as one who lost the connection."""
        self.open = False
        if self.recipient is not None:
            self.node.hub.registry.drop(self.recipient, gone=gone)

    def shows(self, status: str | None = None, *activities: dict[str, Any]) -> None:
        """Op 3."""
        assert self.recipient is not None
        sent = msgspec.convert({"status": status, "activities": list(activities)}, SentPresence)
        self.node.feeds.show(self.recipient, sent)

    def follow(self, *channels: tuple[int, tuple[tuple[int, int], ...]], guild_id: int = GUILD) -> None:
        """Op 14."""
        assert self.recipient is not None
        self.node.feeds.members.follow(FollowLists(guild_id, channels), self.recipient)

    async def ask(
        self, query: str | None, *user_ids: int, guild_id: int = GUILD, limit: int = 0, presences: bool = False
    ) -> list[Any]:
        """Op 8, and its chunks."""
        assert self.recipient is not None
        start = len(self.seen)
        asked = AskMembers(guild_id, query, user_ids, limit, "n", presences)
        await self.node.feeds.members.answer(asked, self.recipient, self)
        return [data for name, data in self.seen[start:] if name == "GUILD_MEMBERS_CHUNK"]

    def names(self) -> list[str]:
        """Of all dispatches so far."""
        return [name for name, _ in self.seen]

    def told(self, event: str) -> list[Any]:
        """The `d` of all such so far."""
        return [data for name, data in self.seen if name == event]

    def statuses(self, number: int, guild_id: int = GUILD) -> list[str]:
        """What it was told of somebody's status there, one after the other; 0: as a friend."""
        updates = [(each, int(each.get("guild_id", 0))) for each in self.told("PRESENCE_UPDATE")]
        return [
            each["status"] for each, where in updates if (int(each["user"]["id"]), where) == (FIRST + number, guild_id)
        ]

    async def true(self, what: Callable[[], bool]) -> None:
        """Wait until this holds."""
        async with asyncio.timeout(PATIENCE_S):
            while not what():
                self._news.clear()
                await self._news.wait()

    async def until(self, event: str, fits: Callable[[Any], bool] = lambda _: True) -> Any:
        """The first such event, now or later."""
        await self.true(lambda: any(fits(data) for data in self.told(event)))
        return next(data for data in self.told(event) if fits(data))


class House:
    """A town with nodes of a Gateway."""

    def __init__(self, place: Town, ends: AsyncExitStack) -> None:
        self.town = place
        self.tokens = Tokens(place.store, lambda: NOW)
        self._ends = ends
        self._members = LocalMembers(place.store, place.bus, place.presences, linger_s=0)
        ends.push_async_callback(self._members.close)
        self._logins = 0
        self._claims = NOW

    async def node(
        self,
        belonging: Link | None = None,
        over: Callable[[presence.Link], presence.Link] = lambda link: link,
        asks: type[Sessions] = Sessions,
    ) -> Service:
        """One more, with the members of this house or its own. `over` is put between it and the presences."""
        name = f"node {id(self)} {self._logins}"
        presences, belonging = over(self.town.presences.link(name)), belonging or self._members.link(name)
        sessions = asks(self.town.context, self.tokens)
        service = Service(self.town.bus, sessions, SECRET, presences, belonging, self._clock)
        running = asyncio.create_task(service.run())

        async def end() -> None:
            await service.close()
            await running

        self._ends.push_async_callback(end)
        return service

    def _clock(self) -> int:
        self._claims += 1
        return self._claims

    async def log_in(self, number: int) -> str:
        """A token of that member's."""
        self._logins += 1
        token_id = self._logins
        return await self.town.store.write(lambda tx: self.tokens.issue(tx, token_id, FIRST + number))

    async def joins(self, number: int, *, new: bool = False, bot: bool = False) -> None:
        """Somebody who has an account, or a new one, comes into the guild."""
        account = structs.replace(user(number), bot=bot)
        member = Member(guild_id=GUILD, user_id=account.id, joined_at=NOW)

        async def work(changes: Changes) -> None:
            if new:
                await users.insert(changes.tx, account, None)
            await members.insert(changes.tx, member)
            await changes.joined(account.id, GUILD, await changes.member("GUILD_MEMBER_ADD", member, account))

        await self.town.do(work)

    async def leaves(self, number: int) -> None:
        """A member goes, and is told."""
        account = user(number)

        async def work(changes: Changes) -> None:
            await members.delete(changes.tx, GUILD, account.id)
            await changes.left(account.id, GUILD, await changes.member_remove(GUILD, account))

        await self.town.do(work)

    async def befriends(self, number: int, other: int) -> None:
        """One asks, and the other accepts."""
        await self.relates(number, other, Relationships.ask)
        await self.relates(other, number, Relationships.ask)

    async def relates(self, number: int, other: int, verb: Callable[[Relationships, Actor, int], Any]) -> None:
        """One does something about the other, and both are told."""
        await verb(Relationships(self.town.context), Actor(FIRST + number, 0, bot=False), FIRST + other)
        await self.town.publisher.drained()

    async def sets(self, number: int, **what: Any) -> None:
        """Somebody changes their settings, and is told."""
        body = msgspec.convert(what, EditSettings, dec_hook=decode_hook)
        await Settings(self.town.context).edit(Actor(FIRST + number, 0, bot=False), body)
        await self.town.publisher.drained()

    async def moves_in(self, number: int) -> None:
        """An account that belongs to no guild."""
        await self.town.store.write(lambda tx: users.insert(tx, user(number), None))

    async def adds_channels(self, count: int) -> None:
        """So many more that everyone sees."""

        async def work(changes: Changes) -> None:
            for number in range(count):
                channel = Channel(id=GUILD + 100 + number, guild_id=GUILD, type=0, name=f"platform-{number}")
                await channels.insert(changes.tx, channel)
                await changes.channel("CHANNEL_CREATE", channel)

        await self.town.do(work)

    async def enter(self, node: Service, number: int, **how: Any) -> Screen:
        """A session of that member's."""
        screen = Screen(node)
        await screen.identify(await self.log_in(number), **how)
        return screen


@asynccontextmanager
async def house(folder: Path, count: int = 5, store: Store | None = None) -> AsyncIterator[House]:
    """A house in a town of so many people."""
    async with town(folder, count, store) as place, AsyncExitStack() as ends:
        yield House(place, ends)


def live(folder: Path, story: Callable[[House], Coroutine[Any, Any, None]], count: int = 5) -> None:
    """Run the story in a house of its own."""

    async def run() -> None:
        async with house(folder, count) as place:
            await story(place)

    asyncio.run(run())
