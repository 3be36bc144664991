"""What a dispatch says that is of interest, read at next to no cost."""

from __future__ import annotations

from itertools import chain
from typing import Final

import msgspec
from msgspec import Raw, Struct

from tests.faults.history import Heard


class _Id(Struct):
    id: str


class _Message(Struct):
    id: str
    channel_id: str
    content: str
    type: int


class _Presence(Struct):
    user: _Id
    status: str


class _Guild(Struct):
    presences: list[_Presence] = []
    channels: list[_Id] = []


class _Ready(Struct):
    session_id: str
    guilds: list[_Guild]
    private_channels: list[_Id] = []


class _Deleted(Struct):
    id: str
    channel_id: str


class _Emoji(Struct):
    name: str


class _Reaction(Struct):
    user_id: str
    channel_id: str
    message_id: str
    emoji: _Emoji


_message: Final = msgspec.json.Decoder(_Message).decode
_presence: Final = msgspec.json.Decoder(_Presence).decode
_guild: Final = msgspec.json.Decoder(_Guild).decode
_ready: Final = msgspec.json.Decoder(_Ready).decode
_channel: Final = msgspec.json.Decoder(_Id).decode
_deleted: Final = msgspec.json.Decoder(_Deleted).decode
_reaction: Final = msgspec.json.Decoder(_Reaction).decode


def ready(at: float, s: int, d: Raw) -> tuple[str, list[Heard]]:
    """READY: the session, and what it begins with."""
    said = _ready(d)
    shown = (*said.private_channels, *chain.from_iterable(guild.channels for guild in said.guilds))
    return said.session_id, [
        Heard(at, s, "READY", len(said.guilds)),
        *(Heard(at, s, "SHOWN", int(channel.id)) for channel in shown),
    ]


def read(at: float, s: int, event: str, d: Raw) -> list[Heard]:
    """What a dispatch says that is of interest."""
    match event:
        case "MESSAGE_CREATE":
            message = _message(d)
            message_id, channel = int(message.id), int(message.channel_id)
            if message.type != 0:  # who joined is announced by the server
                return [Heard(at, s, "WELCOME", channel, "", message_id)]
            return [Heard(at, s, event, channel, _number(message), message_id)]
        case "MESSAGE_UPDATE":
            message = _message(d)
            return [Heard(at, s, event, int(message.channel_id), str(_number(message)), int(message.id))]
        case "MESSAGE_DELETE":
            deleted = _deleted(d)
            return [Heard(at, s, event, int(deleted.channel_id), "", int(deleted.id))]
        case "MESSAGE_REACTION_ADD" | "MESSAGE_REACTION_REMOVE":
            of = _reaction(d)
            return [Heard(at, s, event, int(of.channel_id), f"{of.user_id} {of.emoji.name}", int(of.message_id))]
        case "CHANNEL_CREATE" | "CHANNEL_UPDATE" | "CHANNEL_DELETE":
            return [Heard(at, s, event, int(_channel(d).id))]
        case "PRESENCE_UPDATE":
            presence = _presence(d)
            return [Heard(at, s, event, int(presence.user.id), presence.status)]
        case "GUILD_CREATE":
            guild = _guild(d)
            shown = [Heard(at, s, "SHOWN", int(channel.id)) for channel in guild.channels]
            here = [Heard(at, s, "HERE", int(each.user.id), each.status) for each in guild.presences]
            return [Heard(at, s, event), *shown, *here]
        case _:
            return [Heard(at, s, event)]


def _number(message: _Message) -> int:
    return int(message.content.partition(" ")[0])
