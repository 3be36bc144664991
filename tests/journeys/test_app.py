"""The app in a browser against the shipped server: from an empty database to people who talk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect, sync_playwright

from tests.journeys import browser as browsers
from tests.journeys.deployment import Deployment
from tests.journeys.server import Server
from tests.journeys.split import Split

pytestmark = pytest.mark.slow

PASSWORD = "correct horse battery"
AXE = browsers.WEB / "node_modules" / "axe-core" / "axe.min.js"
NARROW = 390
SPOKEN_WITHIN_MS = 15_000  # a test waits for what it expects, at most so long


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all; each person gets a window that shares nothing with the others'."""
    found = browsers.find()
    expect.set_options(timeout=SPOKEN_WITHIN_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(found.program), env=dict(found.environment))
        yield browser
        browser.close()


@dataclass
class Person:
    """Somebody at a browser, what its console complained of, and what its sockets heard."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    """The names of what the Gateway dispatched to it."""

    def open(self, url: str) -> None:
        self.page.goto(url)

    def register(self, name: str) -> None:
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Create account").click()

    def create_guild(self, name: str) -> None:
        self.page.get_by_role("button", name="Create guild").click()
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_label("Name").fill(name)
        dialog.get_by_role("button", name="Create guild").click()
        expect(self.composer).to_be_visible()

    def invite(self) -> str:
        """The link that the dialog shows."""
        self.page.get_by_label("Guild menu").click()
        self.page.get_by_role("menuitem", name="Invite people").click()
        link = self.page.get_by_label("Invite link").input_value()
        self.page.keyboard.press("Escape")
        return link

    @property
    def composer(self) -> Locator:
        return self.page.get_by_label(re.compile("^Message in "))

    @property
    def messages(self) -> Locator:
        return self.page.locator("[data-message]:not(.notice)")

    def message(self, text: str) -> Locator:
        return self.messages.filter(has_text=text)

    def say(self, text: str) -> None:
        self.composer.fill(text)
        self.composer.press("Enter")

    def act(self, message: Locator, action: str) -> None:
        """Press one of a message's tools, which appear with the pointer."""
        message.hover()
        message.get_by_role("button", name=action, exact=True).click()


@pytest.fixture
def people(chromium: Browser) -> Iterator[list[Person]]:
    """Two of them. What the browsers' consoles complained of fails the test, a refused call aside."""
    both = [_person(chromium), _person(chromium)]
    yield both
    for person in both:
        person.page.context.close()
        assert not person.complaints


def _person(chromium: Browser) -> Person:
    person = Person(chromium.new_context(locale="en-GB").new_page())

    def heard(message: ConsoleMessage) -> None:
        expected = "Failed to load resource" in message.text or "WebSocket connection" in message.text
        if message.type in ("error", "warning") and not expected:
            person.complaints.append(message.text)

    def dispatched(frame: str | bytes) -> None:
        person.events.extend(re.findall(r'"t": ?"(\w+)"', str(frame)[:100]))

    person.page.on("websocket", lambda socket: socket.on("framereceived", dispatched))
    person.page.on("console", heard)
    person.page.on("pageerror", lambda error: person.complaints.append(str(error)))
    return person


@pytest.fixture
def guild(server: Server, people: list[Person]) -> list[Person]:
    """Ann and Ben in #general of a guild that Ann made, Ben by her link."""
    return meet(server, people)


def meet(server: Deployment, people: list[Person]) -> list[Person]:
    """Have them register and come together."""
    ann, ben = people
    ann.open(f"{server.url}/register")
    ann.register("ann")
    ann.create_guild("Platform nine")
    ben.open(ann.invite())
    ben.register("ben")
    expect(ben.composer).to_be_visible()
    return people


def test_two_people_meet_by_a_link_and_talk(guild: list[Person]) -> None:
    ann, ben = guild
    expect(ann.page.get_by_label("Member list")).to_contain_text("ben")
    expect(ann.page.locator(".notice")).to_contain_text("came in.")
    ann.say("The 7:42 is **late**.")
    expect(ben.message("The 7:42 is late.").locator("strong")).to_have_text("late")
    ben.composer.press_sequentially("Than")
    expect(ann.page.get_by_text("ben is typing")).to_be_visible()
    ben.say("Thank you, <@nobody>")
    expect(ann.message("Thank you")).to_be_visible()
    expect(ann.page.get_by_text("ben is typing")).to_be_hidden()
    for person in guild:
        expect(person.messages).to_have_count(2)


def test_a_message_is_edited_answered_and_deleted_before_everybodys_eyes(guild: list[Person]) -> None:
    ann, ben = guild
    ann.say("Track six")
    expect(ben.message("Track six")).to_be_visible()
    ann.composer.press("ArrowUp")
    editor = ann.page.get_by_label("Edit message")
    editor.fill("Track seven")
    editor.press("Enter")
    expect(ben.message("Track seven")).to_contain_text("edited")
    ben.act(ben.message("Track seven"), "React")
    ben.page.get_by_role("button", name="React with 👍").click()
    expect(ann.page.get_by_role("button", name="👍, 1")).to_have_attribute("aria-pressed", "false")
    ben.act(ben.message("Track seven"), "Reply")
    ben.say("On my way")
    expect(ann.message("On my way").locator(".answered")).to_contain_text("Track seven")
    ann.act(ann.messages.first, "Delete")
    ann.page.get_by_role("dialog").get_by_role("button", name="Delete message").click()
    expect(ben.messages).to_have_count(1)
    expect(ben.messages).to_contain_text("On my way")


def test_what_is_said_while_one_is_cut_off_arrives_once(server: Server, guild: list[Person]) -> None:
    ann, ben = guild
    ann.say("Before")
    expect(ben.message("Before")).to_be_visible()
    banner = ben.page.get_by_text("Connection lost")
    ben.page.context.set_offline(True)
    server.kill()
    expect(banner).to_be_visible()
    ann.say("Meanwhile")
    expect(ann.page.get_by_text("Meanwhile")).to_be_visible()
    server.start()
    expect(ann.message("Meanwhile")).to_be_visible()
    ben.events.clear()
    ben.page.context.set_offline(False)
    expect(ben.message("Meanwhile")).to_be_visible()
    expect(banner).to_be_hidden()
    assert "RESUMED" in ben.events
    ben.say("After")
    for person in guild:
        expect(person.messages).to_contain_text(["Before", "Meanwhile", "After"])
        expect(person.messages).to_have_count(3)


def test_the_app_finds_a_gateway_that_is_elsewhere(people: list[Person], tmp_path: Path) -> None:
    with Split(tmp_path / "data") as split:
        ann, ben = meet(split, people)
        of_ben = ann.page.get_by_label("Member list").get_by_role("listitem").filter(has_text="ben")
        expect(of_ben.get_by_role("img", name="online")).to_be_visible()
        ann.say("Before")
        expect(ben.message("Before")).to_be_visible()
        split.one.kill()
        ann.say("Meanwhile")
        ben.events.clear()
        split.one.start()
        expect(ben.message("Meanwhile")).to_be_visible()
        assert "RESUMED" in ben.events
        expect(of_ben.get_by_role("img", name="online")).to_be_visible()
        for person in people:
            person.page.goto("about:blank")


def test_what_people_write_never_becomes_code(guild: list[Person]) -> None:
    ann, ben = guild
    ann.say("[press](javascript:document.title='had') <img src=x onerror=document.title='had'>")
    ann.say("[elsewhere](https://example.org/)")
    expect(ben.message("press").locator("a, img")).to_have_count(0)
    expect(ben.message("elsewhere").locator("a")).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(ben.page).not_to_have_title("had")


def test_older_messages_come_as_one_scrolls_up(server: Server, guild: list[Person]) -> None:
    ann, _ = guild
    channel = ann.page.url.rsplit("/", 1)[1]
    token = ann.page.evaluate("localStorage.getItem('token')")
    with httpx.Client(base_url=server.api, headers={"Authorization": token}) as api:
        for number in range(120):
            api.post(f"/channels/{channel}/messages", json={"content": f"number {number}."}).raise_for_status()
    expect(ann.message("number 119.")).to_be_in_viewport()
    ann.page.reload()
    expect(ann.message("number 119.")).to_be_in_viewport()
    expect(ann.message("number 0.")).to_have_count(0)
    log = ann.page.get_by_role("log")
    for number in (69, 19):
        log.evaluate("pane => pane.scrollTop = 0")
        expect(ann.message(f"number {number}.")).to_be_attached()
        expect(ann.message(f"number {number + 1}.")).to_be_in_viewport()
    log.evaluate("pane => pane.scrollTop = 0")
    expect(ann.message("number 0.")).to_be_in_viewport()
    ann.page.get_by_role("button", name="To the present").click()
    expect(ann.message("number 119.")).to_be_in_viewport()


def test_what_one_reads_stays_where_it_is(guild: list[Person]) -> None:
    ann, ben = guild
    for number in range(4):
        ann.say("\n".join([f"departure {number}", *["."] * 30]))
        expect(ann.message(f"departure {number}")).to_be_attached()
    ann.message("departure 1").scroll_into_view_if_needed()
    ann.page.get_by_role("log").evaluate("pane => pane.scrollTop = pane.scrollHeight / 3")
    expect(ann.page.get_by_role("button", name="To the present")).to_be_visible()
    before = ann.message("departure 2").bounding_box()
    ben.say("Something new")
    expect(ann.message("Something new")).to_be_attached()
    assert ann.message("departure 2").bounding_box() == before


def test_the_form_says_what_is_wrong_where_it_is_wrong(server: Server, people: list[Person]) -> None:
    page = people[0].page
    page.goto(f"{server.url}/login")
    page.get_by_label("Username").fill("nobody")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Username")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("Login or password is invalid.").first).to_be_visible()


def test_one_sees_who_is_here(guild: list[Person]) -> None:
    ann, ben = guild
    of_ben = ann.page.get_by_label("Member list").get_by_role("listitem").filter(has_text="ben")
    expect(of_ben.get_by_role("img", name="online")).to_be_visible()
    ben.page.reload()
    expect(ben.composer).to_be_visible()
    ben.open("about:blank")
    expect(of_ben.get_by_role("img", name="offline")).to_be_visible()
    expect(ann.page.get_by_label("Member list")).to_contain_text("Offline 1")
    _has_no_barrier(ann.page)


def test_who_signs_out_is_out(server: Server, people: list[Person]) -> None:
    ann = people[0]
    ann.open(f"{server.url}/register")
    ann.register("ann")
    ann.create_guild("Platform nine")
    token = ann.page.evaluate("localStorage.getItem('token')")
    ann.page.get_by_label("Account menu").click()
    ann.page.get_by_role("menuitem", name="Sign out").click()
    expect(ann.page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert httpx.get(f"{server.api}/users/@me", headers={"Authorization": token}).status_code == 401
    ann.page.reload()
    expect(ann.page.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_can_be_used_by_everybody(server: Server, people: list[Person], scheme: str) -> None:
    ann = people[0]
    ann.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    ann.open(f"{server.url}/register")
    _has_no_barrier(ann.page)
    ann.register("ann")
    expect(ann.page.get_by_role("heading", name="You are not in a guild yet")).to_be_visible()
    _has_no_barrier(ann.page)
    ann.create_guild("Platform nine")
    ann.say("`code`, a [link](https://example.org/), ||a spoiler|| and\n> a quote")
    expect(ann.messages).to_have_count(1)
    ann.messages.hover()
    _has_no_barrier(ann.page)
    ann.act(ann.messages, "Delete")
    _has_no_barrier(ann.page)
    ann.page.keyboard.press("Escape")
    ann.page.get_by_label("Guild menu").click()
    ann.page.set_viewport_size({"width": NARROW, "height": 844})
    _has_no_barrier(ann.page)
    ann.page.get_by_label("Back to the channels").click()
    _has_no_barrier(ann.page)


def _has_no_barrier(page: Page) -> None:
    """Axe finds nothing wrong, and nothing is cut off at the side."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run().then(({violations}) => violations)")
    assert not [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
