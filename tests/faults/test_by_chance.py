"""A bad day of few seeds, on Valkey and on our broker: short enough for every change. `make faults` plays more."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.faults import town
from tests.faults.chance import day, story_of
from tests.faults.faults import OF_BROKER
from tests.faults.run import play
from tests.faults.wired import Wired, bus_of

pytestmark = pytest.mark.slow

PEOPLE, BOTS = 120, 24


@pytest.mark.parametrize(("bus", "seed"), [("valkey", 24), ("broker", 5)])
def test_a_bad_day_breaks_no_promise(tmp_path: Path, bus: str, seed: int) -> None:
    with Wired(tmp_path / "data", bus_of(bus)) as split:
        people = town.build(split, people_connected=PEOPLE, bots=BOTS)
        play(split, people, seed, day(seed, bus)[1])


@pytest.mark.parametrize(
    ("bus", "day_of"),
    [
        # Nodes that had heard of nobody said that everybody had gone, once the Presence Service was back.
        ("broker", [("other_node_killed", "bus_lost"), ("presence_killed",)]),
        # Never seen to fail since it is written down what was seen.
        ("valkey", [("presence_killed",), ("presence_cut",), ("members_hushed",)]),
    ],
)
def test_a_day_that_broke_a_promise_breaks_none_any_more(
    tmp_path: Path, bus: str, day_of: list[tuple[str, ...]]
) -> None:
    with Wired(tmp_path / "data", bus_of(bus)) as split:
        people = town.build(split, people_connected=PEOPLE, bots=BOTS)
        play(split, people, 1, story_of(day_of, random.Random(1)))


def test_a_seed_is_a_day() -> None:
    assert day(7, "broker")[0] == day(7, "broker")[0]
    assert len({tuple(day(seed, "valkey")[0]) for seed in range(20)}) > 15
    broken = {name for seed in range(100) for some in day(seed, "broker")[0] for name in some}
    assert broken == set(OF_BROKER)
