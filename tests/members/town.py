"""A guild on a real store, bus and presences, that the tests of members change as verbs do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from derailed.actions.changes import Changes, change
from derailed.actions.context import Context
from derailed.actions.publisher import Publisher
from derailed.blobs.folder import FolderBlobs
from derailed.broker.log import Log
from derailed.bus.embedded import EmbeddedBus
from derailed.members import Chunk, Link, ListLost, ListUpdate, MemberChanged, Query
from derailed.model import permissions
from derailed.model.guild import Channel, Guild, Member, Overwrite, Role
from derailed.model.snowflakes import Snowflakes
from derailed.model.user import User
from derailed.presence import Announced
from derailed.presence.local import LocalPresences
from derailed.store import Connection, Store, channels, guilds, members, roles, users
from tests.databases import open_sqlite
from tests.members.client import Client

GUILD, OTHER = 1 << 60, (1 << 60) + 1
OPEN, STAFF = GUILD + 10, GUILD + 11
LEADERS: Final = GUILD + 20
FIRST: Final = GUILD + 1000
"""The first member, who owns the guild; the others follow."""
NOW: Final = 1_700_000_000_000


class Town:
    """The parts, and what people do."""

    def __init__(self, folder: Path, store: Store | None = None) -> None:
        """On that store, or on one in the folder."""
        self.store = store or open_sqlite(folder / "store.db", lambda: NOW)
        self.bus = EmbeddedBus(Log(folder / "log", clock=lambda: NOW, boot_id="boot"))
        self.presences = LocalPresences()
        self.publisher = Publisher(self.store, self.bus, lambda: NOW)
        self.store.committed = self.publisher.take
        nowhere = FolderBlobs(folder)
        self.context = Context(self.store, self.bus, Snowflakes(0), lambda: NOW, nowhere, b"")
        self._here = self.presences.link("somewhere")

    async def found(self, count: int) -> None:
        """Make a guild of so many members, and another without any but its owner."""
        deny = Overwrite(GUILD, 0, 0, permissions.VIEW_CHANNEL)

        async def work(tx: Connection) -> None:
            for guild_id in (GUILD, OTHER):
                owned = Guild(id=guild_id, rev=0, name="g", owner_id=FIRST, roles={}, channels={})
                everyone = Role(id=guild_id, name="@everyone", permissions=permissions.EVERYONE_DEFAULT, position=0)
                await guilds.insert(tx, owned)
                await roles.insert(tx, guild_id, everyone)
            await roles.insert(tx, GUILD, Role(id=LEADERS, name="leaders", permissions=0, position=1, hoist=True))
            await channels.insert(tx, Channel(id=OPEN, guild_id=GUILD, type=0, name="open"))
            await channels.insert(tx, Channel(id=STAFF, guild_id=GUILD, type=0, name="staff", overwrites=(deny,)))
            for number in range(count):
                await users.insert(tx, user(number), None)
                await members.insert(tx, Member(guild_id=GUILD, user_id=FIRST + number, joined_at=NOW))
            await members.insert(tx, Member(guild_id=OTHER, user_id=FIRST, joined_at=NOW))

        await self.store.write(work)

    async def joins(self, number: int, nick: str | None = None) -> None:
        """Somebody new comes in."""
        member = Member(guild_id=GUILD, user_id=FIRST + number, joined_at=NOW, nick=nick)

        async def work(changes: Changes) -> None:
            await users.insert(changes.tx, user(number), None)
            await members.insert(changes.tx, member)
            await changes.member("GUILD_MEMBER_ADD", member, user(number))

        await self.do(work)

    async def becomes(self, number: int, **what: Any) -> None:
        """A member is changed."""

        async def work(changes: Changes) -> None:
            pair = await members.get(changes.tx, GUILD, FIRST + number)
            assert pair is not None
            member = msgspec.structs.replace(pair[0], **what)
            await members.update(changes.tx, member)
            await changes.member("GUILD_MEMBER_UPDATE", member, pair[1])

        await self.do(work)

    async def leaves(self, number: int) -> None:
        """A member goes."""

        async def work(changes: Changes) -> None:
            await members.delete(changes.tx, GUILD, FIRST + number)
            await changes.member_remove(GUILD, user(number))

        await self.do(work)

    async def allows(self, *overwrites: Overwrite) -> None:
        """The staff's channel has these overwrites now."""
        channel = Channel(id=STAFF, guild_id=GUILD, type=0, name="staff", overwrites=overwrites)

        async def work(changes: Changes) -> None:
            await channels.update(changes.tx, channel)
            await changes.channel("CHANNEL_UPDATE", channel)

        await self.do(work)

    async def deletes_role(self) -> None:
        """There are no leaders any more."""

        async def work(changes: Changes) -> None:
            await roles.delete(changes.tx, LEADERS)
            await changes.role_delete(GUILD, LEADERS)

        await self.do(work)

    async def ends(self) -> None:
        """The guild is no more."""

        async def work(changes: Changes) -> None:
            await guilds.delete(changes.tx, GUILD)
            await changes.guild_delete(GUILD)

        await self.do(work)

    async def do(self, work: Callable[[Changes], Any]) -> None:
        """Have it done, and told."""
        await change(self.context, work)
        await self.publisher.drained()

    def online(self, *numbers: int) -> None:
        """These are here now."""
        for number in numbers:
            session_id = number.to_bytes(8)
            self._here.up(Announced(session_id, FIRST + number, claim=1, guild_ids=(GUILD,), client="web"))

    def offline(self, *numbers: int) -> None:
        """These are gone."""
        for number in numbers:
            self._here.gone(number.to_bytes(8))


def user(number: int) -> User:
    """The account of somebody."""
    return User(id=FIRST + number, username=f"user{number:05}")


@asynccontextmanager
async def town(folder: Path, count: int = 5, store: Store | None = None) -> AsyncIterator[Town]:
    """A town of so many people."""
    place = Town(folder, store)
    publishing = asyncio.create_task(place.publisher.run())
    try:
        await place.found(count)
        yield place
    finally:
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)
        await place.presences.close()
        await place.bus.close()
        await place.store.close()


class Node:
    """Reads a link, and shows what its clients see."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.screens: dict[int, Client] = {}
        self.lost: list[int] = []
        self.changes: list[MemberChanged] = []
        self._read = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    def follow(self, number: int, channel_id: int, *ranges: tuple[int, int]) -> Client:
        """Show a list."""
        screen = self.screens[number] = Client(ranges)
        self.link.follow(number, GUILD, channel_id, ranges)
        return screen

    async def until(self, true: Callable[[], bool]) -> None:
        """Read until this holds."""
        while not true():
            self._read.clear()
            await self._read.wait()

    async def close(self) -> None:
        """The node ends."""
        await self.link.close()
        await self._task

    async def _run(self) -> None:
        while signals := await self.link.read():
            for signal in signals:
                if isinstance(signal, ListUpdate):
                    self.screens[signal.subscription].read(signal.data)
                elif isinstance(signal, ListLost):
                    self.lost.append(signal.subscription)
                else:
                    self.changes.append(signal)
            self._read.set()


async def found(link: Link, query: Query, guild_id: int = GUILD) -> tuple[list[int], list[Chunk]]:
    """The numbers of the members found, ascending, and the chunks they came in."""
    chunks = [chunk async for chunk in link.find(guild_id, query)]
    assert [chunk.index for chunk in chunks] == list(range(len(chunks)))
    assert {chunk.count for chunk in chunks} == {len(chunks)}
    listed = [member for chunk in chunks for member in msgspec.json.decode(chunk.members)]
    return sorted(int(member["user"]["id"]) - FIRST for member in listed), chunks


def names(screen: Client) -> Sequence[str | None]:
    """What a screen shows: groups, and the numbers of members."""
    return [row and (str(int(row.split()[0]) - FIRST) if " " in row else row) for row in screen.shown()]
