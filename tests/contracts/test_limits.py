"""What everything that counts must hold, whether in one process or on a server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.contracts.limits import LIMITS, Bench, Case, now_ms

Runner = Callable[[Case], None]


@pytest.fixture(params=LIMITS)
def count(request: pytest.FixtureRequest) -> Runner:
    """Runs a case on each of them."""

    def run_case(case: Case) -> None:
        async def main() -> None:
            async with asyncio.timeout(20), LIMITS[request.param]() as bench:
                await case(bench)

        asyncio.run(main())

    return run_case


def test_a_budget_is_spent_one_by_one_and_what_remains_is_never_negative(count: Runner) -> None:
    async def case(bench: Bench) -> None:
        budget = bench.budget("a", 3)
        taken = [(await bench.limits.take([budget]))[0] for _ in range(5)]
        assert [each.allowed for each in taken] == [True, True, True, False, False]
        assert [each.remaining for each in taken] == [2, 1, 0, 0, 0]

    count(case)


def test_many_at_once_get_no_more_than_there_is(count: Runner) -> None:
    async def case(bench: Bench) -> None:
        budget = bench.budget("a", 10)
        taken = await asyncio.gather(*(bench.limits.take([budget]) for _ in range(700)))
        allowed = [each for (each,) in taken if each.allowed]
        assert sorted(each.remaining for each in allowed) == list(range(10))
        assert {each.remaining for (each,) in taken if not each.allowed} == {0}

    count(case)


def test_a_window_ends_at_the_same_time_for_all_that_is_counted_in_it(count: Runner) -> None:
    async def case(bench: Bench) -> None:
        before = now_ms()
        taken = [(await bench.limits.take([bench.budget("a", 2)]))[0] for _ in range(3)]
        assert len({each.reset_ms for each in taken}) == 1
        assert before + 60_000 <= taken[0].reset_ms <= now_ms() + 60_000
        assert 0 < taken[2].reset_after_ms <= taken[0].reset_after_ms == 60_000

    count(case)


def test_what_is_used_up_is_there_again_after_its_window(count: Runner) -> None:
    async def case(bench: Bench) -> None:
        budget = bench.budget("a", 1, 50)
        (first,) = await bench.limits.take([budget])
        while not (again := (await bench.limits.take([budget]))[0]).allowed:
            assert again.reset_ms == first.reset_ms
        assert again.reset_ms >= first.reset_ms + 50
        assert now_ms() >= first.reset_ms

    count(case)


def test_a_call_takes_from_all_of_its_budgets_or_from_none(count: Runner) -> None:
    async def case(bench: Bench) -> None:
        few, many = bench.budget("few", 1), bench.budget("many", 5)
        assert [each.allowed for each in await bench.limits.take([few, many])] == [True, True]
        refused = await bench.limits.take([few, many])
        assert [(each.allowed, each.remaining) for each in refused] == [(False, 0), (True, 4)]
        (left,) = await bench.limits.take([many])
        assert left.remaining == 3

    count(case)


def test_budgets_do_not_know_each_other(count: Runner) -> None:
    async def case(bench: Bench) -> None:
        for key in ("a", "b", "c"):
            ((allowed, remaining, _, _),) = await bench.limits.take([bench.budget(key, 2)])
            assert (allowed, remaining) == (True, 1)

    count(case)


def test_a_limit_that_is_lowered_holds_at_once(count: Runner) -> None:
    async def case(bench: Bench) -> None:
        for _ in range(3):
            await bench.limits.take([bench.budget("a", 5)])
        ((allowed, remaining, _, _),) = await bench.limits.take([bench.budget("a", 2)])
        assert (allowed, remaining) == (False, 0)

    count(case)
