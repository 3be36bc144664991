"""What every test stands on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import databases
from tests.journeys.server import Server

_ENTRANCES = {"tests.api.door": {"visit", "opened"}, "tests.actions.community": {"live"}}
"""Whoever comes in through one of these runs on every kind of database."""

_ON_ALL_AT_ONCE = "test_sync_law"
"""Tests that touch every verb. The others run on PostgreSQL only with the slow ones: they would tell little more."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run on each database what has to do with one."""
    module = metafunc.module
    if any(name in _ENTRANCES.get(getattr(value, "__module__", ""), ()) for name, value in vars(module).items()):
        later = () if _ON_ALL_AT_ONCE in module.__name__ else (pytest.mark.slow,)
        kinds = [pytest.param(kind, marks=() if kind == "sqlite" else later) for kind in databases.KINDS]
        metafunc.parametrize("database", kinds, indirect=True, scope="session")


@pytest.fixture(scope="session", autouse=True)
def database(request: pytest.FixtureRequest) -> str:
    """The kind of database that tests run on now."""
    kind: str = getattr(request, "param", "sqlite")
    databases.choose(kind)
    return kind


@pytest.fixture(autouse=True)
def _no_database_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Drop what a test made on a server."""
    folder: Path | None = request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else None
    yield
    if folder is not None:
        databases.drop(folder)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A running server of its own, with an empty data folder."""
    with Server(tmp_path / "data") as running:
        yield running
