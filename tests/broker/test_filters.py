"""What filters promise to those who load them and to those who are filtered."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from derailed.broker import filters as limits
from derailed.broker.filters import Attributes, FilterError, Message, worker
from derailed.broker.filters.libraries import Filters
from tests.broker.filtering import HEALTHY, accepted, eventually, play, post

OPEN = b"function accept() return true end function deliver() return true end"
LOOPS = b"""
function accept(message) while message.fields.kind == "attack" do end return true end
function deliver(message) while message.fields.kind == "attack" do end return true end
"""


def test_a_message_is_taken_in_only_if_the_library_says_so() -> None:
    async def case(filters: Filters) -> None:
        await filters.load("", "rule", HEALTHY)
        assert await filters.accept("", {}, [post(), post(kind="bad"), post()]) == [True, False, True]

    play(case)


def test_every_library_of_the_namespace_has_to_take_it_in() -> None:
    async def case(filters: Filters) -> None:
        await filters.load("", "open", OPEN)
        await filters.load("", "rule", HEALTHY)
        await filters.load("other", "shut", b"function accept() return false end")
        assert await accepted(filters, post())
        assert not await accepted(filters, post(kind="bad"))
        assert not await accepted(filters, post(), "other")

    play(case)


def test_only_true_is_yes() -> None:
    async def case(filters: Filters) -> None:
        for value in ("nil", "1", "'true'", "{}", "false", "0"):
            await filters.load("", "rule", f"function accept() return {value} end".encode(), replace=True)
            assert not await accepted(filters, post())

    play(case)


def test_nothing_is_asked_where_there_is_no_library() -> None:
    async def case(filters: Filters) -> None:
        await filters.load("", "only", b"function deliver() return true end")
        assert not filters.accepts("")
        assert await accepted(filters, post())
        assert await accepted(filters, post(), "elsewhere")

    play(case)


def test_a_filter_sees_the_message_and_who_publishes_it() -> None:
    seen = b"""
    function accept(message, publisher)
      return message.topic == "guild:1" and message.id == "7-0" and message.time == 1700000000000
        and message.fields.author == "ann" and message.payload == "\\0\\255x" and message.fields.none == nil
        and publisher.user == "ann" and publisher.age == 41.5 and publisher.staff == true and publisher.bot == false
    end"""

    async def case(filters: Filters) -> None:
        await filters.load("", "seen", seen)
        publisher: Attributes = {"user": "ann", "age": 41.5, "staff": True, "bot": False}
        assert await filters.accept("", publisher, [post(payload=b"\0\xffx")]) == [True]

    play(case)


def test_one_copy_is_for_the_clients_that_the_library_allows() -> None:
    async def case(filters: Filters) -> None:
        await filters.load("", "rule", HEALTHY)
        connection = filters.connect("", ["rule"])
        connection.set({b"%d" % number: {"user": "ann" if number % 3 else "bob"} for number in range(20)})
        to_ann, to_bob, to_none = await filters.deliver(connection, [post("ann"), post("bob"), post("eve")])
        assert connection.names(to_ann) == [b"%d" % number for number in range(20) if number % 3]
        assert connection.names(to_bob) == [b"%d" % number for number in range(0, 20, 3)]
        assert connection.names(to_none) == []
        assert len(to_ann) == 3

    play(case)


def test_a_client_gets_what_all_its_libraries_deliver() -> None:
    async def case(filters: Filters) -> None:
        await filters.load("", "rule", HEALTHY)
        await filters.load("", "level", b"function deliver(message, client) return client.level > 1 end")
        connection = filters.connect("", ["rule", "level"])
        connection.set({b"high": {"user": "ann", "level": 2}, b"low": {"user": "ann", "level": 1}})
        (bitmap,) = await filters.deliver(connection, [post("ann")])
        assert connection.names(bitmap) == [b"high"]

    play(case)


def test_more_clients_than_one_request_takes_are_judged_in_order() -> None:
    async def case(filters: Filters) -> None:
        await filters.load("", "even", b"function deliver(message, client) return client.n % 2 == 0 end")
        connection = filters.connect("", ["even"])
        connection.set({b"%d" % number: {"n": number} for number in range(9_001)})
        for bitmap in await filters.deliver(connection, [post(), post()]):
            assert connection.names(bitmap) == [b"%d" % number for number in range(0, 9_001, 2)]

    play(case)


def test_attributes_change_and_clients_go() -> None:
    async def case(filters: Filters) -> None:
        await filters.load("", "rule", HEALTHY)
        connection = filters.connect("", ["rule"])
        connection.set({b"a": {"user": "ann"}, b"b": {"user": "ann"}, b"c": {"user": "ann"}})
        connection.set({b"b": {"user": "bob"}})
        assert connection.drop([b"c", b"never there"]) == 1
        (bitmap,) = await filters.deliver(connection, [post("ann")])
        assert connection.names(bitmap) == [b"a"]
        assert len(connection) == 2

    play(case)


def test_a_place_is_not_given_away_while_an_answer_means_the_one_who_left() -> None:
    async def case(filters: Filters) -> None:
        await filters.load("", "rule", HEALTHY)
        connection = filters.connect("", ["rule"])
        connection.set({b"old": {"user": "ann"}})
        asked = asyncio.create_task(filters.deliver(connection, [post("ann")]))
        await asyncio.sleep(0)  # it has asked
        connection.drop([b"old"])
        connection.set({b"new": {"user": "ann"}})
        assert connection.names((await asked)[0]) == []
        connection.set({b"newer": {"user": "ann"}})
        assert connection.slots == 2

    play(case)


def test_a_library_that_is_gone_says_no() -> None:
    async def case(filters: Filters) -> None:
        await filters.load("", "open", OPEN)
        connection = filters.connect("", ["open"])
        connection.set({b"a": {}})
        assert await filters.deliver(connection, [post()]) == [b"\1"]
        assert await filters.delete("", "open")
        assert not await filters.delete("", "open")
        assert await filters.deliver(connection, [post()]) == [b"\0"]
        await filters.load("", "open", OPEN)
        assert await filters.deliver(connection, [post()]) == [b"\1"]

    play(case)


def test_a_library_is_replaced_by_one_that_loads_and_only_then() -> None:
    async def case(filters: Filters) -> None:
        await filters.load("", "rule", OPEN)
        connection = filters.connect("", ["rule"])
        connection.set({b"a": {"user": "ann"}})
        with pytest.raises(FilterError, match="already"):
            await filters.load("", "rule", HEALTHY)
        with pytest.raises(FilterError):
            await filters.load("", "rule", b"function accept(", replace=True)
        assert await filters.deliver(connection, [post("bob")]) == [b"\1"]
        await filters.load("", "rule", HEALTHY, replace=True)
        assert await filters.deliver(connection, [post("bob"), post("ann")]) == [b"\0", b"\1"]

    play(case)


@pytest.mark.parametrize(
    ("source", "line", "reason"),
    [
        (b"function accept()\n  return tru\nend end", 3, "'<eof>' expected near 'end'"),
        (b"\n\nlocal x = nil + 1", 3, "arithmetic on a nil value"),
        (b"local x = 1", None, "defines the function accept, or deliver, or both"),
        (b"accept = true", None, "defines the function"),
        (b"while true do end", None, "took longer than 20 ms"),
        (b"error({})", None, "an error that is a table"),
        (b"x" * (limits.MAX_SOURCE + 1), None, "at most"),
    ],
)
def test_what_is_no_library_is_refused_with_its_line(source: bytes, line: int | None, reason: str) -> None:
    async def case(filters: Filters) -> None:
        with pytest.raises(FilterError, match=reason) as refused:
            await filters.load("", "rule", source)
        assert refused.value.line == line
        assert filters.standings() == []

    play(case)


@pytest.mark.parametrize("name", ["", "a b", "../up", "x" * 65, ".hidden", "é"])
def test_a_name_is_letters_and_digits(name: str) -> None:
    async def case(filters: Filters) -> None:
        with pytest.raises(FilterError, match="a name is"):
            await filters.load("", name, OPEN)

    play(case)


@pytest.mark.parametrize(
    ("value", "reason"),
    [(2**53 + 1, "give it as a string"), ("x" * (limits.MAX_VALUE + 1), "longer than")],
)
def test_what_can_not_be_an_attribute_is_refused(value: str | int, reason: str) -> None:
    async def case(filters: Filters) -> None:
        await filters.load("", "open", OPEN)
        connection = filters.connect("", ["open"])
        with pytest.raises(FilterError, match=reason):
            connection.set({b"good": {"id": 1}, b"bad": {"id": value}})
        assert len(connection) == 0

    play(case)


def test_what_is_too_large_to_be_judged_is_not_let_through() -> None:
    async def case(filters: Filters) -> None:
        await filters.load("", "open", OPEN)
        connection = filters.connect("", ["open"])
        connection.set({b"a": {}})
        large, fits = Message(b"t", b"", 0, (), bytes(limits.MAX_MESSAGE)), Message(b"t", b"", 0, (), bytes(1 << 19))
        assert await filters.accept("", {}, [large, fits, post()]) == [False, True, True]
        assert await filters.deliver(connection, [large, fits, post()]) == [b"\0", b"\1", b"\1"]

    play(case)


def test_libraries_outlive_the_broker(tmp_path: Path) -> None:
    async def first(filters: Filters) -> None:
        await filters.load("", "rule", HEALTHY)
        await filters.load("sp ace/é", "open", OPEN)
        await filters.load("", "gone", OPEN)
        await filters.delete("", "gone")

    async def second(filters: Filters) -> None:
        assert [(each.namespace, each.name) for each in filters.standings()] == [("", "rule"), ("sp ace/é", "open")]
        assert filters.standings("")[0].source == HEALTHY
        assert not await accepted(filters, post(kind="bad"))

    play(first, tmp_path / "filters")
    play(second, tmp_path / "filters")


def test_a_kept_library_that_does_not_load_any_more_lets_nothing_through(tmp_path: Path) -> None:
    async def first(filters: Filters) -> None:
        await filters.load("", "rule", OPEN)

    async def second(filters: Filters) -> None:
        assert not await accepted(filters, post())
        connection = filters.connect("", ["rule"])
        connection.set({b"a": {}})
        assert await filters.deliver(connection, [post()]) == [b"\0"]

    play(first, tmp_path)
    next(tmp_path.glob("*/rule.lua")).write_bytes(b"not Lua")
    play(second, tmp_path)


def test_a_library_that_keeps_ending_rests_and_says_no_at_once() -> None:
    async def case(filters: Filters) -> None:
        await filters.load("", "loops", LOOPS)
        assert not await accepted(filters, post(kind="attack"))
        assert await accepted(filters, post())  # the first is forgiven
        assert not await accepted(filters, post(kind="attack"))
        (standing,) = filters.standings()
        assert (standing.ends, standing.paused, standing.last_fault) == (2, True, "took longer than 20 ms")
        assert not await accepted(filters, post())
        await eventually(lambda: accepted(filters, post()))

    play(case)


@pytest.mark.slow
def test_a_library_is_not_blamed_for_a_broker_that_stands_still() -> None:
    async def case(filters: Filters) -> None:
        await filters.load("", "open", OPEN)
        for _ in range(3):
            asked = asyncio.create_task(accepted(filters, post()))
            await asyncio.sleep(0)  # it is asked
            deadline = time.monotonic() + 2 * worker.STALLED_S
            while time.monotonic() < deadline:
                pass
            assert await asked
        assert filters.standings()[0].ends == 0

    play(case)


def test_what_waits_behind_a_loop_is_asked_again() -> None:
    async def case(filters: Filters) -> None:
        await filters.load("", "loops", LOOPS)
        connection = filters.connect("", ["loops"])
        connection.set({b"a": {}})
        attack, others = post(kind="attack"), [post() for _ in range(20)]
        asked = [filters.accept("", {}, [message]) for message in [attack, *others]]
        answers = await asyncio.gather(*asked, filters.deliver(connection, others))
        assert answers[:21] == [[False], *[[True]] * 20]
        assert answers[21] == [b"\1"] * 20

    play(case)
