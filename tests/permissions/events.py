"""Who hears which event: a table of what the protocol says of each, and what it is about as its own data tells."""

from __future__ import annotations

from typing import Final

import msgspec

from tests.permissions import rule
from tests.permissions.worlds import Bit, Guild

_GUILDS, _MEMBERS, _MODERATION, _EXPRESSIONS, _WEBHOOKS, _INVITES = 0, 1, 2, 3, 5, 6
_MESSAGES, _REACTIONS, _TYPING = 9, 10, 11

INTENTS: Final[dict[str, int]] = {
    "CHANNEL_PINS_UPDATE": _GUILDS,
    "GUILD_UPDATE": _GUILDS,
    "GUILD_ROLE_CREATE": _GUILDS,
    "GUILD_ROLE_UPDATE": _GUILDS,
    "GUILD_ROLE_DELETE": _GUILDS,
    "GUILD_MEMBER_ADD": _MEMBERS,
    "GUILD_MEMBER_UPDATE": _MEMBERS,
    "GUILD_MEMBER_REMOVE": _MEMBERS,
    "GUILD_BAN_ADD": _MODERATION,
    "GUILD_BAN_REMOVE": _MODERATION,
    "GUILD_AUDIT_LOG_ENTRY_CREATE": _MODERATION,
    "GUILD_EMOJIS_UPDATE": _EXPRESSIONS,
    "WEBHOOKS_UPDATE": _WEBHOOKS,
    "INVITE_CREATE": _INVITES,
    "INVITE_DELETE": _INVITES,
    "MESSAGE_CREATE": _MESSAGES,
    "MESSAGE_UPDATE": _MESSAGES,
    "MESSAGE_DELETE": _MESSAGES,
    "MESSAGE_DELETE_BULK": _MESSAGES,
    "MESSAGE_REACTION_ADD": _REACTIONS,
    "MESSAGE_REACTION_REMOVE": _REACTIONS,
    "MESSAGE_REACTION_REMOVE_ALL": _REACTIONS,
    "MESSAGE_REACTION_REMOVE_EMOJI": _REACTIONS,
    "TYPING_START": _TYPING,
}
"""The intent that each takes. What shows or hides a channel is `tests/gateway/test_audience.py`'s."""

ABOUT_MEMBERS: Final = frozenset(event for event, intent in INTENTS.items() if intent == _MEMBERS)
_NEEDS: Final = {
    "INVITE_CREATE": Bit.MANAGE_CHANNELS,
    "INVITE_DELETE": Bit.MANAGE_CHANNELS,
    "GUILD_AUDIT_LOG_ENTRY_CREATE": Bit.VIEW_AUDIT_LOG,
}
_OF_GUILD: Final = ("GUILD_UPDATE", "GUILD_AUDIT_LOG_ENTRY_CREATE")


def hears(guild: Guild, user: int, intents: int, event: str, data: bytes) -> bool:
    """Whether a member's session with these intents is told. Time-outs are left aside: they end by themselves."""
    if not intents >> INTENTS[event] & 1:
        return False
    told = msgspec.json.decode(data)
    # Only what is in a channel names it at the top; the guild's own shape names several, and an entry of the log any.
    named = "channel_id" in told and event not in _OF_GUILD
    place = guild.places[int(told["channel_id"])] if named else None
    if place is not None and not rule.may(guild, user, Bit.VIEW_CHANNEL, place, timed=False):
        return False
    needed = _NEEDS.get(event)
    return needed is None or rule.may(guild, user, needed, place, timed=False)
