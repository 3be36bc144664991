"""People at browsers: what they do on the page, and what a test looks at."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from tests.journeys import browser as browsers
from tests.journeys.deployment import Deployment

PASSWORD = "correct horse battery"
AXE = browsers.WEB / "node_modules" / "axe-core" / "axe.min.js"


@dataclass
class Person:
    """Somebody at a browser, what its console complained of, and what its sockets heard."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    """The names of what the Gateway dispatched to it."""

    def open(self, url: str) -> None:
        """Go to an address."""
        self.page.goto(url)

    def register(self, name: str) -> None:
        """Fill in the form that makes an account."""
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.get_by_role("button", name="Create account").click()

    def create_guild(self, name: str) -> None:
        """Make a guild, and come into its first channel."""
        self.page.get_by_role("button", name="Create guild").click()
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_label("Name").fill(name)
        dialog.get_by_role("button", name="Create guild").click()
        expect(self.composer).to_be_visible()

    def choose(self, menu: str, item: str) -> None:
        """One item of a menu."""
        self.page.get_by_label(menu, exact=True).click()
        self.page.get_by_role("menuitem", name=item).click()

    def create_channel(self, name: str) -> None:
        """A text channel of the guild that is open."""
        self.choose("Guild menu", "Create channel")
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_label("Name").fill(name)
        dialog.get_by_role("button", name="Create channel").click()

    def invite(self) -> str:
        """The link that the dialog shows."""
        self.choose("Guild menu", "Invite people")
        link = self.page.get_by_label("Invite link").input_value()
        self.page.keyboard.press("Escape")
        return link

    @property
    def token(self) -> str:
        """What this browser signs its calls with."""
        return str(self.page.evaluate("localStorage.getItem('token')"))

    @property
    def composer(self) -> Locator:
        """Where one writes."""
        return self.page.get_by_label(re.compile("^Message (in|to) "))

    @property
    def messages(self) -> Locator:
        """What was said, as far as it is drawn."""
        return self.page.locator("[data-message]:not(.notice)")

    def message(self, text: str) -> Locator:
        """One that says so."""
        return self.messages.filter(has_text=text)

    def say(self, text: str) -> None:
        """Write and send."""
        self.composer.fill(text)
        self.composer.press("Enter")

    def act(self, message: Locator, action: str) -> None:
        """Press one of a message's tools, which appear with the pointer."""
        message.hover()
        message.get_by_role("button", name=action, exact=True).click()


def person(chromium: Browser, user_agent: str | None = None) -> Person:
    """Somebody with a window that shares nothing with others', whose console's complaints are kept."""
    one = Person(chromium.new_context(locale="en-GB", user_agent=user_agent).new_page())

    def heard(message: ConsoleMessage) -> None:
        expected = "Failed to load resource" in message.text or "WebSocket connection" in message.text
        if message.type in ("error", "warning") and not expected:
            one.complaints.append(message.text)

    def dispatched(frame: str | bytes) -> None:
        one.events.extend(re.findall(r'"t": ?"(\w+)"', str(frame)[:100]))

    one.page.on("websocket", lambda socket: socket.on("framereceived", dispatched))
    one.page.on("console", heard)
    one.page.on("pageerror", lambda error: one.complaints.append(str(error)))
    return one


def meet(server: Deployment, people: list[Person]) -> list[Person]:
    """Ann and Ben in #general of a guild that Ann made, Ben by her link."""
    ann, ben = people
    ann.open(f"{server.url}/register")
    ann.register("ann")
    ann.create_guild("Platform nine")
    ben.open(ann.invite())
    ben.register("ben")
    expect(ben.composer).to_be_visible()
    return people


def has_no_barrier(page: Page) -> None:
    """Axe finds nothing wrong, and nothing is cut off at the side."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run().then(({violations}) => violations)")
    assert not [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
