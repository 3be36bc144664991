"""What one client, or all of them, can take; what users may do; and how the server ends."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from derailed.broker.server.configuration import Configuration, Limits, Space, User
from tests.broker.served import MEMORY, Served, refusal

SPACES = (Space("default", "memory"),)


def test_commands_that_wait_behind_one_are_done_after_it_however_many(tmp_path: Path) -> None:
    limits = Limits(pipeline=10, free=0)
    with Served(tmp_path, Configuration(spaces=SPACES, limits=limits)) as served, served.client() as client:
        client.send(("XREAD", "BLOCK", 0, "STREAMS", "a", "$"), *[("PING", n) for n in range(5000)])
        served.until_heard(b"a")
        with served.client() as other:
            other.ask("XADD", "a", "*", "f", "v")
        assert list(client.answer()) == [b"a"]
        assert [client.answer() for _ in range(5000)] == [b"%d" % n for n in range(5000)]


def test_a_slow_subscriber_is_told_and_dropped_and_nobody_waits_for_it(tmp_path: Path) -> None:
    limits = Limits(output=1 << 20, free=0)
    with (
        Served(tmp_path, Configuration(spaces=SPACES, limits=limits)) as served,
        served.client() as other,
        served.client() as slow,
        served.client() as quick,
    ):
        slow.send(("SUBSCRIBE", "flood"))
        quick.send(("SUBSCRIBE", "flood"))
        assert slow.push() == quick.push() == [b"subscribe", b"flood", 1]
        heard = 0
        while (reached := other.ask("PUBLISH", "flood", b"x" * 100_000)) == 2:
            heard += 1
            assert quick.push()[2] == b"x" * 100_000
        assert reached == 1
        for _ in range(heard):
            slow.push()
        assert "SLOW 1048576 bytes were not read" in refusal(slow.answer())
        assert served.server.dropped == 1


def test_only_so_many_clients_are_let_in(tmp_path: Path) -> None:
    limits = Limits(clients=2, free=0)
    with Served(tmp_path, Configuration(limits=limits)) as served, served.client() as one, served.client() as two:
        with served.client(version=2) as three:
            assert "max number of clients reached" in refusal(three.answer())
            assert three.closed()
        assert one.ask("PING") == two.ask("PING") == b"PONG"


def test_only_so_many_topics_are_heard_by_one(tmp_path: Path) -> None:
    limits = Limits(topics=3, free=0)
    with Served(tmp_path, Configuration(limits=limits)) as served, served.client() as client:
        client.send(("SUBSCRIBE", "a", "b"), ("XSUBSCRIBE", "a", "$"), ("XSUBSCRIBE", "b", "$"))
        assert len(client.answer()) == 1
        assert "may hear 3 topics" in refusal(client.answer())


def test_a_full_disk_refuses_appends_and_reads_go_on(tmp_path: Path) -> None:
    with Served(tmp_path, MEMORY) as served, served.client() as client:
        place = client.ask("XADD", "a", "*", "f", "v")
    with Served(tmp_path, Configuration(limits=Limits(free=1 << 60))) as served, served.client() as client:
        assert "DISKFULL" in refusal(client.ask("XADD", "a", "*", "f", "v"))
        assert "DISKFULL" in refusal(client.ask("XAPPEND", "default", "", 1, 1, "a", 1, "v"))
        assert client.ask("XRANGE", "a", "-", "+") == [[place, [b"f", b"v"]]]


def test_users_have_rights_by_prefix(tmp_path: Path) -> None:
    digest = sha256(b"secret").hexdigest()
    users = (
        User("default", digest, (b"news:",), (), False),
        User("writer", digest, (b"",), (b"news:", b"log:"), True),
    )
    with (
        Served(tmp_path, Configuration(users=users, limits=Limits(free=0))) as served,
        served.client(version=2) as reader,
        served.client(version=2) as writer,
    ):
        assert "NOAUTH" in refusal(reader.ask("PING"))
        assert "WRONGPASS" in refusal(reader.ask("AUTH", "wrong"))
        assert "NOAUTH" in refusal(reader.ask("XLEN", "news:a"))
        assert reader.ask("AUTH", "secret") == b"OK"
        assert writer.ask("HELLO", 3, "AUTH", "writer", "secret")[b"proto"] == 3
        refused: list[tuple[str | int, ...]] = [
            ("XADD", "other", "*", "f", "v"),
            ("PUBLISH", "other", "m"),
            ("XPUBLISH", "o", "f", "v"),
        ]
        for command in refused:
            assert "NOPERM" in refusal(writer.ask(*command))
        writer.ask("XADD", "news:a", "*", "f", "v")
        assert reader.ask("XLEN", "news:a") == 1
        refused = [
            ("XADD", "news:a", "*", "f", "v"),
            ("XRANGE", "log:a", "-", "+"),
            ("XREAD", "STREAMS", "log:a", "0"),
            ("SUBSCRIBE", "log:a"),
            ("XSUBSCRIBE", "news:a", "0", "log:a", "0"),
            ("XHISTORY", "default", 1, "+", "log:a", 0),
            ("CLIENT", "LIST"),
            ("FUNCTION", "LIST"),
        ]
        for command in refused:
            assert "NOPERM" in refusal(reader.ask(*command)), command
        assert "user=writer" in writer.ask("CLIENT", "LIST").decode()


def test_a_stranger_can_not_make_the_broker_wait(tmp_path: Path) -> None:
    users = (User("default", sha256(b"secret").hexdigest(), (b"",), (b"",), True),)
    with Served(tmp_path, Configuration(users=users, limits=Limits(free=0))) as served:
        for nonsense in (
            b"*1000000000\r\n",
            b"*2\r\n$4\r\nAUTH\r\n*99999\r\n",
            b"*2\r\n$4\r\nAUTH\r\n$99999\r\n" + b"x" * 20_000,
        ):
            with served.client(version=2) as client:
                client.socket.sendall(nonsense)
                assert "Protocol error" in refusal(client.answer())
        with served.client(version=2) as client:
            answers = [refusal(client.ask("AUTH", "guess")) for _ in range(10)]
            assert "too many tries" in answers[-1]


def test_a_stop_answers_what_was_appended(tmp_path: Path) -> None:
    configuration = Configuration(spaces=(Space("default", "disk"),), limits=Limits(free=0))
    served = Served(tmp_path, configuration).__enter__()
    with served.client() as client:
        client.send(*[("XADD", "a", "*", "n", n) for n in range(500)])
        first = client.answer()
        served.__exit__(None, None, None)
        places = [first, *(client.answer() for _ in range(499))]
        assert client.closed()
    with Served(tmp_path, configuration) as served, served.client() as client:
        assert [entry[0] for entry in client.ask("XRANGE", "a", "-", "+")] == places
