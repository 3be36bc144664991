"""What every test stands on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings

from tests import databases
from tests.journeys.server import Server

# Properties are tried on the same cases each time: a failure is a change's, not the day's. A busy machine is no failure
# either. `--hypothesis-profile=chance` tries others.
settings.register_profile("chance", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("certain", settings.get_profile("chance"), derandomize=True)
settings.load_profile("certain")

_ENTRANCES = {
    "tests.api.door": {"visit", "opened"},
    "tests.actions.community": {"live"},
    "tests.permissions.rounds": {"play"},
    "tests.permissions.stage": {"staged"},
}
"""Whoever comes in through one of these runs on every kind of database."""

_DEPLOYED = {"place", "own_place", "deployment"}
"""And whoever does not mind whether one process or many serve: on many, too."""

_SERVED = {"server"} | _DEPLOYED
"""And whoever asks for a server, which is started on it."""

_ON_ALL_AT_ONCE = "test_sync_law"
"""Tests that touch every verb. The others run on PostgreSQL only with the slow ones: they would tell little more."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run on each database what has to do with one."""
    if _comes_in(metafunc.module) or _SERVED & set(metafunc.fixturenames):
        later = () if _ON_ALL_AT_ONCE in metafunc.module.__name__ else (pytest.mark.slow,)
        names = (*databases.KINDS, *databases.SPLITS) if _DEPLOYED & set(metafunc.fixturenames) else databases.KINDS
        kinds = [pytest.param(kind, marks=() if kind == "sqlite" else later) for kind in names]
        metafunc.parametrize("database", kinds, indirect=True, scope="session")


def _comes_in(module: ModuleType) -> bool:
    return any(name in _ENTRANCES.get(getattr(value, "__module__", ""), ()) for name, value in vars(module).items())


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
def server(database: str, tmp_path: Path) -> Iterator[Server]:
    """A running server of its own, with an empty database."""
    with databases.settings() as settings, Server(tmp_path / "data", **settings) as running:
        yield running
