"""The layout of a record: what goes in comes out, and keys sort as their offsets do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from derailed.broker import MAX_TOPIC, Entry, record

topics = st.binary(min_size=1, max_size=MAX_TOPIC)
numbers = st.integers(min_value=0, max_value=2**64 - 1)


@given(
    topic=topics, offset=numbers, rev=numbers, time_ms=numbers, payload=st.binary(max_size=300), begins=st.booleans()
)
def test_a_record_comes_back_as_it_went(
    topic: bytes, offset: int, rev: int, time_ms: int, payload: bytes, begins: bool
) -> None:
    key = record.key(record.prefix(topic), offset)
    value = record.value(topic, rev, time_ms, payload, begins)
    assert record.entry(key, value, topic) == Entry(offset, topic, rev, time_ms, payload, begins)


@given(topic=topics, other=topics)
def test_a_record_of_another_topic_is_not_taken_for_ones_own(topic: bytes, other: bytes) -> None:
    value = record.value(topic, 1, 2, b"payload", False)
    assert (record.entry(record.key(record.prefix(topic), 3), value, other) is None) == (topic != other)


@given(topic=topics, low=numbers, high=numbers)
def test_the_keys_of_a_topic_sort_by_offset(topic: bytes, low: int, high: int) -> None:
    prefix = record.prefix(topic)
    assert (record.key(prefix, low) < record.key(prefix, high)) == (low < high)


def test_the_layout_is_the_one_on_disk() -> None:
    value = record.value(b"guild:1", 7, 1_700_000_000_000, b"{}", True)
    assert value.hex() == "01000700000000000000070000018bcfe568006775696c643a317b7d"
    assert record.key(record.prefix(b"guild:1"), 2).hex() == "7ba5d8d32eddc37bf15cf772cb4d78010000000000000002"
