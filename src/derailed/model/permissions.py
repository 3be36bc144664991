"""Who may do what: the one rule, used by every verb and by the Gateway's audience.

Bits are plain integers, because they are combined for every event and every request.
Bits that have no name here are stored and returned unchanged.
"""

from __future__ import annotations

from derailed.model.guild import Channel, Guild, Member

CREATE_INSTANT_INVITE = 1 << 0
KICK_MEMBERS = 1 << 1
BAN_MEMBERS = 1 << 2
ADMINISTRATOR = 1 << 3
MANAGE_CHANNELS = 1 << 4
MANAGE_GUILD = 1 << 5
ADD_REACTIONS = 1 << 6
VIEW_AUDIT_LOG = 1 << 7
PRIORITY_SPEAKER = 1 << 8
STREAM = 1 << 9
VIEW_CHANNEL = 1 << 10
SEND_MESSAGES = 1 << 11
SEND_TTS_MESSAGES = 1 << 12
MANAGE_MESSAGES = 1 << 13
EMBED_LINKS = 1 << 14
ATTACH_FILES = 1 << 15
READ_MESSAGE_HISTORY = 1 << 16
MENTION_EVERYONE = 1 << 17
USE_EXTERNAL_EMOJIS = 1 << 18
CONNECT = 1 << 20
SPEAK = 1 << 21
MUTE_MEMBERS = 1 << 22
DEAFEN_MEMBERS = 1 << 23
MOVE_MEMBERS = 1 << 24
USE_VAD = 1 << 25
CHANGE_NICKNAME = 1 << 26
MANAGE_NICKNAMES = 1 << 27
MANAGE_ROLES = 1 << 28
MANAGE_WEBHOOKS = 1 << 29
MANAGE_GUILD_EXPRESSIONS = 1 << 30
USE_APPLICATION_COMMANDS = 1 << 31
MANAGE_THREADS = 1 << 34
CREATE_PUBLIC_THREADS = 1 << 35
CREATE_PRIVATE_THREADS = 1 << 36
USE_EXTERNAL_STICKERS = 1 << 37
SEND_MESSAGES_IN_THREADS = 1 << 38
MODERATE_MEMBERS = 1 << 40
CREATE_GUILD_EXPRESSIONS = 1 << 43
SEND_VOICE_MESSAGES = 1 << 46
SEND_POLLS = 1 << 49
PIN_MESSAGES = 1 << 51
BYPASS_SLOWMODE = 1 << 52

ALL = (1 << 53) - 1
"""Every bit a JSON number can carry: what an owner or an administrator has."""

OF_WEBHOOK = (
    VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | MENTION_EVERYONE
    | USE_EXTERNAL_EMOJIS
)
"""What whoever knows a webhook's token may do in its channel, whatever the channel's overwrites."""

OF_RECIPIENT = (
    VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | ADD_REACTIONS
    | MENTION_EVERYONE
    | USE_EXTERNAL_EMOJIS
    | PIN_MESSAGES
)
"""What everybody may do in a conversation."""

OF_UNHEARD = VIEW_CHANNEL | READ_MESSAGE_HISTORY
"""What is left in a DM of somebody whom the other one does not hear."""

_LOST_WITHOUT_SEND = MENTION_EVERYONE | SEND_TTS_MESSAGES | ATTACH_FILES | EMBED_LINKS
_KEPT_IN_TIME_OUT = VIEW_CHANNEL | READ_MESSAGE_HISTORY

EVERYONE_DEFAULT = (
    CREATE_INSTANT_INVITE
    | ADD_REACTIONS
    | STREAM
    | VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | MENTION_EVERYONE
    | USE_EXTERNAL_EMOJIS
    | CONNECT
    | SPEAK
    | USE_VAD
    | CHANGE_NICKNAME
    | USE_APPLICATION_COMMANDS
    | CREATE_PUBLIC_THREADS
    | CREATE_PRIVATE_THREADS
    | USE_EXTERNAL_STICKERS
    | SEND_MESSAGES_IN_THREADS
    | SEND_VOICE_MESSAGES
    | SEND_POLLS
)
"""What @everyone may do in a new guild."""


def in_guild(guild: Guild, user_id: int, roles: tuple[int, ...]) -> int:
    """The permissions of a member with these roles in the guild as a whole, time-outs left aside."""
    if user_id == guild.owner_id:
        return ALL
    known = guild.roles
    bits = known[guild.id].permissions
    for role_id in roles:
        role = known.get(role_id)  # a role deleted at this very rev may still be named by its members
        if role is not None:
            bits |= role.permissions
    return ALL if bits & ADMINISTRATOR else bits


def in_channel(guild: Guild, user_id: int, roles: tuple[int, ...], channel: Channel) -> int:
    """The permissions of a member with these roles in one channel, time-outs left aside.

    Overwrites apply by kind (everyone, roles together, member), never in the order of their rows.
    """
    bits = in_guild(guild, user_id, roles)
    if bits == ALL:
        return ALL
    everyone, own = None, None
    allow = deny = 0
    for overwrite in channel.overwrites:
        if overwrite.type == 1:
            if overwrite.id == user_id:
                own = overwrite
        elif overwrite.id == guild.id:
            everyone = overwrite
        elif overwrite.id in roles and overwrite.id in guild.roles:
            allow |= overwrite.allow
            deny |= overwrite.deny
    if everyone is not None:
        bits = bits & ~everyone.deny | everyone.allow
    bits = bits & ~deny | allow
    if own is not None:
        bits = bits & ~own.deny | own.allow
    if not bits & VIEW_CHANNEL:
        return 0
    if not bits & SEND_MESSAGES:
        bits &= ~_LOST_WITHOUT_SEND
    return bits


def of_member(guild: Guild, member: Member, channel: Channel | None, now_ms: int) -> int:
    """What the member may do now: in the channel, or in the guild as a whole without one."""
    if channel is None:
        bits = in_guild(guild, member.user_id, member.roles)
    else:
        bits = in_channel(guild, member.user_id, member.roles, channel)
    timed_out = member.timed_out_until is not None and member.timed_out_until > now_ms
    if timed_out and in_guild(guild, member.user_id, member.roles) != ALL:  # `bits` may be ALL by an overwrite
        bits &= _KEPT_IN_TIME_OUT
    return bits


def highest_position(guild: Guild, member: Member) -> tuple[int, int]:
    """Where the member stands in the hierarchy: (position, -id) of the highest role; the owner above all.

    Of two roles at one position the older one (lower id) stands higher.
    """
    if member.user_id == guild.owner_id:
        return (1 << 31, 0)
    held = [guild.roles[role_id] for role_id in member.roles if role_id in guild.roles]
    return max(((role.position, -role.id) for role in held), default=(0, -guild.id))
