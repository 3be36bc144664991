"""Our own commands: subscribing to topics from an id on, and what a bus needs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from derailed.broker import MAX_TOPIC, Entry
from derailed.broker.server import Refused, filtering, resp
from derailed.broker.server.commands import arguments
from derailed.broker.server.commands.streams import SLICE, prepared, readable, touch
from derailed.broker.server.configuration import DEFAULT
from derailed.broker.server.filtering import Filtered, Hearing
from derailed.broker.server.replay import Replay

if TYPE_CHECKING:
    from derailed.broker.server.connection import Connection
    from derailed.broker.server.namespaces import Namespace

_RECORDS: Final = 100_000
"""Records of one XAPPEND: the loop does nothing else meanwhile."""


def xsubscribe(connection: Connection, command: list[bytes]) -> None:
    """XSUBSCRIBE topic id [topic id …] [FILTER library[,library …]]: what is above the id, then what comes.

    Answers [topic, id, epoch] of each, where the id is the horizon's if that is higher; the rest are pushes.
    """
    libraries = _libraries(command)
    topics, places = command[1::2], command[2::2]
    if len(topics) != len(places):
        raise Refused("ERR XSUBSCRIBE needs an id for each topic: $ for what comes, 0 for all there is")
    connection.server.make_room(connection, len(topics))
    asks = [(topic, _after(connection, topic, place)) for topic, place in zip(topics, places, strict=True)]
    spaces = [connection.server.namespaces.of(topic) for topic in topics]
    through = {namespace: _filtered(connection, namespace, libraries) for namespace in spaces if libraries}
    said: list[bytes] = []
    for (topic, after), namespace in zip(asks, spaces, strict=True):
        log = namespace.log
        filtered = through.get(namespace)
        if topic not in connection.topics or filtered is not None or topic in connection.hearings:
            connection.server.forget_topic(connection, topic)
            connection.topics.add(topic)
            if filtered is not None:
                connection.hearings[topic] = Hearing(filtered, topic)
            namespace.listen(topic, connection.hearings.get(topic, connection))
        begins = max(after, log.horizon)
        connection.replaying.pop(topic, None)
        said.append(resp.array([resp.bulk(topic), resp.record_id(begins, 0), resp.bulk(log.epoch.encode())]))
        if begins < log.head and namespace.kept:
            connection.replaying[topic] = replay = Replay(connection, log, topic, begins)
            connection.server.replays.add(replay)
    connection.out.append(resp.array(said))
    connection.choose_handlers()


def _libraries(command: list[bytes]) -> list[str]:
    """What FILTER names, taken off the end. A topic may be called FILTER, but has an id behind it."""
    if len(command) < 5 or command[-2].upper() != b"FILTER" or command[-1] == b"$" or command[-1][:1].isdigit():
        return []
    libraries = command[-1].decode(errors="replace").split(",")
    del command[-2:]
    return libraries


def _filtered(connection: Connection, namespace: Namespace, libraries: list[str]) -> Filtered:
    """What the connection hears of the namespace through these. Raises Refused."""
    found = connection.filtered.get(namespace.name)
    if found is None:
        found = connection.filtered[namespace.name] = Filtered(connection, namespace, libraries)
    elif found.judged.libraries != tuple(dict.fromkeys(libraries)):
        raise Refused(f"ERR this connection is filtered by {','.join(found.judged.libraries)} already")
    return found


def _after(connection: Connection, topic: bytes, place: bytes) -> int:
    if len(topic) > MAX_TOPIC:
        raise Refused(f"ERR a topic may have {MAX_TOPIC} bytes")
    log = readable(connection, topic).log
    if place == b"$":
        return log.head
    after = arguments.offset(place)
    if after > log.head:
        raise Refused(f"ERR id {after}-0 is above the head of its namespace, {log.head}-0: is it from another epoch?")
    return after


def xunsubscribe(connection: Connection, command: list[bytes]) -> None:
    """XUNSUBSCRIBE [topic …]: how many are still heard."""
    connection.settle()
    for topic in command[1:] or tuple(connection.topics):
        connection.server.forget_topic(connection, topic)
    connection.answer(len(connection.topics))
    connection.choose_handlers()


def xpublish(connection: Connection, command: list[bytes]) -> None:
    """XPUBLISH topic field value [field value …]: to those who have subscribed to the topic now; not kept."""
    topic = command[1]
    namespace, payload = prepared(connection, topic, command[2:])

    def tell() -> None:
        connection.out.append(b":%d\r\n" % namespace.tell(topic, payload))
        if not namespace.dirty:
            connection.server.touch(namespace)

    filtering.accepted(connection, namespace, [(topic, payload)], tell)


def xhead(connection: Connection, command: list[bytes]) -> None:
    """XHEAD [namespace]: its epoch, its last offset, and the one up to which all is trimmed."""
    namespace = _namespace(connection, command[1:])
    connection.settle()
    connection.answer(_head(namespace))


def xfence(connection: Connection, command: list[bytes]) -> None:
    """XFENCE [namespace]: as XHEAD, when all up to that offset has been sent on this connection."""
    namespace = _namespace(connection, command[1:])
    connection.settle()
    filtered = connection.filtered.get(namespace.name)
    if not connection.replaying and (filtered is None or filtered.sent == filtered.taken):
        connection.answer(_head(namespace))
        return

    async def caught_up() -> bytes:
        while connection.replaying:
            await connection.server.replays.progress()
        connection.settle()
        head, taken = resp.encode(_head(namespace), connection.version), 0 if filtered is None else filtered.taken
        while filtered is not None and filtered.sent < taken:
            await connection.server.replays.progress()
        return head

    connection.later(caught_up())


def _namespace(connection: Connection, names: list[bytes]) -> Namespace:
    return connection.server.namespaces.named(names[0] if names else DEFAULT.encode())


def _head(namespace: Namespace) -> list[resp.Value]:
    log = namespace.log
    return [log.epoch, log.head, log.horizon]


def xappend(connection: Connection, command: list[bytes]) -> None:
    """XAPPEND namespace epoch start n topic rev payload … [n topic rev payload …].

    Verbs of n records each, appended all or none. Answers the epoch, and for each verb the offsets of its records,
    or null when it is behind. Another epoch than the one named is answered alone, and nothing is appended.
    """
    namespace = connection.server.namespaces.named(command[1])
    start = arguments.number(command[3], "start", least=0) != 0
    verbs = _verbs(connection, namespace, command)
    epoch = namespace.log.epoch
    if command[2] not in (b"", epoch.encode()):
        connection.answer([epoch])
        return

    def append() -> None:
        connection.settle()
        answers = namespace.append(verbs, start=start)
        touch(connection, namespace)
        connection.answer([epoch, answers])

    filtering.accepted(
        connection, namespace, [(topic, payload) for verb in verbs for topic, _, payload in verb], append
    )


def _verbs(connection: Connection, namespace: Namespace, command: list[bytes]) -> list[list[tuple[bytes, int, bytes]]]:
    if len(command) > 3 * _RECORDS:
        raise Refused(f"ERR XAPPEND takes {_RECORDS} records at most")
    verbs: list[list[tuple[bytes, int, bytes]]] = []
    at = 4
    while at < len(command):
        records = arguments.number(command[at], "the number of records", least=1)
        parts = command[at + 1 : at + 1 + 3 * records]
        if len(parts) != 3 * records:
            raise Refused("ERR XAPPEND: a verb has fewer records than it says")
        at += 1 + 3 * records
        verb = [
            (topic, arguments.number(rev, "rev", least=1), _payload(connection, namespace, topic, payload))
            for topic, rev, payload in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
        ]
        _require_rising(verb)
        verbs.append(verb)
    return verbs


def _payload(connection: Connection, namespace: Namespace, topic: bytes, payload: bytes) -> bytes:
    where, kept = prepared(connection, topic, [b"r", payload])
    if where is not namespace:
        raise Refused(f"ERR topic {topic.decode(errors='replace')!r} is of namespace {where.name}")
    return kept


def _require_rising(verb: list[tuple[bytes, int, bytes]]) -> None:
    """A verb that names a rev twice would be refused by none and kept by none."""
    last: dict[bytes, int] = {}
    for topic, rev, _ in verb:
        if rev <= last.get(topic, 0):
            raise Refused("ERR XAPPEND: within a verb the revs of a topic rise")
        last[topic] = rev


def xhistory(connection: Connection, command: list[bytes]) -> None:
    """XHISTORY namespace limit upto topic after [topic after …].

    Of each topic the first records above an offset, at most `limit`, up to and with `upto` (+: the head); null where
    they are not whole. Answers the epoch, the offset up to which it looked, and per topic [offset, rev, payload, …].
    """
    namespace = connection.server.namespaces.named(command[1])
    limit = min(arguments.number(command[2], "limit", least=1), READ)
    log = namespace.log
    upto = log.head if command[3] == b"+" else min(arguments.number(command[3], "upto", least=0), log.head)
    rest = command[4:]
    if len(rest) & 1:
        raise Refused("ERR XHISTORY needs an offset for each topic")
    asks = [(topic, arguments.offset(after)) for topic, after in zip(rest[::2], rest[1::2], strict=True)]
    for topic, _ in asks:
        if readable(connection, topic) is not namespace:
            raise Refused(f"ERR topic {topic.decode(errors='replace')!r} is of another namespace")
    epoch = log.epoch

    async def read() -> bytes:
        answers: list[bytes] = []
        for topic, after in asks:
            found = log.page(topic, after, upto, limit) if after >= log.horizon else None
            answers.append(_flat(found, connection.version))
            if len(answers) % _AT_ONCE == 0 or (found and len(found) > SLICE // _AT_ONCE):
                await asyncio.sleep(0)
        return resp.array([resp.bulk(epoch.encode()), b":%d\r\n" % upto, resp.array(answers)])

    connection.later(read())


READ: Final = 10_000
_AT_ONCE: Final = 20


def _flat(found: list[Entry] | None, version: int) -> bytes:
    """A topic's records; null when they do not follow on what was before them."""
    if found is None or any(each.begins for each in found):
        return resp.NO_ARRAY[version]
    parts = [b":%d\r\n:%d\r\n%b" % (each.offset, each.rev, resp.only_value(each.payload)) for each in found]
    return b"*%d\r\n%b" % (3 * len(parts), b"".join(parts))
