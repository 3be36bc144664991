"""Commands that come many at a time are done as they are one at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import hiredis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from derailed.broker.log import Log
from derailed.broker.server import resp
from derailed.broker.server.configuration import Configuration, Limits, Space, User
from tests.broker.served import Client, Served, offset, refusal

USERS = (User("default", sha256(b"secret").hexdigest(), (b"",), (b"may:", b"may{too}:"), True),)
SPACES = (Space("default", "memory"), Space("too", "memory"))
LIMITS = Limits(free=0, message=4096)

PLAIN_BYTES = b"*5\r\n$4\r\nXADD\r\n$5\r\ntopic\r\n$1\r\n*\r\n$1\r\nf\r\n$1\r\nv\r\n"
PLAIN = [("XADD", "may:topic", "*", "f", "v" * n) for n in (0, 1, 9, 10, 99, 100)]
ODD: list[Any] = [
    ("xadd", "may:topic", "*", "f", "v"),
    ("XADD", "may:topic", "*", "other", "v"),
    ("XADD", "may:topic", "*", "f", "v", "g", "w"),
    ("XADD", "may:topic", "*", "f"),
    ("XADD", "may:topic", "1-0", "f", "v"),
    ("XADD", "may:" + "t" * 600, "*", "f", "v"),
    ("XADD", "may:topic", "*", "f", "v" * 5000),
    ("XADD", "not:mine", "*", "f", "v"),
    ("XADD", "may{too}:topic", "*", "f", "v"),
    ("PUBLISH", "may:nobody", "m"),
    ("PUBLISH", "may:heard", "m"),
    ("PUBLISH", "may:heard", "m" * 5000),
    ("PUBLISH", "not:mine", "m"),
    ("PUBLISH", "may:nobody"),
    ("publish", "may:heard", "m"),
    ("XLEN", "may:topic"),
    ("NOSUCH",),
]
commands = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(PLAIN), st.integers(1, 6)),
        st.tuples(st.sampled_from([("PUBLISH", "may:heard", "m" * n) for n in (0, 1, 200)]), st.integers(1, 6)),
        st.tuples(st.just(("PUBLISH", "may:nobody", "m")), st.integers(1, 6)),
        st.tuples(st.sampled_from(ODD), st.just(1)),
    ),
    max_size=8,
).map(lambda runs: [command for command, times in runs for _ in range(times)])


class Pair:
    """Two brokers that were given the same, and who listens at each."""

    def __init__(self, folder: Path) -> None:
        configuration = Configuration(spaces=SPACES, users=USERS, limits=LIMITS)
        self.served = [Served(folder / name, configuration).__enter__() for name in ("one", "many")]
        self.clients = [self._client(each) for each in self.served]
        self.listeners = [self._client(each) for each in self.served]
        for listener in self.listeners:
            listener.ask("HELLO", 3)
            listener.send(("SUBSCRIBE", "may:heard"))
            assert listener.push()[0] == b"subscribe"
        self.told = 0

    def close(self) -> None:
        for client in (*self.clients, *self.listeners):
            client.close()
        for each in self.served:
            each.__exit__(None, None, None)

    @staticmethod
    def _client(served: Served) -> Client:
        client = Client(served.port)
        assert client.ask("AUTH", "secret") == b"OK"
        return client


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    both = Pair(tmp_path_factory.mktemp("pair"))
    yield both
    both.close()


def shown(answer: Any) -> Any:
    return str(answer) if isinstance(answer, hiredis.ReplyError) else answer


@given(script=commands)
def test_a_pipeline_answers_and_tells_what_single_commands_do(pair: Pair, script: list[tuple[str, ...]]) -> None:
    one, many = pair.clients
    answers = [shown(one.ask(*command)) for command in script]
    many.send(*script)
    assert [shown(many.answer()) for _ in script] == answers
    pair.told += 1
    ends = [b"the end of %d" % pair.told] * 2
    heard: list[list[Any]] = [[], []]
    for side, (client, listener) in enumerate(zip(pair.clients, pair.listeners, strict=True)):
        assert client.ask("PUBLISH", "may:heard", ends[side]) == 1
        while (message := listener.push())[2] != ends[side]:
            heard[side].append(message)
    assert heard[0] == heard[1]
    kept = [client.ask("XRANGE", "may:topic", "-", "+") for client in pair.clients]
    assert kept[0] == kept[1]


@pytest.mark.parametrize("count", [1, 2, 7, 100])
@pytest.mark.parametrize("first", [2, 8, 93, 999, 9_999_950])
def test_ids_of_a_run_are_those_of_its_records(first: int, count: int) -> None:
    assert resp.ids(first, count) == b"".join(resp.record_id(first + n, 0) for n in range(count))


def test_what_is_appended_in_bulk_is_heard_by_subscribers(tmp_path: Path) -> None:
    with Served(tmp_path) as served, served.client() as client, served.client() as listener:
        listener.ask("XSUBSCRIBE", "heard", "$")
        client.send(*[("XADD", "heard" if n % 2 else "other", "*", "n", n) for n in range(100)])
        places = [client.answer() for _ in range(100)]
        pushes = [listener.push() for _ in range(50)]
        assert [push[2] for push in pushes] == places[1::2]
        assert [push[3] for push in pushes] == [[b"n", b"%d" % n] for n in range(1, 100, 2)]


def test_no_strange_part_of_a_command_is_taken_for_bytes(tmp_path: Path) -> None:
    for strange in (b":1\r\n", b"$-1\r\n", b"*0\r\n", b"*1\r\n$1\r\nv\r\n"):
        with Served(tmp_path) as served, served.client() as client:
            before = client.ask("XLEN", "topic")
            odd = b"*5\r\n$4\r\nXADD\r\n$5\r\ntopic\r\n$1\r\n*\r\n$1\r\nf\r\n" + strange
            client.socket.sendall(PLAIN_BYTES * 5 + odd)
            for _ in range(5):
                assert offset(client.answer()) >= 2
            assert "Protocol error" in refusal(client.answer())
            assert client.closed()
            with served.client() as other:
                assert other.ask("XLEN", "topic") == before + 5


@pytest.mark.parametrize("records", [5, 1500])
def test_a_log_that_fails_is_told_to_all_who_appended_in_that_turn(tmp_path: Path, records: int) -> None:
    """Few are written at the end of the turn, many already while commands are done."""
    with Served(tmp_path) as served, served.client() as one, served.client() as other, served.client() as waits:
        one.ask("PING")
        other.ask("PING")

        def fail_at_the_end_of_the_turn() -> None:
            """In one turn of the loop: both are read, and what they appended can not be written."""
            one.send(*[("XADD", "topic", "*", "f", "v")] * 5)
            other.send(*[("XADD", "topic", "*", "f", "v")] * records)
            served.server.default.log = Broken(served.server.default.log)

        served.call(fail_at_the_end_of_the_turn)
        assert "LOGFAILED" in refusal(one.answer())
        assert "LOGFAILED" in refusal(other.answer())
        assert one.closed()
        assert waits.ask("PING") == b"PONG"


class Broken(Log):
    """A log whose disk refuses what was taken."""

    def __init__(self, log: Log) -> None:
        self.__dict__ = log.__dict__

    def _write(self) -> None:
        raise Exception("IO error: the disk refuses")


class Held(Log):
    """A log whose disk does not answer until it may."""

    def __init__(self, log: Log) -> None:
        self.__dict__ = log.__dict__
        self.asked, self.may = threading.Event(), threading.Event()

    def sync(self) -> None:
        self.asked.set()
        assert self.may.wait(20)
        super().sync()


@pytest.mark.parametrize("last", [b"*1\r\n$4\r\nQUIT\r\n", b"*1\r\n*1\r\n$1\r\nx\r\n", b"?"])
def test_a_connection_that_ends_is_told_nothing_that_is_not_on_the_disk(tmp_path: Path, last: bytes) -> None:
    configuration = Configuration(spaces=(Space("default", "disk"),), limits=Limits(free=0))
    with Served(tmp_path, configuration) as served, served.client() as client:
        held = Held(served.server.default.log)

        def swap() -> None:
            served.server.default.log = held

        served.call(swap)
        client.socket.sendall(PLAIN_BYTES * 5 + last)
        assert held.asked.wait(20)
        client.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.answer()
        client.socket.settimeout(20)
        held.may.set()
        assert [offset(client.answer()) for _ in range(5)] == list(range(2, 7))
        client.answer()
        assert client.closed()


def test_who_begins_to_wait_while_its_sync_is_under_way_is_told(tmp_path: Path) -> None:
    """A turn of the loop may end after the group of what it appended was taken; nobody else may append again."""
    configuration = Configuration(spaces=(Space("default", "disk"),), limits=Limits(free=0))
    with Served(tmp_path, configuration) as served:
        commits, held, told = served.server.commits, Held(served.server.default.log), threading.Event()

        class Waiter:
            def synced(self, ticket: int) -> None:
                assert ticket == joined
                told.set()

            def sync_failed(self, reason: str) -> None:
                raise AssertionError(reason)

        joined = served.call(lambda: commits.join(held))
        assert held.asked.wait(20)
        served.call(lambda: commits.wait(Waiter()))
        held.may.set()
        assert told.wait(20)
