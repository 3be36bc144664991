"""What one wants to hear in the app: mutes, notifications, and being seen as away."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.journeys.app import Person, has_no_barrier
from tests.journeys.server import Server

pytestmark = pytest.mark.slow

# The desktop that notifications go to, and a reader who looks at it: a browser without a screen has neither.
DESKTOP = """
    window.told = [];
    window.Notification = class { constructor(title, { body }) { window.told.push(`${title}: ${body}`); } close() {} };
    Notification.permission = "granted";
    Notification.requestPermission = async () => "granted";
    document.hasFocus = () => false;
"""


def make_channel(server: Server, person: Person, name: str) -> None:
    """Another channel of the guild that somebody stands in."""
    guild = person.page.url.split("/")[-2]
    headers = {"Authorization": person.token}
    httpx.post(f"{server.api}/guilds/{guild}/channels", json={"name": name}, headers=headers).raise_for_status()
    expect(person.page.get_by_role("link", name=name)).to_be_visible()


def channel(page: Page, name: str) -> None:
    """Go there."""
    page.get_by_role("link", name=re.compile(f"^{name}")).click()
    expect(page.get_by_label(f"Message in {name}")).to_be_visible()


def test_a_muted_channel_shows_nothing_new_until_its_time_is_over(server: Server, met: list[Person]) -> None:
    ann, ben = met
    make_channel(server, ann, "sidings")
    ben.page.clock.install()
    ben.page.reload()
    tab = ben.page.context.new_page()
    tab.goto(ben.page.url)
    ben.page.get_by_role("button", name="Notifications", exact=True).click()
    card = ben.page.get_by_role("dialog", name="What you hear of general")
    card.get_by_label("Mute for").select_option("1 hour")
    card.get_by_role("button", name="Mute").click()
    expect(card.get_by_role("status")).to_contain_text("Muted until")
    has_no_barrier(ben.page)
    ben.page.keyboard.press("Escape")
    for page in (ben.page, tab):
        channel(page, "sidings")
    ann.say("Nothing that concerns anybody, @everyone")
    ann.say("And you, ben?")
    for page in (ben.page, tab):
        expect(page.get_by_role("link", name="general")).to_have_accessible_name("general muted")
    ann.composer.press_sequentially("Yes, you: @be")
    expect(ann.page.get_by_role("option", name="ben")).to_be_visible()
    ann.composer.press("Enter")
    ann.composer.press("Enter")
    for page in (ben.page, tab):
        expect(page.get_by_role("link", name="general")).to_have_accessible_name("general muted , 1 mention")
    ben.page.clock.fast_forward("01:00:01")
    expect(ben.page.get_by_role("link", name="general")).to_have_accessible_name("general , 1 mention")
    tab.close()


def test_a_guild_is_heard_as_one_likes(server: Server, met: list[Person]) -> None:
    ann, ben = met
    make_channel(server, ann, "sidings")
    channel(ben.page, "sidings")
    ben.choose("Guild menu", "Notifications")
    dialog = ben.page.get_by_role("dialog", name="What you hear of Platform nine")
    dialog.get_by_label("@everyone and @here").check()
    dialog.get_by_label("Only what calls you").check()
    has_no_barrier(ben.page)
    ben.page.keyboard.press("Escape")
    ann.say("All aboard, @everyone")
    general = ben.page.get_by_role("link", name="general")
    expect(general).to_have_accessible_name("general , new messages")
    ben.choose("Guild menu", "Notifications")
    dialog.get_by_label("Mute for").select_option("Until you unmute it")
    dialog.get_by_role("button", name="Mute").click()
    expect(dialog.get_by_role("status")).to_have_text("Muted until you unmute it.")
    ben.page.reload()
    expect(general).to_have_accessible_name("general muted")
    ben.choose("Guild menu", "Notifications")
    expect(dialog.get_by_label("Only what calls you")).to_be_checked()
    dialog.get_by_role("button", name="Unmute").click()
    ben.page.keyboard.press("Escape")
    expect(general).to_have_accessible_name("general , new messages")


def test_one_is_told_of_what_one_wants_to_hear_and_where_the_title_counts_it(server: Server, met: list[Person]) -> None:
    ann, ben = met
    make_channel(server, ann, "sidings")
    ben.page.add_init_script(DESKTOP)
    ben.page.reload()
    channel(ben.page, "sidings")
    ben.choose("Account menu", "Settings")
    settings = ben.page.get_by_role("dialog", name="Settings")
    settings.get_by_role("button", name="Notifications").click()
    settings.get_by_label("Notify me").check()
    has_no_barrier(ben.page)
    ben.page.keyboard.press("Escape")
    ben.choose("Guild menu", "Notifications")
    ben.page.get_by_role("dialog").get_by_label("Only what calls you").check()
    ben.page.keyboard.press("Escape")
    ann.say("For nobody")
    ann.say("For all, @everyone")
    expect(ben.page).to_have_title("(1) sidings · Derailed")
    told = "told => window.told.join('; ')"
    assert ben.page.evaluate(told) == "ann · #general: For all, @everyone"


def test_who_touches_nothing_for_ten_minutes_is_seen_as_idle(met: list[Person]) -> None:
    ann, ben = met
    ben.page.clock.install()
    ben.page.reload()
    of_ben = ann.page.get_by_label("Member list").get_by_role("listitem").filter(has_text="ben")
    expect(ben.composer).to_be_visible()
    expect(of_ben.get_by_role("img", name="online")).to_be_visible()
    ben.page.clock.fast_forward("10:01")
    expect(of_ben.get_by_role("img", name="idle")).to_be_visible()
    ben.composer.press("a")
    expect(of_ben.get_by_role("img", name="online")).to_be_visible()
