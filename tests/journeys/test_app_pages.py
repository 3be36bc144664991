"""Each page of the app, light and dark, wide and on a phone: nobody is kept out, and nothing is cut off at the side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.journeys import app, pictures, station
from tests.journeys.app import Person, has_no_barrier
from tests.journeys.server import Server

pytestmark = pytest.mark.slow

PHONE = ViewportSize(width=390, height=844)
PAGES = 31
DESKTOP = ViewportSize(width=1440, height=900)


@pytest.fixture
def ann(chromium: Browser) -> Iterator[Person]:
    """Somebody at a browser, of whose console the test fails when it complains."""
    one = app.person(chromium)
    yield one
    one.page.context.close()
    assert not one.complaints


def _menu(page: Page, label: str, item: str) -> None:
    page.get_by_label(label, exact=True).click()
    page.get_by_role("menuitem", name=item).click()
    expect(page.get_by_role("dialog")).to_be_visible()


def tabs(page: Page) -> list[str]:
    """The pages of the settings that are open."""
    return page.get_by_role("dialog").get_by_role("navigation").get_by_role("button").all_inner_texts()


def each_tab(page: Page, look: Callable[[str], None]) -> None:
    """Look at each page of the settings that are open, and close them."""
    for tab in tabs(page):
        page.get_by_role("dialog").get_by_role("button", name=tab, exact=True).click()
        expect(page.get_by_role("dialog").get_by_text("Loading")).to_have_count(0)
        look(tab)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_page_of_a_station_is_for_everybody(server: Server, ann: Person, scheme: str) -> None:
    built = station.build(server)
    page = ann.page
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    page.set_viewport_size(DESKTOP)
    page.add_init_script(f"localStorage.setItem('token', '{built.tokens['ann']}')")
    seen: list[str] = []

    def look(name: str) -> None:
        has_no_barrier(page)
        seen.append(name)

    page.goto(f"{server.url}/channels/{built.guild}/{built.general}")
    expect(page.get_by_text("The new lamps, in blue")).to_be_visible()
    look("channel")
    for name in ("Pinned messages", "Notifications", "Jump to a date"):
        page.get_by_role("button", name=name).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        look(name)
        page.keyboard.press("Escape")
    page.get_by_role("button", name="Search", exact=True).click()
    look("search")
    for menu, item in (("Guild menu", "Guild settings"), ("Account menu", "Settings"), ("Account menu", "Developers")):
        _menu(page, menu, item)
        each_tab(page, look)
    page.get_by_role("link", name="signals").hover()
    page.get_by_role("button", name="Settings of signals").click()
    each_tab(page, look)
    page.goto(f"{server.url}/channels/@me")
    expect(page.get_by_role("heading", name="Friends", exact=True)).to_be_visible()
    for name in ("All 2", "Pending 1", "Blocked 0"):
        page.get_by_role("button", name=name).click()
        look(name)
    page.goto(f"{server.url}/channels/@me/{built.group}")
    expect(page.get_by_text("Who comes along?")).to_be_visible()
    look("group")
    page.set_viewport_size(PHONE)
    look("group on a phone")
    page.get_by_label("Back to the channels").click()
    look("friends on a phone")
    page.goto(f"{server.url}/channels/{built.guild}/{built.general}")
    expect(page.get_by_text("The new lamps, in blue")).to_be_visible()
    look("channel on a phone")
    page.get_by_role("button", name="Members").click()
    look("members on a phone")
    page.keyboard.press("Escape")
    page.get_by_label("Back to the channels").click()
    for menu, item in (("Guild menu", "Guild settings"), ("Account menu", "Settings")):
        _menu(page, menu, item)
        look(item)
        page.keyboard.press("Escape")
    assert len(seen) >= PAGES


def test_the_pictures_of_the_readme_are_those_that_can_be_taken(
    server: Server, chromium: Browser, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    pictures.take(server, chromium, folder)
    taken = {path.name for path in folder.iterdir()}
    assert taken == {path.name for path in pictures.FOLDER.iterdir()}
    for path in (*folder.iterdir(), *pictures.FOLDER.iterdir()):
        assert path.stat().st_size < pictures.MOST_BYTES
