"""Several processes that write to one PostgreSQL at once keep the order that the log needs, also when one is killed."""

from __future__ import annotations

import json
import signal
from collections import defaultdict
from collections.abc import Sequence

import pytest

from derailed.actions.publisher import _verbs
from derailed.store import OutboxRow
from derailed.store.postgres import PostgresStore
from tests.contracts.stores import run
from tests.servers import postgres
from tests.store import racer
from tests.store.racer import Said

PROCESSES = 3


async def outbox(url: str) -> list[OutboxRow]:
    store = await PostgresStore.open(url, lambda: 0)
    rows = await store.outbox(0, 1_000_000)
    await store.close()
    return rows


def race(url: str, seconds: float, *, kill: bool) -> set[str]:
    """Let them write; the verbs that were answered."""
    processes = [racer.start(url, number, seconds) for number in range(PROCESSES)]
    answered: set[str] = set()
    try:
        if kill:
            stream = processes[0].stdout
            assert stream is not None
            answered.update(stream.readline().strip() for _ in range(300))
            processes[0].send_signal(signal.SIGKILL)
        for process in processes:
            said = process.communicate(timeout=60)[0]
            answered.update(said.split("\n")[:-1])
    finally:
        for process in processes:
            process.kill()
            process.wait()
    return answered


def refuse_disorder(rows: Sequence[OutboxRow]) -> None:
    """Of each topic: revs without a hole, rows and drawn ids in their order."""
    by_topic: dict[str, list[OutboxRow]] = defaultdict(list)
    for row in sorted(rows):
        by_topic[row.topic].append(row)
    for topic, found in by_topic.items():
        assert [row.rev for row in found] == list(range(1, len(found) + 1)), topic
        drawn = [Said(*json.loads(row.payload)).drawn for row in found]
        assert drawn == sorted(set(drawn)), topic


def refuse_torn_verbs(rows: Sequence[OutboxRow]) -> None:
    """Each verb is whole, its ids follow each other, and as verbs are published no rev comes early."""
    next_rev: dict[str, int] = defaultdict(lambda: 1)
    for verb in _verbs(sorted(rows)):
        said = {Said(*json.loads(row.payload)).verb for row in verb}
        assert len(said) == 1
        assert [row.topic for row in verb] == Said(*json.loads(verb[0].payload)).topics
        assert [row.id for row in verb] == list(range(verb[0].id, verb[0].id + len(verb)))
        for row in verb:
            assert row.rev == next_rev[row.topic]
            next_rev[row.topic] += 1


@pytest.mark.parametrize("kill", [False, True], ids=["all live", "one is killed"])
def test_processes_on_one_database_keep_the_order_of_every_topic(kill: bool) -> None:
    server = postgres.shared()
    url = server.database()
    answered = race(url, 3.0, kill=kill)
    rows: list[OutboxRow] = []

    async def look() -> None:
        rows.extend(await outbox(url))

    run(look())
    server.drop(url)
    kept = {Said(*json.loads(row.payload)).verb for row in rows}
    assert len(answered) > 300
    assert answered <= kept
    writers = {name.partition("/")[0] for name in answered}
    assert len(writers) == PROCESSES
    refuse_disorder(rows)
    refuse_torn_verbs(rows)
