"""Places that journeys happen in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests import databases
from tests.journeys import app
from tests.journeys import browser as browsers
from tests.journeys.deployment import Deployment
from tests.journeys.place import Place
from tests.journeys.server import Server
from tests.journeys.split import Split
from tests.servers.broker import Broker


@pytest.fixture(scope="module")
def place(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One for all tests here that leave the server as they found it."""
    with deployed(database, tmp_path_factory.mktemp("gateway")) as deployment:
        yield from _place(deployment)


@pytest.fixture
def own_place(database: str, tmp_path: Path) -> Iterator[Place]:
    """One for a test that kills its server."""
    with deployed(database, tmp_path) as deployment:
        yield from _place(deployment)


@pytest.fixture
def deployment(database: str, tmp_path: Path) -> Iterator[Deployment]:
    """A running deployment of its own, with an empty database."""
    with deployed(database, tmp_path) as running:
        yield running


SPOKEN_WITHIN_MS = (
    40_000  # a test waits at most so long: twice the longest pause that the app makes before it tries again
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all; each person gets a window that shares nothing with the others'."""
    found = browsers.find()
    expect.set_options(timeout=SPOKEN_WITHIN_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(found.program), env=dict(found.environment))
        yield browser
        browser.close()


@pytest.fixture
def people(chromium: Browser) -> Iterator[list[app.Person]]:
    """Two at browsers. What the browsers' consoles complained of fails the test, a refused call aside."""
    both = [app.person(chromium), app.person(chromium)]
    yield both
    for person in both:
        person.page.context.close()
        assert not person.complaints


@pytest.fixture
def met(server: Server, people: list[app.Person]) -> list[app.Person]:
    """Ann and Ben in #general of a guild that Ann made, Ben by her link."""
    return app.meet(server, people)


@contextmanager
def deployed(kind: str, folder: Path) -> Iterator[Deployment]:
    """One process on either database; or many, on Valkey or on our broker."""
    if kind in databases.SPLITS:
        with Split(folder / "data", bus=Broker() if kind == databases.ON_BROKER else None) as split:
            yield split
        return
    with databases.settings() as settings, Server(folder / "data", **settings) as server:
        yield server


def _place(deployment: Deployment) -> Iterator[Place]:
    made = Place(deployment)
    with made.anna, made.ben, made.bot:
        yield made
