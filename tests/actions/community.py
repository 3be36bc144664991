"""A small community on a real store, for tests of verbs: one guild, three people, two channels."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from derailed.actions.context import Context
from derailed.actions.faces import Faces
from derailed.actions.messages import Messages
from derailed.actions.reactions import Reactions
from derailed.blobs.folder import FolderBlobs
from derailed.model import permissions
from derailed.model.errors import Invalid
from derailed.model.guild import Channel, Guild, Member, Overwrite, Role
from derailed.model.snowflakes import EPOCH_MS, Snowflakes
from derailed.model.user import Actor, User
from derailed.store import Connection, Store, channels, guilds, members, roles, topics, users
from derailed.store.topics import Change
from derailed.wire import records
from derailed.wire.messages import EditMessage, PageQuery, SendMessage
from derailed.wire.records import Record, guild_topic
from derailed.wire.requests import decoder
from tests import databases

GUILD = 10_000_000_000_000_001
OWNER, ANNA, BEN, STRANGER = (10_000_000_000_000_000 + n for n in (11, 12, 13, 14))
GENERAL, STAFF, CATEGORY = (10_000_000_000_000_000 + n for n in (21, 22, 23))
HELPERS, QUIET = (10_000_000_000_000_000 + n for n in (31, 32))
NAMES = {OWNER: "olga", ANNA: "anna", BEN: "ben", STRANGER: "sam"}

_send = decoder(SendMessage).decode
_edit = decoder(EditMessage).decode


class HearingBus:
    """Hears what is ephemeral; the rest of a bus is not needed to see what verbs do."""

    def __init__(self) -> None:
        self.heard: list[Record] = []

    async def publish(self, topic: str, payload: bytes) -> None:
        record = records.decode(payload)
        assert topic == guild_topic(record.guild)
        self.heard.append(record)


class Community:
    """The verbs, and what they told."""

    def __init__(self, store: Store) -> None:
        self.now_ms = EPOCH_MS + 86_400_000 * 3650
        self.store = store
        self.bus = HearingBus()
        self.told: list[Record] = []
        nowhere = FolderBlobs(Path("no files"))
        context = Context(store, self.bus, Snowflakes(0), lambda: self.now_ms, nowhere, b"")
        faces = Faces()
        self.context = context
        self.messages = Messages(context, faces)
        self.reactions = Reactions(context, faces)
        store.committed = lambda rows: self.told.extend(records.decode(row.payload) for row in rows)

    async def send(self, user_id: int, content: str = "hello", channel_id: int = GENERAL, **more: Any) -> Any:
        """Send what a client would, and decode what it would get."""
        draft = _send(msgspec.json.encode({"content": content, **more}))
        return msgspec.json.decode(await self.messages.send(actor(user_id), channel_id, draft))

    async def edit(self, user_id: int, message_id: int | str, **change: Any) -> Any:
        """Edit a message in general."""
        asked = _edit(msgspec.json.encode(change))
        return msgspec.json.decode(await self.messages.edit(actor(user_id), GENERAL, int(message_id), asked))

    async def get(self, user_id: int, message_id: int | str) -> Any:
        """Read one message in general."""
        return msgspec.json.decode(await self.messages.get(actor(user_id), GENERAL, int(message_id)))

    async def page(self, user_id: int, channel_id: int = GENERAL, **where: int) -> Any:
        """Read history."""
        return msgspec.json.decode(await self.messages.page(actor(user_id), channel_id, PageQuery(**where)))

    async def change(self, work: Callable[[Connection], Awaitable[None]]) -> None:
        """Change the guild's shape or members behind the verbs' back, with the revs that it takes."""

        async def lifted(tx: Connection) -> None:
            rev = (await topics.lift(tx, guild_topic(GUILD))).rev
            await work(tx)
            await topics.mark(tx, guild_topic(GUILD), Change.SHAPE | Change.MEMBERS)
            record = Record(event="GUILD_UPDATE", rev=rev, guild=GUILD)
            await tx.emit(guild_topic(GUILD), rev, records.encode(record))

        await self.store.write(lifted)

    async def overwrite(self, channel: Channel, *overwrites: Overwrite) -> None:
        """Put these overwrites on the channel."""
        changed = msgspec.structs.replace(channel, overwrites=overwrites)
        await self.change(lambda tx: channels.update(tx, changed))

    def events(self, since: int = 0) -> list[str]:
        """The names of what was told."""
        return [record.event for record in self.told[since:]]


def actor(user_id: int) -> Actor:
    """On behalf of this user."""
    return Actor(user_id, 1, False)


def general(**change: Any) -> Channel:
    """The channel that everyone may use."""
    return Channel(id=GENERAL, guild_id=GUILD, type=0, name="general", **change)


def deny(target_id: int, bits: int, kind: int = 0) -> Overwrite:
    """An overwrite that denies."""
    return Overwrite(target_id, kind, 0, bits)


def allow(target_id: int, bits: int, kind: int = 0) -> Overwrite:
    """An overwrite that allows."""
    return Overwrite(target_id, kind, bits, 0)


def field_of(refused: pytest.ExceptionInfo[Invalid]) -> tuple[str, ...]:
    """The field that a form error names."""
    assert refused.value.reason == "invalid_form"
    return refused.value.fields[0].path


def live(folder: Path, story: Callable[[Community], Awaitable[None]]) -> None:
    """Run the story in a community of its own, then see that its revs are dense."""

    async def run() -> None:
        store = await databases.open_store(folder, lambda: 0)
        community = Community(store)
        await community.change(_found)
        try:
            await story(community)
        finally:
            await store.close()
        revs = [record.rev for record in community.told]
        assert revs == list(range(1, len(revs) + 1))

    asyncio.run(run())


async def _found(tx: Connection) -> None:
    everyone = permissions.EVERYONE_DEFAULT & ~permissions.MENTION_EVERYONE
    for user_id, name in NAMES.items():
        await users.insert(tx, User(id=user_id, username=name), None)
    await guilds.insert(tx, Guild(id=GUILD, rev=0, name="g", owner_id=OWNER, roles={}, channels={}))
    await roles.insert(tx, GUILD, Role(id=GUILD, name="@everyone", permissions=everyone, position=0))
    await roles.insert(tx, GUILD, Role(id=HELPERS, name="helpers", permissions=0, position=1, mentionable=True))
    await roles.insert(tx, GUILD, Role(id=QUIET, name="quiet", permissions=0, position=2))
    hidden = (deny(GUILD, permissions.VIEW_CHANNEL),)
    for channel in (
        general(),
        Channel(id=STAFF, guild_id=GUILD, type=0, name="staff", overwrites=hidden),
        Channel(id=CATEGORY, guild_id=GUILD, type=4, name="talk"),
    ):
        await channels.insert(tx, channel)
    for user_id in (OWNER, ANNA, BEN):
        await members.insert(tx, Member(guild_id=GUILD, user_id=user_id, joined_at=1_700_000_000_000))
