"""A bad day of few seeds, on Valkey and on our broker: short enough for every change. `make faults` plays more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import town
from tests.faults.chance import day
from tests.faults.run import play
from tests.faults.wired import Wired
from tests.servers.broker import Broker
from tests.servers.valkey import Valkey

pytestmark = pytest.mark.slow

PEOPLE, BOTS = 120, 24


@pytest.mark.parametrize(("bus", "seed"), [("valkey", 1), ("broker", 5)])
def test_a_bad_day_breaks_no_promise(tmp_path: Path, bus: str, seed: int) -> None:
    with Wired(tmp_path / "data", Broker() if bus == "broker" else Valkey(keeps=True)) as split:
        people = town.build(split, people_connected=PEOPLE, bots=BOTS)
        play(split, people, seed, day(seed)[1])


def test_a_seed_is_a_day() -> None:
    assert day(7)[0] == day(7)[0]
    assert len({tuple(day(seed)[0]) for seed in range(20)}) > 15
