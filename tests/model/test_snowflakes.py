"""Ids grow and never repeat, whatever the clock does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from derailed.model.snowflakes import EPOCH_MS, MAX, Snowflakes, at, time_ms

START = EPOCH_MS + 300_000_000_000
workers = st.integers(0, 1023)
# Steps of a clock: mostly still or forward, now and then back.
clocks = st.lists(st.one_of(st.just(0), st.integers(-5, 5), st.integers(-10_000, 100_000)), max_size=50).map(
    lambda steps: [START + sum(steps[: i + 1]) for i in range(len(steps))]
)


@given(workers, clocks)
def test_ids_only_ever_grow_also_when_the_clock_goes_back(worker: int, clock: list[int]) -> None:
    maker = Snowflakes(worker)
    ids = [maker.next(now) for now in clock]
    assert ids == sorted(set(ids))
    assert all(0 < each <= MAX for each in ids)


@given(workers, clocks)
def test_an_id_says_when_it_was_made(worker: int, clock: list[int]) -> None:
    maker = Snowflakes(worker)
    latest = 0
    for now in clock:
        latest = max(latest, now)
        assert time_ms(maker.next(now)) == latest


@given(st.lists(workers, unique=True, min_size=2, max_size=4), clocks)
def test_makers_that_share_a_clock_never_make_the_same_id(numbers: list[int], clock: list[int]) -> None:
    makers = [Snowflakes(number) for number in numbers]
    ids = [maker.next(now) for now in clock for maker in makers]
    assert len(set(ids)) == len(ids)


def test_more_ids_than_fit_a_millisecond_run_ahead_of_the_clock() -> None:
    maker = Snowflakes(1)
    ids = [maker.next(START) for _ in range(10_000)]
    assert ids == sorted(set(ids))
    assert time_ms(ids[-1]) == START + 2
    assert maker.next(START + 1) > ids[-1]


@given(workers, st.integers(START, START + 10**9))
def test_a_bound_lies_below_every_id_of_its_millisecond(worker: int, now: int) -> None:
    assert at(now) <= Snowflakes(worker).next(now) < at(now + 1)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-10_000, 100_000)), max_size=100))
def test_ids_above_the_last_grow_whoever_makes_them_and_whatever_their_clocks_say(turns: list[tuple[int, int]]) -> None:
    makers, ids = [Snowflakes(number) for number in (0, 7, 1023)], [0]
    for maker, skew in turns:
        ids.append(makers[maker].next(START + skew, ids[-1]))
    assert ids == sorted(set(ids))


def test_a_maker_that_has_caught_up_with_another_goes_on_at_its_own_pace() -> None:
    maker, ahead = Snowflakes(1), Snowflakes(2).next(START + 1000)
    ids = [maker.next(START, ahead) for _ in range(3)]
    assert [time_ms(each) for each in ids] == [START + 1001] * 3


def test_a_bound_before_the_epoch_is_the_lowest_id() -> None:
    assert at(0) == at(EPOCH_MS) == 0
