"""What a node knows of a topic, where a record may come before the snapshot that it is held against."""

from __future__ import annotations

import pytest

from derailed.gateway.node import Gap, Topic
from derailed.gateway.view import View
from derailed.wire.records import Record
from tests.gateway.worlds import GUILD, World


def said(rev: int) -> Record:
    """A record that changes nothing of the guild."""
    return Record(event="MESSAGE_CREATE", rev=rev, guild=GUILD)


def read(*early: int, snapshot: int) -> Topic:
    """A topic whose snapshot of that rev was read after these records had come."""
    topic = Topic(f"guild:{GUILD}", GUILD)
    for rev in early:
        topic.advance(said(rev))
    topic.load(View(World(1).guild), snapshot)
    return topic


@pytest.mark.parametrize("snapshot", [4, 5, 6, 7])
def test_a_view_goes_on_from_what_came_while_its_snapshot_was_read(snapshot: int) -> None:
    topic = read(5, 6, 7, snapshot=snapshot)
    assert topic.rev == 7
    before, after = topic.advance(said(8))
    assert before is after is topic.view


def test_a_view_knows_that_something_is_missing_before_what_came() -> None:
    with pytest.raises(Gap):
        read(5, snapshot=3)


def test_a_view_knows_that_something_is_missing_afterwards() -> None:
    topic = read(5, snapshot=5)
    with pytest.raises(Gap):
        topic.advance(said(7))
