"""Groups on PostgreSQL that trust: they go by how this process left its topics, in one round trip if that holds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from derailed.model.errors import Forbidden
from derailed.model.message import Message
from derailed.store import Connection, OutboxRow, messages, topics
from derailed.store.postgres import PostgresStore
from tests.contracts.stores import run
from tests.servers import postgres

GUILD = "guild:1"
CHANNEL = 7
Verb = Callable[[Connection], Awaitable[int]]
Story = Callable[[PostgresStore, PostgresStore], Awaitable[None]]


@pytest.fixture
def play() -> Iterator[Callable[[Story], None]]:
    """Run a story on two processes' stores of one database."""
    server = postgres.shared()
    url = server.database()

    def play_story(story: Story) -> None:
        async def main() -> None:
            stores = [await PostgresStore.open(url, lambda: 1_700_000_000_000) for _ in range(2)]
            try:
                await story(*stores)
            finally:
                for store in stores:
                    await store.close()

        run(main())

    yield play_story
    server.drop(url)


class Asked:
    """What a store's writer says to the server."""

    def __init__(self, store: PostgresStore) -> None:
        self.statements: list[str] = []
        store._writer.db.add_query_logger(self._hear)

    async def _hear(self, record: Any) -> None:
        self.statements.append(record.query)


def sending(message_id: int) -> Verb:
    """Sends a message; the rev that it makes."""

    async def work(tx: Connection) -> int:
        made = (await topics.lift(tx, GUILD)).rev
        messages.insert(tx, Message(CHANNEL, message_id, 1, None, None, 0, b",body"))
        await tx.emit(GUILD, made, b"%d" % message_id)
        return made

    return work


async def asking(tx: Connection) -> int:
    """A verb that looks something up, and tells how much there is."""
    made = (await topics.lift(tx, GUILD)).rev
    found = await messages.before(tx, CHANNEL, 1 << 62, 100)
    await tx.emit(GUILD, made, b"asked")
    return len(found)


async def refused(tx: Connection) -> int:
    """A verb that may not."""
    await topics.lift(tx, GUILD)
    messages.insert(tx, Message(CHANNEL, 1000, 1, None, None, 0, b",body"))
    raise Forbidden


async def settled(store: PostgresStore, first: int) -> None:
    """Have it write until it trusts."""
    for message_id in range(first, first + 3):
        await store.write(sending(message_id), GUILD)


async def told(store: PostgresStore) -> list[tuple[int, bytes]]:
    """Revs and payloads, in the order of the outbox, whose ids and revs are as they have to be."""
    rows: list[OutboxRow] = await store.outbox(0, 1000)
    assert [row.id for row in rows] == sorted({row.id for row in rows})
    assert [row.rev for row in rows] == list(range(1, 1 + len(rows)))
    return [(row.rev, row.payload) for row in rows]


def test_who_is_alone_in_a_topic_writes_a_group_in_one_round_trip(play: Callable[[Story], None]) -> None:
    async def story(store: PostgresStore, _: PostgresStore) -> None:
        await settled(store, 1)
        asked = Asked(store)
        revs = await asyncio.gather(*(store.write(sending(message_id), GUILD) for message_id in range(10, 20)))
        await asyncio.sleep(0)
        assert revs == list(range(4, 14))
        assert len(asked.statements) == 1
        assert len(await told(store)) == 13
        assert await store.read(lambda tx: messages.get(tx, CHANNEL, 19)) is not None

    play(story)


def test_what_another_process_wrote_meanwhile_is_found(play: Callable[[Story], None]) -> None:
    async def story(store: PostgresStore, other: PostgresStore) -> None:
        await settled(store, 1)
        assert await other.write(sending(10), GUILD) == 4
        assert await store.write(sending(11), GUILD) == 5
        assert await other.write(sending(12), GUILD) == 6
        await settled(store, 20)
        assert await other.write(sending(30), GUILD) == 10
        assert [payload for _, payload in await told(store)] == [
            b"%d" % each for each in (1, 2, 3, 10, 11, 12, 20, 21, 22, 30)
        ]

    play(story)


def test_processes_that_write_at_once_lose_nothing(play: Callable[[Story], None]) -> None:
    async def story(store: PostgresStore, other: PostgresStore) -> None:
        await settled(store, 1)
        await settled(other, 4)

        async def say(on: PostgresStore, ids: range) -> None:
            for start in ids[::4]:
                await asyncio.gather(*(on.write(sending(start + n), GUILD) for n in range(4)))

        await asyncio.gather(say(store, range(100, 180)), say(other, range(200, 280)))
        assert len(await told(store)) == 166

    play(story)


def test_a_verb_that_asks_sees_what_came_before_it(play: Callable[[Story], None]) -> None:
    async def story(store: PostgresStore, _: PostgresStore) -> None:
        await settled(store, 1)
        verbs = [sending(10), asking, sending(11), asking]
        assert await asyncio.gather(*(store.write(verb, GUILD) for verb in verbs)) == [4, 4, 6, 5]
        assert len(await told(store)) == 7

    play(story)


def test_a_refusal_takes_back_its_own_and_nothing_else(play: Callable[[Story], None]) -> None:
    async def story(store: PostgresStore, _: PostgresStore) -> None:
        await settled(store, 1)
        verbs = [sending(10), refused, sending(11)]
        answers = await asyncio.gather(*(store.write(verb, GUILD) for verb in verbs), return_exceptions=True)
        assert answers[0::2] == [4, 5]
        assert isinstance(answers[1], Forbidden)
        alone = await asyncio.gather(store.write(refused, GUILD), return_exceptions=True)
        assert isinstance(alone[0], Forbidden)
        assert await store.read(lambda tx: messages.get(tx, CHANNEL, 1000)) is None
        assert len(await told(store)) == 5

    play(story)


def test_rows_that_the_bus_has_go_with_a_group_that_trusts(play: Callable[[Story], None]) -> None:
    async def story(store: PostgresStore, other: PostgresStore) -> None:
        await settled(store, 1)
        await store.forget([row.id for row in await store.outbox(0, 10)])
        await store.write(sending(10), GUILD)
        assert [row.rev for row in await other.outbox(0, 10)] == [4]

    play(story)


def test_a_message_that_is_there_already_is_refused_to_its_verb_alone(play: Callable[[Story], None]) -> None:
    async def story(store: PostgresStore, _: PostgresStore) -> None:
        await settled(store, 1)
        verbs = [sending(10), sending(10), sending(11)]
        answers = await asyncio.gather(*(store.write(verb, GUILD) for verb in verbs), return_exceptions=True)
        assert sorted(each for each in answers if isinstance(each, int)) == [4, 5]
        assert isinstance(answers[1], Exception)
        assert len(await told(store)) == 5

    play(story)
