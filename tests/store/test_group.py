"""What a group of verbs holds in memory: a verb that fails leaves it as it was."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derailed.store.group import Ahead, Group, Statement
from derailed.store.topics import Change, Versions

TOPICS = ("guild:1", "guild:2", "user:1")
PUT = "INSERT INTO messages (id) VALUES ($1)"


class Step(NamedTuple):
    """Something that a verb does to a topic."""

    kind: str
    topic: str


class Verb(NamedTuple):
    """What it does, and whether it fails in the end."""

    steps: list[Step]
    fails: bool


steps = st.builds(Step, st.sampled_from(["lift", "mark", "draw", "lower", "emit", "put"]), st.sampled_from(TOPICS))
verbs = st.lists(st.builds(Verb, st.lists(steps, max_size=6), st.booleans()), max_size=8)


def do(group: Group, verb: Verb) -> None:
    """As a driver does it."""
    group.begin_verb()
    for kind, topic in verb.steps:
        if group.knows(topic) is None:
            group.learn(topic, Versions(7, 3, 4, 100))
        match kind:
            case "lift":
                group.lift(topic)
            case "mark":
                group.mark(topic, Change.SHAPE | Change.MEMBERS)
            case "draw":
                group.draw(topic, lambda last: last + 1)
            case "lower":
                group.lower(topic)
            case "emit":
                group.emit(topic, 1, kind.encode())
            case "put":
                group.put(PUT, (topic,))
    if verb.fails:
        group.undo_verb()


def held(group: Group) -> object:
    """All that the group would write."""
    changed = [row for row in sorted(group.changed()) if row[1:] != (7, 3, 4, 100)]
    rows = [row._replace(verb=0) for row in group.rows(range(group.emits), 0)]
    return changed, rows, group.seal()


@given(verbs)
def test_verbs_that_fail_leave_what_those_that_do_not_would_leave_alone(played: list[Verb]) -> None:
    group, alone = Group(), Group()
    for verb in played:
        do(group, verb)
        if not verb.fails:
            do(alone, verb)
    assert held(group) == held(alone)


def test_what_earlier_verbs_put_is_written_before_a_savepoint_and_the_verbs_own_after_it() -> None:
    group = Group()
    group.begin_verb()
    group.put(PUT, (1,))
    group.begin_verb()
    group.put(PUT, (2,))
    update = Statement.of("UPDATE messages SET id = 3")
    assert group.ahead(update, ()) == Ahead([(PUT, [(1,)])], True, [(PUT, [(2,)])])
    assert group.ahead(update, ()) is None
    assert group.seal() == []


def test_a_statement_about_other_tables_writes_nothing_ahead() -> None:
    group = Group()
    group.begin_verb()
    group.put(PUT, (1,))
    assert group.ahead(Statement.of("SELECT id FROM users"), ()) is None
    assert group.seal() == [(PUT, [(1,)])]


def test_a_look_for_another_key_writes_nothing_ahead() -> None:
    group = Group()
    group.begin_verb()
    sql = "INSERT INTO messages (channel_id, id, reacted) VALUES ($1, $2, 0)"
    group.put(sql, (1, 2))
    look = Statement.of("SELECT reacted FROM messages WHERE channel_id = $1 AND id = $2")
    page = Statement.of("SELECT reacted FROM messages WHERE channel_id = $1 AND id < $2 ORDER BY id LIMIT $3")
    assert group.ahead(look, (1, 3)) is None
    assert group.ahead(look, (2, 2)) is None
    assert group.ahead(page, (2, 9, 1)) is None
    group.begin_verb()
    assert group.ahead(page, (1, 9, 1)) == Ahead([(sql, [(1, 2)])], False, [])


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM messages WHERE channel_id = $1 OR id = $2",
        "SELECT id FROM messages WHERE (channel_id = $1)",
        "SELECT id FROM messages JOIN users ON users.id = author_id WHERE channel_id = $1",
        "SELECT id FROM messages, users WHERE channel_id = $1",
        "SELECT id FROM messages WHERE channel_id <> $1",
        "SELECT id FROM messages",
    ],
)
def test_a_look_that_is_not_plainly_for_one_key_sees_every_row(sql: str) -> None:
    assert Statement.of(sql).keys == ()
