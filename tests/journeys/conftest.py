"""Places that journeys happen in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import databases
from tests.journeys.place import Place
from tests.journeys.server import Server


@pytest.fixture(scope="module")
def place(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One for all tests here that leave the server as they found it."""
    with databases.settings() as settings, Server(tmp_path_factory.mktemp("gateway") / "data", **settings) as server:
        yield from _place(server)


@pytest.fixture
def own_place(database: str, tmp_path: Path) -> Iterator[Place]:
    """One for a test that kills its server."""
    with databases.settings() as settings, Server(tmp_path / "data", **settings) as server:
        yield from _place(server)


def _place(server: Server) -> Iterator[Place]:
    made = Place(server)
    with made.anna, made.ben, made.bot:
        yield made
