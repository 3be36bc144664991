"""What the contracts stand on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.buses import BUSES, Case, Runner
from tests.contracts.stores import OPENERS, Open, Play, Story, database, run


@pytest.fixture(params=BUSES)
def on_bus(request: pytest.FixtureRequest, tmp_path: Path) -> Runner:
    """Runs a case on a fresh bus."""

    def run_case(case: Case) -> None:
        async def main() -> None:
            async with asyncio.timeout(20), BUSES[request.param](tmp_path / "bus") as bench:
                await case(bench)

        asyncio.run(main())

    return run_case


@pytest.fixture(params=OPENERS)
def driver(request: pytest.FixtureRequest) -> str:
    """Which store."""
    name: str = request.param
    return name


@pytest.fixture
def location(driver: str, tmp_path: Path) -> Iterator[str]:
    """Where an empty database is."""
    with database(driver, tmp_path) as found:
        yield found


@pytest.fixture
def open_store(driver: str, location: str) -> Open:
    """Opens that database, as often as it is called."""
    return lambda: OPENERS[driver](location)


@pytest.fixture
def play(open_store: Open) -> Play:
    """Run a story on an open store."""

    def play_story(story: Story) -> None:
        async def main() -> None:
            store = await open_store()
            try:
                await story(store)
            finally:
                await store.close()

        run(main())

    return play_story
