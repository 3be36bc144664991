"""Out of the store, a page at a time, while people talk: each page is as it was when it was read.

The shape of the guild is that of the beginning, and so is the end of its history: what is said later is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec

from derailed.blobs import Blob, Blobs
from derailed.model import snowflakes
from derailed.model.guild import Guild
from derailed.model.message import Message
from derailed.model.user import User
from derailed.store import Connection, Row, Store, guilds, invites, search, transfers, users, webhooks
from derailed.transfer import Busy, Progress, layout
from derailed.transfer.archive import Writer, lines

_ROWS: Final = 500
_MESSAGES: Final = 200
_KNOWN_MAX: Final = 100_000
"""Accounts that are remembered to be in the file already; beyond it some are written twice, which does no harm."""
_SECTIONS: Final = ("", "shape", "bans", "audit", "members", "messages")

_ids = msgspec.json.Decoder(list[int]).decode


class Summary(NamedTuple):
    """What an export holds that its reader would ask for. `lost` are files that the store does not have any more."""

    messages: int
    files: int
    lost: int


class Exporting:
    """One export."""

    def __init__(self, store: Store, blobs: Blobs, writer: Writer, progress: Progress) -> None:
        self._store = store
        self._blobs = blobs
        self._writer = writer
        self._progress = progress
        self._known: set[int] = set()
        self._messages = self._files = self._lost = 0

    async def run(self) -> Summary:
        """Write what is not written yet. Raises Busy when there is no such guild."""
        guild_id, until = self._writer.manifest.guild_id, snowflakes.at(self._writer.manifest.made_at)
        if not self._is_past("shape"):
            await self._shape(guild_id)
        channel_ids = self._channel_ids()
        count = await self._store.read(lambda tx: transfers.count_messages(tx, channel_ids))
        self._progress.begin("exporting", count, "messages")
        for section, read in (("bans", _bans), ("audit", _audit), ("members", _members)):
            if not self._is_past(section):
                await self._stretch(section, guild_id, read)
        for channel_id in channel_ids:
            await self._channel(channel_id, until)
        self._writer.finish()
        return Summary(self._messages, self._files, self._lost)

    def _is_past(self, section: str) -> bool:
        """Whether all of a section was there when we began."""
        reached = self._writer.reached
        return _SECTIONS.index(reached.section) > _SECTIONS.index(section) or (
            reached.section == section and reached.after == snowflakes.MAX
        )

    def _channel_ids(self) -> list[int]:
        """The channels of the shape that stands in the file."""
        found = [line for page in self._writer.shape for line in lines(page)]
        return sorted(line.id for line in found if isinstance(line, layout.ChannelLine))

    async def _shape(self, guild_id: int) -> None:
        shaped = await self._store.read(partial(_shape, guild_id))
        if shaped is None:
            raise Busy(f"there is no guild {guild_id}")
        shape, people, pictures = shaped
        head = layout.Page(section="shape", after=snowflakes.MAX)
        await self._page(head, people, pictures, shape)
        self._writer.keep_shape()

    async def _stretch(self, section: str, guild_id: int, read: Any) -> None:
        reached = self._writer.reached
        after = reached.after if reached.section == section else 0
        while after != snowflakes.MAX:
            found, people, next_after = await self._store.read(partial(read, guild_id, after))
            after = next_after
            await self._page(layout.Page(section=section, after=after), people, {}, found)

    async def _channel(self, channel_id: int, until: int) -> None:
        reached = self._writer.reached
        if reached.section == "messages" and reached.channel_id > channel_id:
            return
        after = reached.after if reached.channel_id == channel_id else 0
        while after < until:
            page = await self._store.read(partial(search_page, channel_id, after, until))
            after = page[-1].id if len(page) == _MESSAGES else snowflakes.MAX
            found: list[layout.Line] = [_message(each) for each in page]
            if after == snowflakes.MAX:
                found += await self._store.read(partial(_pins, channel_id, until))
            people = {each.author_id for each in page if each.webhook_author is None}
            people |= {mentioned for each in page for mentioned in each.mentioned}
            files = {key: key for each in page for key in each.files}
            reacted = [each for each in page if each.reacted]
            head = layout.Page(section="messages", channel_id=channel_id, after=after, whole=not reacted)
            await self._page(head, people, files, found)
            if reacted:
                await self._reactions(msgspec.structs.replace(head, whole=True), reacted)
            self._messages += len(page)
            self._progress.advance(len(page))

    async def _reactions(self, head: layout.Page, reacted: Sequence[Message]) -> None:
        """Pages of what people reacted with; an export goes on after the last of them."""
        held = list[layout.ReactionLine]()
        for message in reacted:
            after: tuple[str, int] | None = ("", 0)
            while after is not None:
                rows = await self._store.read(partial(_reactions, message.id, after))
                after = (rows[-1][0], rows[-1][1]) if len(rows) == _ROWS else None
                held += [_reaction(message, row) for row in rows]
                if len(held) >= _ROWS:
                    part = msgspec.structs.replace(head, whole=False)
                    await self._page(part, {row.user_id for row in held}, {}, held)
                    held = []
        await self._page(head, {row.user_id for row in held}, {}, held)

    async def _page(
        self, head: layout.Page, people: Iterable[int], files: dict[str, str], found: Sequence[layout.Line]
    ) -> None:
        """A page, before it what it needs: its files, and the accounts that it names."""
        accounts = await self._store.read(partial(users.many, user_ids=sorted(set(people) - self._known)))
        if len(self._known) > _KNOWN_MAX:
            self._known.clear()
        self._known |= accounts.keys()
        named = dict.fromkeys(files)
        for account in accounts.values():
            named |= dict.fromkeys(_pictures_of(account))
        blobs = [blob for key in named if (blob := await self._blob(key)) is not None]
        self._writer.page(head, [*blobs, *map(_user, accounts.values()), *found])

    async def _blob(self, key: str) -> layout.Blob | None:
        found: Blob | None = await self._blobs.find(key)
        if found is None:
            self._lost += 1
            return None
        self._files += 1
        digest = await self._writer.blob(found.read(0, found.size))
        return layout.Blob(key=key, size=found.size, sha256=digest)


async def _shape(guild_id: int, tx: Connection) -> tuple[list[layout.Line], set[int], dict[str, str]] | None:
    """Guild, roles, channels, emojis, webhooks and invites; who is named by them, and their pictures."""
    guild = await guilds.shape(tx, guild_id, 0)
    if guild is None:
        return None
    deleted = await transfers.newest_deleted(tx, guild_id)
    hooks, ways = await webhooks.of_guild(tx, guild_id), await invites.of_guild(tx, guild_id)
    found: list[layout.Line] = [
        _as(layout.GuildLine, guild),
        *(_as(layout.RoleLine, of) for of in guild.roles.values()),
    ]
    for channel in guild.channels.values():
        overwrites = [(of.id, of.type, of.allow, of.deny) for of in channel.overwrites]
        line = _as(layout.ChannelLine, channel, overwrites=overwrites, deleted_message_id=deleted[channel.id])
        found.append(line)
    found += [_as(layout.EmojiLine, of, roles=list(of.roles)) for of in guild.emojis.values()]
    found += [*(_as(layout.WebhookLine, of) for of in hooks), *(_as(layout.InviteLine, of) for of in ways)]
    people = {guild.owner_id, *(of.user_id for of in guild.emojis.values()), *(of.inviter_id for of in ways)}
    people |= {of.user_id for of in hooks if of.user_id} | {of.bot_id for of in guild.roles.values() if of.bot_id}
    return found, people, _pictures(guild) | {f"avatars/{of.avatar}": "" for of in hooks if of.avatar}


def _pictures(guild: Guild) -> dict[str, str]:
    named = {"icons": guild.icon, "banners": guild.banner, "splashes": guild.splash}
    keys = [f"{folder}/{name}" for folder, name in named.items() if name]
    keys += [f"role-icons/{role.icon}" for role in guild.roles.values() if role.icon]
    return dict.fromkeys([*keys, *(f"emojis/{emoji_id}" for emoji_id in guild.emojis)], "")


def _pictures_of(account: User) -> list[str]:
    named = {"avatars": account.avatar, "banners": account.banner}
    return [f"{folder}/{name}" for folder, name in named.items() if name]


async def _bans(guild_id: int, after: int, tx: Connection) -> tuple[list[layout.Line], set[int], int]:
    rows = await transfers.bans(tx, guild_id, after, _ROWS)
    found: list[layout.Line] = [layout.BanLine(user_id=row[0], reason=row[1], created_at=row[2]) for row in rows]
    return found, {row[0] for row in rows}, _next(rows)


async def _audit(guild_id: int, after: int, tx: Connection) -> tuple[list[layout.Line], set[int], int]:
    rows = await transfers.entries(tx, guild_id, after, _ROWS)
    found: list[layout.Line] = [
        layout.AuditLine(id=row[0], user_id=row[1], target_id=row[2], action_type=row[3], entry=msgspec.Raw(row[4]))
        for row in rows
    ]
    return found, {each for row in rows for each in row[1:3] if each}, _next(rows)


async def _members(guild_id: int, after: int, tx: Connection) -> tuple[list[layout.Line], set[int], int]:
    rows = await transfers.memberships(tx, guild_id, after, _ROWS)
    found: list[layout.Line] = [
        layout.MemberLine(
            user_id=row[0], joined_at=row[1], roles=_ids(row[2]), nick=row[3], timed_out_until=row[4], flags=row[5]
        )
        for row in rows
    ]
    return found, {row[0] for row in rows}, _next(rows)


def _next(rows: Sequence[Row]) -> int:
    return int(rows[-1][0]) if len(rows) == _ROWS else snowflakes.MAX


async def search_page(channel_id: int, after: int, until: int, tx: Connection) -> list[Message]:
    """The channel's next messages."""
    return [each for each in await search.after(tx, channel_id, after, _MESSAGES) if each.id < until]


async def _reactions(message_id: int, after: tuple[str, int], tx: Connection) -> list[Row]:
    return await transfers.reactions(tx, message_id, after, _ROWS)


def _reaction(message: Message, row: Row) -> layout.ReactionLine:
    return layout.ReactionLine(
        channel_id=message.channel_id, message_id=message.id, emoji=row[0], user_id=row[1], created_at=row[2]
    )


async def _pins(channel_id: int, until: int, tx: Connection) -> list[layout.Line]:
    rows = await transfers.pins(tx, channel_id, until)
    return [layout.PinLine(channel_id=channel_id, message_id=row[0], pinned_at=row[1]) for row in rows]


def _message(of: Message) -> layout.MessageLine:
    return layout.MessageLine(
        channel_id=of.channel_id,
        id=of.id,
        author_id=of.author_id,
        reply_to=of.reply_to,
        mentions=list(of.mentioned),
        webhook_author=msgspec.Raw(of.webhook_author or b"null"),
        body=msgspec.Raw(b"{" + of.body[1:]),
    )


def _user(of: User) -> layout.UserLine:
    line: layout.UserLine = _as(layout.UserLine, of)
    return line


def _as(kind: Any, value: Any, **more: object) -> Any:
    """The line of that kind with what the value has of its fields, and more."""
    names = [field.name for field in msgspec.structs.fields(kind) if field.name not in more]
    return kind(**{name: getattr(value, name) for name in names}, **more)
