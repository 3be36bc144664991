"""Who is in a schedule, and where: a database that is made once, and copied for each schedule."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from argon2 import PasswordHasher

from derailed.actions.context import Context
from derailed.actions.passwords import Passwords
from derailed.actions.verbs import Verbs
from derailed.blobs.folder import FolderBlobs
from derailed.model import permissions
from derailed.model.snowflakes import EPOCH_MS, Snowflakes
from derailed.model.user import Actor, User
from derailed.store import Connection, users
from derailed.store.sqlite import SqliteStore
from derailed.wire.requests import (
    Authorize,
    Bits,
    CreateApplication,
    CreateChannel,
    CreateGuild,
    CreateInvite,
    EditRole,
    OverwriteEntry,
    Snowflake,
)

BEGINNING_MS = EPOCH_MS + 86_400_000 * 3650
OLGA, ANN, TIM = (10_000_000_000_000_000 + n for n in (100, 200, 300))
_TOKENS = 6
"""For each account: to have another when one is revoked."""


@dataclass(frozen=True)
class Token:
    """One login."""

    id: int
    text: str


@dataclass(frozen=True)
class Cast:
    """What a schedule begins with: two guilds of Olga's, in which Ann and the bot are and Tim is not."""

    guilds: tuple[int, int]
    mods: tuple[int, int]
    """Of each guild, the role that sees #staff."""
    invites: tuple[str, str]
    bot: int
    tokens: dict[int, tuple[Token, ...]]


@functools.cache
def passwords() -> Passwords:
    """As cheap as passwords can be: nobody logs in here."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@functools.cache
def template() -> tuple[Cast, bytes]:
    """The cast and the database's file. Nothing in it waits to be published."""
    with folder() as place:
        cast = asyncio.run(_found(place / "template"))
        return cast, (place / "template").read_bytes()


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A folder that is gone afterwards; in memory where the system has such."""
    memory = Path("/dev/shm")
    place = Path(tempfile.mkdtemp(prefix="derailed-", dir=memory if memory.is_dir() else None))
    try:
        yield place
    finally:
        shutil.rmtree(place)


async def _found(path: Path) -> Cast:
    store = SqliteStore.open(path, lambda: BEGINNING_MS)
    context = Context(store, _Nobody(), Snowflakes(0), lambda: BEGINNING_MS, FolderBlobs(path), b"")
    verbs = Verbs.of(context, passwords(), "open")
    await store.write(_register)
    bot = (await verbs.applications.create(_actor(OLGA), CreateApplication(name="rob"))).application.id
    made = [await _guild(verbs, name, bot) for name in ("garden", "harbour")]
    tokens = {user_id: await _log_in(store, verbs, user_id) for user_id in (OLGA, ANN, TIM, bot)}
    await store.forget([row.id for row in await store.outbox(0, 1000)])
    await store.close()
    return Cast(
        guilds=(made[0][0], made[1][0]),
        mods=(made[0][1], made[1][1]),
        invites=(made[0][2], made[1][2]),
        bot=bot,
        tokens=tokens,
    )


async def _guild(verbs: Verbs, name: str, bot: int) -> tuple[int, int, str]:
    olga, view = _actor(OLGA), Bits(permissions.VIEW_CHANNEL)
    guild = await verbs.guilds.create(olga, CreateGuild(name=name))
    mods = await verbs.roles.create(olga, guild.id, EditRole(name="mods", permissions=Bits(0)))
    hidden = OverwriteEntry(id=Snowflake(guild.id), type=0, deny=view)
    shown = OverwriteEntry(id=Snowflake(mods.id), type=0, allow=view)
    await verbs.channels.create(olga, guild.id, CreateChannel(name="staff", permission_overwrites=[hidden, shown]))
    (general,) = guild.channels
    invite = await verbs.invites.create(olga, general, CreateInvite(max_age=0))
    await verbs.invites.accept(_actor(ANN), invite.invite.code)
    await verbs.applications.authorize(olga, bot, 0, Authorize(guild_id=Snowflake(guild.id)))
    return guild.id, mods.id, invite.invite.code


async def _register(tx: Connection) -> None:
    for user_id, name in ((OLGA, "olga"), (ANN, "ann"), (TIM, "tim")):
        await users.insert(tx, User(id=user_id, username=name), None)


async def _log_in(store: SqliteStore, verbs: Verbs, user_id: int) -> tuple[Token, ...]:
    async def issue(tx: Connection) -> tuple[Token, ...]:
        ids = [user_id + each for each in range(_TOKENS)]
        return tuple([Token(each, await verbs.tokens.issue(tx, each, user_id)) for each in ids])

    return await store.write(issue)


def _actor(user_id: int) -> Actor:
    return Actor(user_id, 1, False)


class _Nobody:
    async def publish(self, topic: str, payload: bytes) -> None:
        """Nobody hears."""
