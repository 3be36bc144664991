"""What the contracts stand on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.contracts.buses import BUSES, Case, Runner


@pytest.fixture(params=BUSES)
def on_bus(request: pytest.FixtureRequest, tmp_path: Path) -> Runner:
    """Runs a case on a fresh bus."""

    def run_case(case: Case) -> None:
        async def main() -> None:
            async with asyncio.timeout(20), BUSES[request.param](tmp_path / "bus") as bench:
                await case(bench)

        asyncio.run(main())

    return run_case
