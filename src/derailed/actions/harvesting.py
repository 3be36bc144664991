"""Harvesting: makes the archives that people have asked for, a page at a time, while everybody else is served.

An archive is a zip of JSON, written to a file that nobody sees until it is whole. Who dies over it leaves nothing: it
is begun again by whoever comes next.
"""

from __future__ import annotations

import asyncio
import tempfile
import zipfile
from collections.abc import AsyncIterator
from functools import partial
from typing import IO, Any, Final

import msgspec
import structlog

from derailed.actions import files
from derailed.actions.context import Context
from derailed.model import snowflakes
from derailed.model.errors import Refusal
from derailed.store import (
    Connection,
    blobs,
    guild_settings,
    guilds,
    harvests,
    lists,
    members,
    messages,
    notes,
    profiles,
    relationships,
    search,
    tokens,
    user_settings,
    users,
)
from derailed.store.harvests import Harvest
from derailed.store.search import Question
from derailed.wire import harvests as wire
from derailed.wire.rest import timestamp

_EVERY_S: Final = 2.0
_BREATH_S: Final = 0.02
_TAKEN_MS: Final = 10 * 60 * 1000
"""A process that makes one says so again long before."""
_IN_MEMORY: Final = 1 << 20

_encode: Final = msgspec.json.Encoder().encode
_log = structlog.stdlib.get_logger(__name__)


class Harvesting:
    """One per process; several do no harm."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def run(self) -> None:
        """Make what is asked for, for as long as the process lives."""
        while True:
            try:
                made = await self.step()
            except Refusal:
                made = False  # it can not be written or kept now; it is begun again when its time is over
            except OSError as error:
                made = False
                _log.error("an archive could not be made", exc_info=error)
            await asyncio.sleep(_BREATH_S if made else _EVERY_S)

    async def step(self) -> bool:
        """Make one archive, if one is asked for; whether there was one."""
        now_ms, store = self._context.clock(), self._context.store
        if await store.read(lambda tx: harvests.next_to_make(tx, now_ms)) is None:
            return False
        harvest = await store.write(lambda tx: harvests.take(tx, now_ms, now_ms + _TAKEN_MS))
        if harvest is None:
            return False
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                async for name, content in self._contents(harvest):
                    await asyncio.to_thread(archive.writestr, name, content)
            await self._keep(harvest, file)
        return True

    async def _keep(self, harvest: Harvest, file: IO[bytes]) -> None:
        file.seek(0)
        await files.put(self._context, {harvest.key: file})  # type: ignore[dict-item]  # it reads, and that is enough
        now_ms = self._context.clock()

        async def work(tx: Connection) -> None:
            kept = await harvests.finish(tx, harvest.id, now_ms)
            await blobs.doom(tx, [harvest.key], now_ms + wire.KEPT_MS if kept else 0)

        await self._context.store.write(work)

    async def _contents(self, harvest: Harvest) -> AsyncIterator[tuple[str, bytes]]:
        """The files of the archive."""
        about = await self._context.store.read(partial(_about, harvest.user_id))
        for name, value in about.items():
            yield f"{name}.json", value if isinstance(value, bytes) else _encode(value)
        number, held, count = 0, list[bytes](), 0
        async for page in self._messages(harvest):
            held += page
            count += len(page)
            if len(held) >= wire.MESSAGES_A_FILE:
                number += 1
                yield f"messages/{number:04d}.json", _array(held)
                held = []
            if count >= wire.MESSAGES:
                break
        if held:
            yield f"messages/{number + 1:04d}.json", _array(held)

    async def _hold(self, harvest: Harvest) -> None:
        until = self._context.clock() + _TAKEN_MS
        await self._context.store.write(lambda tx: harvests.hold(tx, harvest.id, until))

    async def _messages(self, harvest: Harvest) -> AsyncIterator[list[bytes]]:
        """What the account has written, the newest first: a page is what one list of ids holds."""
        below = snowflakes.MAX
        while True:
            asked = Question(every=((f"_a{harvest.user_id}",),), none=(), above=0, below=below)
            ids, page = await self._context.store.read_apart(partial(_page, asked))
            if not ids:
                return
            yield page
            below = ids[-1]
            await self._hold(harvest)
            await asyncio.sleep(_BREATH_S)


async def _page(asked: Question, tx: Connection) -> tuple[list[int], list[bytes]]:
    """Ids of the account's messages, and those of them that are still there, as JSON."""
    _, ids = await search.hits(tx, asked, lists.BULK, 0, lists.BULK)
    where = await search.channels_of(tx, ids)
    found: dict[int, bytes] = {}
    for channel_id in set(where.values()):
        of_channel = [each for each in ids if where.get(each) == channel_id]
        rows = await messages.many(tx, channel_id, of_channel)
        found |= {each.id: b"{" + each.body[1:] for each in rows.values()}
    return ids, [found[each] for each in ids if each in found]


async def _about(user_id: int, tx: Connection) -> dict[str, Any]:
    """All but what was said; each becomes a file."""
    known = await users.credentials(tx, user_id)
    assert known is not None  # accounts stay
    user, profile = known.user, await profiles.get(tx, user_id)
    account = {
        "id": str(user_id),
        "username": user.username,
        "global_name": user.global_name,
        "email": known.email,
        "avatar": user.avatar,
        "banner": user.banner,
        "bio": profile.bio,
        "pronouns": profile.pronouns,
        "accent_color": profile.accent_color,
        "created_at": timestamp(snowflakes.time_ms(user_id)),
    }
    logins = [
        {"os": each.client.os, "platform": each.client.platform, "used_at": timestamp(each.used_at)}
        for each in await tokens.of_user(tx, user_id)
    ]
    return {
        "account": account,
        "guild_settings": b"[%b]" % b",".join(await guild_settings.of_user(tx, user_id)),
        "guilds": [await _guild(tx, guild_id, user_id) for guild_id in await members.guilds_of(tx, user_id)],
        "logins": logins,
        "notes": {str(other): note for other, note in (await notes.of_user(tx, user_id)).items()},
        "relationships": [
            {"id": str(each.user.id), "username": each.user.username, "type": int(each.type), "nickname": each.nickname}
            for each in await relationships.of_user(tx, user_id)
        ],
        "settings": await user_settings.get(tx, user_id) or b"{}",
    }


async def _guild(tx: Connection, guild_id: int, user_id: int) -> dict[str, Any]:
    member, guild = await guilds.member(tx, guild_id, user_id), await guilds.shape(tx, guild_id, 0)
    assert member is not None  # as the list of guilds of the same snapshot says
    assert guild is not None
    return {
        "id": str(guild_id),
        "name": guild.name,
        "nick": member.nick,
        "joined_at": timestamp(member.joined_at),
        "owner": guild.owner_id == user_id,
    }


def _array(values: list[bytes]) -> bytes:
    return b"[%b]" % b",\n".join(values)
