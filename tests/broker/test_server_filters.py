"""Filters over the socket: loaded, asked before an append, and before a send."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from derailed.broker.server import report
from derailed.broker.server.configuration import Configuration, Limits, Space, User
from derailed.broker.server.report import Report
from tests.broker.attacks import ALL, Attack
from tests.broker.served import Client, Served, refusal
from tests.journeys.server import until

SPACES = (Space("default", "memory"), Space("other", "memory"), Space("safe", "disk"))
PUBLIC = "#!lua name=public\nfunction accept(message) return message.fields.secret == nil end"
MINE = """#!lua name=mine
function deliver(message, client) return message.fields.author == client.user or client.sees_all == true end
"""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path, Configuration(spaces=SPACES, limits=Limits(free=0))) as server:
        yield server


@pytest.fixture
def client(served: Served) -> Iterator[Client]:
    with served.client() as client:
        yield client


def load(client: Client, source: str) -> Any:
    return client.ask("FUNCTION", "LOAD", source)


def members(client: Client, **attributes: dict[str, Any]) -> None:
    pairs = [part for name, known in attributes.items() for part in (name, json.dumps(known))]
    assert client.ask("XCLIENTS", "SET", *pairs) == len(attributes)


def test_a_record_is_appended_only_if_the_filters_take_it_in(client: Client) -> None:
    assert load(client, PUBLIC) == b"public"
    taken = client.ask("XADD", "t", "*", "text", "hi")
    assert refusal(client.ask("XADD", "t", "*", "text", "hi", "secret", "1")).startswith("FILTERED")
    assert client.ask("XRANGE", "t", "-", "+") == [[taken, [b"text", b"hi"]]]


def test_a_pipeline_is_judged_together_and_answered_in_order(client: Client) -> None:
    load(client, PUBLIC)
    client.send(
        *((("XADD", "t", "*", "n", n) if n % 3 else ("XADD", "t", "*", "n", n, "secret", 1)) for n in range(600)),
        ("XADD", "t", "*", "odd", 1, "more"),
        ("PING",),
        ("XADD", "t", "9-0", "n", 1),
        ("XADD", "{other}t", "*", "secret", "1"),
    )
    answers = [client.answer() for _ in range(604)]
    kept = client.ask("XRANGE", "t", "-", "+")
    assert [fields[1] for _, fields in kept] == [b"%d" % n for n in range(600) if n % 3]
    assert [answer for answer in answers[:600] if isinstance(answer, bytes)] == [place for place, _ in kept]
    assert all(refusal(answers[n]).startswith("FILTERED") for n in range(0, 600, 3))
    assert "a record has fields" in refusal(answers[600])
    assert answers[601] == b"PONG"
    assert "the next id is" in refusal(answers[602])
    assert isinstance(answers[603], bytes)


def test_every_way_in_is_asked(client: Client) -> None:
    load(
        client,
        PUBLIC.replace("message.fields.secret == nil", "message.payload ~= 'secret' and message.fields.r ~= 's'"),
    )
    client.send(("SUBSCRIBE", "c"), ("SSUBSCRIBE", "c"))
    assert [client.push()[0], client.push()[0]] == [b"subscribe", b"ssubscribe"]
    assert refusal(client.ask("PUBLISH", "c", "secret")).startswith("FILTERED")
    assert refusal(client.ask("SPUBLISH", "c", "secret")).startswith("FILTERED")
    assert client.ask("PUBLISH", "c", "fine") == 1
    assert refusal(client.ask("XADD", "t", "REV", "1", "START", "*", "r", "s")).startswith("FILTERED")
    assert refusal(client.ask("XAPPEND", "default", "", "1", "2", "t", "1", "x", "t", "2", "s")).startswith("FILTERED")
    assert refusal(client.ask("XPUBLISH", "t", "r", "s")).startswith("FILTERED")
    assert client.ask("XAPPEND", "default", "", "1", "1", "t", "1", "x")[1] == [[2]]
    assert client.ask("XADD", "t", "REV", "2", "*", "r", "x") == b"3-2"
    assert client.ask("XPUBLISH", "t", "r", "x") == 0


def test_a_filtered_connection_gets_one_copy_and_the_list_of_its_clients(served: Served, client: Client) -> None:
    load(client, MINE)
    with served.client() as gateway:
        members(gateway, a={"user": "ann"}, b={"user": "bob"}, s={"user": "eve", "sees_all": True})
        gateway.ask("XSUBSCRIBE", "t", "0", "FILTER", "mine")
        place = client.ask("XADD", "t", "*", "author", "ann")
        client.ask("XADD", "t", "*", "author", "bob")
        assert gateway.push() == [b"xmessage", b"t", place, [b"author", b"ann"], [b"a", b"s"]]
        assert gateway.push()[4] == [b"b", b"s"]
        gateway.ask("XCLIENTS", "DROP", "s", "nobody")
        client.ask("XADD", "t", "*", "author", "eve")
        members(gateway, b={"user": "eve"})
        last = client.ask("XADD", "t", "*", "author", "eve")
        assert gateway.push() == [b"xmessage", b"t", last, [b"author", b"eve"], [b"b"]]
        assert gateway.ask("XCLIENTS", "COUNT") == 2


def test_what_came_before_a_change_is_judged_as_the_clients_were_then(served: Served, client: Client) -> None:
    load(client, MINE)
    with served.client() as gateway:
        members(gateway, b={"user": "bob"}, c={"user": "cat"})
        gateway.ask("XSUBSCRIBE", "t", "0", "FILTER", "mine")
        client.send(*[("XADD", "t", "*", "author", "eve")] * 600, *[("XADD", "t", "*", "author", "bob")] * 600)
        for _ in range(1_200):
            client.answer()
        members(gateway, b={"user": "eve"})
        gateway.ask("XCLIENTS", "DROP", "c")
        members(gateway, c={"user": "eve"})
        client.ask("XADD", "t", "*", "author", "eve")
        heard = [gateway.push()[3:] for _ in range(601)]
    assert heard == [[[b"author", b"bob"], [b"b"]]] * 600 + [[[b"author", b"eve"], [b"b", b"c"]]]


def test_what_is_replayed_is_filtered_too_and_comes_before_what_is_new(served: Served, client: Client) -> None:
    load(client, MINE)
    for n in range(9_000):
        client.send(("XADD", "t", "*", "author", "ann" if n % 2 else "bob", "n", n))
    for _ in range(9_000):
        client.answer()
    with served.client() as gateway:
        members(gateway, a={"user": "ann"})
        gateway.ask("XSUBSCRIBE", "t", "0", "FILTER", "mine")
        client.ask("XADD", "t", "*", "author", "ann", "n", "last")
        seen = [gateway.push() for _ in range(4_501)]
    assert [push[3][3] for push in seen] == [*(b"%d" % n for n in range(1, 9_000, 2)), b"last"]
    assert {tuple(push[4]) for push in seen} == {(b"a",)}


def test_unfiltered_subscribers_are_not_touched(served: Served, client: Client) -> None:
    load(client, MINE)
    with served.client() as plain, served.client() as gateway:
        plain.ask("XSUBSCRIBE", "t", "0")
        gateway.ask("XSUBSCRIBE", "t", "0", "FILTER", "mine")
        place = client.ask("XADD", "t", "*", "author", "ann")
        assert plain.push() == [b"xmessage", b"t", place, [b"author", b"ann"]]


def test_a_fence_waits_for_what_is_being_judged(served: Served, client: Client) -> None:
    load(client, MINE)
    with served.client() as gateway:
        members(gateway, a={"user": "ann"})
        gateway.ask("XSUBSCRIBE", "t", "0", "FILTER", "mine")
        for _ in range(50):
            client.ask("XADD", "t", "*", "author", "ann")
        assert gateway.ask("XFENCE")[1] == 51
        assert len(gateway.pushes) == 50


def test_a_subscription_can_become_filtered_and_plain_again(served: Served, client: Client) -> None:
    load(client, MINE)
    with served.client() as gateway:
        members(gateway, a={"user": "ann"})
        for extra in ((), ("FILTER", "mine"), ()):
            gateway.ask("XSUBSCRIBE", "t", "$", *extra)
            client.ask("XADD", "t", "*", "author", "ann")
            assert len(gateway.push()) == (5 if extra else 4)
        assert gateway.ask("XUNSUBSCRIBE", "t") == 0


def test_a_topic_may_be_called_filter(client: Client) -> None:
    assert [said[0] for said in client.ask("XSUBSCRIBE", "t", "0", "FILTER", "0")] == [b"t", b"FILTER"]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("FUNCTION", "LOAD", "return 1"), "begins with the line"),
        (("FUNCTION", "LOAD", "#!lua name=x\nfunction accept( end"), "line 2"),
        (("FUNCTION", "LOAD", "#!lua name={none}x\n" + MINE), "no namespace 'none'"),
        (("FUNCTION", "LOAD", "#!lua name=0x\n" + MINE), "a name is"),
        (("FUNCTION", "DELETE", "nothing"), "Library not found"),
        (("FUNCTION", "STATS"), "not supported"),
        (("XSUBSCRIBE", "t", "0", "FILTER", "nothing"), "there is no library nothing"),
        (("XCLIENTS", "SET", "a", "[1]"), "JSON object"),
        (("XCLIENTS", "SET", "a", '{"b": {}}'), "strings, numbers and booleans"),
        (("XCLIENTS", "SET", "a", '{"b": 9007199254740993}'), "give it as a string"),
        (("XCLIENTS", "SET", "a"), "XCLIENTS SET client"),
    ],
)
def test_what_is_wrong_is_said_and_the_connection_goes_on(client: Client, command: tuple[str, ...], why: str) -> None:
    assert why in refusal(client.ask(*command))
    assert client.ask("PING") == b"PONG"


def test_who_is_filtered_by_a_library_that_is_deleted_is_told(client: Client, served: Served) -> None:
    load(client, MINE)
    load(client, MINE.replace("name=mine", "name=others"))
    with served.client() as silenced, served.client() as other:
        for each, library in ((silenced, "mine"), (other, "others")):
            members(each, ann={"user": "ann"})
            each.ask("XSUBSCRIBE", "t", "$", "FILTER", library)
        assert client.ask("FUNCTION", "DELETE", "mine") == b"OK"
        assert silenced.push() == [b"xsilenced", b"mine"]
        client.ask("XADD", "t", "*", "author", "ann")
        assert other.push()[:2] == [b"xmessage", b"t"]


def test_a_library_is_loaded_though_whoever_asked_has_left(client: Client, served: Served) -> None:
    changing = served.server.filters._changing
    served.wait(changing.acquire())  # as if another were being loaded
    leaver = served.client()
    leaver.send(("FUNCTION", "LOAD", PUBLIC))
    until(lambda: served.call(lambda: len(served.server._changes) == 1), "it has begun")
    leaver.close()
    until(lambda: served.call(lambda: len(served.server.connections) == 1), "the client has left")
    served.call(changing.release)
    until(lambda: len(client.ask("FUNCTION", "LIST")) == 1, "the library is there")
    assert refusal(client.ask("XADD", "t", "*", "secret", "1")).startswith("FILTERED")


def test_only_an_admin_may_change_filters(tmp_path: Path) -> None:
    digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    users = (User("writer", digest, (b"",), (b"",), admin=False),)
    configuration = Configuration(spaces=SPACES, users=users, limits=Limits(free=0))
    with Served(tmp_path, configuration) as served, Client(served.port) as client:
        assert client.ask("AUTH", "writer", "test") == b"OK"
        assert refusal(load(client, PUBLIC)).startswith("NOPERM")


def test_redis_py_loads_lists_and_deletes_and_they_outlive_the_broker(tmp_path: Path) -> None:
    with Served(tmp_path) as served, redis.Redis(port=served.port, protocol=3) as plain:
        assert plain.function_load(PUBLIC) == b"public"
        with pytest.raises(redis.ResponseError, match="already"):
            plain.function_load(PUBLIC)
        assert plain.function_load(PUBLIC, replace=True) == b"public"
        plain.function_load(MINE)
    with Served(tmp_path) as served, redis.Redis(port=served.port, protocol=3) as plain:
        listed = plain.function_list()
        assert [library[b"library_name"] for library in listed] == [b"mine", b"public"]
        with pytest.raises(redis.ResponseError, match="FILTERED"):
            plain.xadd("t", {"secret": "1"})
        assert plain.function_delete("public")
        assert plain.xadd("t", {"secret": "1"})
        assert plain.info("filters")["filter_libraries"] == 1


def test_what_is_taken_in_on_the_disk_is_answered_when_it_is_there(client: Client) -> None:
    assert load(client, PUBLIC.replace("name=public", "name={safe}public")) == b"{safe}public"
    places = [client.ask("XADD", "{safe}t", "*", "n", n) for n in range(3)]
    assert refusal(client.ask("XADD", "{safe}t", "*", "secret", "1")).startswith("FILTERED")
    assert [place for place, _ in client.ask("XRANGE", "{safe}t", "-", "+")] == places
    assert isinstance(client.ask("XADD", "t", "*", "secret", "1"), bytes)  # another namespace
    assert client.ask("FUNCTION", "DELETE", "{safe}public") == b"OK"


def test_faults_are_counted_where_operators_look(served: Served, client: Client) -> None:
    load(client, "#!lua name=faulty\nfunction accept(message) error('it went wrong') end")
    client.ask("XADD", "t", "*", "f", "v")
    (about,) = client.ask("FUNCTION", "LIST")
    assert (about[b"errors"], about[b"last_fault"]) == (1, b"faulty:2: it went wrong")
    assert b"filter_errors:1\r\n" in client.ask("INFO", "filters")
    metrics = served.call(lambda: report.text(Report(served.server).registry()))
    assert b'derailed_broker_filter_errors_total{library="{default}faulty"} 1.0' in metrics


def attacked(served: Served, client: Client, name: str, attack: Attack) -> None:
    """By all the ways that lead to it: nobody gets anything, others are answered."""
    load(client, f"#!lua name=hostile\n{attack.source.decode()}")
    with served.client() as gateway:
        members(gateway, ann={"user": "ann"}, bob={"user": "bob"})
        gateway.ask("XSUBSCRIBE", "t", "$", "FILTER", "hostile")
        assert refusal(client.ask("XADD", "t", "*", "kind", "attack")).startswith("FILTERED"), name
        place = client.ask("XADD", "t", "*", "kind", "post", "author", "bob")
        assert gateway.push()[2:] == [place, [b"kind", b"post", b"author", b"bob"], [b"bob"]], name
        assert client.ask("XADD", "{other}t", "*", "kind", "attack")
    assert client.ask("FUNCTION", "DELETE", "hostile") == b"OK"


def test_an_attack_over_the_socket_reaches_nobody(served: Served, client: Client) -> None:
    attacked(served, client, "a loop in pcall", ALL["a loop in pcall"])


@pytest.mark.slow
def test_every_attack_over_the_socket_reaches_nobody(served: Served, client: Client) -> None:
    for name, attack in ALL.items():
        attacked(served, client, name, attack)
