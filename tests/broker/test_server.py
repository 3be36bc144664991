"""What the server answers, one sentence at a time. What each command does is in `docs/wire/broker.md`, run too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from derailed.broker.server.configuration import Configuration, Limits, Space
from tests.broker.served import Client, Served, offset, refusal

SPACES = (Space("default", "memory"), Space("safe", "disk"), Space("gone", "none"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("broker"), Configuration(spaces=SPACES, limits=Limits(free=0))) as server:
        yield server


@pytest.fixture
def client(served: Served) -> Iterator[Client]:
    with served.client() as client:
        yield client


@pytest.fixture
def older(served: Served) -> Iterator[Client]:
    with served.client(version=2) as client:
        yield client


def fields(entries: list[Any]) -> list[list[bytes]]:
    return [entry[1] for entry in entries]


def test_names_of_commands_can_be_written_in_any_letters(client: Client) -> None:
    assert [client.ask(name) for name in ("PING", "ping", "PiNg")] == [b"PONG"] * 3


def test_a_record_comes_back_with_its_fields_in_order(client: Client) -> None:
    place = client.ask("XADD", "order", "*", "a", "1", b"\x00\r\n", b"", "a", "2")
    assert client.ask("XRANGE", "order", "-", "+") == [[place, [b"a", b"1", b"\x00\r\n", b"", b"a", b"2"]]]


def test_offsets_of_a_namespace_are_dense_across_topics_and_clients(served: Served, client: Client) -> None:
    with served.client() as other:
        places = [who.ask("XADD", f"dense:{n}", "*", "f", "v") for n in range(10) for who in (client, other)]
    assert [offset(place) for place in places] == list(range(offset(places[0]), offset(places[0]) + 20))


def test_each_namespace_has_its_own_sequence(client: Client) -> None:
    _, safe, _ = client.ask("XHEAD", "safe")
    client.ask("XADD", "elsewhere", "*", "f", "v")
    assert offset(client.ask("XADD", "{safe}:topic", "*", "f", "v")) == safe + 1
    assert client.ask("XADD", "{unknown}:topic", "*", "f", "v").partition(b"-")[0] == b"%d" % client.ask("XHEAD")[1]


def test_a_pipeline_is_answered_in_order(client: Client) -> None:
    client.send(*[("XADD", "pipe", "*", "n", n) for n in range(1000)], ("XLEN", "pipe"), ("PING",))
    places = [offset(client.answer()) for _ in range(1000)]
    assert places == list(range(places[0], places[0] + 1000))
    assert client.answer() == 1000
    assert client.answer() == b"PONG"
    assert fields(client.ask("XREVRANGE", "pipe", "+", "-", "COUNT", 2)) == [[b"n", b"999"], [b"n", b"998"]]


def test_an_answer_at_level_disk_waits_and_keeps_its_place(client: Client) -> None:
    client.send(("PING", "before"), ("XADD", "{safe}", "*", "f", "v"), ("PING", "after"))
    assert client.answer() == b"before"
    assert offset(client.answer()) >= 2
    assert client.answer() == b"after"


def test_a_rev_is_taken_once_and_in_order(client: Client) -> None:
    assert "BEHIND" in refusal(client.ask("XADD", "revs", "REV", 1, "*", "f", "v"))
    first = client.ask("XADD", "revs", "REV", 1, "START", "*", "f", "v")
    assert first.endswith(b"-1")
    assert client.ask("XADD", "revs", "REV", 2, "*", "f", "v").endswith(b"-2")
    assert client.ask("XADD", "revs", "REV", 1, "*", "f", "again") == first
    assert "BEHIND" in refusal(client.ask("XADD", "revs", "REV", 4, "*", "f", "v"))
    assert client.ask("XLEN", "revs") == 2


def test_an_id_can_be_expected_and_not_chosen(client: Client) -> None:
    _, head, _ = client.ask("XHEAD")
    assert client.ask("XADD", "expect", f"{head + 1}-*", "f", "v") == b"%d-0" % (head + 1)
    assert "expected, not chosen" in refusal(client.ask("XADD", "expect", f"{head + 1}-*", "f", "v"))


def test_several_topics_are_appended_all_or_none(client: Client) -> None:
    epoch, head, _ = client.ask("XHEAD")
    epoch = epoch.decode()
    answer = client.ask("XAPPEND", "default", epoch, 1, 2, "v:a", 1, "x", "v:b", 1, "y", 1, "v:a", 2, "z")
    assert answer == [epoch.encode(), [[head + 1, head + 2], [head + 3]]]
    answer = client.ask("XAPPEND", "default", "", 0, 2, "v:b", 2, "no", "v:a", 9, "no", 1, "v:b", 2, "yes")
    assert answer == [epoch.encode(), [None, [head + 4]]]
    assert client.ask("XAPPEND", "default", "another", 0, 1, "v:b", 3, "no") == [epoch.encode()]
    assert client.ask("XHISTORY", "default", 10, "+", "v:a", 1, "v:b", head + 2) == [
        epoch.encode(),
        head + 4,
        [[head + 1, 1, b"x", head + 3, 2, b"z"], [head + 4, 2, b"yes"]],
    ]


def test_a_history_over_a_gap_is_not_whole(client: Client) -> None:
    _, [[first], [second]] = client.ask("XAPPEND", "default", "", 1, 1, "gap", 1, "x", 1, "gap", 5, "y")
    assert client.ask("XHISTORY", "default", 10, "+", "gap", 1, "gap", first, "gap", second)[2] == [None, None, []]
    assert client.ask("XHISTORY", "default", 10, "+", "gap", second - 1)[2] == [None]


def test_reading_waits_for_what_comes(served: Served, client: Client) -> None:
    client.send(("XREAD", "BLOCK", 0, "STREAMS", "late", "{gone}late", "$", "$"), ("PING",))
    served.until_heard(b"late")
    with served.client() as other:
        place = other.ask("XADD", "late", "*", "f", "v")
        assert client.answer() == {b"late": [[place, [b"f", b"v"]]]}
        assert client.answer() == b"PONG"
        client.send(("XREAD", "BLOCK", 0, "STREAMS", "late", "{gone}late", place, "$"))
        served.until_heard(b"late")
        place = other.ask("XADD", "{gone}late", "*", "not", "kept")
        assert client.answer() == {b"{gone}late": [[place, [b"not", b"kept"]]]}
    assert client.ask("XREAD", "BLOCK", 1, "STREAMS", "late", "$") is None
    assert client.ask("XRANGE", "{gone}late", "-", "+") == []


def test_a_range_is_read_in_both_directions_and_from_within(client: Client) -> None:
    places = [client.ask("XADD", "range", "*", "n", n) for n in range(5)]
    low, high = places[1].decode(), places[3].decode()
    assert [entry[0] for entry in client.ask("XRANGE", "range", low, high)] == places[1:4]
    assert [entry[0] for entry in client.ask("XRANGE", "range", f"({low}", f"({high}")] == places[2:3]
    assert [entry[0] for entry in client.ask("XREVRANGE", "range", high, low, "COUNT", 2)] == [places[3], places[2]]


def test_a_long_range_is_whole(client: Client) -> None:
    client.send(*[("XADD", "long", "*", "n", n) for n in range(1700)])
    places = [client.answer() for _ in range(1700)]
    assert [entry[0] for entry in client.ask("XRANGE", "long", "-", "+")] == places
    assert [entry[0] for entry in client.ask("XREVRANGE", "long", "+", "-", "COUNT", 1600)] == places[:99:-1]


def test_published_messages_reach_those_who_listen(served: Served, client: Client, older: Client) -> None:
    client.send(("SUBSCRIBE", "news", "other"), ("SSUBSCRIBE", "news"))
    assert [client.push() for _ in range(3)] == [
        [b"subscribe", b"news", 1],
        [b"subscribe", b"other", 2],
        [b"ssubscribe", b"news", 1],
    ]
    assert older.ask("SUBSCRIBE", "news") == [b"subscribe", b"news", 1]
    with served.client() as other:
        assert other.ask("PUBLISH", "news", "n") == 2
        assert other.ask("SPUBLISH", "news", "s") == 1
        assert other.ask("PUBLISH", "nobody", "n") == 0
    assert [client.push(), client.push()] == [[b"message", b"news", b"n"], [b"smessage", b"news", b"s"]]
    assert older.answer() == [b"message", b"news", b"n"]
    assert client.ask("PING") == b"PONG"
    assert "HELLO 3 can" in refusal(older.ask("XLEN", "news"))
    assert older.ask("PING") == [b"pong", b""]
    assert older.ask("UNSUBSCRIBE") == [b"unsubscribe", b"news", 0]
    assert older.ask("XLEN", "news") == 0


def test_a_subscription_replays_and_then_is_live(served: Served, client: Client) -> None:
    first, second = (client.ask("XADD", "sub", "*", "n", n) for n in (1, 2))
    epoch, head, _ = client.ask("XHEAD")
    assert client.ask("XSUBSCRIBE", "sub", first, "sub:live", "$") == [
        [b"sub", first, epoch],
        [b"sub:live", b"%d-0" % head, epoch],
    ]
    assert client.push() == [b"xmessage", b"sub", second, [b"n", b"2"]]
    third = client.ask("XADD", "sub", "*", "n", 3)
    assert client.ask("XPUBLISH", "sub:live", "not", "kept") == 1
    assert client.push() == [b"xmessage", b"sub", third, [b"n", b"3"]]
    assert client.push() == [b"xmessage", b"sub:live", b"0-0", [b"not", b"kept"]]
    assert client.ask("XUNSUBSCRIBE", "sub:live") == 1
    assert client.ask("XUNSUBSCRIBE") == 0
    client.ask("XADD", "sub", "*", "n", 4)
    assert client.ask("PING") == b"PONG"
    assert client.pushes == []


def test_a_replay_says_where_a_topic_does_not_follow_on_itself(client: Client) -> None:
    client.ask("XAPPEND", "default", "", 1, 1, "jump", 1, "x", 1, "jump", 7, "y")
    client.ask("XSUBSCRIBE", "jump", "0")
    one, gap, seven = (client.push() for _ in range(3))
    assert one[2].endswith(b"-1")
    assert gap == [b"xgap", b"jump", seven[2]]
    assert seven[3] == [b"r", b"y"]


def test_a_fence_is_answered_after_all_that_was_replayed(client: Client) -> None:
    client.send(*[("XADD", "fence", "*", "n", n) for n in range(3000)])
    for _ in range(3000):
        client.answer()
    client.send(("XSUBSCRIBE", "fence", "0"), ("XFENCE",))
    client.answer()
    _, head, _ = client.answer()
    assert len([push for push in client.pushes if push[0] == b"xmessage"]) == 3000
    assert offset(client.pushes[-1][2]) == head


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("XDEL", "a", "1-0"), "XDEL is not supported: a record can not be taken out"),
        (("XTRIM", "a", "MAXLEN", 5), "XTRIM is not supported: retention is by time and bytes"),
        (("XADD", "a", "MAXLEN", 5, "*", "f", "v"), "MAXLEN is not supported"),
        (("XADD", "a", "NOMKSTREAM", "*", "f", "v"), "NOMKSTREAM is not supported"),
        (("XGROUP", "CREATE", "a", "g", "$"), "consumer groups are not supported yet"),
        (("XREADGROUP", "GROUP", "g", "c", "STREAMS", "a", ">"), "consumer groups are not supported yet"),
        (("PSUBSCRIBE", "a*"), "PSUBSCRIBE is not supported: patterns"),
        (("MULTI",), "XAPPEND appends several"),
        (("EVAL", "return 1", 0), "there are no scripts"),
        (("GET", "a"), "topics and channels, no keys"),
        (("NONSENSE",), "unknown command 'NONSENSE'"),
        (("XADD", "a", "*", "f"), "wrong number of arguments for 'xadd'"),
        (("XADD", "a", "*", "f", "v", "g"), "fields, each with a value"),
        (("XADD", "a", "REV", "x", "*", "f", "v"), "REV needs a whole number from 1, not 'x'"),
        (("XADD", "t" * 513, "*", "f", "v"), "a topic may have 512 bytes"),
        (("XADD", "a", "*", "f", "v" * (1 << 20)), "a record may have 1048576 bytes"),
        (("XRANGE", "a", "x", "+"), "Invalid stream ID"),
        (("XRANGE", "a", "-", "+", "LIMIT", 1), "syntax error"),
        (("XREAD", "STREAMS", "a"), "Unbalanced"),
        (("XREAD", "COUNT", -1, "STREAMS", "a", "0"), "COUNT needs a whole number"),
        (("XSUBSCRIBE", "a", "0", "b", "0", "c"), "needs an id for each topic"),
        (("XSUBSCRIBE", "a", "99999999999-0"), "above the head"),
        (("XHEAD", "nowhere"), "there is no namespace 'nowhere'"),
        (("XAPPEND", "safe", "", 1, 1, "a", 1, "x"), "topic 'a' is of namespace default"),
        (("XAPPEND", "default", "", 1, 2, "a", 1, "x"), "fewer records than it says"),
        (("XAPPEND", "default", "", 1, 2, "a", 1, "x", "a", 1, "x"), "the revs of a topic rise"),
        (("XAPPEND", "gone", "", 1, 1, "{gone}", 1, "x"), "keeps nothing"),
        (("SELECT", 1), "DB index is out of range"),
        (("HELLO", 4), "NOPROTO"),
        (("AUTH", "x"), "this broker has no users"),
        (("CLIENT", "KILL", "x"), "CLIENT KILL is not supported"),
        (("SUBSCRIBE",), "wrong number of arguments for 'subscribe'"),
    ],
)
def test_what_can_not_be_done_is_refused_by_name_and_the_connection_goes_on(
    client: Client, command: tuple[str, ...], says: str
) -> None:
    assert says in refusal(client.ask(*command))
    assert client.ask("PING") == b"PONG"


@pytest.mark.parametrize(
    "nonsense",
    [
        b"PING\r\n", b"$4\r\nPING\r\n", b":1\r\n", b"*1\r\n:1\r\n", b"*2\r\n$4\r\nPING\r\n*0\r\n", b"*1\r\n$x\r\n",
        b"\x00", b"*200000000\r\n", b"%1\r\n+a\r\n+b\r\n"],
)  # fmt: skip
def test_a_violation_closes_that_connection_only(served: Served, client: Client, nonsense: bytes) -> None:
    with served.client(version=2) as rude:
        assert rude.ask("PING") == b"PONG"
        rude.socket.sendall(nonsense)
        assert "Protocol error" in refusal(rude.answer())
        assert rude.closed()
    assert client.ask("PING") == b"PONG"


@pytest.mark.parametrize("nothing", [b"*0\r\n", b"*-1\r\n"])
def test_an_empty_command_is_none(served: Served, nothing: bytes) -> None:
    with served.client(version=2) as client:
        client.socket.sendall(nothing)
        assert client.ask("PING") == b"PONG"
