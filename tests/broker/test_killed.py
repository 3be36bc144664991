"""A broker that is killed at any instant has, at level disk, all that it acknowledged; and why: seen in its calls."""

from __future__ import annotations

import os
import resource
import secrets
import signal
import threading
import time
from pathlib import Path
from random import Random

import pytest

from tests.broker.process import Broker
from tests.broker.served import Client, offset, refusal
from tests.journeys.syscalls import Call, calls

pytestmark = pytest.mark.slow

KILLS, AT_LEAST = 250, 100
WITHIN_S = 600
"""For all but the slowest machines it is enough; those do what they can."""


class Load:
    """Appends to the broker until it dies, and remembers what was acknowledged."""

    def __init__(self, broker: Broker, name: str) -> None:
        self.topic = f"{name}:plain".encode()
        self.together = [f"{name}:{letter}".encode() for letter in "abc"]
        self.acknowledged: dict[int, bytes] = {}
        self.verbs = 0
        self.begun = threading.Event()
        self._broker = broker
        self._threads = [threading.Thread(target=work) for work in (self._plain, self._plain, self._verbs)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _plain(self) -> None:
        number = 0
        try:
            with self._broker.connect() as client:
                while True:
                    values = [b"%d %d %b" % (threading.get_ident(), number + n, b"x" * 100) for n in range(50)]
                    number += len(values)
                    client.send(*[("XADD", self.topic, "*", "v", value) for value in values])
                    for value in values:
                        place = client.answer()
                        assert isinstance(place, bytes), place
                        self.acknowledged[offset(place)] = value
                    self.begun.set()
        except (EOFError, ConnectionError):
            pass

    def _verbs(self) -> None:
        try:
            with self._broker.connect() as client:
                while True:
                    rev = self.verbs + 1
                    parts = [part for topic in self.together for part in (topic, rev, b"%d" % rev)]
                    _, [offsets] = client.ask("XAPPEND", "default", "", int(rev == 1), 3, *parts)
                    assert len(offsets) == 3
                    self.verbs = rev
        except (EOFError, ConnectionError):
            pass

    def check(self, client: Client) -> None:
        found = {offset(place): fields[1] for place, fields in client.ask("XRANGE", self.topic, "-", "+")}
        assert {place: found.get(place) for place in self.acknowledged} == self.acknowledged
        revs = [[int(fields[1]) for _, fields in client.ask("XRANGE", topic, "-", "+")] for topic in self.together]
        assert revs[0] == revs[1] == revs[2] == list(range(1, len(revs[0]) + 1))
        assert len(revs[0]) >= self.verbs


def test_hundreds_of_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    chance, broker, loads = Random(5), Broker(tmp_path / "data"), list[Load]()
    deadline, last = time.monotonic() + WITHIN_S, 1
    for kill in range(KILLS):
        broker.start()
        with broker.connect() as client:
            for load in {*loads[-1:], *(chance.sample(loads, 1) if loads else [])}:
                load.check(client)
            assert client.ask("XHEAD")[1] >= last
        load = Load(broker, f"round:{kill}")
        load.start()
        assert load.begun.wait(30)
        threading.Event().wait(chance.uniform(0, 0.15))  # the instant is what is tried
        broker.kill()
        load.join()
        assert load.acknowledged
        last = max(last, *load.acknowledged)
        loads.append(load)
        if time.monotonic() > deadline:
            break
    assert len(loads) >= AT_LEAST
    broker.start()
    with broker.connect() as client:
        for load in loads:
            load.check(client)
    assert broker.terminate() == 0


def test_an_append_is_on_the_disk_before_it_is_acknowledged(tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    broker = Broker(tmp_path / "data")
    broker.command = [broker.command[0], "-m", "tests.journeys.syscalls", str(trace), *broker.command]
    value = f"kept {secrets.token_hex(16)}"
    with broker, broker.connect() as client:
        place = client.ask("XADD", "topic", "*", "v", value)
        seen = list(calls(trace))
    answer = f"${len(place)}\r\n{place.decode()}\r\n"
    written = _first(seen, 0, lambda call: call.path.endswith(".log") and value in call.data and call.ended)
    synced = _first(seen, written, lambda call: call.path == seen[written].path and "sync" in call.name and call.ended)
    answered = _first(seen, 0, lambda call: call.path.startswith("socket:") and answer in call.data)
    assert written < synced < answered


def _first(seen: list[Call], start: int, wanted: object) -> int:
    assert callable(wanted)
    return next(number for number, call in enumerate(seen) if number >= start and wanted(call))


def test_a_disk_that_refuses_makes_errors_of_appends_and_reads_go_on(tmp_path: Path) -> None:
    with Broker(tmp_path / "data") as broker:
        with broker.connect() as client:
            place = client.ask("XADD", "topic", "*", "v", "kept")
        journal = max((tmp_path / "data" / "broker" / "default").glob("*.log"))
        resource.prlimit(broker.pid, resource.RLIMIT_FSIZE, (journal.stat().st_size,) * 2)
        with broker.connect() as client:
            assert "LOGFAILED" in refusal(client.ask("XADD", "topic", "*", "v", "lost"))
        with broker.connect() as client:
            assert "LOGFAILED" in refusal(client.ask("XADD", "topic", "*", "v", "lost"))
            assert client.ask("XRANGE", "topic", "-", "+") == [[place, [b"v", b"kept"]]]
            assert client.ask("PING") == b"PONG"
        broker.restart()
        with broker.connect() as client:
            assert client.ask("XRANGE", "topic", "-", "+") == [[place, [b"v", b"kept"]]]
            assert offset(client.ask("XADD", "topic", "*", "v", "again")) > offset(place)


def test_a_disk_with_room_again_is_found_and_whoever_listens_hung_up_on(tmp_path: Path) -> None:
    with Broker(tmp_path / "data") as broker, broker.connect() as listener, broker.connect() as client:
        place = client.ask("XADD", "topic", "*", "v", "kept")
        listener.ask("XSUBSCRIBE", "topic", "$")
        journal = max((tmp_path / "data" / "broker" / "default").glob("*.log"))
        resource.prlimit(broker.pid, resource.RLIMIT_FSIZE, (journal.stat().st_size, resource.RLIM_INFINITY))
        with broker.connect() as other:
            assert "LOGFAILED" in refusal(other.ask("XADD", "topic", "*", "v", "lost"))
        resource.prlimit(broker.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        assert "another epoch" in refusal(listener.answer())
        with broker.connect() as again:
            assert offset(again.ask("XADD", "topic", "*", "v", "again")) > offset(place)
            kept = again.ask("XRANGE", "topic", "-", "+")
            assert [kept[0], kept[-1][1]] == [[place, [b"v", b"kept"]], [b"v", b"again"]]


def test_a_damaged_file_stops_the_start_by_name(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "data")
    with broker, broker.connect() as client:
        for _ in range(50):
            client.ask("XADD", "topic", "*", "v", "x" * 1000)
    journal = max((tmp_path / "data" / "broker" / "default").glob("*.log"))
    content = bytearray(journal.read_bytes())
    content[len(content) // 2] ^= 0xFF
    journal.write_bytes(content)
    said = broker.refuses_to_start()
    assert journal.name in said
    assert "operations.md" in said
    assert journal.read_bytes() == content


def test_a_second_broker_finds_the_folder_in_use_and_a_wrong_file_is_named(tmp_path: Path) -> None:
    with Broker(tmp_path / "data") as broker:
        assert "in use by another process" in Broker(tmp_path / "data").refuses_to_start()
        assert broker.terminate() == 0
    wrong = Broker(tmp_path / "data", "[namespaces.default]\nlevel = 'sometimes'\n")
    assert "level is one of none, memory, disk, not 'sometimes'" in wrong.refuses_to_start()
    open_to_all = Broker(tmp_path / "data", DERAILED_BROKER_HOST="0.0.0.0")
    assert "has no users" in open_to_all.refuses_to_start()


def test_a_broker_goes_on_where_it_was_after_each_kind_of_end(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "data")
    places = []
    for number, end in enumerate((signal.SIGTERM, signal.SIGKILL, signal.SIGINT)):
        broker.start()
        with broker.connect() as client:
            places.append(client.ask("XADD", "topic", "*", "v", number))
            epoch = client.ask("XHEAD")[0]
        os.kill(broker.pid, end)
        assert broker.wait() == (-signal.SIGKILL if end == signal.SIGKILL else 0)
    with broker, broker.connect() as client:
        assert client.ask("XHEAD")[0] == epoch
        assert [place for place, _ in client.ask("XRANGE", "topic", "-", "+")] == places == [b"2-0", b"3-0", b"4-0"]
