"""Between our words and those of `proto/presence.proto`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, cast

import msgspec

from derailed.generated import presence_pb2 as proto
from derailed.presence import Announced, Changed, Client, Presence, Recent, Status

_Any = Literal["online", "idle", "dnd", "invisible", "offline"]
_STATUSES: Final[Mapping[_Any, proto.Status]] = {
    "online": proto.STATUS_ONLINE,
    "idle": proto.STATUS_IDLE,
    "dnd": proto.STATUS_DND,
    "invisible": proto.STATUS_INVISIBLE,
    "offline": proto.STATUS_OFFLINE,
}
_CLIENTS: Final[Mapping[Client, proto.Client]] = {
    "desktop": proto.CLIENT_DESKTOP,
    "mobile": proto.CLIENT_MOBILE,
    "web": proto.CLIENT_WEB,
}
_STATUS_OF: Final = {number: status for status, number in _STATUSES.items()}
_STATUS_OF_SESSION: Final = {number: status for number, status in _STATUS_OF.items() if status != "offline"}
_CLIENT_OF: Final = {number: client for client, number in _CLIENTS.items()}

REPORTS_AT_ONCE: Final = 500
"""In one message, so that it is no more work than others can wait for."""
_SESSION_ID_BYTES: Final = 64
_ACTIVITIES_BYTES: Final = 1 << 16
_GUILDS: Final = 10_000

_items: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_list: Final = msgspec.json.encode


class Nonsense(Exception):
    """What no node says. Whoever says it is hung up on; nobody else hears of it."""


def report_up(session: Announced) -> proto.Report:
    """A session is here."""
    up = proto.Session(
        session_id=session.session_id,
        user_id=session.user_id,
        claim=session.claim,
        guild_ids=session.guild_ids,
        status=_STATUSES[session.status],
        activities=session.activities,
        client=_CLIENTS[session.client],
        resumed=session.resumed,
        reached=session.reached,
    )
    return proto.Report(up=up)


def report_change(session_id: bytes, status: Status, activities: bytes) -> proto.Report:
    """It shows something else."""
    return proto.Report(change=change(session_id, status, activities))


def report_belongs(session_id: bytes, guild_ids: Iterable[int]) -> proto.Report:
    """Its user's guilds."""
    return proto.Report(belongs=proto.Belongs(session_id=session_id, guild_ids=guild_ids))


def report_watch(guild_id: int, number: int) -> proto.Report:
    """It wants to hear of a guild."""
    return proto.Report(watch=proto.Watch(guild_id=guild_id, number=number))


def change(session_id: bytes, status: Status, activities: bytes) -> proto.Change:
    """What a session shows."""
    return proto.Change(session_id=session_id, status=_STATUSES[status], activities=activities)


def announced(session: proto.Session) -> Announced:
    """A session as its node announced it. Raises Nonsense."""
    if not 0 < len(session.session_id) <= _SESSION_ID_BYTES:
        raise Nonsense(f"a session's id has 1 to {_SESSION_ID_BYTES} bytes")
    if session.client not in _CLIENT_OF:
        raise Nonsense("no such client")
    return Announced(
        session.session_id,
        session.user_id,
        session.claim,
        guilds(session.guild_ids),
        status(session.status),
        activities(session.activities),
        _CLIENT_OF[session.client],
        session.resumed,
        session.reached,
    )


def guilds(guild_ids: Sequence[int]) -> tuple[int, ...]:
    """A session's guilds. Raises Nonsense."""
    if len(guild_ids) > _GUILDS:
        raise Nonsense(f"more than {_GUILDS} guilds")
    return tuple(guild_ids)


def status(number: proto.Status) -> Status:
    """A session's status. Raises Nonsense."""
    if number not in _STATUS_OF_SESSION:
        raise Nonsense("no such status of a session")
    return _STATUS_OF_SESSION[number]


def activities(text: bytes) -> bytes:
    """A session's activities: JSON without space around, as it is spliced into events. Raises Nonsense."""
    if text == b"[]":
        return text
    if len(text) > _ACTIVITIES_BYTES:
        raise Nonsense(f"more than {_ACTIVITIES_BYTES} bytes of activities")
    try:
        text.decode()
        return _list(_items(text))
    except (UnicodeDecodeError, msgspec.DecodeError):
        raise Nonsense("activities that are no JSON") from None


def user_presence(presence: Presence) -> proto.UserPresence:
    """To the wire."""
    return proto.UserPresence(
        user_id=presence.user_id,
        status=_STATUSES[presence.status],
        activities=presence.activities,
        client_status=presence.client_status,
    )


def presence_of(message: proto.UserPresence) -> Presence:
    """From the wire."""
    shown = cast(Literal["online", "idle", "dnd", "offline"], _STATUS_OF[message.status])
    return Presence(message.user_id, shown, message.activities, message.client_status)


def changed(signal: Changed) -> proto.Changed:
    """To the wire."""
    return proto.Changed(presence=user_presence(signal.presence), guild_ids=signal.guild_ids)


def recent(guild_ids: Iterable[int], replies: Sequence[proto.RecentReply]) -> Recent:
    """What several services know of their users, together."""
    users: dict[int, dict[int, None]] = {guild_id: {} for guild_id in guild_ids}
    for reply in replies:
        for guild in reply.guilds:
            users[guild.guild_id].update(dict.fromkeys(guild.user_ids))
    whole = all(reply.whole for reply in replies)
    return Recent({guild_id: list(changed) for guild_id, changed in users.items()}, whole)


def recent_reply(found: Recent) -> proto.RecentReply:
    """To the wire."""
    guilds = [proto.RecentReply.Guild(guild_id=guild_id, user_ids=users) for guild_id, users in found.users.items()]
    return proto.RecentReply(guilds=guilds, whole=found.whole)
