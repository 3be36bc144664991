"""Windows in memory, with a clock that the test moves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from derailed.limits import Budget
from derailed.limits.windows import Windows

SECOND = 1000
START = 1_700_000_000_000


def test_a_window_is_over_after_its_length_and_not_before() -> None:
    windows = Windows()
    budget = Budget("a", 1, SECOND)
    allowed = [windows.take([budget], START + at)[0].allowed for at in (0, 1, 999, 1000, 1999, 2000)]
    assert allowed == [True, False, False, True, False, True]


def test_windows_that_are_over_leave_as_others_come() -> None:
    windows = Windows()
    for number in range(1000):
        windows.take([Budget(f"early {number}", 1, SECOND)], START)
    for number in range(500):
        windows.take([Budget(f"late {number}", 1, SECOND)], START + SECOND)
    assert len(windows) == 500


def test_many_addresses_do_not_fill_the_memory() -> None:
    windows = Windows(kept=100)
    for number in range(10_000):
        windows.take([Budget(f"address {number}", 1, SECOND)], START)
    assert len(windows) == 100


def test_a_clock_that_is_set_back_keeps_nobody_out_for_longer_than_a_window() -> None:
    windows = Windows()
    budget = Budget("a", 1, SECOND)
    assert windows.take([budget], START + 3600 * SECOND)[0].allowed
    assert windows.take([budget], START)[0].allowed
    assert not windows.take([budget], START + 999)[0].allowed
    assert windows.take([budget], START + 1000)[0].allowed


@given(st.lists(st.tuples(st.integers(0, 400), st.sampled_from("abc"), st.sampled_from([(1, 100), (3, 500)]))))
def test_no_window_ever_gives_more_than_its_limit(steps: list[tuple[int, str, tuple[int, int]]]) -> None:
    windows, now = Windows(), START
    given_out: dict[tuple[str, int], int] = {}
    for later, key, (limit, length) in steps:
        now += later
        (taken,) = windows.take([Budget(f"{key}{length}", limit, length)], now)
        count = given_out.get((f"{key}{length}", taken.reset_ms), 0) + taken.allowed
        given_out[f"{key}{length}", taken.reset_ms] = count
        assert count <= limit
        assert taken.remaining == limit - count
        assert 0 < taken.reset_after_ms <= length
