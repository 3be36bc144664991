"""The bus on our broker breaks under load: killed, it goes on where it was, and nobody has to start afresh for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults import town
from tests.faults.faults import DEAD_S, bus_full
from tests.faults.run import Run, play
from tests.faults.town import Town
from tests.faults.wired import Wired, bus_of

pytestmark = pytest.mark.slow

PEOPLE, BOTS = 100, 20
STEADY_S = 3.0


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Wired, Town]]:
    """A deployment with its guild, for all of these."""
    with Wired(tmp_path_factory.mktemp("broker") / "data", bus_of("broker")) as split:
        yield split, town.build(split, people_connected=PEOPLE, bots=BOTS)


def test_a_killed_broker_breaks_no_promise_and_no_session(built: tuple[Wired, Town]) -> None:
    async def story(run: Run) -> None:
        await run.steady(STEADY_S)
        # Who comes in meanwhile is not live, and hears of nobody, until the bus is there again.
        async with run.breaking("broker killed", blinds=True):
            await run.do(run.split.bus.kill)
            for part in (*run.split.nodes, run.split.front):
                await run.until_says(part, "bus: can not be reached", 503)
            await run.steady(DEAD_S)
            await run.do(run.split.bus.start)
        await run.steady(STEADY_S)

    before = _begun(built[0])
    play(*built, seed=1, story=story)
    assert _begun(built[0]) == before


def test_a_broker_whose_disk_was_full_goes_on_when_there_is_room(built: tuple[Wired, Town]) -> None:
    split = built[0]

    async def story(run: Run) -> None:
        await run.steady(STEADY_S)
        await bus_full(run)
        await run.steady(STEADY_S)

    pid = split.bus.pid
    play(*built, seed=1, story=story)
    assert split.bus.pid == pid  # nobody started it again
    assert split.bus.log.count("log_opened_again") == 1


def _begun(split: Wired) -> int:
    """How often a node told its sessions to start afresh, because the bus had begun another epoch."""
    return sum(node.log.count("the bus began a new epoch") for node in split.nodes)
