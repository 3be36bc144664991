"""Who may write to whom, and who may ask whom to be a friend: decided here, whichever verb wants to know.

A verb that acts on the answer holds the topics of both first, as whoever blocks or befriends does: then nobody is
written to after their block was acknowledged.
"""

from __future__ import annotations

from derailed.store import Connection, members, relationships, user_settings
from derailed.wire.user_settings import UserSettings, decode


async def may_write(tx: Connection, user_id: int, other_id: int) -> bool:
    """Whether the user may open a direct channel with the other, and write into it. Of bots and people alike.

    Neither has blocked the other, and they are friends or share a guild from whose members the other takes messages.
    """
    known = await relationships.get(tx, user_id, other_id)
    if (known is not None and known.is_block) or await relationships.blocks(tx, other_id, user_id):
        return False
    if known is not None and known.is_friendship:
        return True
    shared = await members.shared(tx, user_id, other_id)
    return bool(shared) and not set((await settings_of(tx, other_id)).restricted_guilds).issuperset(map(str, shared))


async def may_ask(tx: Connection, user_id: int, other_id: int) -> bool:
    """Whether the other lets the user ask to be a friend. Blocks are another matter."""
    welcome = (await settings_of(tx, other_id)).friend_source_flags
    if welcome.all:
        return True
    if welcome.mutual_guilds and await members.shared(tx, user_id, other_id):
        return True
    return welcome.mutual_friends and bool(await relationships.mutual_friends(tx, user_id, other_id))


async def settings_of(tx: Connection, user_id: int) -> UserSettings:
    """What the account has set for itself."""
    return decode(await user_settings.get(tx, user_id))
