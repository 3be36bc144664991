"""XSUBSCRIBE against a model: whatever is appended meanwhile, dropped and taken up again, each record comes once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import count
from random import Random

import hiredis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derailed.broker.server.configuration import Configuration, Limits, Space
from tests.broker.served import Served, offset

TOPICS = 4
_examples = count(1)

# What a subscriber does, and to which topic.
Step = tuple[str, int]
steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["subscribe", "subscribe", "again", "unsubscribe", "reconnect", "append", "flood", "read", "catch up"]
        ),
        st.integers(0, TOPICS - 1),
    ),
    min_size=3,
    max_size=25,
)


@pytest.fixture(scope="module", params=["memory", "disk"])
def served(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Served]:
    configuration = Configuration(spaces=(Space("default", request.param),), limits=Limits(free=0))
    with Served(tmp_path_factory.mktemp("broker"), configuration) as server:
        yield server


class Writer:
    """Appends to topics, and knows what is there: the model."""

    def __init__(self, served: Served, topics: list[bytes]) -> None:
        self.records: dict[bytes, list[int]] = {topic: [] for topic in topics}
        self._client = served.client()
        self._lock = threading.Lock()
        self._topics = topics

    def append(self, topic: bytes, number: int) -> None:
        with self._lock:
            self._client.send(*[("XADD", topic, "*", "n", n) for n in range(number)])
            self.records[topic] += [offset(self._client.answer()) for _ in range(number)]

    def until(self, stop: threading.Event, chance: Random) -> None:
        """Append all the time, beside whatever else is done."""
        while not stop.is_set():
            self.append(chance.choice(self._topics), chance.randint(1, 40))

    def close(self) -> None:
        self._client.close()


class Subscriber:
    """Follows topics, and holds what came against what must come."""

    def __init__(self, served: Served, topics: list[bytes]) -> None:
        self._served = served
        self._client = served.client()
        self._topics = topics
        self.lives: list[tuple[bytes, int, list[int]]] = []
        """Each subscription: its topic, the offset after which it began, and what came."""
        self._open: dict[bytes, int] = {}

    def do(self, step: str, topic: bytes) -> None:
        match step:
            case "subscribe":
                self._subscribe(topic, 0)
            case "again":
                self._subscribe(topic, self._last(topic), self._topics[0], "$")
            case "unsubscribe":
                self._client.ask("XUNSUBSCRIBE", topic)
                self._hear_all()
                self._open.pop(topic, None)
            case "read":
                self.fence()
            case "catch up":
                self.fence()
                self._subscribe(topic, self._last(topic))
            case "reconnect":
                self._reconnect()

    def fence(self) -> int:
        """Read on until the broker says that all has been sent; the head at that moment."""
        self._client.send(("XFENCE",))
        _, head, _ = self._client.answer()
        self._hear_all()
        return int(head)

    def check(self, records: dict[bytes, list[int]], head: int) -> None:
        for number, (topic, after, heard) in enumerate(self.lives):
            expected = [each for each in records[topic] if after < each <= head]
            if self._open.get(topic) == number:
                assert heard == expected
            else:
                assert heard == expected[: len(heard)]

    def close(self) -> None:
        self._client.close()

    def _subscribe(self, *topics_and_ids: bytes | int | str) -> None:
        """What is pushed before the answer is of the subscription before."""
        said = self._client.ask("XSUBSCRIBE", *topics_and_ids)
        self._hear_all()
        for topic, after, _ in said:
            self._open[topic] = len(self.lives)
            self.lives.append((topic, offset(after), []))

    def _hear_all(self) -> None:
        for kind, topic, place, _ in self._client.pushes:
            assert kind == b"xmessage"
            self.lives[self._open[topic]][2].append(offset(place))
        self._client.pushes.clear()

    def _last(self, topic: bytes) -> int:
        """The last that was heard of it."""
        return max((heard[-1] for each, _, heard in self.lives if each == topic and heard), default=0)

    def _reconnect(self) -> None:
        """Lose the connection with whatever is under way, and go on from what was heard."""
        self._client.close()
        wanted, self._open = list(self._open), {}
        self._client = self._served.client()
        for topic in wanted:
            self._subscribe(topic, self._last(topic))


def play(served: Served, script: list[Step], seed: int) -> None:
    example = next(_examples)
    topics = [b"topic:%d:%d" % (example, n) for n in range(TOPICS)]
    writer, subscriber, stop = Writer(served, topics), Subscriber(served, topics), threading.Event()
    beside = threading.Thread(target=writer.until, args=(stop, Random(seed)))
    beside.start()
    try:
        for step, number in script:
            match step:
                case "append":
                    writer.append(topics[number], 1)
                case "flood":
                    writer.append(topics[number], 700)
                case _:
                    subscriber.do(step, topics[number])
    finally:
        stop.set()
        beside.join()
    head = subscriber.fence()
    subscriber.check(writer.records, head)
    writer.close()
    subscriber.close()


@settings(max_examples=25)
@given(script=steps, seed=st.integers(0, 1000))
def test_each_record_comes_once_and_in_order(served: Served, script: list[Step], seed: int) -> None:
    play(served, script, seed)


@pytest.mark.slow
@settings(max_examples=400)
@given(script=steps, seed=st.integers(0, 1000))
def test_each_record_comes_once_and_in_order_for_long(served: Served, script: list[Step], seed: int) -> None:
    play(served, script, seed)


def test_what_a_pipeline_appends_is_heard_before_the_fence_behind_it_is_answered(served: Served) -> None:
    with served.client() as client:
        client.ask("XSUBSCRIBE", "own", "$")
        client.send(("XADD", "own", "*", "n", 1), ("XADD", "own", "*", "n", 2), ("XFENCE",))
        places = [client.answer(), client.answer()]
        _, head, _ = client.answer()
        assert [push[2] for push in client.pushes] == places
        assert offset(places[-1]) == head


def test_thousands_of_topics_are_added_and_dropped_without_naming_the_others(served: Served) -> None:
    topics = [b"many:%d" % n for n in range(5000)]
    with served.client() as client, served.client() as writer:
        writer.send(*[("XADD", topic, "*", "n", 1) for topic in topics])
        places = [offset(writer.answer()) for _ in topics]
        for first in range(0, 5000, 500):
            client.ask("XSUBSCRIBE", *[part for topic in topics[first : first + 500] for part in (topic, 0)])
        client.ask("XFENCE")
        heard = [push for push in client.pushes if push[0] == b"xmessage"]
        assert sorted(offset(push[2]) for push in heard) == places
        client.pushes.clear()
        assert client.ask("XUNSUBSCRIBE", *topics[:2500]) == 2500
        writer.send(*[("XADD", topic, "*", "n", 2) for topic in topics])
        for _ in topics:
            writer.answer()
        client.ask("XFENCE")
        assert [push[1] for push in client.pushes] == topics[2500:]


@settings(max_examples=150)
@given(data=st.data())
def test_no_bytes_harm_anybody_else(served: Served, data: st.DataObject) -> None:
    parts = st.sampled_from(
        [
            b"*",
            b"$",
            b"3",
            b"-1",
            b"1",
            b"\r\n",
            b"XADD",
            b"XREAD",
            b"SUBSCRIBE",
            b"HELLO",
            b"%",
            b">",
            b"_\r\n",
            b":7\r\n",
        ]
    )
    whole = st.lists(st.one_of(st.binary(max_size=12), parts, st.just(b"a")), max_size=6).map(_command)
    pieces = data.draw(st.lists(st.one_of(whole, whole, st.binary(max_size=40), parts), max_size=12))
    stream = b"".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=4)))
    with served.client(version=2) as client:
        try:
            for first, last in zip([0, *cuts], [*cuts, len(stream)], strict=True):
                client.socket.sendall(stream[first:last])
        except (BrokenPipeError, ConnectionResetError):
            pass
    with served.client() as other:
        assert other.ask("PING") == b"PONG"


def _command(parts: list[bytes]) -> bytes:
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)


NAMES = [
    "XADD",
    "XRANGE",
    "XREVRANGE",
    "XREAD",
    "XLEN",
    "XINFO",
    "XSUBSCRIBE",
    "XUNSUBSCRIBE",
    "XPUBLISH",
    "XAPPEND",
    "XHISTORY",
    "XHEAD",
    "PUBLISH",
    "SUBSCRIBE",
    "CLIENT",
    "HELLO",
    "COMMAND",
    "INFO",
    "PUBSUB",
    "SELECT",
    "CONFIG",
    "ECHO",
    "PING",
    "TIME",
    "SPUBLISH",
    "FUNCTION",
    "RESET",
]
words = st.sampled_from(
    ["STREAMS", "COUNT", "REV", "START", "*", "-", "+", "$", "0", "1", "2-0", "(3", "default", "a", ""]
)


@settings(max_examples=300)
@given(name=st.sampled_from(NAMES), arguments=st.lists(st.one_of(words, st.binary(max_size=8)), max_size=8))
def test_whatever_a_command_is_given_it_is_answered(served: Served, name: str, arguments: list[str | bytes]) -> None:
    with served.client() as client:
        client.send((name, *arguments), ("ECHO", "still here"))
        while (answer := client.answer()) != b"still here":
            assert not isinstance(answer, hiredis.ReplyError) or str(answer).partition(" ")[0].isupper()
