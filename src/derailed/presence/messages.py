"""Between our words and those of `proto/presence.proto`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, cast

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
_CLIENT_OF: Final = {number: client for client, number in _CLIENTS.items()}


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
    )
    return proto.Report(up=up)


def report_change(session_id: bytes, status: Status, activities: bytes) -> proto.Report:
    """It shows something else."""
    return proto.Report(change=change(session_id, status, activities))


def report_belongs(session_id: bytes, guild_ids: Iterable[int]) -> proto.Report:
    """Its user's guilds."""
    return proto.Report(belongs=proto.Belongs(session_id=session_id, guild_ids=guild_ids))


def change(session_id: bytes, status: Status, activities: bytes) -> proto.Change:
    """What a session shows."""
    return proto.Change(session_id=session_id, status=_STATUSES[status], activities=activities)


def announced(session: proto.Session) -> Announced:
    """A session as its node announced it. Raises KeyError for what is no status or client."""
    return Announced(
        session.session_id,
        session.user_id,
        session.claim,
        tuple(session.guild_ids),
        status(session.status),
        session.activities,
        _CLIENT_OF[session.client],
        session.resumed,
    )


def status(number: proto.Status) -> Status:
    """A session's status. Raises KeyError."""
    return cast(Status, _STATUS_OF[number])


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
