"""Publish and subscribe as Redis has it: messages for whoever listens now, and nothing kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from derailed.broker.server import Refused, filtering, namespaces, resp
from derailed.broker.server.commands import glob

if TYPE_CHECKING:
    from derailed.broker.server.connection import Connection

_AT_ONCE: Final = 1_000
"""Names that are compared with a pattern in one go."""
_Heard = dict[bytes, "Connection | list[Connection]"]


def publish(connection: Connection, command: list[bytes]) -> None:
    """PUBLISH channel message."""
    try:
        _, channel, message = command
    except ValueError:
        raise Refused("ERR wrong number of arguments for 'publish' command") from None
    if not channel.startswith(connection.user.write):
        raise Refused("NOPERM this user may not publish there")
    heard = connection.server.channels.get(channel)
    if heard is None:
        connection.out.append(b":0\r\n")
        return
    server = connection.server
    if isinstance(heard, list) or server.asks_filters or len(message) > server.limits.message:
        _tell(connection, heard, b">3\r\n$7\r\nmessage\r\n", channel, message)
        return
    mark = b">" if heard.version == 3 else b"*"  # one listens: made as that one wants it
    parts = (mark, len(channel), channel, len(message), message)
    heard.take(b"%b3\r\n$7\r\nmessage\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n" % parts)
    server.published += 1
    connection.out.append(b":1\r\n")


def spublish(connection: Connection, command: list[bytes]) -> None:
    """SPUBLISH channel message: a space of names of its own, as in Redis."""
    _, channel, message = command
    if not channel.startswith(connection.user.write):
        raise Refused("NOPERM this user may not publish there")
    heard = connection.server.shards.get(channel)
    if heard is None:
        connection.out.append(b":0\r\n")
        return
    _tell(connection, heard, b">3\r\n$8\r\nsmessage\r\n", channel, message)


def _tell(
    connection: Connection, heard: Connection | list[Connection], head: bytes, channel: bytes, message: bytes
) -> None:
    if len(message) > connection.server.limits.message:
        raise Refused(f"ERR a message may have {connection.server.limits.message} bytes")
    frame = b"%b$%d\r\n%b\r\n$%d\r\n%b\r\n" % (head, len(channel), channel, len(message), message)
    if connection.server.asks_filters:
        filtering.heard(connection, channel, message, lambda: _push(connection, heard, frame))
    else:
        _push(connection, heard, frame)


def _push(connection: Connection, heard: Connection | list[Connection], frame: bytes) -> None:
    connection.server.published += 1
    if isinstance(heard, list):
        for listener in heard:
            listener.push(frame)
        connection.out.append(b":%d\r\n" % len(heard))
    else:
        heard.push(frame)
        connection.out.append(b":1\r\n")


def subscribe(connection: Connection, command: list[bytes]) -> None:
    """SUBSCRIBE channel [channel …]."""
    server = connection.server
    _join(connection, command, connection.channels, server.channels, lambda: _plain(connection))


def unsubscribe(connection: Connection, command: list[bytes]) -> None:
    """UNSUBSCRIBE [channel …]."""
    server = connection.server
    _leave(connection, command, connection.channels, server.channels, lambda: _plain(connection))


def ssubscribe(connection: Connection, command: list[bytes]) -> None:
    """SSUBSCRIBE channel [channel …]."""
    shards = connection.shards
    _join(connection, command, shards, connection.server.shards, lambda: len(shards))


def sunsubscribe(connection: Connection, command: list[bytes]) -> None:
    """SUNSUBSCRIBE [channel …]."""
    shards = connection.shards
    _leave(connection, command, shards, connection.server.shards, lambda: len(shards))


def _plain(connection: Connection) -> int:
    return len(connection.channels)


def _join(
    connection: Connection, command: list[bytes], mine: set[bytes], heard: _Heard, count: Callable[[], int]
) -> None:
    for channel in command[1:]:
        if not channel.startswith(connection.user.read):
            raise Refused("NOPERM this user may not listen there")
    connection.server.make_room(connection, len(command) - 1)
    for channel in command[1:]:
        if channel not in mine:
            mine.add(channel)
            namespaces.add(heard, channel, connection)
        _say(connection, command[0], channel, count())
    connection.choose_handlers()


def _leave(
    connection: Connection, command: list[bytes], mine: set[bytes], heard: _Heard, count: Callable[[], int]
) -> None:
    channels = command[1:] or sorted(mine)
    for channel in channels:
        if channel in mine:
            mine.remove(channel)
            namespaces.remove(heard, channel, connection)
        _say(connection, command[0], channel, count())
    if not channels:
        _say(connection, command[0], None, count())
    connection.choose_handlers()


def _say(connection: Connection, verb: bytes, channel: bytes | None, count: int) -> None:
    """A push, in the place of an answer."""
    named = resp.encode(channel, connection.version)
    frame = resp.push(resp.bulk(verb.lower()), named, b":%d\r\n" % count)
    connection.out.append(frame if connection.version == 3 else resp.older(frame))


def pubsub(connection: Connection, command: list[bytes]) -> None:
    """PUBSUB CHANNELS, SHARDCHANNELS, NUMSUB, SHARDNUMSUB and NUMPAT."""
    server = connection.server
    match command[1].upper():
        case b"CHANNELS" | b"SHARDCHANNELS" as which if len(command) <= 3:
            if not connection.user.admin:
                raise Refused("NOPERM only an admin may see what others listen to")
            heard = server.channels if which == b"CHANNELS" else server.shards
            connection.later(_matching(heard, command[2] if len(command) == 3 else b"*"))
        case b"NUMSUB":
            connection.answer(_counts(server.channels, command[2:]))
        case b"SHARDNUMSUB":
            connection.answer(_counts(server.shards, command[2:]))
        case b"NUMPAT":
            connection.answer(0)
        case name:
            raise Refused(f"ERR PUBSUB {name.decode(errors='replace')} is not supported, or not like this")


async def _matching(heard: _Heard, pattern: bytes) -> bytes:
    """Those whose name is like the pattern; there may be millions, so a slice at a time."""
    found: list[bytes] = []
    for index, channel in enumerate(tuple(heard)):
        if pattern == b"*" or glob.matches(pattern, channel):
            found.append(resp.bulk(channel))
        if index % _AT_ONCE == _AT_ONCE - 1:
            await asyncio.sleep(0)
    return resp.array(found)


def _counts(heard: _Heard, channels: list[bytes]) -> list[bytes | int]:
    answer: list[bytes | int] = []
    for channel in channels:
        who = heard.get(channel)
        answer += (channel, 0 if who is None else len(who) if isinstance(who, list) else 1)
    return answer
