"""What every store promises (`derailed.store`), held to each driver."""

from __future__ import annotations

import asyncio
import signal
from itertools import chain

import pytest

from derailed.model.errors import Forbidden, Unavailable
from derailed.store import Connection, OutboxRow, Store, topics
from tests.contracts import busy_writer
from tests.contracts.stores import GUILD, NOW, OTHER, Open, Play, rev, run, say


def collect(store: Store) -> list[OutboxRow]:
    """Everything that the store will hand over."""
    taken: list[OutboxRow] = []
    store.committed = taken.extend
    return taken


# --- transactions


def test_a_write_is_seen_by_the_next_read(play: Play) -> None:
    async def story(store: Store) -> None:
        assert await store.read(rev) == 0
        assert await store.write(say) == 1
        assert await store.read(rev) == 1

    play(story)


def test_what_a_work_returns_or_raises_is_what_its_caller_gets(play: Play) -> None:
    async def refuse(tx: Connection) -> None:
        raise Forbidden

    async def story(store: Store) -> None:
        for call in (store.read, store.write):
            with pytest.raises(Forbidden):
                await call(refuse)

    play(story)


def test_what_raises_writes_nothing(play: Play) -> None:
    async def story(store: Store) -> None:
        async def say_and_raise(tx: Connection) -> None:
            await say(tx)
            raise Forbidden

        taken = collect(store)
        with pytest.raises(Forbidden):
            await store.write(say_and_raise)
        assert await store.read(rev) == 0
        assert taken == []
        assert await store.outbox(0, 10) == []

    play(story)


def test_one_refused_verb_undoes_nothing_of_its_neighbours(play: Play) -> None:
    async def story(store: Store) -> None:
        async def say_and_raise(tx: Connection) -> int:
            await say(tx)
            raise Forbidden

        taken = collect(store)
        works = [say_and_raise if i % 3 == 1 else say for i in range(60)]
        answers = await asyncio.gather(*map(store.write, works), return_exceptions=True)
        revs = [answer for answer in answers if not isinstance(answer, Forbidden)]
        assert revs == list(range(1, 41))
        assert [row.rev for row in taken] == revs
        assert [row.rev for row in await store.outbox(0, 100)] == revs

    play(story)


def test_a_read_sees_one_moment_however_many_statements_it_takes(play: Play) -> None:
    async def story(store: Store) -> None:
        async def say_twice(tx: Connection) -> None:
            for topic in (GUILD, OTHER):
                await topics.lift(tx, topic)

        async def both(tx: Connection) -> tuple[int, int]:
            return (await topics.look(tx, GUILD)).rev, (await topics.look(tx, OTHER)).rev

        writes = asyncio.gather(*(store.write(say_twice) for _ in range(200)))
        while not writes.done():
            one, other = await store.read(both)
            assert one == other
            await asyncio.sleep(0)
        assert await store.read(both) == (200, 200)

    play(story)


def test_a_read_does_not_see_what_is_not_committed(play: Play) -> None:
    async def story(store: Store) -> None:
        async def say_much_and_raise(tx: Connection) -> None:
            for _ in range(20):
                await say(tx)
                await tx.execute("UPDATE workers SET until = 0")
            raise Forbidden

        writing = asyncio.gather(*(store.write(say_much_and_raise) for _ in range(10)), return_exceptions=True)
        while not writing.done():
            assert await store.read(rev) == 0
            await asyncio.sleep(0)

    play(story)


def test_a_work_that_awaits_anything_else_is_our_mistake(play: Play) -> None:
    async def dawdle(tx: Connection) -> None:
        await asyncio.sleep(0)

    async def story(store: Store) -> None:
        for call in (store.read, store.write):
            with pytest.raises(AssertionError):
                await call(dawdle)
        assert await store.write(say) == 1

    play(story)


def test_rows_changed_are_counted(play: Play) -> None:
    async def story(store: Store) -> None:
        async def change(tx: Connection) -> list[int]:
            for number in (1, 2):
                await tx.execute("INSERT INTO workers (number, owner, until) VALUES ($1, 'nobody', 0)", number)
            return [
                await tx.execute("UPDATE workers SET until = $1", 9),
                await tx.execute("UPDATE workers SET until = $2 WHERE number = $1 AND until < $2", 1, 9),
                await tx.execute("DELETE FROM workers WHERE number = $1", 2),
                len(await tx.fetch("SELECT number FROM workers")),
            ]

        assert await store.write(change) == [2, 0, 1, 1]

    play(story)


# --- groups and the outbox


def test_revs_are_dense_under_concurrent_writers(play: Play) -> None:
    async def story(store: Store) -> None:
        async def writer() -> list[int]:
            return [await store.write(say) for _ in range(20)]

        revs = await asyncio.gather(*(writer() for _ in range(50)))
        assert sorted(chain.from_iterable(revs)) == list(range(1, 1001))

    play(story)


def test_rows_are_handed_over_once_in_commit_order_and_before_the_answer(play: Play) -> None:
    async def story(store: Store) -> None:
        taken = collect(store)

        async def writer() -> None:
            made = await store.write(say)
            assert made in [row.rev for row in taken]

        await asyncio.gather(*(writer() for _ in range(300)))
        assert [row.rev for row in taken] == list(range(1, 301))
        assert [row.id for row in taken] == sorted({row.id for row in taken})
        assert taken == await store.outbox(0, 1000)
        assert {row.created_at for row in taken} == {NOW}

    play(story)


def test_rows_of_one_write_are_one_verb(play: Play) -> None:
    async def story(store: Store) -> None:
        async def say_twice(tx: Connection) -> None:
            await say(tx)
            await tx.emit(OTHER, 1, b"said")

        taken = collect(store)
        await asyncio.gather(*(store.write(say_twice) for _ in range(10)))
        assert [taken[i].verb == taken[i + 1].verb for i in range(19)] == [i % 2 == 0 for i in range(19)]

    play(story)


def test_the_outbox_is_read_in_pages_that_cut_no_verb(play: Play) -> None:
    async def story(store: Store) -> None:
        async def say_thrice(tx: Connection) -> None:
            for _ in range(3):
                await say(tx)

        for _ in range(4):
            await store.write(say_thrice)
        page = await store.outbox(0, 4)
        assert [row.rev for row in page] == [1, 2, 3, 4, 5, 6]
        assert [row.rev for row in await store.outbox(page[-1].id, 100)] == [7, 8, 9, 10, 11, 12]
        assert await store.outbox(page[-1].id + 100, 100) == []

    play(story)


def test_forgotten_rows_are_gone_at_once_and_their_ids_never_return(open_store: Open) -> None:
    async def main() -> None:
        store = await open_store()
        taken = collect(store)
        for _ in range(5):
            await store.write(say)
        await store.forget([row.id for row in taken if row.rev != 3])
        assert [row.rev for row in await store.outbox(0, 10)] == [3]
        await store.forget([taken[2].id])
        await store.close()

        store = await open_store()
        assert await store.outbox(0, 10) == []
        again = collect(store)
        await store.write(say)
        assert again[0].id > taken[-1].id
        await store.close()

    run(main())


# --- limits and failures


def test_a_write_is_refused_when_too_many_wait(play: Play) -> None:
    async def story(store: Store) -> None:
        answers = await asyncio.gather(*(store.write(say) for _ in range(10_000)), return_exceptions=True)
        refused = [answer for answer in answers if isinstance(answer, Unavailable)]
        kept = [answer for answer in answers if isinstance(answer, int)]
        assert len(refused) > 0
        assert kept == list(range(1, 10_000 - len(refused) + 1))
        assert await store.write(say) == len(kept) + 1

    play(story)


def test_a_caller_who_leaves_before_its_turn_writes_nothing(play: Play) -> None:
    async def story(store: Store) -> None:
        leaving = [asyncio.create_task(store.write(say)) for _ in range(10)]
        staying = asyncio.create_task(store.write(say))
        await asyncio.sleep(0)  # all of them are queued, none has begun
        for task in leaving:
            task.cancel()
        assert await staying == 1
        assert await store.read(rev) == 1

    play(story)


def test_a_caller_who_leaves_after_its_turn_has_written(play: Play) -> None:
    async def story(store: Store) -> None:
        callers: list[asyncio.Task[int]] = []

        async def say_and_lose_the_caller(tx: Connection) -> int:
            callers[0].cancel()
            return await say(tx)

        taken = collect(store)
        callers.append(asyncio.create_task(store.write(say_and_lose_the_caller)))
        with pytest.raises(asyncio.CancelledError):
            await callers[0]
        assert await store.write(say) == 2
        assert [row.rev for row in taken] == [1, 2]

    play(story)


def test_close_finishes_what_waits(open_store: Open) -> None:
    async def main() -> None:
        store = await open_store()
        waiting = [asyncio.create_task(store.write(say)) for _ in range(100)]
        await asyncio.sleep(0)
        await store.close()
        assert await asyncio.gather(*waiting) == list(range(1, 101))
        store = await open_store()
        assert await store.read(rev) == 100
        await store.close()

    run(main())


def test_two_stores_on_one_database_share_its_revs(open_store: Open) -> None:
    async def main() -> None:
        stores = [await open_store(), await open_store()]
        taken = [collect(store) for store in stores]
        revs = await asyncio.gather(*(store.write(say) for _ in range(100) for store in stores))
        assert sorted(revs) == list(range(1, 201))
        ids = [row.id for rows in taken for row in sorted(rows)]
        assert sorted(ids) == [row.id for row in await stores[0].outbox(0, 1000)]
        await asyncio.gather(*(store.close() for store in stores))

    run(main())


@pytest.mark.parametrize("answers", [1, 40, 400])
def test_what_was_answered_survives_a_kill(driver: str, location: str, open_store: Open, answers: int) -> None:
    with busy_writer.start(driver, location) as process:
        assert process.stdout is not None
        answered = [int(process.stdout.readline()) for _ in range(answers)]
        process.send_signal(signal.SIGKILL)
        answered += [int(line) for line in process.stdout.read().split("\n")[:-1]]

    async def main() -> None:
        store = await open_store()
        last = await store.read(rev)
        assert last >= max(answered)
        assert [row.rev for row in await store.outbox(0, 1_000_000)] == list(range(1, last + 1))
        assert await store.write(say) == last + 1
        await store.close()

    run(main())
