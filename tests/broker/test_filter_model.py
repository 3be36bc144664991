"""Random clients, changes, messages and deaths against a model: nobody gets what the rule does not allow."""

from __future__ import annotations

import asyncio
import os
import signal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derailed.broker.filters import Attributes, Message, frames
from derailed.broker.filters.libraries import Filters
from tests.broker.filtering import play

RULE = b"""
function deliver(message, client)
  return client.level ~= nil and tonumber(message.fields.level) <= client.level or client.owner == true
end
"""
Change = tuple[bytes, Attributes | None]


def allowed(level: int, client: Attributes) -> bool:
    """The rule again."""
    known = client.get("level")
    return (isinstance(known, int) and level <= known) or client.get("owner") is True


async def _play(filters: Filters, random: Random, *, deaths: bool) -> tuple[int, int]:
    """Change and ask at once; how many were delivered and how many could have been."""
    await filters.load("", "rule", RULE)
    connection = filters.connect("", ["rule"])
    clients: dict[bytes, Attributes] = {}
    delivered = expected = 0

    async def ask(level: int) -> None:
        nonlocal delivered, expected
        before = {name for name, known in clients.items() if allowed(level, known)}
        message = Message(b"t", b"", 0, [(b"level", b"%d" % level)])
        (bitmap,) = await filters.deliver(connection, [message])
        names = connection.names(bitmap)
        assert len(set(names)) == len(names)
        for name in names:  # those who have changed since are judged by what they were or by what they are
            assert name in before or allowed(level, clients[name])
        delivered += len(before.intersection(names))
        expected += len(before & clients.keys())

    async with asyncio.TaskGroup() as tasks:
        for _ in range(300):
            name = b"%d" % random.randrange(40)
            match random.randrange(10):
                case 0 | 1 | 2:
                    known: Attributes = random.choice([{"level": random.randrange(10)}, {"owner": True}, {}])
                    connection.set({name: known})
                    clients[name] = known
                case 3:
                    connection.drop([name])
                    clients.pop(name, None)
                case 4 if deaths and random.random() < 0.1:
                    process = filters._workers["", "rule"]._process
                    if process is not None:
                        os.kill(process.pid, signal.SIGKILL)
                case _:
                    tasks.create_task(ask(random.randrange(10)))
            if random.random() < 0.3:
                await asyncio.sleep(0)
    return delivered, expected


@pytest.mark.parametrize("seed", range(4))
def test_each_client_gets_what_the_rule_allows(seed: int) -> None:
    async def case(filters: Filters) -> None:
        delivered, expected = await _play(filters, Random(seed), deaths=False)
        assert delivered > 0
        assert delivered >= expected * 0.9  # attributes change under way, and then the newer count

    play(case)


@pytest.mark.parametrize("seed", range(4))
def test_nobody_gets_more_when_processes_die_meanwhile(seed: int) -> None:
    async def case(filters: Filters) -> None:
        await _play(filters, Random(seed), deaths=True)

    play(case)


@given(st.binary(max_size=300), st.integers(1, 50))
def test_whatever_a_process_sends_is_frames_or_an_error(data: bytes, chunk: int) -> None:
    """It may be a stranger's by now."""
    received = bytearray()
    try:
        for at in range(0, len(data), chunk):
            received += data[at : at + chunk]
            for frame in frames.split(received):
                found = frames.answer(frame)
                assert found.text.isprintable()
    except ValueError:
        return
    assert len(received) <= frames.MAX_ANSWER + 4


@given(
    st.binary(max_size=600),
    st.binary(max_size=300),
    st.integers(0, 2**48 - 1),
    st.lists(st.tuples(st.binary(max_size=30), st.binary(max_size=30)), max_size=20),
    st.binary(max_size=100),
)
def test_a_message_is_encoded_or_too_large(
    topic: bytes, record_id: bytes, time_ms: int, fields: list[tuple[bytes, bytes]], payload: bytes
) -> None:
    encoded = frames.message(Message(topic, record_id, time_ms, fields, payload))
    assert (encoded is None) == (len(record_id) > 255)
