"""Each part of the split deployment breaks under load, and nobody who looks from outside sees a promise broken."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults import town
from tests.faults.faults import FAULTS
from tests.faults.run import Run, play
from tests.faults.town import Town
from tests.faults.wired import Wired
from tests.servers.valkey import Valkey

pytestmark = pytest.mark.slow

PEOPLE, BOTS = 200, 40
BEFORE_S, AFTER_S = 3.0, 3.0


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Wired, Town]]:
    """A deployment with its guild, for all of these."""
    with Wired(tmp_path_factory.mktemp("faults") / "data", Valkey(keeps=True)) as split:
        yield split, town.build(split, people_connected=PEOPLE, bots=BOTS)


@pytest.mark.parametrize("name", FAULTS)
def test_nothing_that_breaks_breaks_a_promise(built: tuple[Wired, Town], name: str) -> None:
    async def story(run: Run) -> None:
        await run.steady(BEFORE_S)
        await FAULTS[name](run)
        await run.steady(AFTER_S)

    play(*built, seed=1, story=story)
