"""Worker numbers: one each, whatever starts, stops, hangs or is told the wrong time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from derailed.actions.lease import Lease
from derailed.model.errors import Unavailable
from derailed.store.sqlite import SqliteStore
from derailed.store.workers import REST_MS
from tests.actions.plain_bus import Clock

MINUTE = 60_000


def worker(lease: Lease, clock: Clock) -> int:
    """The number in the ids that it makes."""
    return lease.ids.next(clock()) >> 12 & 1023


def on_store(folder: Path, story: Callable[[SqliteStore, Clock], Awaitable[None]]) -> None:
    async def main() -> None:
        clock = Clock()
        store = SqliteStore.open(folder / "store.db", clock)
        await story(store, clock)
        await store.close()

    asyncio.run(main())


def test_processes_that_start_at_once_have_numbers_of_their_own(tmp_path: Path) -> None:
    async def story(store: SqliteStore, clock: Clock) -> None:
        leases = await asyncio.gather(*(Lease.take(store, clock) for _ in range(20)))
        assert sorted(worker(lease, clock) for lease in leases) == list(range(20))

    on_store(tmp_path, story)


def test_a_number_that_was_given_up_rests_before_another_has_it(tmp_path: Path) -> None:
    async def story(store: SqliteStore, clock: Clock) -> None:
        for number in range(1024):
            lease = await Lease.take(store, clock)
            assert worker(lease, clock) == number
            await lease.free()
            clock.ms += 1
        with pytest.raises(Unavailable):
            await Lease.take(store, clock)
        clock.ms += REST_MS
        assert worker(await Lease.take(store, clock), clock) == 0

    on_store(tmp_path, story)


def test_a_lease_that_is_renewed_goes_on(tmp_path: Path) -> None:
    async def story(store: SqliteStore, clock: Clock) -> None:
        lease = await Lease.take(store, clock)
        before = lease.ids.next(clock())
        for _ in range(60):
            clock.ms += MINUTE
            await lease.renew()
        assert worker(lease, clock) == 0
        assert lease.ids.next(clock()) > before

    on_store(tmp_path, story)


def test_who_could_not_renew_makes_no_ids_long_before_another_may_have_the_number(tmp_path: Path) -> None:
    async def story(store: SqliteStore, clock: Clock) -> None:
        lease = await Lease.take(store, clock)
        clock.ms += MINUTE + REST_MS // 2
        with pytest.raises(Unavailable):
            lease.ids.next(clock())
        await lease.renew()
        assert worker(lease, clock) == 0

    on_store(tmp_path, story)


def test_a_lost_number_is_replaced_and_ids_go_on_growing(tmp_path: Path) -> None:
    async def story(store: SqliteStore, clock: Clock) -> None:
        lease = await Lease.take(store, clock)
        before = lease.ids.next(clock())
        await store.write(lambda tx: tx.execute("UPDATE workers SET owner = 'another'"))
        await lease.renew()
        assert worker(lease, clock) == 1
        assert lease.ids.next(clock()) > before

    on_store(tmp_path, story)
