"""Reading all of an archive before anything of it is believed: what it names must be in it, once, and of its kind.

What must be remembered for that (ids, and who is named) is in a file of SQLite's own that has no name and goes with us,
so that the largest archive needs no more memory than a page.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Final, Self

import msgspec

from derailed.model import snowflakes
from derailed.model.message import attached
from derailed.transfer import BadArchive, Progress, layout
from derailed.transfer.archive import Reader, ReadPage, lines
from derailed.wire.messages import Body, body_of
from derailed.wire.shapes import UserShape

_TABLES: Final = """
CREATE TABLE ids (id INTEGER PRIMARY KEY, kind TEXT NOT NULL);
CREATE TABLE users (id INTEGER PRIMARY KEY);
CREATE TABLE here (id INTEGER PRIMARY KEY);
CREATE TABLE fresh (id INTEGER PRIMARY KEY);
"""

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")

_author = msgspec.json.Decoder(UserShape).decode
_object = msgspec.json.Decoder(dict[str, object]).decode


class Checked:
    """An archive that is what it should be: its shape, and its ids. As a context it is let go of at the end."""

    def __init__(self, reader: Reader) -> None:
        self.manifest = reader.manifest
        self.shape: list[layout.Line] = []
        self.owner = layout.MemberLine(user_id=1, joined_at=0)
        self.digest = ""
        self.pages = 0
        self.db = sqlite3.connect("", isolation_level=None)  # on the disk, and nowhere to be found
        self.db.executescript(_TABLES)
        self.db.execute("BEGIN")

    @property
    def guild(self) -> layout.GuildLine:
        """The guild itself."""
        return self.of(layout.GuildLine)[0]

    def of(self, kind: type[layout.LineT]) -> list[layout.LineT]:
        """What the shape has of that kind."""
        return [line for line in self.shape if isinstance(line, kind)]

    def ids(self) -> Iterator[tuple[int, str]]:
        """All that could have to be another here, ascending: the id, and what has it."""
        return iter(self.db.execute("SELECT id, kind FROM ids ORDER BY id"))

    def span(self) -> tuple[int, int]:
        """The lowest and the highest of them."""
        (lowest, highest) = self.db.execute("SELECT MIN(id), MAX(id) FROM ids").fetchone()
        return lowest, highest

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.db.close()


def check(reader: Reader, now_ms: int, progress: Progress) -> Checked:
    """Read it all. Raises BadArchive."""
    checked = Checked(reader)
    try:
        _Check(checked, reader, progress).run()
        if checked.span()[1] >= snowflakes.at(now_ms):
            raise BadArchive("it has ids of a time that has not come: is this machine's clock right?")
    except BaseException:
        checked.db.close()
        raise
    return checked


class _Check:
    def __init__(self, checked: Checked, reader: Reader, progress: Progress) -> None:
        self._checked = checked
        self._reader = reader
        self._progress = progress
        self._channels: dict[int, int] = {}
        """Each with its newest message so far."""
        self._roles: set[int] = set()
        self._channel = 0
        """The one whose messages come now."""
        self._where = ""
        self._kinds: dict[type, Callable[..., None]] = {
            layout.UserLine: self._user,
            layout.BanLine: lambda line: self._known(line.user_id),
            layout.AuditLine: self._entry,
            layout.MemberLine: self._member,
            layout.MessageLine: self._message,
            layout.ReactionLine: self._reaction,
            layout.PinLine: self._pin,
        }

    def run(self) -> None:
        checked, done = self._checked, 0
        self._progress.begin("checking", self._reader.size >> 10, "KiB")
        for page in self._reader.pages():
            self._where = f"page {page.number}"
            if page.head.section == "shape":
                checked.shape += [line for line in lines(page) if isinstance(line, layout.Shape)]
                if len(checked.shape) > layout.SHAPE_MAX:
                    raise self._bad(f"more than {layout.SHAPE_MAX} roles, channels and emojis")
            self._page(page)
            if page.head.section == "shape" and page.head.whole:
                self._shape()
            checked.pages = page.number
            self._progress.advance((page.end >> 10) - done)
            done = page.end >> 10
        if not self._roles:
            raise BadArchive("there is no guild in it")
        if checked.owner.user_id != checked.guild.owner_id:
            raise BadArchive("the guild's owner is none of its members")
        checked.digest = self._reader.so_far().hexdigest()

    def _page(self, page: ReadPage) -> None:
        blobs = dict(page.blobs)
        for line in lines(page):
            if isinstance(line, layout.Blob):
                self._reader.prove(line, page)
                blobs.pop(line.sha256, None)
                folder, _, rest = line.key.partition("/")
                if folder == "attachments" and int(rest.partition("/")[0]) not in self._channels:
                    raise self._bad(f"the file {line.key} is of no channel of the guild")
            elif not isinstance(line, layout.Shape):
                found = self._kinds.get(type(line))
                if found is None or not (self._roles or isinstance(line, layout.UserLine)):
                    raise self._bad(f"a line {line.__struct_config__.tag!r} has no place there")
                found(line)
            elif page.head.section != "shape":
                raise self._bad(f"a line {line.__struct_config__.tag!r} has no place there")
        if blobs:
            raise self._bad("a file before it is not named in it")

    def _shape(self) -> None:
        checked = self._checked
        if len(checked.of(layout.GuildLine)) != 1 or checked.guild.id != checked.manifest.guild_id or self._roles:
            raise self._bad("it is to have one guild, that of the manifest")
        guild = checked.guild
        self._roles = {each.id for each in checked.of(layout.RoleLine)}
        self._channels = {each.id: 0 for each in checked.of(layout.ChannelLine)}
        if guild.id not in self._roles:
            raise self._bad("the guild has no @everyone")
        self._known(guild.owner_id)
        self._add("guild", [guild.id])
        self._add("role", self._roles - {guild.id})
        self._add("channel", self._channels)
        self._add("emoji", [each.id for each in checked.of(layout.EmojiLine)])
        self._add("webhook", [each.id for each in checked.of(layout.WebhookLine)])
        if len(self._roles) + len(self._channels) != len(checked.of(layout.RoleLine)) + len(
            checked.of(layout.ChannelLine)
        ):
            raise self._bad("an id is there twice")
        for channel in checked.of(layout.ChannelLine):
            if channel.parent_id is not None and channel.parent_id not in self._channels:
                raise self._bad(f"channel {channel.id} is in a category that is not there")
        for emoji in checked.of(layout.EmojiLine):
            self._known(emoji.user_id)
        for hook in checked.of(layout.WebhookLine):
            self._in_channel(hook.channel_id)
        codes = set()
        for invite in checked.of(layout.InviteLine):
            self._in_channel(invite.channel_id)
            self._known(invite.inviter_id)
            codes.add(invite.code)
        if len(codes) != len(checked.of(layout.InviteLine)):
            raise self._bad("an invite is there twice")

    def _user(self, line: layout.UserLine) -> None:
        self._checked.db.execute("INSERT OR IGNORE INTO users VALUES (?)", (line.id,))

    def _entry(self, line: layout.AuditLine) -> None:
        self._add("audit", [line.id])
        self._json(_object, line.entry)

    def _member(self, line: layout.MemberLine) -> None:
        self._known(line.user_id)
        if not self._roles.issuperset(line.roles):
            raise self._bad(f"member {line.user_id} holds a role that is not there")
        if line.user_id == self._checked.guild.owner_id:
            self._checked.owner = line

    def _message(self, line: layout.MessageLine) -> None:
        self._in_channel(line.channel_id)
        if line.id <= self._channels[line.channel_id]:
            raise self._bad(f"message {line.id} is not in its order")
        if line.channel_id != self._channel and self._channels[line.channel_id]:
            raise self._bad(f"channel {line.channel_id} was told of before")
        self._channel = line.channel_id
        self._channels[line.channel_id] = line.id
        self._add("message", [line.id])
        if line.said_by_webhook is None:
            self._known(line.author_id)
        else:
            self._json(_author, line.said_by_webhook)
        for user_id in line.mentions:
            self._known(user_id)
        body: Body = self._json(lambda raw: body_of(b"," + raw[1:]), bytes(line.body))
        for time in (body.timestamp, body.edited_timestamp or body.timestamp):
            if not _TIME.fullmatch(time):
                raise self._bad(f"message {line.id} was said at no time: {time[:40]!r}")
        if (body.id, body.channel_id) != (str(line.id), str(line.channel_id)):
            raise self._bad(f"message {line.id} calls itself otherwise")
        self._json(lambda raw: attached(line.channel_id, raw), b"," + bytes(line.body)[1:])

    def _reaction(self, line: layout.ReactionLine) -> None:
        self._known(line.user_id)
        self._said(line.channel_id, line.message_id)

    def _pin(self, line: layout.PinLine) -> None:
        self._said(line.channel_id, line.message_id)

    def _said(self, channel_id: int, message_id: int) -> None:
        """The message was there, and the channel is the one that is being told of."""
        if channel_id != self._channel:
            raise self._bad(f"it is not about channel {channel_id}")
        sql = "SELECT 1 FROM ids WHERE id = ? AND kind = 'message'"
        if self._checked.db.execute(sql, (message_id,)).fetchone() is None:
            raise self._bad(f"the message {message_id} is not there")

    def _in_channel(self, channel_id: int) -> None:
        if channel_id not in self._channels:
            raise self._bad(f"channel {channel_id} is not there")

    def _known(self, user_id: int) -> None:
        sql = "SELECT 1 FROM users WHERE id = ?"
        if self._checked.db.execute(sql, (user_id,)).fetchone() is None:
            raise self._bad(f"account {user_id} was not described before it")

    def _add(self, kind: str, ids: Iterable[int]) -> None:
        try:
            self._checked.db.executemany("INSERT INTO ids VALUES (?, ?)", ((each, kind) for each in ids))
        except sqlite3.IntegrityError:
            raise self._bad("an id is there twice") from None

    def _json(self, decode: Callable[[bytes], layout.T], raw: bytes | msgspec.Raw) -> layout.T:
        try:
            return decode(bytes(raw))
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise self._bad(str(error)) from None

    def _bad(self, what: str) -> BadArchive:
        return BadArchive(f"{self._where}: {what}")
