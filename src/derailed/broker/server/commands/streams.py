"""Topics as Redis has streams: append, ranges, waiting for what comes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from derailed.broker import MAX_TOPIC, Entry
from derailed.broker.server import Refused, filtering, resp
from derailed.broker.server.commands import arguments
from derailed.broker.server.namespaces import Namespace

if TYPE_CHECKING:
    from derailed.broker.server.connection import Connection

SLICE: Final = 500
"""Records read in one go: about a millisecond."""
READ: Final = 10_000
"""Records of a topic that XREAD without COUNT answers with: the next call has the others."""
_fields: Final = resp.fields
_BEHIND: Final = "BEHIND the topic is not at the rev before this one; nothing was appended"


def xadd(connection: Connection, command: list[bytes]) -> None:
    """XADD topic [REV rev [START]] id field value [field value …]."""
    if len(command) < 5:
        raise Refused("ERR wrong number of arguments for 'xadd' command")
    topic = command[1]
    if len(command) == 5 and command[2] == b"*" and b"{" not in topic and _add_plainly(connection, command):
        return
    if command[2] != b"*":
        _add_otherwise(connection, topic, command[2:])
        return
    namespace, payload = prepared(connection, topic, command[3:])
    if namespace.accepts:
        connection.later(_add_if_taken(connection, namespace, topic, payload))
    else:
        add(connection, namespace, topic, payload)


def _add_plainly(connection: Connection, command: list[bytes]) -> bool:
    """What nearly all are like, in one go; False for what has to be looked at more closely."""
    _, topic, _, name, value = command
    server = connection.server
    namespace = server.default
    if (
        namespace.accepts
        or not topic.startswith(connection.user.write)
        or len(topic) > MAX_TOPIC
        or len(name) + len(value) > server.plain_bytes
    ):
        return False
    payload = b"*2\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(name), name, len(value), value)
    offset = namespace.add(topic, payload)
    if not namespace.dirty:
        server.touch(namespace)
    if namespace.is_durable:
        connection.ticket = server.commits.join(namespace.log)
    connection.out.append(namespace.answer % offset)
    return True


async def _add_if_taken(connection: Connection, namespace: Namespace, topic: bytes, payload: bytes) -> bytes:
    """Ask filters of this one, and of those like it that the client has sent behind it."""
    records = [(topic, payload)]
    following = connection.following
    while following and len(records) < filtering.AT_ONCE:
        try:
            name, topic, place, *pairs = following[0]
            where, payload = prepared(connection, topic, pairs)
        except (ValueError, TypeError, AttributeError, Refused):
            break  # it will hear what is wrong when it is its turn
        if name.upper() != b"XADD" or place != b"*" or where is not namespace:
            break
        following.popleft()
        records.append((topic, payload))
    taken = await filtering.judge(connection, namespace, [filtering.fresh(*record) for record in records])
    for is_taken, record in zip(taken, records, strict=True):
        try:
            if not is_taken:
                raise Refused(filtering.REFUSED)
            add(connection, namespace, *record)
        except Refused as reason:
            connection.out.append(resp.error(str(reason)))
    return b""


def prepared(connection: Connection, topic: bytes, pairs: list[bytes]) -> tuple[Namespace, bytes]:
    """Where a record goes, and how it is kept. Raises Refused."""
    server = connection.server
    if not topic.startswith(connection.user.write):
        raise Refused("NOPERM this user may not append there")
    if not pairs or len(pairs) & 1:
        raise Refused("ERR a record has fields, each with a value")
    payload = _fields(pairs)
    if len(payload) > server.limits.message:
        raise Refused(f"ERR a record may have {server.limits.message} bytes")
    if len(topic) > MAX_TOPIC:
        raise Refused(f"ERR a topic may have {MAX_TOPIC} bytes")
    return server.default if b"{" not in topic else server.namespaces.of(topic), payload


def add(connection: Connection, namespace: Namespace, topic: bytes, payload: bytes) -> None:
    """Append, and answer with the id."""
    offset = namespace.add(topic, payload)
    if not namespace.dirty:
        connection.server.touch(namespace)
    if namespace.is_durable:
        connection.ticket = connection.server.commits.join(namespace.log)
    connection.out.append(namespace.answer % offset)


def touch(connection: Connection, namespace: Namespace) -> None:
    """Something was appended: it is to be told, and perhaps answered only when it is on the disk."""
    if not namespace.dirty:
        connection.server.touch(namespace)
    if namespace.is_durable:
        connection.ticket = connection.server.commits.join(namespace.log)


def _add_otherwise(connection: Connection, topic: bytes, rest: list[bytes]) -> None:
    """With a rev, or at an offset that the sender expects."""
    rev, start = 0, False
    if rest[0].upper() == b"REV":
        rev = arguments.number(rest[1], "REV", least=1)
        rest = rest[2:]
        if rest and rest[0].upper() == b"START":
            start, rest = True, rest[1:]
    option = rest[0].upper() if rest else b""
    if option in (b"MAXLEN", b"MINID"):
        raise Refused(f"ERR {option.decode()} is not supported: retention is by time and bytes, for a whole namespace")
    if option == b"NOMKSTREAM":
        raise Refused("ERR NOMKSTREAM is not supported: a topic is never made, so none is there or not there")
    if not rest:
        raise Refused("ERR wrong number of arguments for 'xadd' command")
    namespace, payload = prepared(connection, topic, rest[1:])
    expected = None if rest[0] == b"*" else arguments.offset(rest[0].removesuffix(b"-*"))

    def append() -> None:
        if expected is not None:
            _expect(namespace, expected)
        if rev == 0:
            add(connection, namespace, topic, payload)
        else:
            _add_rev(connection, namespace, (topic, rev, payload), start=start)

    filtering.accepted(connection, namespace, [(topic, payload)], append)


def _add_rev(connection: Connection, namespace: Namespace, record: tuple[bytes, int, bytes], *, start: bool) -> None:
    (offsets,) = namespace.append([[record]], start=start)
    if offsets is None:
        raise Refused(_BEHIND)
    touch(connection, namespace)
    connection.out.append(resp.record_id(offsets[0], record[1]))


def _expect(namespace: Namespace, offset: int) -> None:
    """An id that is not `*` is where the record must come to be."""
    if offset != namespace.log.head + 1:
        raise Refused(f"ERR the next id is {namespace.log.head + 1}-0: an id can be expected, not chosen")


def xrange(connection: Connection, command: list[bytes]) -> None:
    """XRANGE topic from to [COUNT n]."""
    low, high = arguments.low(command[2]), arguments.high(command[3])
    _range(connection, command, low, high, backwards=False)


def xrevrange(connection: Connection, command: list[bytes]) -> None:
    """XREVRANGE topic to from [COUNT n]."""
    low, high = arguments.low(command[3]), arguments.high(command[2])
    _range(connection, command, low, high, backwards=True)


def _range(connection: Connection, command: list[bytes], low: int, high: int, *, backwards: bool) -> None:
    topic = command[1]
    log = readable(connection, topic).log
    count = _count(command[4:])
    page = log.last if backwards else log.page

    def read(limit: int) -> list[Entry]:
        nonlocal low, high
        found = page(topic, low - 1, high, limit)
        if found and backwards:
            high = found[-1].offset - 1
        elif found:
            low = found[-1].offset + 1
        return found

    first = read(min(count, SLICE))
    if len(first) == count or len(first) < SLICE:
        connection.out.append(resp.entries(first))
        return

    async def read_on() -> bytes:
        found, size = first, sum(len(each.payload) for each in first)
        while len(found) < count:
            await asyncio.sleep(0)
            more = read(min(count - len(found), SLICE))
            size += sum(len(each.payload) for each in more)
            if size > connection.server.limits.output:
                raise Refused("ERR too much for one answer: give a COUNT, and ask again from the last id")
            found += more
            if len(more) < SLICE:
                break
        return resp.entries(found)

    connection.later(read_on())


def _count(rest: list[bytes]) -> int:
    match rest:
        case []:
            return 1 << 62
        case [word, count] if word.upper() == b"COUNT":
            return arguments.number(count, "COUNT", least=0)
        case _:
            raise Refused("ERR syntax error")


def readable(connection: Connection, topic: bytes) -> Namespace:
    """Where the topic is, for one who may read it. Raises Refused."""
    if not topic.startswith(connection.user.read):
        raise Refused("NOPERM this user may not read there")
    connection.settle()
    return connection.server.namespaces.of(topic)


def xlen(connection: Connection, command: list[bytes]) -> None:
    """XLEN topic: goes through all of its records."""
    topic = command[1]
    namespace = readable(connection, topic)

    async def count() -> bytes:
        return b":%d\r\n" % await _length(namespace, topic)

    connection.later(count())


async def _length(namespace: Namespace, topic: bytes) -> int:
    length, after, upto = 0, 0, namespace.log.head
    while found := namespace.log.page(topic, after, upto, SLICE):
        length, after = length + len(found), found[-1].offset
        await asyncio.sleep(0)
    return length


def xinfo(connection: Connection, command: list[bytes]) -> None:
    """XINFO STREAM topic."""
    if command[1].upper() != b"STREAM" or len(command) != 3:
        raise Refused("ERR only XINFO STREAM topic is supported: there are no groups, and nothing is kept per topic")
    topic = command[2]
    namespace = readable(connection, topic)
    log = namespace.log

    async def look() -> bytes:
        length = await _length(namespace, topic)
        first, last = log.page(topic, 0, log.head, 1), log.last(topic, 0, log.head, 1)
        about: dict[str, bytes] = {
            "length": b":%d\r\n" % length,
            "last-generated-id": resp.record_id(last[0].offset, last[0].rev) if last else resp.bulk(b"0-0"),
            "groups": b":0\r\n",
            "first-entry": resp.entry(first[0]) if first else resp.encode(None, connection.version),
            "last-entry": resp.entry(last[0]) if last else resp.encode(None, connection.version),
            "namespace": resp.bulk(namespace.name.encode()),
            "level": resp.bulk(namespace.level.encode()),
            "epoch": resp.bulk(log.epoch.encode()),
            "horizon": resp.record_id(log.horizon, 0),
        }
        head = b"%%%d\r\n" % len(about) if connection.version == 3 else b"*%d\r\n" % (2 * len(about))
        return head + b"".join(resp.bulk(name.encode()) + value for name, value in about.items())

    connection.later(look())


class Ask(NamedTuple):
    """One topic of an XREAD."""

    namespace: Namespace
    topic: bytes
    after: int


def xread(connection: Connection, command: list[bytes]) -> None:
    """XREAD [COUNT n] [BLOCK ms] STREAMS topic [topic …] id [id …]."""
    count, block_ms, names = READ, -1, command[1:]
    while names and names[0].upper() != b"STREAMS":
        if len(names) < 2:
            raise Refused("ERR syntax error")
        match names[0].upper():
            case b"COUNT":
                count = min(arguments.number(names[1], "COUNT", least=0) or READ, READ)
            case b"BLOCK":
                block_ms = arguments.number(names[1], "BLOCK", least=0)
            case _:
                raise Refused("ERR syntax error")
        names = names[2:]
    names = names[1:]
    if not names or len(names) & 1:
        raise Refused(
            "ERR Unbalanced 'xread' list of streams: for each stream key an ID, '+', or '$' must be specified."
        )
    half = len(names) // 2
    connection.server.make_room(connection, half if block_ms >= 0 else 0)
    asks = [_ask(connection, topic, place) for topic, place in zip(names[:half], names[half:], strict=True)]
    found = [(ask.topic, ask.namespace.log.page(ask.topic, ask.after, ask.namespace.log.head, count)) for ask in asks]
    if any(entries for _, entries in found):
        connection.out.append(_streams(connection.version, [pair for pair in found if pair[1]]))
    elif block_ms < 0:
        connection.out.append(resp.NO_ARRAY[connection.version])
    else:
        Reading(connection, asks, count).wait(block_ms)


def _ask(connection: Connection, topic: bytes, place: bytes) -> Ask:
    namespace = readable(connection, topic)
    log = namespace.log
    if place == b"$":
        return Ask(namespace, topic, log.head)
    if place == b"+":
        last = log.last(topic, 0, log.head, 1)
        return Ask(namespace, topic, last[0].offset - 1 if last else log.head)
    return Ask(namespace, topic, arguments.offset(place))


def _streams(version: int, found: Sequence[tuple[bytes, list[Entry]]]) -> bytes:
    parts = [resp.bulk(topic) + resp.entries(entries) for topic, entries in found]
    if version == 3:
        return b"%%%d\r\n%b" % (len(parts), b"".join(parts))
    return resp.array([b"*2\r\n" + part for part in parts])


class Reading:
    """An XREAD that waits. What comes is collected where it is told: not all of it is kept."""

    def __init__(self, connection: Connection, asks: list[Ask], count: int) -> None:
        self._connection = connection
        self._asks = asks
        self._count = count
        self._found: dict[bytes, list[Entry]] = {}
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._done = False

    def wait(self, block_ms: int) -> None:
        """Until something comes, or this long; 0 is for ever."""
        for ask in self._asks:
            ask.namespace.listen(ask.topic, self)
        if block_ms:
            self._timer = self._loop.call_later(block_ms / 1000, self._answer)
        self._connection.block(self._leave)

    def hear(self, topic: bytes, offset: int, rev: int, payload: bytes, frame: bytes) -> None:
        """See `namespaces.Listener`."""
        if offset == 0 or self._done:
            return
        if not self._found:
            self._loop.call_soon(self._answer)
        entries = self._found.setdefault(topic, [])
        if len(entries) < self._count:
            entries.append(Entry(offset, topic, rev, 0, payload, False))

    def _answer(self) -> None:
        if self._done:
            return
        self._leave()
        version = self._connection.version
        found = list(self._found.items())
        self._connection.unblock(_streams(version, found) if found else resp.NO_ARRAY[version])

    def _leave(self) -> None:
        self._done = True
        for ask in self._asks:
            ask.namespace.leave(ask.topic, self)
        if self._timer is not None:
            self._timer.cancel()
