"""What a ban or the end of a guild leaves to be removed: one step of each, in its own transaction."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from msgspec.structs import replace

from derailed.actions import joining, roles
from derailed.actions.changes import Changes
from derailed.actions.chores import DeleteMessages, EndGuild, TakeRole
from derailed.store import audit, authors, bans, channels, members, messages
from derailed.store.lists import BULK
from derailed.store.topics import Change
from derailed.wire.messages import MessageDeleteBulk, encode
from derailed.wire.records import Record, guild_topic

_LOOKED_AT: Final = 2000
"""Messages of one step whose authors are read: a millisecond."""
_MEMBERS: Final = 50
"""Members of one step, each with a record of its own: some milliseconds."""
_ROWS: Final = 500


async def delete_messages(changes: Changes, guild_id: int, chore: DeleteMessages) -> DeleteMessages | None:
    """Delete up to a hundred of the users' messages in one channel."""
    channel_id = await channels.next_of_guild(changes.tx, guild_id, chore.channel_id)
    if channel_id is None:
        return None
    reached = chore.message_id if channel_id == chore.channel_id else 0
    reached = max(reached, chore.since_id - 1)
    lines = await authors.between(changes.tx, channel_id, reached, chore.until_id, _LOOKED_AT)
    theirs = [message_id for message_id, author_id in lines if author_id in chore.user_ids][:BULK]
    if theirs:
        await _delete(changes, guild_id, channel_id, theirs)
    if len(theirs) == BULK:
        return replace(chore, channel_id=channel_id, message_id=theirs[-1])
    if len(lines) == _LOOKED_AT:
        return replace(chore, channel_id=channel_id, message_id=lines[-1][0])
    return replace(chore, channel_id=channel_id + 1, message_id=0)


async def end_guild(changes: Changes, guild_id: int, chore: EndGuild) -> EndGuild | None:
    """Tell some of the members, and when there are none left remove what else was the guild's."""
    told = await members.remove_some(changes.tx, guild_id, _MEMBERS)
    await joining.tell_left(changes, guild_id, dict.fromkeys(told, chore.rev))
    if len(told) == _MEMBERS:
        return chore
    removed = await bans.remove_some(changes.tx, guild_id, _ROWS) + await audit.remove_some(changes.tx, guild_id, _ROWS)
    return chore if removed else None


async def take_role(changes: Changes, guild_id: int, chore: TakeRole) -> TakeRole | None:
    """Take the role from some of the members."""
    until = await members.at(changes.tx, guild_id, chore.user_id, _ROWS)
    await roles.take_from(changes, guild_id, chore.role_id, chore.user_id, until)
    return None if until is None else replace(chore, user_id=until)


async def _delete(changes: Changes, guild_id: int, channel_id: int, message_ids: Collection[int]) -> None:
    removed = await messages.remove(changes.tx, channel_id, message_ids)
    if removed:
        data = encode(MessageDeleteBulk([str(each) for each in removed], str(channel_id), str(guild_id)))
        record = Record(event="MESSAGE_DELETE_BULK", guild=guild_id, channel=channel_id, data=data)
        await changes.emit(guild_topic(guild_id), Change.NOTHING, record)
