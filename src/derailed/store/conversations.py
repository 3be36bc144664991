"""Conversations and who is in them. Their messages, pins and reactions are those of any channel."""

from __future__ import annotations

from collections.abc import Iterable

from derailed.model.conversation import Conversation, Shown
from derailed.model.guild import ChannelType
from derailed.model.user import User
from derailed.store import Connection, Row, channels, users

_GET = "SELECT type, owner_id, name, icon, last_pin_at FROM channels WHERE id = $1 AND guild_id = 0"
_RECIPIENTS = "SELECT user_id, hidden FROM recipients WHERE channel_id = $1 ORDER BY since_id, user_id"
_IS_IN = "SELECT 1 FROM recipients WHERE channel_id = $1 AND user_id = $2"
_INSERT = "INSERT INTO channels (id, guild_id, type, name, owner_id) VALUES ($1, 0, $2, '', $3)"
_ADD = "INSERT INTO recipients (channel_id, user_id, since_id, hidden) VALUES ($1, $2, $3, $4)"
_HIDE = "UPDATE recipients SET hidden = $3 WHERE channel_id = $1 AND user_id = $2"
_DIRECT = "SELECT channel_id FROM directs WHERE lower_id = $1 AND higher_id = $2"
_GROUPS_OF = """
SELECT COUNT(*) FROM recipients JOIN channels ON channels.id = recipients.channel_id
WHERE recipients.user_id = $1 AND channels.type = $2
"""
_A_GROUP_OF = """
SELECT recipients.channel_id FROM recipients JOIN channels ON channels.id = recipients.channel_id
WHERE recipients.user_id = $1 AND channels.type = $2 ORDER BY recipients.channel_id LIMIT 1
"""
_LISTED = """
SELECT channels.id, channels.type, channels.owner_id, channels.name, channels.icon, channels.last_pin_at,
    channels.deleted_message_id, (SELECT MAX(messages.id) FROM messages WHERE messages.channel_id = channels.id)
FROM recipients JOIN channels ON channels.id = recipients.channel_id
WHERE recipients.user_id = $1 AND recipients.hidden = 0
"""
_LISTED_PEOPLE = """
SELECT other.channel_id,
    users.id, users.username, users.global_name, users.avatar, users.bot, users.flags, users.banner
FROM recipients own JOIN recipients other ON other.channel_id = own.channel_id
JOIN users ON users.id = other.user_id
WHERE own.user_id = $1 AND own.hidden = 0
ORDER BY other.since_id, other.user_id
"""


async def is_in(tx: Connection, channel_id: int, user_id: int) -> bool:
    """Whether the user is one of its recipients."""
    return await tx.fetchrow(_IS_IN, channel_id, user_id) is not None


async def since(tx: Connection, channel_id: int, user_id: int) -> int:
    """The id from which on somebody is in it: nothing older was said to them."""
    sql = "SELECT since_id FROM recipients WHERE channel_id = $1 AND user_id = $2"
    row = await tx.fetchrow(sql, channel_id, user_id)
    return 0 if row is None else int(row[0])


async def those_with(tx: Connection, channel_ids: Iterable[int], user_id: int) -> list[Conversation]:
    """Those of the channels that are conversations in which the user is."""
    found = [await get(tx, channel_id) for channel_id in channel_ids if await is_in(tx, channel_id, user_id)]
    return [each for each in found if each is not None]


async def recipients(tx: Connection, channel_id: int) -> list[int]:
    """Everyone in it."""
    return [row[0] for row in await tx.fetch(_RECIPIENTS, channel_id)]


async def get(tx: Connection, channel_id: int) -> Conversation | None:
    """The conversation."""
    row = await tx.fetchrow(_GET, channel_id)
    if row is None:
        return None
    people = await tx.fetch(_RECIPIENTS, channel_id)
    return _conversation((channel_id, *row), tuple(each[0] for each in people), [each[0] for each in people if each[1]])


async def shown(tx: Connection, conversation: Conversation) -> Shown:
    """The conversation as it is shown."""
    last = await channels.last_message_ids(tx, (conversation.id,))
    return Shown(conversation, await users.many(tx, conversation.recipients), last.get(conversation.id))


async def of_user(tx: Connection, user_id: int) -> list[Shown]:
    """Those that the user is in and has not closed, the one with the newest message first: two statements for all."""
    people: dict[int, dict[int, User]] = {}
    for row in await tx.fetch(_LISTED_PEOPLE, user_id):
        people.setdefault(row[0], {})[row[1]] = users.from_row(row[1:])
    found = []
    for row in await tx.fetch(_LISTED, user_id):
        inside = people[row[0]]
        newest = max(row[6] or 0, row[7] or 0)
        found.append(Shown(_conversation(row[:6], tuple(inside), ()), inside, newest or None))
    return sorted(found, key=lambda each: each.last_message_id or each.conversation.id, reverse=True)


async def direct(tx: Connection, one_id: int, other_id: int) -> int | None:
    """The DM of these two, if they have one."""
    row = await tx.fetchrow(_DIRECT, *sorted((one_id, other_id)))
    return None if row is None else int(row[0])


async def insert(tx: Connection, conversation: Conversation) -> None:
    """Add it with everyone in it."""
    await tx.execute(_INSERT, conversation.id, conversation.type, conversation.owner_id)
    for user_id in conversation.recipients:
        await tx.execute(_ADD, conversation.id, user_id, conversation.id, int(user_id in conversation.hidden_from))
    if not conversation.is_group:
        sql = "INSERT INTO directs (lower_id, higher_id, channel_id) VALUES ($1, $2, $3)"
        await tx.execute(sql, *sorted(conversation.recipients), conversation.id)


async def update(tx: Connection, conversation: Conversation) -> None:
    """Write what a group is called, shown as, and whose it is."""
    sql = "UPDATE channels SET name = $2, icon = $3, owner_id = $4 WHERE id = $1"
    await tx.execute(sql, conversation.id, conversation.name or "", conversation.icon, conversation.owner_id)


async def add(tx: Connection, channel_id: int, user_id: int, since_id: int) -> None:
    """Somebody comes in."""
    await tx.execute(_ADD, channel_id, user_id, since_id, 0)


async def remove(tx: Connection, channel_id: int, user_id: int) -> None:
    """Somebody goes."""
    await tx.execute("DELETE FROM recipients WHERE channel_id = $1 AND user_id = $2", channel_id, user_id)


async def hide(tx: Connection, channel_id: int, user_id: int, *, hidden: bool) -> None:
    """It is closed for one of its recipients, or open."""
    await tx.execute(_HIDE, channel_id, user_id, int(hidden))


async def groups_of(tx: Connection, user_id: int) -> int:
    """How many groups the user is in."""
    row = await tx.fetchrow(_GROUPS_OF, user_id, int(ChannelType.GROUP_DM))
    return 0 if row is None else int(row[0])


async def a_group_of(tx: Connection, user_id: int) -> int | None:
    """One of the groups that the user is in."""
    row = await tx.fetchrow(_A_GROUP_OF, user_id, int(ChannelType.GROUP_DM))
    return None if row is None else int(row[0])


def _conversation(row: Row, people: tuple[int, ...], hidden: list[int] | tuple[int, ...]) -> Conversation:
    channel_id, kind, owner_id, name, icon, last_pin_at = row
    return Conversation(
        id=channel_id,
        type=kind,
        recipients=people,
        hidden_from=tuple(hidden),
        owner_id=owner_id,
        name=name or None,
        icon=icon,
        last_pin_at=last_pin_at,
    )
