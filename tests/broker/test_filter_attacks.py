"""The attacks, by name. After each the next message is answered in time, and nothing went where no filter let it."""

from __future__ import annotations

import asyncio

import pytest

from derailed.broker.filters import FilterError
from derailed.broker.filters.clients import Connection
from derailed.broker.filters.libraries import Filters
from tests.broker.attacks import ALL, FOREVER, REFUSED, Attack
from tests.broker.filtering import HEALTHY, accepted, eventually, play, post

ANSWERED_S = 0.1
"""What we promise of the next message after an attack."""
TRIES = 10
"""A machine that is busy with others may be late for reasons that are not ours, but not each time."""
NEVER_READ = [
    pytest.param(b"\x1bLJ\x02\x0a", id="bytecode"),
    pytest.param(b"#!lua\n\x1bLJ\x02", id="bytecode after a first line that is not read"),
    pytest.param(b"\xef\xbb\xbf\x1bLJ\x02", id="bytecode after a mark of UTF-8"),
    pytest.param(b"return load(string.dump(function() end))()", id="bytecode made while it is loaded"),
    pytest.param(b"function accept() end while true do end", id="a loop while it is loaded"),
    pytest.param(b"local t = {} while true do t[#t + 1] = {} end", id="a table bomb while it is loaded"),
    pytest.param(b"return " + b"(" * 60_000 + b")" * 60_000, id="a source that nests too deep"),
    pytest.param(b"return " + b"#" * 200_000, id="operators without an end"),
    pytest.param(b"local a = " + b"{" * 10_000 + b"}" * 10_000, id="tables that nest too deep"),
]


async def _attacked(filters: Filters, name: str) -> Connection:
    """Attack a library of its own by both functions, and see that nothing was let through."""
    attack = ALL[name]
    await filters.load(name, "hostile", attack.source)
    connection = filters.connect(name, ["hostile"])
    connection.set({b"ann": {"user": "ann"}, b"bob": {"user": "bob"}})
    assert not await accepted(filters, post(kind="attack"), name)
    assert await accepted(filters, post(), name)
    assert await filters.deliver(connection, [post("bob", kind="attack")]) == [b"\0"]
    (standing,) = filters.standings(name)
    assert standing.last_fault.isprintable()
    assert len(standing.last_fault) <= 200
    assert standing.ends == 2 or name not in FOREVER
    assert standing.errors == 3 or name not in REFUSED
    return connection


async def _still_judges(filters: Filters, name: str, connection: Connection) -> None:
    """When it has had its rest, it judges as before, and knows its clients as they were."""
    await eventually(lambda: accepted(filters, post(), name))
    assert not await accepted(filters, post(kind="bad"), name)
    to_ann, to_bob = await filters.deliver(connection, [post("ann"), post("bob")])
    assert [connection.names(to_ann), connection.names(to_bob)] == [[b"ann"], [b"bob"]]


@pytest.mark.parametrize("name", ["an infinite loop", "a pattern bomb", "a table bomb", "a change of the fields"])
def test_an_attack_is_refused_and_forgotten(name: str) -> None:
    async def case(filters: Filters) -> None:
        connection = await _attacked(filters, name)
        await _still_judges(filters, name, connection)

    play(case)


@pytest.mark.slow
def test_every_attack_is_refused_and_forgotten() -> None:
    async def case(filters: Filters) -> None:
        for name in ALL:
            try:
                connection = await _attacked(filters, name)
                await _still_judges(filters, name, connection)
            except BaseException as error:
                error.add_note(name)
                raise
            filters.disconnect(connection)
            await filters.delete(name, "hostile")

    play(case)


@pytest.mark.parametrize("name", ["an infinite loop", pytest.param("every", marks=pytest.mark.slow)])
def test_after_an_attack_the_next_message_is_answered_in_time(name: str) -> None:
    """By the library that was attacked too, once its first end is forgiven; and by all others meanwhile."""

    async def attempt(filters: Filters, attack: Attack) -> bool:
        await filters.load("hostile", "hostile", attack.source)
        try:
            await filters.ready()
            assert not await accepted(filters, post(kind="attack"), "hostile")
            async with asyncio.timeout(ANSWERED_S):
                assert await accepted(filters, post(), "hostile")
                assert await accepted(filters, post(), "others")
        except TimeoutError:
            return False
        else:
            return True
        finally:
            await filters.delete("hostile", "hostile")

    async def case(filters: Filters) -> None:
        await filters.load("others", "rule", HEALTHY)
        for known, attack in ALL.items():
            if name in (known, "every"):
                tries = 1
                while not await attempt(filters, attack):
                    tries += 1
                    assert tries <= TRIES, known

    play(case)


def test_others_do_not_wait_for_an_attack() -> None:
    async def case(filters: Filters) -> None:
        await filters.load("hostile", "hostile", ALL["an infinite loop"].source)
        await filters.load("others", "rule", HEALTHY)
        attack = asyncio.create_task(accepted(filters, post(kind="attack"), "hostile"))
        await asyncio.sleep(0)  # it is asked
        assert await accepted(filters, post(), "others")
        assert not attack.done()
        assert not await attack

    play(case)


@pytest.mark.parametrize("source", NEVER_READ)
def test_what_should_not_be_loaded_is_not(source: bytes) -> None:
    async def case(filters: Filters) -> None:
        with pytest.raises(FilterError):
            await filters.load("", "hostile", source)
        assert filters.standings() == []

    play(case)


def test_what_a_library_keeps_between_calls_is_its_own() -> None:
    """Closures may keep state: it is the library's, it is lost with its process, and no other sees it."""
    counts = b"local n = 0 function accept() n = n + 1 return n <= 2 end"

    async def case(filters: Filters) -> None:
        await filters.load("", "one", counts)
        await filters.load("other", "one", counts)
        assert [await accepted(filters, post()) for _ in range(3)] == [True, True, False]
        assert await accepted(filters, post(), "other")

    play(case)
