"""Random schedules of the real store, outbox, embedded bus and hub, with crashes at every await.

A violation prints its trace and the command that plays it again.
"""

from __future__ import annotations

import pytest

from tests.spine.ablations import ABLATIONS, Ablation
from tests.spine.cast import folder
from tests.spine.world import World

_MISSED_WITHIN = 600
_STEPS = (300, 700, 1500)


def play(seed: int) -> tuple[str, str]:
    """One schedule: its violation, if there is one, and its trace."""
    with folder() as place:
        world = World(seed, place)
        violation = world.run(_STEPS[seed % len(_STEPS)])
        return violation, "\n".join(" ".join(map(str, line)) for line in world.oracle.trace)


def _check(seeds: range) -> None:
    for seed in seeds:
        violation, trace = play(seed)
        if violation:
            pytest.fail(f"{trace}\n\n{violation}\nplay it again: python -m tests.spine {seed}")


def test_each_session_gets_what_it_may_see_once_and_in_order_whatever_dies() -> None:
    """The same schedules each time."""
    _check(range(70))


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1000, 2500, 250))
def test_it_does_so_in_thousands_of_schedules(first: int) -> None:
    """Many more."""
    _check(range(first, first + 250))


def test_every_rule_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """That it is missed takes minutes to show; that it is still there to be switched off does not."""
    for ablation in ABLATIONS:
        with monkeypatch.context() as patch:
            ablation(patch)


@pytest.mark.slow
@pytest.mark.parametrize("ablation", ABLATIONS, ids=lambda each: each.__name__)
def test_a_rule_that_is_switched_off_is_missed(ablation: Ablation, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can not fail proves nothing."""
    ablation(monkeypatch)
    assert any(play(seed)[0] for seed in range(10_000, 10_000 + _MISSED_WITHIN))
