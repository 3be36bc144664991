"""The pictures of the app that stand in the README: `make pictures` takes them again, into docs/pictures/."""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests.journeys import app, station
from tests.journeys import browser as browsers
from tests.journeys.deployment import Deployment
from tests.journeys.server import Server
from tests.journeys.station import Station

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pictures"
MOST_BYTES = 60_000  # each: whoever clones the repository takes them along
DESKTOP = ViewportSize(width=1280, height=800)
PHONE = ViewportSize(width=390, height=800)
QUALITY = 70


def take(server: Deployment, chromium: Browser, folder: Path) -> None:
    """Build a station, and take a picture of each of these pages."""
    built = station.build(server)
    others = [_come_in(server, chromium, built, name) for name in ("ben", "cleo", "emil")]
    _, page = ann = _come_in(server, chromium, built, "ann")
    online = page.get_by_label("Member list").get_by_role("img", name="online")
    expect(online).to_have_count(len(others) + 1)
    _save(page, folder / "channel.webp")
    page.get_by_label("Guild menu", exact=True).click()
    page.get_by_role("menuitem", name="Guild settings").click()
    page.get_by_role("dialog").get_by_role("button", name="Roles", exact=True).click()
    page.get_by_role("dialog").get_by_text("Signal box").first.click()
    _save(page, folder / "roles.webp")
    page.keyboard.press("Escape")
    page.emulate_media(color_scheme="dark")
    _save(page, folder / "dark.webp")
    page.set_viewport_size(PHONE)
    _save(page, folder / "phone.webp")
    for person, _ in (*others, ann):
        person.page.context.close()
        assert not person.complaints


def _come_in(server: Deployment, chromium: Browser, built: Station, name: str) -> tuple[app.Person, Page]:
    person = app.person(chromium)
    page = person.page
    page.set_viewport_size(DESKTOP)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.add_init_script(f"localStorage.setItem('token', '{built.tokens[name]}')")
    page.goto(f"{server.url}/channels/{built.guild}/{built.general}")
    expect(page.get_by_text("The new lamps, in blue")).to_be_visible()
    return person, page


def _save(page: Page, path: Path) -> None:
    """As WebP, which is a third of a PNG: only the browser's own protocol offers it."""
    page.mouse.move(0, 0)
    if page.get_by_role("dialog").count() == 0:
        page.get_by_label("Message in general").focus()
    page.evaluate("document.fonts.ready.then(() => new Promise(requestAnimationFrame))")
    devtools = page.context.new_cdp_session(page)
    shot = devtools.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    path.write_bytes(base64.b64decode(shot["data"]))
    devtools.detach()


def main() -> None:
    """Take them again."""
    FOLDER.mkdir(exist_ok=True)
    found = browsers.find()
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder) / "data") as server, sync_playwright() as at:
        chromium = at.chromium.launch(executable_path=str(found.program), env=dict(found.environment))
        take(server, chromium, FOLDER)
        chromium.close()


if __name__ == "__main__":
    main()
