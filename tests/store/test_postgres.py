"""What only the PostgreSQL driver has to show: shared queries, lost connections, a server that others use too."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest

from derailed.actions.publisher import Publisher
from derailed.model.errors import Invalid, Unavailable
from derailed.store import Connection, OutboxRow, topics, users
from derailed.store.migrate import Incompatible
from derailed.store.postgres import PostgresStore, Unreachable
from tests.actions.plain_bus import Clock, PlainBus
from tests.contracts.stores import run
from tests.servers import postgres

GUILD = "guild:1"
OTHER = "guild:2"

Story = Callable[[PostgresStore], Awaitable[None]]


@pytest.fixture
def url() -> Iterator[str]:
    """An empty database."""
    server = postgres.shared()
    made = server.database()
    yield made
    server.drop(made)


@pytest.fixture
def play(url: str) -> Callable[[Story], None]:
    """Run a story on an open store."""

    def play_story(story: Story) -> None:
        async def main() -> None:
            store = await opened(url)
            try:
                await story(store)
            finally:
                await store.close()

        run(main())

    return play_story


async def opened(url: str) -> PostgresStore:
    return await PostgresStore.open(url, lambda: 1_700_000_000_000)


def saying(*names: str) -> Callable[[Connection], Awaitable[list[int]]]:
    """A verb of these topics; the revs it made."""

    async def work(tx: Connection) -> list[int]:
        revs = []
        for name in names:
            revs.append((await topics.lift(tx, name)).rev)
            await tx.emit(name, revs[-1], b"said")
        return revs

    return work


async def rev(tx: Connection) -> int:
    return (await topics.look(tx, GUILD)).rev


async def end_connections(url: str) -> None:
    """The server hangs up on everybody else."""
    db = await asyncpg.connect(url)
    await db.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await db.close()


async def until_up(store: PostgresStore) -> None:
    while not store.is_up:  # noqa: ASYNC110  who connects again tells nobody
        await asyncio.sleep(0.01)


class Counting:
    """What is asked on the lines of a store."""

    def __init__(self, store: PostgresStore) -> None:
        self.asked: list[str] = []
        for line in (store._writer, *store._reads._lines):
            line.db.add_query_logger(self._hear)

    def count(self, part: str) -> int:
        """How many statements hold that text."""
        return sum(part in sql for sql in self.asked)

    async def _hear(self, record: Any) -> None:
        self.asked.append(record.query)


def test_many_reads_of_a_hot_row_are_a_few_queries(play: Callable[[Story], None]) -> None:
    async def story(store: PostgresStore) -> None:
        counting = Counting(store)
        await asyncio.gather(*(store.read(lambda tx: users.get(tx, 1)) for _ in range(200)))
        await asyncio.sleep(0)
        assert 1 <= counting.count("FROM users") <= 8

    play(story)


def test_a_read_sees_what_was_acknowledged_before_it_came_however_busy_readers_are(
    play: Callable[[Story], None],
) -> None:
    async def story(store: PostgresStore) -> None:
        last = 0

        async def writer() -> None:
            nonlocal last
            for _ in range(100):
                last = max(last, (await store.write(saying(GUILD)))[0])

        async def reader() -> None:
            while not writing.done():
                known = last
                assert await store.read(rev) >= known

        writing = asyncio.gather(*(writer() for _ in range(3)))
        await asyncio.gather(writing, *(reader() for _ in range(30)))
        assert await store.read(rev) == 300

    play(story)


def test_a_group_of_messages_is_a_handful_of_statements(play: Callable[[Story], None]) -> None:
    async def story(store: PostgresStore) -> None:
        await store.write(saying(GUILD))
        counting = Counting(store)

        def message(number: int) -> Callable[[Connection], Awaitable[None]]:
            async def work(tx: Connection) -> None:
                await saying(GUILD)(tx)
                tx.put("INSERT INTO messages (channel_id, id, author_id, body) VALUES ($1, $2, 1, '')", 1, number)

            return work

        await asyncio.gather(*(store.write(message(number)) for number in range(100)))
        await asyncio.sleep(0)
        assert len(counting.asked) <= 7 * 3
        assert counting.count("SAVEPOINT") == 0
        assert await store.read(lambda tx: tx.fetchrow("SELECT COUNT(*) FROM messages")) == (100,)

    play(story)


def test_a_lost_server_is_unavailable_until_it_is_back_and_what_was_answered_is_kept(
    url: str, play: Callable[[Story], None]
) -> None:
    async def story(store: PostgresStore) -> None:
        answered: list[int] = []
        refused = 0
        done = False

        async def writer() -> None:
            nonlocal refused
            while not done:
                try:
                    answered.extend(await store.write(saying(GUILD)))
                except Unavailable:
                    refused += 1
                    await until_up(store)

        writing = asyncio.gather(*(writer() for _ in range(20)))
        for _ in range(5):
            enough = len(answered) + 50
            while len(answered) < enough:  # noqa: ASYNC110  they go on meanwhile
                await asyncio.sleep(0)
            await end_connections(url)
            await until_up(store)
        done = True
        await writing
        assert refused > 0
        assert len(set(answered)) == len(answered)
        outbox = await store.outbox(0, 100_000)
        assert [row.rev for row in outbox] == list(range(1, len(outbox) + 1))
        assert set(answered) <= {row.rev for row in outbox}

    play(story)


def test_a_connection_that_is_lost_amid_a_group_leaves_nothing_of_it(url: str, play: Callable[[Story], None]) -> None:
    async def story(store: PostgresStore) -> None:
        undone: list[bool] = []
        store.rolled_back = lambda: undone.append(True)

        async def hang_up(tx: Connection) -> None:
            await saying(GUILD)(tx)
            await tx.fetch("SELECT pg_terminate_backend(pg_backend_pid())")

        works = [saying(GUILD), hang_up, saying(GUILD)]
        answers = await asyncio.gather(*map(store.write, works), return_exceptions=True)
        kept = [answer for answer in answers if isinstance(answer, list)]  # what was in an earlier group
        assert isinstance(answers[1], Unavailable)
        assert undone
        await until_up(store)
        assert await store.write(saying(GUILD)) == [len(kept) + 1]

    play(story)


def test_a_verb_whose_topic_another_process_has_begins_the_next_group(url: str, play: Callable[[Story], None]) -> None:
    async def story(store: PostgresStore) -> None:
        await store.write(saying(GUILD, OTHER))
        other = await asyncpg.connect(url)
        await other.execute("BEGIN")
        await other.execute("SELECT 1 FROM topics WHERE topic = $1 FOR UPDATE", OTHER)
        first, second = (asyncio.create_task(store.write(saying(name))) for name in (GUILD, OTHER))
        assert await first == [2]  # it is committed, though the next one has to wait
        assert not second.done()
        await other.execute("COMMIT")
        assert await second == [2]
        await other.close()

    play(story)


def test_what_the_server_refuses_at_the_end_of_a_group_is_refused_to_its_verb_alone(
    play: Callable[[Story], None],
) -> None:
    async def story(store: PostgresStore) -> None:
        async def put_twice(tx: Connection) -> None:
            for _ in range(2):
                tx.put("INSERT INTO messages (channel_id, id, author_id, body) VALUES (1, 1, 1, '')")

        works = [saying(GUILD), put_twice, saying(GUILD)]
        answers = await asyncio.gather(*map(store.write, works), return_exceptions=True)
        assert answers[0::2] == [[1], [2]]
        assert isinstance(answers[1], asyncpg.UniqueViolationError)
        assert await store.read(lambda tx: tx.fetch("SELECT * FROM messages")) == []

    play(story)


def test_processes_that_wait_for_each_other_in_a_ring_are_both_served(url: str) -> None:
    def inserting(*numbers: int) -> Callable[[Connection], Awaitable[None]]:
        async def work(tx: Connection) -> None:
            for number in numbers:
                await tx.execute(
                    "INSERT INTO workers (number, owner, until) VALUES ($1, '', 0) ON CONFLICT (number) DO NOTHING",
                    number,
                )
                await tx.fetch("SELECT pg_sleep(0.2)")

        return work

    async def main() -> None:
        stores = [await opened(url) for _ in range(2)]
        await asyncio.gather(stores[0].write(inserting(1, 2)), stores[1].write(inserting(2, 1)))
        assert len(await stores[0].read(lambda tx: tx.fetch("SELECT * FROM workers"))) == 2
        for store in stores:
            await store.close()

    run(main())


def test_a_row_that_is_committed_late_with_a_low_id_is_not_passed_over(url: str, play: Callable[[Story], None]) -> None:
    async def story(store: PostgresStore) -> None:
        late = await asyncpg.connect(url)
        await late.execute("BEGIN")
        await late.execute("INSERT INTO topics (topic, rev, shape_rev, members_rev) VALUES ($1, 1, 0, 0)", GUILD)
        await late.execute(
            "INSERT INTO outbox (verb, topic, rev, payload, created_at) VALUES (1, $1, 1, 'late', 0)", GUILD
        )
        for _ in range(300):  # more than the publisher reads at once
            await store.write(saying(OTHER))

        class Bus(PlainBus):
            """Hears the first page before the late verb is committed, and another after it."""

            async def append(self, *arguments: Any, **more: Any) -> Any:
                if not late.is_closed():
                    await late.execute("COMMIT")
                    await late.close()
                    store.committed = publisher.take
                    assert await store.write(saying(GUILD)) == [2]
                return await super().append(*arguments, **more)

        clock = Clock()
        bus = Bus()
        publisher = Publisher(store, bus, clock, clock.sleep)
        running = asyncio.create_task(publisher.run())
        await publisher.drained()
        running.cancel()
        await asyncio.wait([running])
        assert [entry.rev for entry in bus.log if entry.topic == GUILD] == [1, 2]

    play(story)


def test_a_verb_with_many_rows_is_read_whole(play: Callable[[Story], None]) -> None:
    async def story(store: PostgresStore) -> None:
        await asyncio.gather(store.write(saying(*[GUILD] * 500)), store.write(saying(OTHER)))
        page = await store.outbox(0, 3)
        assert len(page) == 500
        assert await store.outbox(page[-1].id, 3) == (await store.outbox(0, 1000))[500:]

    play(story)


def test_texts_are_ordered_by_their_bytes(play: Callable[[Story], None]) -> None:
    async def story(store: PostgresStore) -> None:
        names = ["Zug", "ab", "Äther", "a_c", "B"]

        async def ordered(tx: Connection) -> list[str]:
            for number, name in enumerate(names):
                await tx.execute("INSERT INTO workers (number, owner, until) VALUES ($1, $2, 0)", number, name)
            return [row[0] for row in await tx.fetch("SELECT owner FROM workers ORDER BY owner")]

        assert await store.write(ordered) == sorted(names, key=str.encode)

    play(story)


def test_a_database_of_a_newer_version_is_refused(url: str) -> None:
    async def main() -> None:
        await (await opened(url)).close()
        db = await asyncpg.connect(url)
        await db.execute("INSERT INTO migrations VALUES (9999, '', 0)")
        await db.close()
        with pytest.raises(Incompatible, match="newer version"):
            await opened(url)

    run(main())


def test_processes_that_open_a_new_database_at_once_make_it_once(url: str) -> None:
    async def main() -> None:
        stores = await asyncio.gather(*(opened(url) for _ in range(4)))
        assert await stores[0].write(saying(GUILD)) == [1]
        assert await stores[1].write(saying(GUILD)) == [2]
        for store in stores:
            await store.close()

    run(main())


def test_a_server_that_does_not_let_us_in_is_named_without_the_password(url: str) -> None:
    async def main() -> None:
        with pytest.raises(Unreachable) as refused:
            await opened(url.rpartition("/")[0] + "/nowhere")
        assert "nowhere" in str(refused.value)
        assert "secret" not in str(refused.value)

    run(main())


@pytest.mark.parametrize("wrote", [False, True], ids=["first", "after another statement"])
def test_a_text_that_can_not_be_kept_is_a_mistake_of_who_sent_it(play: Callable[[Story], None], wrote: bool) -> None:
    async def story(store: PostgresStore) -> None:
        async def name(tx: Connection) -> None:
            if wrote:
                await tx.execute("DELETE FROM workers WHERE number = 1")
            await tx.execute("INSERT INTO workers (number, owner, until) VALUES (1, $1, 0)", "a\0b")

        with pytest.raises(Invalid):
            await store.write(name)
        with pytest.raises(Invalid):
            await store.read(lambda tx: tx.fetch("SELECT number FROM workers WHERE owner = $1", "a\0b"))
        assert await store.write(saying(GUILD)) == [1]

    play(story)


def test_what_changes_something_is_not_for_reads(play: Callable[[Story], None]) -> None:
    async def story(store: PostgresStore) -> None:
        with pytest.raises(AssertionError):
            await store.read(saying(GUILD))
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await store.read(lambda tx: tx.execute("DELETE FROM topics"))
        taken: list[OutboxRow] = []
        store.committed = taken.extend
        assert await store.write(saying(GUILD)) == [1]

    play(story)
