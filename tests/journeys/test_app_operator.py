"""How the server is, in the app, for those who run it."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.app import Person, has_no_barrier
from tests.journeys.server import Server, derailed

pytestmark = pytest.mark.slow


def looked_at(person: Person) -> Locator:
    """The page, opened by the menu."""
    person.choose("Account menu", "Developers")
    dialog = person.page.get_by_role("dialog", name="Developers")
    dialog.get_by_role("button", name="This server").click()
    return dialog


def plot(page: Page | Locator, name: str) -> Locator:
    """The drawing of one number, which says in words what it shows."""
    return page.get_by_role("img", name=re.compile(f"^{name}: "))


def test_the_server_is_seen_live_by_who_runs_it_and_by_nobody_else(server: Server, met: list[Person]) -> None:
    ann, ben = met
    dialog = looked_at(ann)
    expect(dialog.get_by_text("Only those who run this server see how it is.")).to_be_visible()
    has_no_barrier(ann.page)
    ann.page.keyboard.press("Escape")
    assert derailed("user", "promote", "ann", **server.settings).returncode == 0

    asked: list[float] = []
    ann.page.on(
        "request", lambda request: asked.append(time.monotonic()) if request.url.endswith("/operator") else None
    )
    dialog = looked_at(ann)
    expect(plot(dialog, "Live sessions")).to_have_accessible_name(re.compile(r"^Live sessions: 2 now, "))
    expect(plot(dialog, "People online")).to_have_accessible_name(re.compile(r"^People online: 2 now, "))
    row = dialog.get_by_role("row", name=re.compile("^up "))
    expect(row).to_contain_text("Ready")
    kind = "PostgreSQL" if "DERAILED_DATABASE_URL" in server.settings else "SQLite"
    expect(dialog.get_by_text(f"{kind}, reached")).to_be_visible()
    expect(dialog.get_by_text("embedded, reached")).to_be_visible()
    for number in range(10):
        ben.say(f"number {number}")
        expect(ben.message(f"number {number}")).to_be_visible()
    busy = re.compile(r": .* now, (?!0 at most).* at most")
    for name in ("Messages a second", "Deliveries a second", "Requests a second", "Sent a second"):
        expect(plot(dialog, name)).to_have_accessible_name(busy)
    drawn = plot(dialog, "Messages a second").locator("polyline")
    expect(drawn).to_have_attribute("points", re.compile(r"\d.* \d"))

    for scheme in ("light", "dark"):
        ann.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        has_no_barrier(ann.page)
    ann.page.set_viewport_size({"width": 390, "height": 844})
    has_no_barrier(ann.page)
    expect(plot(dialog, "Bus lag")).to_be_visible()
    assert 2 < len(asked) <= (asked[-1] - asked[0]) / 2 + 2, "every two seconds, and no more often"


def test_what_was_seen_stays_when_the_server_is_gone(server: Server, met: list[Person]) -> None:
    ann, _ = met
    assert derailed("user", "promote", "ann", **server.settings).returncode == 0
    dialog = looked_at(ann)
    expect(plot(dialog, "Live sessions")).to_have_accessible_name(re.compile(r"^Live sessions: 2 now, "))
    server.kill()
    expect(dialog.get_by_role("alert")).to_contain_text("What is shown is from before.")
    expect(plot(dialog, "Live sessions")).to_be_visible()
    server.start()
    expect(dialog.get_by_role("alert")).to_have_count(0)
    expect(plot(dialog, "Live sessions")).to_have_accessible_name(re.compile(r"^Live sessions: 2 now, "))
