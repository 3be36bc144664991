"""One line of an archive as rows of the store, before the guild can be seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from derailed.actions.attachments import address
from derailed.model.user import User
from derailed.store import Connection, reactions, transfers, users
from derailed.transfer import layout
from derailed.wire.messages import Body, body_of, end_of

_NAME_MAX: Final = 32

_encode: Final = msgspec.json.Encoder().encode


class Here(NamedTuple):
    """Where it comes to: the guild, and what addresses of files begin with and are signed with."""

    guild_id: int
    origin: str
    secret: bytes


async def add(tx: Connection, here: Here, line: layout.Line) -> None:
    """Add what the line says. What has the shape of the guild waits until the guild can be seen."""
    match line:
        case layout.UserLine():
            await _add_user(tx, line)
        case layout.BanLine():
            await transfers.add_ban(tx, (here.guild_id, line.user_id, line.reason, line.created_at))
        case layout.AuditLine():
            row = (line.id, line.user_id, line.target_id, line.action_type, bytes(line.entry))
            await transfers.add_entry(tx, (here.guild_id, *row))
        case layout.MemberLine():
            await _add_member(tx, here, line)
        case layout.MessageLine():
            await _add_message(tx, here, line)
        case layout.ReactionLine():
            reaction = (line.emoji, line.user_id, line.created_at)
            await reactions.add(tx, line.channel_id, line.message_id, reaction)
        case layout.PinLine():
            await transfers.add_pin(tx, (line.channel_id, line.message_id, line.pinned_at))


async def is_shown(tx: Connection, found: Iterable[layout.Line], key: str) -> bool:
    """Whether a picture is one that an account or a webhook of the page has here."""
    name = key.partition("/")[2]
    for line in found:
        if isinstance(line, layout.WebhookLine) and line.avatar == name:
            return True
        if isinstance(line, layout.GuildLine) and line.banner == name:
            return True
        if isinstance(line, layout.UserLine) and name in (line.avatar, line.banner):
            account = await users.get(tx, line.id)
            if account is not None and name in (account.avatar, account.banner):
                return True
    return False


async def _add_user(tx: Connection, line: layout.UserLine) -> None:
    """An account that is not known here, under its name, or under another if that is somebody's."""
    if await users.get(tx, line.id) is not None:
        return
    account = User(**msgspec.structs.asdict(line))
    tail = f"_{line.id}"
    for name in (line.username[:_NAME_MAX], line.username[: _NAME_MAX - len(tail)] + tail):
        if await transfers.add_user(tx, replace(account, username=name)):
            return
    raise AssertionError("a name that ends with the account's id is nobody else's")


async def _add_member(tx: Connection, here: Here, line: layout.MemberLine) -> None:
    """Those whom nobody can be told of; who has an account here comes in when there is something to come into."""
    if not await transfers.is_somebody(tx, line.user_id):
        roles = _encode(line.roles).decode()
        row = (here.guild_id, line.user_id, line.joined_at, roles, line.nick, line.timed_out_until, line.flags)
        await transfers.add_member(tx, row)


async def _add_message(tx: Connection, here: Here, line: layout.MessageLine) -> None:
    body = body_of(b"," + bytes(line.body)[1:])
    _readdress(here, line.channel_id, body)
    mentions = _encode(line.mentions).decode() if line.mentions else None
    row = (line.channel_id, line.id, line.author_id, line.reply_to, mentions, end_of(body), line.said_by_webhook)
    await transfers.add_message(tx, row)


def _readdress(here: Here, channel_id: int, body: Body) -> None:
    """Addresses of files are signed by whoever serves them."""
    for each in body.attachments:
        each.url = address(here.secret, here.origin, (channel_id, int(each.id)), each.filename)
        each.proxy_url = each.url
