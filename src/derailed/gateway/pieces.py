"""READY's guilds for people, put together from pieces that are encoded once for all who come into a guild.

A person may be in a hundred guilds, and many come back at once. So what is the same for everyone, nearly all of it, is
kept as JSON for as long as the guild keeps its shape, and to tell one person costs about what it weighs.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, NamedTuple

from msgspec import UNSET, Raw

from derailed.actions.sessions import GuildSnapshot
from derailed.gateway.view import View
from derailed.model.guild import Channel, Guild
from derailed.presence import Presence
from derailed.wire import rest
from derailed.wire.events import encode

_KEPT: Final = 1000
"""Guilds; some ten kilobytes each."""
_NOTHING: Final = (
    b',"threads":[],"voice_states":[],"stage_instances":[],"guild_scheduled_events":[],"soundboard_sounds":[]}'
)


class Entered(NamedTuple):
    """A guild as a session comes into it: its snapshot, who is here, and, where only those are sent, their members."""

    snapshot: GuildSnapshot
    here: Sequence[Presence] = ()
    online: Sequence[Raw] = ()


class _Shape:
    """One shape of a guild. Channels are kept without their end, which the newest message's id goes into."""

    __slots__ = ("channels", "guild", "head", "view")

    def __init__(self, guild: Guild) -> None:
        self.guild = guild
        self.view = View(guild)
        self.head = encode(rest.guild(guild))[:-1]
        self.channels = {each.id: _channel(each) for each in guild.channels.values()}


class Pieces:
    """Guilds' JSON, never stale: a guild that is changed is another value. Bounded, oldest out first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, _Shape] = OrderedDict()

    def guild(self, entered: Entered, large_threshold: int) -> bytes:
        """The guild as one person finds it in READY: with themselves, and where it is told who is here, with those.

        Everybody else is asked for when somebody looks: a hundred guilds with all that belong to them are megabytes.
        """
        snapshot = entered.snapshot
        own, shape = snapshot.member, self._shape(snapshot.guild)
        assert own is not None
        last = snapshot.last_message_ids
        visible = shape.view.visible(own.user_id, own.roles)
        return b'%b,"large":%b,"joined_at":"%b","member_count":%d,"members":[%b],"channels":[%b],"presences":[%b]%b' % (
            shape.head,
            b"true" if snapshot.member_count > large_threshold else b"false",
            rest.timestamp(own.joined_at).encode(),
            snapshot.member_count,
            b",".join(entered.online or [encode(rest.member(*pair)) for pair in snapshot.members]),
            b",".join([_ended(piece, last.get(key)) for key, piece in shape.channels.items() if key in visible]),
            b",".join([presence.json() for presence in entered.here]),
            _NOTHING,
        )

    def _shape(self, guild: Guild) -> _Shape:
        kept = self._kept.get(guild.id)
        if kept is None or kept.guild is not guild:
            kept = self._kept[guild.id] = _Shape(guild)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return kept


def _channel(of: Channel) -> bytes:
    shape = rest.channel(of)
    ends = shape.last_message_id is not UNSET
    shape.last_message_id = UNSET
    return encode(shape)[:-1] + (b',"last_message_id":' if ends else b"}")


def _ended(piece: bytes, last_message_id: int | None) -> bytes:
    if piece.endswith(b"}"):
        return piece
    return b"%bnull}" % piece if last_message_id is None else b'%b"%d"}' % (piece, last_message_id)
