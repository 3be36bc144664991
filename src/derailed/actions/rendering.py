"""A message as bytes, spliced from its body and from what changes by itself.

`page` and `one` answer readers; `Announcement` is what a send or an edit tells everyone. Rows that need only their
author, nearly all of them, cost one concatenation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec import Struct, structs

from derailed.model.guild import Channel, Member
from derailed.model.message import Message
from derailed.model.user import User
from derailed.store import Connection, members, messages, reactions, users
from derailed.store.messages import Line
from derailed.wire import rest
from derailed.wire.messages import MentionedUser, bare, body_of, encode
from derailed.wire.reactions import reaction

Person = tuple[User, Member | None]


class _Extras(NamedTuple):
    """What the messages of one answer need beside their bodies."""

    users: dict[int, bytes]
    messages: dict[int, Message]
    reactions: dict[int, list[reactions.Count]]


async def page(tx: Connection, reader_id: int, channel_id: int, lines: Sequence[Line]) -> bytes:
    """The JSON array of these messages of a channel, as the reader sees them."""
    special = [message_id for _, _, message_id in lines if message_id is not None]
    extras = await _extras(tx, reader_id, await messages.many(tx, channel_id, special))
    plainly = {author_id for author_id, _, message_id in lines if message_id is None}
    others = await _users(tx, plainly - extras.users.keys())
    plain = {user_id: b',{"author":%b,"mentions":[]' % user for user_id, user in (others | extras.users).items()}
    parts: list[bytes] = []
    for author_id, body, message_id in lines:
        if message_id is None:
            parts += (plain[author_id], body)
        else:
            parts += (b",", _whole(extras.messages[message_id], extras))
    return b"[%b]" % b"".join(parts)[1:]  # without the first comma


async def one(tx: Connection, reader_id: int, row: Message) -> bytes:
    """The JSON of one message as the reader sees it."""
    return _whole(row, await _extras(tx, reader_id, {row.id: row}))


async def several(tx: Connection, reader_id: int, rows: dict[int, Message]) -> dict[int, bytes]:
    """The JSON of each of these messages of a channel as the reader sees it."""
    extras = await _extras(tx, reader_id, rows)
    return {row.id: _whole(row, extras) for row in rows.values()}


async def people(tx: Connection, guild_id: int, user_ids: Iterable[int]) -> list[Person]:
    """Those of the users that exist, with their membership if they have one."""
    found: list[Person] = []
    for user_id in user_ids:
        pair = await members.get(tx, guild_id, user_id)
        if pair is not None:
            found.append((pair[1], pair[0]))
        elif (user := await users.get(tx, user_id)) is not None:
            found.append((user, None))
    return found


async def parts_of(
    tx: Connection, guild_id: int, row: Message, mentioned: Sequence[Person], answered_row: Message | None
) -> Parts:
    """What a change's announcement is spliced from."""
    author, beside = await _writer(tx, guild_id, row)
    answer = None if row.reply_to is None else await answered(tx, answered_row)
    return Parts(author, beside, mentions_of(mentioned), answer=answer)


async def _writer(tx: Connection, guild_id: int, row: Message) -> tuple[bytes, bytes | None]:
    """The author, and the membership of one who has not left the guild."""
    if row.webhook_author is not None:
        return row.webhook_author, None
    ((author, member),) = await people(tx, guild_id, [row.author_id])
    return encode(rest.user(author)), None if member is None else encode(rest.member(member, None))


def mentions_of(mentioned: Sequence[Person]) -> bytes:
    """The `mentions` of an event."""
    return encode([_mention(user, member) for user, member in mentioned]) if mentioned else b"[]"


class Announcement(Struct, frozen=True, gc=False):
    """One message as everyone gets it. `reply` is for whoever asked, `stripped` for those without MESSAGE_CONTENT."""

    reply: bytes
    data: bytes
    stripped: bytes | None


class Parts(Struct, frozen=True):
    """What an announcement is spliced from, beside the body."""

    author: bytes
    member: bytes | None
    mentions: bytes = b"[]"
    nonce: int | str | None = None
    answer: Answered | None = None


class Answered(NamedTuple):
    """The `referenced_message` of an event: without reactions, which look different to each reader."""

    full: bytes
    stripped: bytes


async def answered(tx: Connection, row: Message | None) -> Answered:
    """The message that a reply answers; null when it is gone."""
    if row is None:
        return Answered(b"null", b"null")
    known = await _users(tx, [row.author_id, *row.mentioned])
    head = b'{"author":%b,"mentions":%b' % (_author(row, known), _mentions(row, known))
    without = bare(body_of(row.body))
    full = head + row.body
    return Answered(full, full if without is None else head + without)


def announce(parts: Parts, channel: Channel, body: bytes, without: bytes | None) -> Announcement:
    """Splice the three forms of a message; `without` is its body for those without MESSAGE_CONTENT."""
    answer = parts.answer
    if not channel.guild_id:
        return _in_conversation(parts, channel, body)
    core = b'"author":%b,"mentions":%b' % (parts.author, parts.mentions)
    if parts.nonce is not None:
        core = b'%b,"nonce":%b' % (core, encode(parts.nonce))
    beside = b"" if parts.member is None else b'"member":%b,' % parts.member
    head = b'{"guild_id":"%d","channel_type":%d,%b%b' % (channel.guild_id, channel.type, beside, core)
    if answer is None:
        return Announcement(b"{" + core + body, head + body, None if without is None else head + without)
    full = b',"referenced_message":' + answer.full
    stripped = b'%b,"referenced_message":%b' % (head, answer.stripped)
    same = without is None and answer.full is answer.stripped
    return Announcement(b"{" + core + full + body, head + full + body, None if same else stripped + (without or body))


def _in_conversation(parts: Parts, channel: Channel, body: bytes) -> Announcement:
    """In one to whom it is said: bots read it, too, whatever they asked for."""
    core = b'"author":%b,"mentions":%b' % (parts.author, parts.mentions)
    if parts.nonce is not None:
        core = b'%b,"nonce":%b' % (core, encode(parts.nonce))
    if parts.answer is not None:
        core = b'%b,"referenced_message":%b' % (core, parts.answer.full)
    return Announcement(b"{" + core + body, b'{"channel_type":%d,%b%b' % (channel.type, core, body), None)


async def _extras(tx: Connection, reader_id: int, rows: dict[int, Message]) -> _Extras:
    if not rows:
        return _Extras({}, {}, {})
    channel_id = next(iter(rows.values())).channel_id
    answered_ids = {row.reply_to for row in rows.values() if row.reply_to is not None}
    known = await messages.many(tx, channel_id, answered_ids - rows.keys()) | rows
    wanted = {row.author_id for row in known.values() if row.webhook_author is None}
    wanted.update(user_id for row in known.values() for user_id in row.mentioned)
    reacted = [row.id for row in known.values() if row.reacted]
    return _Extras(await _users(tx, wanted), known, await reactions.of_messages(tx, reacted, reader_id))


async def _users(tx: Connection, user_ids: Iterable[int]) -> dict[int, bytes]:
    found = await users.many(tx, user_ids)
    return {user_id: encode(rest.user(user)) for user_id, user in found.items()}


def _whole(row: Message, extras: _Extras) -> bytes:
    if row.reply_to is None:
        return _head(row, extras) + row.body
    target = extras.messages.get(row.reply_to)
    shown = b"null" if target is None else _head(target, extras) + target.body
    return b'%b,"referenced_message":%b%b' % (_head(row, extras), shown, row.body)


def _head(row: Message, extras: _Extras) -> bytes:
    head = b'{"author":%b,"mentions":%b' % (_author(row, extras.users), _mentions(row, extras.users))
    counts = extras.reactions.get(row.id)
    if not counts:
        return head
    shapes = [reaction(each.emoji, each.total, me=each.me) for each in counts]
    return b'%b,"reactions":%b' % (head, encode(shapes))


def _author(row: Message, known: dict[int, bytes]) -> bytes:
    return row.webhook_author or known[row.author_id]


def _mentions(row: Message, known: dict[int, bytes]) -> bytes:
    if row.mentions is None:
        return b"[]"
    return b"[%b]" % b",".join(known[user_id] for user_id in row.mentioned if user_id in known)


def _mention(user: User, member: Member | None) -> MentionedUser:
    shape = MentionedUser(**structs.asdict(rest.user(user)))
    if member is not None:
        shape.member = rest.member(member, None)
    return shape
