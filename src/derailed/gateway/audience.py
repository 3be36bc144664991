"""Who hears what: intents, VIEW_CHANNEL, MESSAGE_CONTENT. Pure, and the only authority on who receives what.

A record of a guild becomes, for one session, no event, one, or several: a change that hides or shows channels to it
also brings it a CHANNEL_DELETE or CHANNEL_CREATE for each.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from derailed.gateway.view import View
from derailed.model import permissions
from derailed.wire.gateway import Intent
from derailed.wire.records import Record
from derailed.wire.reshaping import member_roles

Event = tuple[str, bytes]
"""A dispatch's name and its encoded `d`."""

_INTENT: Final[dict[str, int]] = {
    **dict.fromkeys(("GUILD_UPDATE", "GUILD_DELETE", "CHANNEL_PINS_UPDATE"), Intent.GUILDS),
    **dict.fromkeys(("GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE", "GUILD_ROLE_DELETE"), Intent.GUILDS),
    **dict.fromkeys(("CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE"), Intent.GUILDS),
    **dict.fromkeys(("GUILD_MEMBER_ADD", "GUILD_MEMBER_UPDATE", "GUILD_MEMBER_REMOVE"), Intent.GUILD_MEMBERS),
    **dict.fromkeys(("GUILD_BAN_ADD", "GUILD_BAN_REMOVE", "GUILD_AUDIT_LOG_ENTRY_CREATE"), Intent.GUILD_MODERATION),
    **dict.fromkeys(("GUILD_EMOJIS_UPDATE", "GUILD_STICKERS_UPDATE"), Intent.GUILD_EXPRESSIONS),
    "WEBHOOKS_UPDATE": Intent.GUILD_WEBHOOKS,
    **dict.fromkeys(("INVITE_CREATE", "INVITE_DELETE"), Intent.GUILD_INVITES),
    **dict.fromkeys(
        ("MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_DELETE_BULK"), Intent.GUILD_MESSAGES
    ),
    **dict.fromkeys(
        (
            "MESSAGE_REACTION_ADD",
            "MESSAGE_REACTION_REMOVE",
            "MESSAGE_REACTION_REMOVE_ALL",
            "MESSAGE_REACTION_REMOVE_EMOJI",
        ),
        Intent.GUILD_MESSAGE_REACTIONS,
    ),
    "TYPING_START": Intent.GUILD_MESSAGE_TYPING,
}
_DIRECT_INTENT: Final[dict[str, int]] = {
    **dict.fromkeys(("MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE"), Intent.DIRECT_MESSAGES),
    "CHANNEL_PINS_UPDATE": Intent.DIRECT_MESSAGES,
    **dict.fromkeys(
        (
            "MESSAGE_REACTION_ADD",
            "MESSAGE_REACTION_REMOVE",
            "MESSAGE_REACTION_REMOVE_ALL",
            "MESSAGE_REACTION_REMOVE_EMOJI",
        ),
        Intent.DIRECT_MESSAGE_REACTIONS,
    ),
    "TYPING_START": Intent.DIRECT_MESSAGE_TYPING,
}
_DIRECT_MASK: Final = {event: int(intent) for event, intent in _DIRECT_INTENT.items()}
OF_CONVERSATIONS: Final = frozenset(
    ("CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE", "CHANNEL_RECIPIENT_ADD", "CHANNEL_RECIPIENT_REMOVE")
)
"""What people are told of conversations themselves. Bots are not: libraries take a DM as it comes, or fail."""
DIRECT: Final = OF_CONVERSATIONS | _DIRECT_MASK.keys()
"""All that is told of conversations, which are in no guild."""
_MASK: Final = {event: int(intent) for event, intent in _INTENT.items()}
"""As plain numbers: each `&` with a flag makes another flag, which costs more than all the rest of a decision."""
_NEEDS: Final = {
    "INVITE_CREATE": permissions.MANAGE_CHANNELS,
    "INVITE_DELETE": permissions.MANAGE_CHANNELS,
    "GUILD_AUDIT_LOG_ENTRY_CREATE": permissions.VIEW_AUDIT_LOG,
}
"""What one must hold: in the channel beyond seeing it, or in the guild for what is in no channel."""
CONTENT: Final = int(Intent.MESSAGE_CONTENT)
RESHAPING: Final = frozenset(event for event, intent in _INTENT.items() if intent == Intent.GUILDS) - {
    "CHANNEL_PINS_UPDATE"
}
"""Records that may change who sees what."""
OF_MEMBERS: Final = frozenset(event for event, intent in _INTENT.items() if intent == Intent.GUILD_MEMBERS)


class Seat:
    """One session's place in one guild. `floor` is the rev that its GUILD_CREATE told of.

    `account_floor`: that of the account's own topic of which READY told what was read in the guild.

    `gone`: it was removed, or the guild has ended; `told`: it knows already. `presences`: it hears who is here.
    """

    __slots__ = ("account_floor", "floor", "gone", "presences", "roles", "told")

    def __init__(self, floor: int, roles: tuple[int, ...], *, presences: bool = False, account_floor: int = 0) -> None:
        self.floor = floor
        self.account_floor = account_floor
        self.roles = roles
        self.presences = presences
        self.gone = False
        self.told = False


class Class(NamedTuple):
    """What decides who hears a record that changes nobody's sight: everyone it is alike for shares one list."""

    intent: int
    channel: int
    needs: int


def hears_presences(intents: int, *, bot: bool, member_count: int, large_threshold: int) -> bool:
    """Whether a session that comes into a guild is told who is here and who comes and goes.

    People's clients are not where there are many: they follow a list of members, and are told of what it shows.
    """
    return bool(intents & Intent.GUILD_PRESENCES) and (bot or member_count <= large_threshold)


def class_of(record: Record) -> Class:
    """The class of a record that is neither reshaping nor about the hearing member."""
    return Class(_MASK[record.event], record.channel, _NEEDS.get(record.event, 0))


def hears(view: View, user_id: int, intents: int, seat: Seat, kind: Class) -> bool:
    """Whether a member hears records of that class under this view."""
    if seat.gone or not intents & kind.intent:
        return False
    if not kind.channel:
        return not kind.needs or bool(permissions.in_guild(view.guild, user_id, seat.roles) & kind.needs)
    if kind.channel not in view.visible(user_id, seat.roles):
        return False
    if kind.needs:
        guild = view.guild
        return bool(permissions.in_channel(guild, user_id, seat.roles, guild.channels[kind.channel]) & kind.needs)
    return True


def hears_directly(record: Record, intents: int, *, bot: bool) -> bool:
    """Whether a session of its account hears a record of a conversation, which is one of no guild."""
    if record.event in OF_CONVERSATIONS:
        return not bot
    return bool(intents & _DIRECT_MASK[record.event])


def content(record: Record, user_id: int, intents: int) -> bytes:
    """The event's `d` as this user may read it."""
    if record.stripped is None or intents & CONTENT:
        return record.data
    return record.data if user_id == record.author or user_id in record.mentions else record.stripped


def events(record: Record, before: View, after: View, user_id: int, intents: int, seat: Seat) -> list[Event]:
    """What a record is to one session; moves its seat on. `before` and `after` are the views around the record."""
    if seat.gone:
        return []
    if record.event in RESHAPING:
        return _reshaped(record, before, after, user_id, intents, seat)
    if record.event in OF_MEMBERS and record.target == user_id:
        return _about_oneself(record, after, user_id, intents, seat)
    if hears(after, user_id, intents, seat, class_of(record)):
        return [(record.event, content(record, user_id, intents))]
    return []


def _reshaped(record: Record, before: View, after: View, user_id: int, intents: int, seat: Seat) -> list[Event]:
    if record.event == "GUILD_DELETE":
        # Members are told of it one by one in their own topics, which takes long where there are many.
        seat.gone = seat.told = True
        return [(record.event, record.data)]
    if not intents & Intent.GUILDS:
        return []
    seen, sees = before.visible(user_id, seat.roles), after.visible(user_id, seat.roles)
    out: list[Event] = []
    if not record.event.startswith("CHANNEL_") or (record.event == "CHANNEL_UPDATE" and record.channel in seen & sees):
        out.append((record.event, record.data))
    return out + _difference(before, after, seen, sees)


def _about_oneself(record: Record, view: View, user_id: int, intents: int, seat: Seat) -> list[Event]:
    if record.event == "GUILD_MEMBER_REMOVE":
        seat.gone = True  # GUILD_DELETE follows in their own topic
        return []
    seen = view.visible(user_id, seat.roles)
    seat.roles = member_roles(record)
    out: list[Event] = [(record.event, record.data)]
    if intents & Intent.GUILDS:
        out += _difference(view, view, seen, view.visible(user_id, seat.roles))
    return out


def _difference(before: View, after: View, seen: frozenset[int], sees: frozenset[int]) -> list[Event]:
    if seen == sees:
        return []
    lost: list[Event] = [("CHANNEL_DELETE", before.channel_json(channel)) for channel in sorted(seen - sees)]
    return lost + [("CHANNEL_CREATE", after.channel_json(channel)) for channel in sorted(sees - seen)]


def forbids_resume(record: Record, user_id: int) -> bool:
    """Whether a record that a session missed may have changed what it is in or may see: then it can not be resumed."""
    if record.event in OF_MEMBERS:
        return record.target == user_id
    return record.event in RESHAPING and record.event not in ("CHANNEL_CREATE", "GUILD_ROLE_CREATE")
