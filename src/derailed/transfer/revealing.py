"""The moment at which an imported guild can be seen: its own row, and all that it is made of, in one transaction."""

from __future__ import annotations

import secrets
from typing import Any, Final, NamedTuple

import msgspec

from derailed.actions.changes import Changes
from derailed.model.guild import Channel, Emoji, Guild, Invite, Member, Overwrite, Role
from derailed.model.webhook import Webhook
from derailed.store import channels, emojis, guilds, invites, members, roles, transfers, webhooks
from derailed.store.topics import Change
from derailed.store.transfers import Import, Stage
from derailed.transfer import Busy, layout
from derailed.wire.records import guild_topic

_TOKEN_BYTES: Final = 48


class Revealed(NamedTuple):
    """What the guild is made of here, and its owner's membership."""

    shape: list[layout.Line]
    owner: layout.MemberLine


async def reveal(made: Revealed, at: Import, changes: Changes) -> tuple[int, tuple[str, ...]]:
    """Let the guild be there, with its owner; its rev, and the codes of invites that lead elsewhere here."""
    await changes.hold(guild_topic(at.guild_id))
    guild = _guild(made.shape)
    if await guilds.shape(changes.tx, guild.id, 0) is not None:
        raise Busy(f"a guild {guild.id} has come into being meanwhile")
    await guilds.insert(changes.tx, guild)
    await guilds.update(changes.tx, guild)
    for role in guild.roles.values():
        await roles.insert(changes.tx, guild.id, role)
    for emoji in guild.emojis.values():
        await emojis.insert(changes.tx, guild.id, emoji)
    left_out = await _channels(changes, guild, made.shape)
    is_new = await guilds.member(changes.tx, guild.id, guild.owner_id) is None
    if is_new:
        await members.insert(changes.tx, member(guild.id, made.owner))
    await transfers.count_members(changes.tx, guild.id)
    rev = await changes.guild_update(guild, Change.SHAPE | Change.MEMBERS)
    if is_new:
        await changes.joined(guild.owner_id, guild.id, rev)
    if not await transfers.move(changes.tx, at, at._replace(stage=Stage.MEMBERS, page=0, rev=rev)):
        raise Busy("another process imports the same archive")
    return rev, left_out


def member(guild_id: int, line: layout.MemberLine) -> Member:
    """The membership."""
    return Member(
        guild_id=guild_id,
        user_id=line.user_id,
        joined_at=line.joined_at,
        roles=tuple(line.roles),
        nick=line.nick,
        timed_out_until=line.timed_out_until,
        flags=line.flags,
    )


async def _channels(changes: Changes, guild: Guild, shape: list[layout.Line]) -> tuple[str, ...]:
    """Channels, and what leads into them. Webhooks get tokens of their own: those who know the old ones know none."""
    for channel in guild.channels.values():
        await channels.insert(changes.tx, channel)
    left_out = []
    for line in shape:
        if isinstance(line, layout.ChannelLine):
            await transfers.set_past(changes.tx, line.id, line.last_pin_at, line.deleted_message_id)
        elif isinstance(line, layout.WebhookLine):
            token = secrets.token_urlsafe(_TOKEN_BYTES)
            await webhooks.insert(changes.tx, Webhook(guild_id=guild.id, token=token, **_fields(line)))
        elif isinstance(line, layout.InviteLine):
            if await invites.get(changes.tx, line.code) is not None:
                left_out.append(line.code)
                continue
            await invites.insert(changes.tx, Invite(guild_id=guild.id, **_fields(line)))
            await transfers.set_uses(changes.tx, line.code, line.uses)
    return tuple(left_out)


def _guild(shape: list[layout.Line]) -> Guild:
    own = next(line for line in shape if isinstance(line, layout.GuildLine))
    made = [
        Channel(guild_id=own.id, overwrites=tuple(Overwrite(*each) for each in line.overwrites), **_fields(line))
        for line in shape
        if isinstance(line, layout.ChannelLine)
    ]
    return Guild(
        rev=0,
        roles={line.id: Role(**_fields(line)) for line in shape if isinstance(line, layout.RoleLine)},
        channels={each.id: each for each in made},
        emojis={
            line.id: Emoji(roles=tuple(line.roles), **_fields(line))
            for line in shape
            if isinstance(line, layout.EmojiLine)
        },
        **_fields(own),
    )


_APART: Final = {"overwrites", "deleted_message_id", "roles"}


def _fields(line: layout.Line) -> dict[str, Any]:
    """What the line and the value it stands for call the same."""
    return {name: value for name, value in msgspec.structs.asdict(line).items() if name not in _APART}
