"""Reads that come together are asked together on PostgreSQL, and each gets its own answer."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
from collections.abc import Callable, Iterator

import asyncpg  # type: ignore[import-untyped]

import derailed.store
from derailed.model.errors import Invalid
from derailed.store import Connection, topics
from derailed.store.postgres import PostgresStore
from derailed.store.postgres_together import Together
from tests.contracts.stores import run
from tests.store.test_postgres import Counting, Story, opened, play, saying, url

__all__ = ["play", "url"]

MANY = 50
PAGE = "SELECT rev, payload FROM outbox WHERE topic = $1 AND rev > $2 ORDER BY rev DESC LIMIT $3"


def topic(number: int) -> str:
    return f"guild:{number}"


async def filled(store: PostgresStore) -> None:
    """Topics that differ: one of rev 1, one of rev 2, and so on."""
    for number in range(1, MANY + 1):
        await asyncio.gather(*(store.write(saying(topic(number))) for _ in range(number)))


def test_many_who_ask_alike_are_answered_by_one_query_and_each_gets_its_own(play: Callable[[Story], None]) -> None:
    async def story(store: PostgresStore) -> None:
        async def look(number: int) -> int:
            return (await store.read(lambda tx: topics.look(tx, topic(number)))).rev

        await filled(store)
        counting = Counting(store)
        found = await asyncio.gather(*map(look, range(MANY + 2)))
        await asyncio.sleep(0)
        assert found == [*range(MANY + 1), 0]
        assert counting.count("FROM topics") == 1

    play(story)


def test_rows_stay_in_the_order_and_number_that_each_asked_for(play: Callable[[Story], None]) -> None:
    async def story(store: PostgresStore) -> None:
        async def page(number: int) -> list[int]:
            limit = 1 + number % 7
            rows = await store.read(lambda tx: tx.fetch(PAGE, topic(number), number // 3, limit))
            assert all(row[1] == b"said" for row in rows)
            return [row[0] for row in rows]

        await filled(store)
        found = await asyncio.gather(*map(page, range(1, MANY + 1)))
        for number, revs in enumerate(found, start=1):
            assert revs == list(range(number, number // 3, -1))[: 1 + number % 7]

    play(story)


def test_steps_are_taken_together_by_those_who_ask_different_things(play: Callable[[Story], None]) -> None:
    async def story(store: PostgresStore) -> None:
        async def of_the_next(tx: Connection, number: int) -> tuple[int, int]:
            at = await topics.look(tx, topic(number))
            return at.rev, (await topics.look(tx, topic(at.rev + 1))).rev

        async def count(tx: Connection) -> int:
            return int((await tx.fetch("SELECT COUNT(*) FROM topics"))[0][0])

        await filled(store)
        counting = Counting(store)
        asked = (store.read(lambda tx, each=number: of_the_next(tx, each)) for number in range(1, MANY))  # type: ignore[misc]
        *found, counted = await asyncio.gather(*asked, store.read(count))
        await asyncio.sleep(0)
        assert found == [(number, number + 1) for number in range(1, MANY)]
        assert counted == MANY
        assert counting.count("FROM topics") <= 4

    play(story)


def test_what_the_server_refuses_is_refused_to_its_own_caller_alone(play: Callable[[Story], None]) -> None:
    async def story(store: PostgresStore) -> None:
        await filled(store)
        names = [topic(3), "guild:\0", topic(5)]
        asked = (store.read(lambda tx, each=name: topics.look(tx, each)) for name in names)  # type: ignore[misc]
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert isinstance(found[1], Invalid)
        assert [each.rev for each in found if isinstance(each, topics.Versions)] == [3, 5]

    play(story)


def test_a_work_that_fails_fails_for_its_own_caller_alone(play: Callable[[Story], None]) -> None:
    async def story(store: PostgresStore) -> None:
        async def work(tx: Connection, number: int) -> int:
            found = (await topics.look(tx, topic(number))).rev
            if number == 4:
                raise LookupError(number)
            return found

        await filled(store)
        asked = (store.read(lambda tx, each=number: work(tx, each)) for number in range(8))  # type: ignore[misc]
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert isinstance(found.pop(4), LookupError)
        assert found == [0, 1, 2, 3, 5, 6, 7]

    play(story)


def statements() -> Iterator[str]:
    """What the store's modules read by, as far as it stands in them by name."""
    for each in pkgutil.iter_modules(derailed.store.__path__):
        for held in list(vars(importlib.import_module(f"derailed.store.{each.name}")).values()):
            for sql in held.values() if isinstance(held, dict) else [held]:
                if isinstance(sql, str) and sql.split()[:1] in (["SELECT"], ["WITH"]) and "$1" in sql:
                    yield sql


def test_each_statement_that_reads_can_be_asked_for_many(url: str) -> None:
    async def main() -> None:
        await (await opened(url)).close()  # its tables
        db = await asyncpg.connect(url)
        together, joined = Together(), 0
        try:
            for sql in dict.fromkeys(statements()):
                if "FOR UPDATE" in sql or "sqlite" in sql or "INSERT" in sql or "UPDATE" in sql or "DELETE" in sql:
                    continue
                try:
                    of_many = await together._join(db, sql)
                except asyncpg.PostgresError:
                    continue  # a part of one, or the other database's
                if of_many:
                    await db.prepare(of_many)
                    joined += 1
        finally:
            await db.close()
        assert joined > 40

    run(main())
