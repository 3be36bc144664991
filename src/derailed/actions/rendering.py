"""A message as bytes, spliced from its body and from what changes by itself.

`page` and `one` answer readers; `Announcement` is what a send or an edit tells everyone. Rows that need only their
author, nearly all of them, cost one concatenation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec import structs

from derailed.model.guild import Channel, Member
from derailed.model.message import Message
from derailed.model.user import User
from derailed.store import Connection, members, messages, reactions, users
from derailed.wire import rest
from derailed.wire.messages import MentionedUser, bare, decode_body, encode, spliced
from derailed.wire.reactions import reaction

Person = tuple[User, Member | None]


class _Extras(NamedTuple):
    """What the rows of one answer need beside their bodies."""

    users: dict[int, bytes]
    answered: dict[int, Message]
    reactions: dict[int, list[reactions.Count]]


async def page(tx: Connection, reader_id: int, rows: Sequence[Message]) -> bytes:
    """The JSON array of these messages of one channel, as the reader sees them."""
    special = [row for row in rows if row.reply_to is not None or row.mentions is not None or row.reacted]
    extras = await _extras(tx, reader_id, rows, special)
    heads = {user_id: b'{"author":%b,"mentions":[],' % user for user_id, user in extras.users.items()}
    if special:
        parts = [heads[row.author_id] + row.body[1:] if row.plain else _with_extras(row, extras) for row in rows]
    else:
        parts = [heads[row.author_id] + row.body[1:] for row in rows]
    return b"[%b]" % b",".join(parts)


async def one(tx: Connection, reader_id: int, row: Message) -> bytes:
    """The JSON of one message as the reader sees it."""
    return (await page(tx, reader_id, [row]))[1:-1]


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
    """What an edit's announcement is spliced from; its author may have left the guild."""
    ((author, member),) = await people(tx, guild_id, [row.author_id])
    return Parts(
        encode(rest.user(author)),
        None if member is None else encode(rest.member(member, None)),
        mentions_of(mentioned),
        answer=None if row.reply_to is None else await answered(tx, answered_row),
    )


def mentions_of(mentioned: Sequence[Person]) -> bytes:
    """The `mentions` of an event."""
    return encode([_mention(user, member) for user, member in mentioned]) if mentioned else b"[]"


class Announcement(NamedTuple):
    """One message as everyone gets it. `reply` is for whoever asked, `stripped` for those without MESSAGE_CONTENT."""

    reply: bytes
    data: bytes
    stripped: bytes | None


class Parts(NamedTuple):
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
    head = b'{"author":%b,"mentions":%b' % (known[row.author_id], _mentions(row, known))
    without = bare(decode_body(row.body))
    full = spliced(head, row.body)
    return Answered(full, full if without is None else spliced(head, without))


def announce(parts: Parts, channel: Channel, body: bytes, without: bytes | None) -> Announcement:
    """Splice the three forms of a message; `without` is its body for those without MESSAGE_CONTENT."""
    author, member, mentions, nonce, answer = parts
    core = b'"author":%b,"mentions":%b' % (author, mentions)
    if nonce is not None:
        core = b'%b,"nonce":%b' % (core, encode(nonce))
    beside = b"" if member is None else b'"member":%b,' % member
    head = b'{"guild_id":"%d","channel_type":%d,%b%b' % (channel.guild_id, channel.type, beside, core)
    if answer is None:
        stripped = None if without is None else spliced(head, without)
        return Announcement(spliced(b"{" + core, body), spliced(head, body), stripped)
    full = b',"referenced_message":' + answer.full
    stripped_head = b'%b,"referenced_message":%b' % (head, answer.stripped)
    return Announcement(
        spliced(b"{%b%b" % (core, full), body),
        spliced(head + full, body),
        None if without is None and answer.full is answer.stripped else spliced(stripped_head, without or body),
    )


async def _extras(tx: Connection, reader_id: int, rows: Sequence[Message], special: Sequence[Message]) -> _Extras:
    answered_ids = {row.reply_to for row in special if row.reply_to is not None}
    answered_rows = await messages.many(tx, rows[0].channel_id, answered_ids) if answered_ids else {}
    involved = [*special, *answered_rows.values()]
    wanted = {row.author_id for row in rows}
    wanted.update(row.author_id for row in answered_rows.values())
    wanted.update(user_id for row in involved for user_id in row.mentioned)
    reacted = {row.id for row in involved if row.reacted}
    return _Extras(
        await _users(tx, wanted), answered_rows, await reactions.of_messages(tx, reacted, reader_id) if reacted else {}
    )


async def _users(tx: Connection, user_ids: Iterable[int]) -> dict[int, bytes]:
    found = await users.many(tx, user_ids)
    return {user_id: encode(rest.user(user)) for user_id, user in found.items()}


def _with_extras(row: Message, extras: _Extras) -> bytes:
    head = _head(row, extras)
    if row.reply_to is not None:
        target = extras.answered.get(row.reply_to)
        shown = b"null" if target is None else spliced(_head(target, extras), target.body)
        head = b'%b,"referenced_message":%b' % (head, shown)
    return spliced(head, row.body)


def _head(row: Message, extras: _Extras) -> bytes:
    head = b'{"author":%b,"mentions":%b' % (extras.users[row.author_id], _mentions(row, extras.users))
    counts = extras.reactions.get(row.id)
    if not counts:
        return head
    shapes = [reaction(each.emoji, each.total, me=each.me) for each in counts]
    return b'%b,"reactions":%b' % (head, encode(shapes))


def _mentions(row: Message, known: dict[int, bytes]) -> bytes:
    if row.mentions is None:
        return b"[]"
    return b"[%b]" % b",".join(known[user_id] for user_id in row.mentioned if user_id in known)


def _mention(user: User, member: Member | None) -> MentionedUser:
    shape = MentionedUser(**structs.asdict(rest.user(user)))
    if member is not None:
        shape.member = rest.member(member, None)
    return shape
