"""Commands that are alike and come many at a time, done in one go: most of what a busy broker gets.

Each function takes a read's commands, does those at the beginning that it knows in their plainest form, and says how
many that were. What is left, also what is wrong, is for the command's own handler.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

from derailed.broker import MAX_TOPIC
from derailed.broker.server import Refused, resp

if TYPE_CHECKING:
    from derailed.broker.server.connection import Connection

LEAST: Final = 4
"""Fewer are not worth looking."""
_ODD: Final = (ValueError, TypeError, AttributeError)
"""What comes of taking a command apart that is not like the others."""
_END: Final = b"\r\n"


def begin(connection: Connection, commands: list[Any]) -> int:
    """Do what can be done in one go; how many commands that were."""
    first = commands[0]
    if type(first) is not list or len(first) < 3:
        return 0
    if first[0] == b"XADD":
        return _add(connection, commands)
    if first[0] == b"PUBLISH" and type(first[1]) is bytes:
        return _publish(connection, commands)
    return 0


def _add(connection: Connection, commands: list[Any]) -> int:
    """XADD topic * field value, in the default namespace. Looked at in columns: a loop would take twice as long."""
    server, namespace = connection.server, connection.server.default
    if namespace.accepts or namespace.full or not namespace.kept:
        return 0
    try:
        count = _alike(commands)
        _, topics, places, names, values = zip(*commands[:count], strict=True)
        if places.count(b"*") != count or not _may_add(connection, topics) or max(map(len, topics)) > MAX_TOPIC:
            return 0
        if max(map(len, values)) + max(map(len, names)) > server.plain_bytes:
            return 0
        first = namespace.add_many(topics, _payloads(names, values))
    except (*_ODD, Refused):
        return 0
    if not namespace.dirty:
        server.touch(namespace)
    if namespace.is_durable:
        connection.ticket = server.commits.join(namespace.log)
    connection.out.append(resp.ids(first, count))
    return count


def _alike(commands: list[Any]) -> int:
    """How many at the beginning are an XADD of one field."""
    count = 0
    for command in commands:
        if len(command) != 5 or command[0] != b"XADD":
            break
        count += 1
    return count


def _may_add(connection: Connection, topics: Sequence[bytes]) -> bool:
    write = connection.user.write
    if b"{" in b"".join(topics):  # another namespace's; what is no bytes can not be joined
        return False
    return b"" in write or all(topic.startswith(write) for topic in topics)


def _payloads(names: Sequence[bytes], values: Sequence[bytes]) -> list[bytes]:
    """See `resp.fields`."""
    name, size = names[0], len(values[0])
    if names.count(name) == len(names) and len(set(map(len, values))) == 1:
        head = b"*2\r\n$%d\r\n%b\r\n$%d\r\n" % (len(name), name, size)
        return list(map(b"".join, zip(repeat(head), values, repeat(_END))))
    return [resp.fields(pair) for pair in zip(names, values, strict=True)]


def _publish(connection: Connection, commands: list[Any]) -> int:
    """PUBLISH channel message, to nobody or to one."""
    server = connection.server
    if server.asks_filters:
        return 0
    heard = server.channels.get(commands[0][1])
    if heard is None:
        return _publish_to_nobody(connection, commands)
    if isinstance(heard, list) or not commands[0][1].startswith(connection.user.write):
        return 0
    return _publish_to_one(connection, heard, commands)


def _publish_to_nobody(connection: Connection, commands: list[Any]) -> int:
    channels, write = connection.server.channels, connection.user.write
    count = 0
    try:
        for verb, channel, _ in commands:
            if verb != b"PUBLISH" or channel in channels or not channel.startswith(write):
                break
            count += 1
    except _ODD:
        pass
    connection.out.append(b":0\r\n" * count)
    return count


def _publish_to_one(connection: Connection, heard: Connection, commands: list[Any]) -> int:
    """To the one who listens to the first command's channel: made as that one wants it, and sent as one."""
    channel, most, size, head = commands[0][1], connection.server.limits.message, -1, b""
    start = b"%b3\r\n$7\r\nmessage\r\n$%d\r\n%b\r\n" % (b">" if heard.version == 3 else b"*", len(channel), channel)
    parts: list[bytes] = []
    count = 0
    try:
        for verb, where, message in commands:
            if verb != b"PUBLISH" or where != channel:
                break
            if len(message) != size:
                size = len(message)
                head = b"%b$%d\r\n" % (start, size)
            if size > most or type(message) is not bytes:
                break
            parts += (head, message, _END)
            count += 1
    except _ODD:
        pass
    if count:
        heard.take(b"".join(parts))
        connection.server.published += count
        connection.out.append(b":1\r\n" * count)
    return count
