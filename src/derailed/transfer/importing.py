"""Into the store, a page a transaction: it is kept how far that is, so that whoever is killed goes on where they were.

Until all is there, nobody can see any of it: a guild is what its own row says, and that comes last. Then those come in
who have an account here, as if each had joined: whoever is connected is told.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple

from derailed.actions import chores, files
from derailed.actions.changes import Changes, change
from derailed.actions.chores import EndGuild
from derailed.actions.context import Context
from derailed.store import Connection, bans, blobs, guilds, members, transfers, users
from derailed.store.transfers import Import, Stage
from derailed.transfer import Busy, Progress, layout, revealing, rows
from derailed.transfer.archive import Reader, ReadPage, lines
from derailed.transfer.checking import Checked
from derailed.transfer.naming import Names, plan
from derailed.wire.records import guild_topic, user_topic

_BREATH_S: Final = 0.005
"""Between two pages: a server on the same file writes meanwhile."""
_JOINING: Final = 50
"""Members of one transaction, each with records of its own: some milliseconds."""
_IN_MEMORY: Final = 1 << 20
_FORGOTTEN: Final = 500


class Imported(NamedTuple):
    """The guild's id here; `new`: it was not there before. `left_out` are invites whose codes are others' here."""

    guild_id: int
    new: bool
    left_out: tuple[str, ...] = ()


class Importing:
    """One import of a checked archive. `origin` is what addresses of files begin with."""

    def __init__(self, context: Context, reader: Reader, checked: Checked, origin: str, progress: Progress) -> None:
        self._context = context
        self._store = context.store
        self._reader = reader
        self._checked = checked
        self._origin = origin
        self._progress = progress

    async def run(self) -> Imported:
        """Bring in what is not there yet. Raises BadArchive, Busy, Unavailable."""
        at = await self._begun()
        if at.stage == Stage.DONE:
            return Imported(at.guild_id, new=False)
        if at.stage == Stage.IDS:
            await plan(self._store, self._checked, self._progress)
            names = await self._names(at.source_id)
            at = await self._move(at, at._replace(stage=Stage.ROWS, guild_id=await names.one(at.source_id)))
        names = await self._names(at.source_id)
        names.settle(at.guild_id)
        left_out: tuple[str, ...] = ()
        if at.stage == Stage.ROWS:
            at = await self._rows(at, names)
            shape = [await names.line(line) for line in self._checked.shape]
            made = revealing.Revealed(shape, await names.line(self._checked.owner))
            rev, left_out = await change(self._context, partial(revealing.reveal, made, at))
            at = at._replace(stage=Stage.MEMBERS, page=0, rev=rev)
        await self._members(at, names)
        while await self._store.write(partial(transfers.forget_ids, source_id=at.source_id, limit=_FORGOTTEN)):
            pass
        return Imported(at.guild_id, new=True, left_out=left_out)

    async def abandon(self) -> bool:
        """Remove what an import that is not over has left; False when there is none."""

        async def work(changes: Changes) -> bool:
            at = await transfers.find(changes.tx, self._checked.guild.id)
            if at is None or at.stage not in (Stage.IDS, Stage.ROWS):
                return False
            if at.stage == Stage.ROWS:
                for channel_id in channel_ids:
                    await transfers.sweep(changes.tx, channel_id)
                await chores.begin(changes, self._context.new_id(), at.guild_id, EndGuild(0))
            await transfers.forget(changes.tx, at.source_id)
            return True

        names = await self._names(self._checked.guild.id)
        channel_ids = [await names.one(each.id) for each in self._checked.of(layout.ChannelLine)]
        return await change(self._context, work)

    async def _begun(self) -> Import:
        source_id, digest = self._checked.guild.id, self._checked.digest

        async def work(tx: Connection) -> Import:
            at = await transfers.find(tx, source_id)
            if at is not None and at.stage == Stage.DONE and await guilds.shape(tx, at.guild_id, 0) is not None:
                return at
            if at is None or at.stage == Stage.DONE:
                at = Import(source_id, source_id, digest, Stage.IDS)
                await transfers.keep(tx, at)
            elif at.digest != digest:
                raise Busy(
                    "another archive of this guild was begun and is not over: finish that one first, or --abandon it"
                )
            return at

        return await self._store.write(work)

    async def _names(self, source_id: int) -> Names:
        renamed = await self._store.read(partial(transfers.any_renamed, source_id=source_id))
        return Names(self._store, self._checked, renamed=renamed)

    async def _move(self, at: Import, to: Import) -> Import:
        await self._store.write(partial(_moved, at=at, to=to))
        return to

    async def _rows(self, at: Import, names: Names) -> Import:
        self._progress.begin("importing", self._checked.pages, "pages")
        for page in self._reader.pages():
            if page.number > at.page:
                to = at._replace(page=page.number)
                await self._page(page, at, to, names)
                at = to
                await asyncio.sleep(_BREATH_S)
            self._progress.advance(1)
        return at

    async def _page(self, page: ReadPage, at: Import, to: Import, names: Names) -> None:
        text = await names.applied(page.text)
        renamed = list(lines(page._replace(text=text)))
        files_of_page = [line for line in renamed if isinstance(line, layout.Blob)]
        put = await self._put(page, files_of_page)
        here = rows.Here(at.guild_id, self._origin, self._context.secret)

        async def work(tx: Connection) -> None:
            await _moved(tx, at, to)
            for line in renamed:
                await rows.add(tx, here, line)
            for key in put:
                if not key.startswith(("avatars/", "banners/")) or await rows.is_shown(tx, renamed, key):
                    await files.spare(tx, key, self._context.clock())

        await self._store.write(work)

    async def _put(self, page: ReadPage, wanted: Sequence[layout.Blob]) -> list[str]:
        """Put those files that are not there; each goes again by itself if nothing comes to refer to it."""
        put = []
        for blob in wanted:
            if await self._context.blobs.find(blob.key) is not None:
                # It is there from before we were killed, or the guild was, and may be about to go.
                await self._store.write(partial(blobs.forget, keys=[blob.key]))
                continue
            with tempfile.SpooledTemporaryFile(_IN_MEMORY) as content:
                for chunk in self._reader.chunks(page.blobs[blob.sha256]):
                    content.write(chunk)
                content.seek(0)
                await files.put(self._context, {blob.key: content})  # type: ignore[dict-item]  # it reads: enough
            put.append(blob.key)
        return put

    async def _members(self, at: Import, names: Names) -> None:
        self._progress.begin("letting members in", self._checked.pages, "pages")
        for page in self._reader.pages():
            if page.number > at.page and page.head.section == "members":
                text = await names.applied(page.text)
                found = [line for line in lines(page._replace(text=text)) if isinstance(line, layout.MemberLine)]
                for first in range(0, len(found), _JOINING):
                    await change(self._context, partial(_join, at, found[first : first + _JOINING]))
                at = await self._move(at, at._replace(page=page.number))
            self._progress.advance(1)
        await self._move(at, at._replace(stage=Stage.DONE))


async def _moved(tx: Connection, at: Import, to: Import) -> None:
    if not await transfers.move(tx, at, to):
        raise Busy("another process imports the same archive")


async def _join(at: Import, found: Sequence[layout.MemberLine], changes: Changes) -> None:
    """Let those in who have an account here, and are not in yet."""
    await changes.hold(guild_topic(at.guild_id))
    revs: dict[int, int] = {}
    for line in found:
        account = await users.get(changes.tx, line.user_id)
        is_in = await guilds.member(changes.tx, at.guild_id, line.user_id) is not None
        if account is None or is_in or await bans.stands(changes.tx, at.guild_id, line.user_id):
            continue
        member = revealing.member(at.guild_id, line)
        await members.insert(changes.tx, member)
        if member.timed_out_until is not None:
            await members.update(changes.tx, member)
        revs[account.id] = await changes.member("GUILD_MEMBER_ADD", member, account)
    for user_id in sorted(revs, key=user_topic):
        await changes.joined(user_id, at.guild_id, revs[user_id])
