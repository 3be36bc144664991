"""The app without a pointer: from the form to a channel of one's own in which one has talked."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.journeys.app import PASSWORD, Person
from tests.journeys.server import Server

pytestmark = pytest.mark.slow

MOST_STEPS = 60


def tab_to(person: Person, wanted: Locator) -> None:
    """Press Tab until it has the focus."""
    expect(wanted.first).to_be_attached()
    for _ in range(MOST_STEPS):
        if wanted.first.evaluate("wanted => wanted === document.activeElement"):
            return
        person.page.keyboard.press("Tab")
    raise AssertionError(f"{wanted} is not reached by Tab")


def test_everything_is_reached_without_a_pointer(server: Server, people: list[Person]) -> None:
    ann = people[0]
    page, press, write = ann.page, ann.page.keyboard.press, ann.page.keyboard.type
    ann.open(f"{server.url}/register")
    tab_to(ann, page.get_by_label("Username"))
    write("ann")
    tab_to(ann, page.get_by_label("Password", exact=True))
    write(PASSWORD)
    press("Enter")
    expect(page.get_by_role("heading", name="You are not in a guild yet")).to_be_visible()
    tab_to(ann, page.get_by_role("button", name="Create guild"))
    press("Enter")
    tab_to(ann, page.get_by_role("dialog").get_by_label("Name"))
    write("Platform nine")
    press("Enter")
    expect(ann.composer).to_be_focused()
    write("Mind the gap")
    press("Enter")
    expect(ann.message("Mind the gap")).to_be_visible()
    press("ArrowUp")
    expect(page.get_by_label("Edit message")).to_be_focused()
    write(", please")
    press("Enter")
    expect(ann.message("Mind the gap, please")).to_contain_text("edited")
    expect(ann.composer).to_be_focused()
    tab_to(ann, ann.message("Mind the gap"))
    tab_to(ann, ann.message("Mind the gap").get_by_role("button", name="React"))
    press("Enter")
    expect(page.get_by_label("Search emoji")).to_be_focused()
    write("partying")
    tab_to(ann, page.get_by_role("button", name="partying face"))
    press("Enter")
    expect(page.get_by_role("button", name="🥳, 1")).to_be_visible()
    tab_to(ann, page.get_by_label("Guild menu", exact=True))
    press("Enter")
    create = page.get_by_role("menuitem", name="Create channel")
    for _ in range(MOST_STEPS):
        if create.evaluate("item => item === document.activeElement"):
            break
        press("ArrowDown")
    press("Enter")
    expect(page.get_by_role("dialog").get_by_label("Name")).to_be_focused()
    write("sidings")
    press("Enter")
    expect(page.get_by_label("Message in sidings")).to_be_focused()
    press("Alt+ArrowUp")
    expect(page.get_by_label("Message in general")).to_be_focused()
    press("Control+f")
    expect(page.get_by_label("Search messages")).to_be_focused()
    press("Control+f")
    press("Control+k")
    write("sidi")
    press("Enter")
    expect(page.get_by_label("Message in sidings")).to_be_focused()
