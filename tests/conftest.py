"""What every test stands on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.server import Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A running server of its own, with an empty data folder."""
    with Server(tmp_path / "data") as running:
        yield running
