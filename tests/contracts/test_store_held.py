"""What every store promises of what a group of verbs holds in memory: topics, and writes that answer nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from derailed.model.errors import Forbidden
from derailed.model.snowflakes import Snowflakes
from derailed.store import Connection, OutboxRow, Store, topics
from tests.contracts.stores import GUILD, NOW, OTHER, Open, Play, rev, run, say

# --- writes


def putting(number: int) -> Callable[[Connection], Awaitable[None]]:
    """A verb that puts one row."""

    async def work(tx: Connection) -> None:
        tx.put(PUT, number)

    return work


async def numbers(tx: Connection) -> list[int]:
    """The rows that were put."""
    return [row[0] for row in await tx.fetch("SELECT number FROM workers ORDER BY number")]


PUT = "INSERT INTO workers (number, owner, until) VALUES ($1, 'nobody', 0)"


def test_what_is_put_is_there_once_it_is_answered(play: Play) -> None:
    async def story(store: Store) -> None:
        await asyncio.gather(*(store.write(putting(number)) for number in range(50)))
        assert await store.read(numbers) == list(range(50))

    play(story)


def test_a_verb_sees_what_it_and_those_before_it_have_put(play: Play) -> None:
    async def story(store: Store) -> None:
        async def put_and_look(tx: Connection) -> list[int]:
            tx.put(PUT, 2)
            tx.put(PUT, 3)
            return await numbers(tx)

        answers = await asyncio.gather(store.write(putting(1)), store.write(put_and_look), store.write(numbers))
        assert list(answers[1:]) == [[1, 2, 3], [1, 2, 3]]

    play(story)


def test_a_verb_changes_what_it_has_put(play: Play) -> None:
    async def story(store: Store) -> None:
        async def put_and_change(tx: Connection) -> int:
            tx.put(PUT, 1)
            return await tx.execute("UPDATE workers SET number = 2 WHERE number = $1", 1)

        assert await store.write(put_and_change) == 1
        assert await store.read(numbers) == [2]

    play(story)


@pytest.mark.parametrize("writes", [False, True], ids=["puts", "puts and writes"])
@pytest.mark.parametrize("looks", [False, True], ids=["blind", "looks"])
def test_what_a_refused_verb_put_is_not_there(play: Play, writes: bool, looks: bool) -> None:
    async def story(store: Store) -> None:
        async def put_and_raise(tx: Connection) -> None:
            tx.put(PUT, 2)
            if writes:
                await tx.execute("INSERT INTO deleted_channels (id) VALUES (9)")
            if looks:
                assert await numbers(tx) == [1, 2]
            raise Forbidden

        works = [putting(1), put_and_raise, putting(3), say]
        answers = await asyncio.gather(*map(store.write, works), return_exceptions=True)
        assert isinstance(answers[1], Forbidden)
        assert await store.read(numbers) == [1, 3]
        assert await store.read(lambda tx: tx.fetch("SELECT id FROM deleted_channels")) == []

    play(story)


# --- topics


def test_topics_are_as_they_were_before_a_refused_verb(play: Play) -> None:
    async def story(store: Store) -> None:
        async def shape(tx: Connection) -> None:
            at = await topics.lift(tx, GUILD)
            await topics.mark(tx, GUILD, topics.Change.SHAPE)
            topics.draw(tx, GUILD, lambda last: last + 10)
            await tx.emit(GUILD, at.rev, b"")

        async def shape_and_raise(tx: Connection) -> None:
            await shape(tx)
            await topics.lift(tx, OTHER)
            await topics.mark(tx, OTHER, topics.Change.MEMBERS)
            await tx.execute("DELETE FROM deleted_channels")
            raise Forbidden

        async def both(tx: Connection) -> list[tuple[int, int, int, int]]:
            return [(await topics.look(tx, topic)).row for topic in (GUILD, OTHER)]

        for works in ([shape, shape_and_raise, both], [shape_and_raise, both]):
            answers = await asyncio.gather(*map(store.write, works), return_exceptions=True)
            assert answers[-1] == [(1, 1, 0, 10), (0, 0, 0, 0)]
        assert await store.read(both) == [(1, 1, 0, 10), (0, 0, 0, 0)]

    play(story)


def test_what_a_group_has_changed_is_not_settled_before_it_is_committed(play: Play) -> None:
    async def story(store: Store) -> None:
        async def join(tx: Connection) -> None:
            at = await topics.lift(tx, GUILD)
            await topics.mark(tx, GUILD, topics.Change.MEMBERS)
            await tx.emit(GUILD, at.rev, b"")

        async def join_and_look(tx: Connection) -> bool:
            await join(tx)
            await topics.lift(tx, GUILD)
            return (await topics.look(tx, GUILD)).settled

        async def look(tx: Connection) -> bool:
            return (await topics.look(tx, GUILD)).settled

        assert await store.write(look)
        assert not await store.write(join_and_look)
        assert await store.write(look)
        assert await store.read(look)

    play(story)


def test_a_lift_is_taken_back(play: Play) -> None:
    async def story(store: Store) -> None:
        async def lift_and_lower(tx: Connection) -> None:
            await topics.lift(tx, GUILD)
            await topics.lower(tx, GUILD)

        first, _, second = await asyncio.gather(store.write(say), store.write(lift_and_lower), store.write(say))
        assert (first, second) == (1, 2)
        await store.write(lift_and_lower)
        assert await store.read(rev) == 2

    play(story)


def test_ids_drawn_in_a_topic_grow_in_commit_order_whatever_the_clocks_say(open_store: Open) -> None:
    drawn: list[int] = []

    async def main() -> None:
        stores = [await open_store() for _ in range(3)]
        makers = [Snowflakes(number) for number in range(3)]
        taken: list[OutboxRow] = []

        def draw(which: int) -> Callable[[Connection], Awaitable[None]]:
            async def work(tx: Connection) -> None:
                at = await topics.lift(tx, GUILD)
                now = NOW + (which - 1) * 5000  # one clock is behind, one ahead
                made = topics.draw(tx, GUILD, lambda last: makers[which].next(now, last))
                await tx.emit(GUILD, at.rev, str(made).encode())

            return work

        for store in stores:
            store.committed = taken.extend
        await asyncio.gather(*(store.write(draw(which)) for _ in range(50) for which, store in enumerate(stores)))
        drawn.extend(int(row.payload) for row in sorted(taken, key=lambda row: row.rev))
        for store in stores:
            await store.close()

    run(main())
    assert len(drawn) == 150
    assert drawn == sorted(set(drawn))
