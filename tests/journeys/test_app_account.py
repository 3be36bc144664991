"""One's own account, and the developers' corner."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.app import PASSWORD, Person, has_no_barrier, person
from tests.journeys.server import Server, until
from tests.journeys.test_app_talk import picture

pytestmark = pytest.mark.slow


def test_one_changes_name_and_picture_and_others_see_it(met: list[Person]) -> None:
    ann, ben = met
    ann.say("It is me")
    ann.choose("Account menu", "Settings")
    dialog = ann.page.get_by_role("dialog", name="Settings")
    dialog.get_by_label("Display name").fill("Ann of the Signal Box")
    dialog.locator("input[type=file]").set_input_files(
        {"name": "me.png", "mimeType": "image/png", "buffer": picture(64, 64)}
    )
    has_no_barrier(ann.page)
    dialog.get_by_role("button", name="Save changes").click()
    expect(ben.message("It is me")).to_contain_text("Ann of the Signal Box")
    members = ben.page.get_by_label("Member list")
    expect(members.locator("img[src^='/avatars/']")).to_be_visible()
    dialog.get_by_role("button", name="Account", exact=True).click()
    form = dialog.locator("form").first
    form.get_by_label("Username").fill("ann_of_the_box")
    form.get_by_label("Current password").fill(PASSWORD)
    form.get_by_role("button", name="Change username").click()
    expect(dialog).to_contain_text("Your username is changed.")
    members.get_by_role("button", name="Ann of the Signal Box").click()
    expect(ben.page.get_by_role("dialog")).to_contain_text("ann_of_the_box")


def test_a_new_password_keeps_one_here_and_ends_the_old_token(server: Server, met: list[Person]) -> None:
    ann, _ = met
    before = ann.token
    ann.choose("Account menu", "Settings")
    dialog = ann.page.get_by_role("dialog", name="Settings")
    dialog.get_by_role("button", name="Account", exact=True).click()
    form = dialog.locator("form").last
    form.get_by_label("Current password").fill("not this one")
    form.get_by_label("New password").fill("staple of batteries")
    form.get_by_role("button", name="Change password").click()
    expect(form.get_by_label("Current password")).to_have_attribute("aria-invalid", "true")
    form.get_by_label("Current password").fill(PASSWORD)
    has_no_barrier(ann.page)
    form.get_by_role("button", name="Change password").click()
    expect(ann.composer).to_be_visible()
    until(lambda: ann.token != before, "the new token is kept")
    assert httpx.get(f"{server.api}/users/@me", headers={"Authorization": before}).status_code == 401
    ann.say("Still here")
    expect(ann.message("Still here")).to_be_visible()


def test_a_password_is_rated_and_can_be_looked_at_and_a_name_is_taken_once(
    server: Server, people: list[Person]
) -> None:
    ann, other = people
    ann.open(f"{server.url}/register")
    ann.register("ann")
    expect(ann.page.get_by_label("Account menu")).to_be_visible()
    page = other.page
    page.goto(f"{server.url}/register")
    password = page.get_by_label("Password", exact=True)
    for text, rating in (("short", "Too short"), ("12345678", "Weak"), ("seven trains at noon", "Strong")):
        password.fill(text)
        expect(page.get_by_label("Password strength")).to_contain_text(rating)
    page.get_by_role("button", name="Show password").click()
    expect(password).to_have_attribute("type", "text")
    password.fill("")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_label("Username")).to_be_focused()
    expect(page.get_by_label("Username")).to_have_attribute("aria-invalid", "true")
    has_no_barrier(page)
    other.register("ann")
    expect(page.get_by_label("Username")).to_be_focused()
    expect(page.get_by_label("Username")).to_have_accessible_description(re.compile("taken"))
    other.register("anna")
    expect(page.get_by_label("Account menu")).to_be_visible()


def test_a_developer_makes_a_bot_and_brings_it_into_a_guild(server: Server, met: list[Person]) -> None:
    ann, ben = met
    ann.choose("Account menu", "Developers")
    dialog = ann.page.get_by_role("dialog", name="Developers")
    dialog.get_by_role("button", name="Create application").click()
    ask = ann.page.get_by_role("dialog", name="Create an application")
    ask.get_by_label("Name").fill("Porter")
    ask.get_by_role("button", name="Create application").click()
    dialog.get_by_role("button", name="Reset token").click()
    ann.page.get_by_role("dialog", name="Reset the token").get_by_role("button", name="Reset token").click()
    token = dialog.locator(".token code").inner_text()
    dialog.get_by_label("Guild", exact=True).select_option("Platform nine")
    dialog.get_by_role("button", name="Add bot").click()
    expect(dialog).to_contain_text("Porter is in Platform nine now.")
    intents = dialog.locator("details").filter(has_text="Intents")
    intents.locator("summary").click()
    every = int(intents.locator("code").inner_text())
    intents.get_by_label("Presences").uncheck()
    expect(intents.locator("code")).to_have_text(str(every - (1 << 8)))
    has_no_barrier(ann.page)
    answer = httpx.get(f"{server.api}/users/@me", headers={"Authorization": f"Bot {token}"})
    assert answer.json()["username"].lower() == "porter"
    expect(ben.page.get_by_label("Member list")).to_contain_text(re.compile("porter", re.IGNORECASE))
    ann.page.keyboard.press("Escape")
    ann.choose("Guild menu", "Guild settings")
    settings = ann.page.get_by_role("dialog", name="Platform nine")
    settings.get_by_role("button", name="Bots", exact=True).click()
    expect(settings.get_by_role("group", name="Bots").get_by_role("listitem")).to_contain_text(
        re.compile("porter", re.IGNORECASE)
    )


def test_the_frames_of_ones_own_session_are_shown_without_its_token(met: list[Person]) -> None:
    ann, ben = met
    ann.choose("Account menu", "Developers")
    dialog = ann.page.get_by_role("dialog", name="Developers")
    dialog.get_by_role("button", name="Gateway frames").click()
    frames = dialog.get_by_role("list", name="Gateway frames")
    dialog.get_by_label("Filter").fill("MESSAGE_CREATE")
    ben.say("Can you see me?")
    expect(frames.get_by_role("button").first).to_contain_text("MESSAGE_CREATE")
    frames.get_by_role("button").first.click()
    expect(frames.locator("pre")).to_contain_text("Can you see me?")
    has_no_barrier(ann.page)
    dialog.get_by_role("button", name="Pause").click()
    before = frames.get_by_role("button").count()
    ben.say("And now?")
    expect(ann.message("And now?")).to_be_attached()
    assert frames.get_by_role("button").count() == before
    dialog.get_by_role("button", name="Go on").click()
    expect(frames).to_contain_text("MESSAGE_CREATE")
    assert frames.get_by_role("button").count() > before
    dialog.get_by_label("Filter").fill("op 2")
    frames.get_by_role("button").first.click()
    assert ann.token not in frames.inner_text()


def sign_in(person: Person, server: Server, name: str) -> None:
    """By the form."""
    person.open(f"{server.url}/login")
    person.page.get_by_label("Username").fill(name)
    person.page.get_by_label("Password", exact=True).fill(PASSWORD)
    person.page.get_by_role("button", name="Sign in").click()


FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


def test_one_signs_out_elsewhere_and_then_everywhere(server: Server, people: list[Person], chromium: Browser) -> None:
    here, there = people[0], person(chromium, FIREFOX)
    here.open(f"{server.url}/register")
    here.register("ann")
    expect(here.page.get_by_label("Account menu")).to_be_visible()
    sign_in(there, server, "ann")
    expect(there.page.get_by_label("Account menu")).to_be_visible()
    before = there.token
    here.choose("Account menu", "Settings")
    dialog = here.page.get_by_role("dialog", name="Settings")
    dialog.get_by_role("button", name="Sessions").click()
    sessions = dialog.get_by_role("group", name="Sessions").get_by_role("listitem")
    expect(sessions).to_have_count(2)
    expect(sessions.first).to_contain_text("This session")
    expect(sessions.filter(has_text="Firefox")).not_to_contain_text("This session")
    has_no_barrier(here.page)
    sessions.first.get_by_role("button", name="Sign out here").click()
    ask = here.page.get_by_role("dialog", name="Sign out here")
    expect(ask).to_contain_text("This is where you are now.")
    ask.get_by_role("button", name="Cancel").click()
    sessions.filter(has_text="Firefox").get_by_role("button", name="Sign out").click()
    here.page.get_by_role("dialog", name="Sign out").get_by_role("button", name="Sign out").click()
    expect(there.page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert httpx.get(f"{server.api}/users/@me", headers={"Authorization": before}).status_code == 401
    expect(sessions).to_have_count(1)
    sign_in(there, server, "ann")
    expect(there.page.get_by_label("Account menu")).to_be_visible()
    dialog.get_by_role("button", name="Profile").click()
    dialog.get_by_role("button", name="Sessions").click()
    expect(sessions).to_have_count(2)
    dialog.get_by_role("button", name="Sign out all others").click()
    here.page.get_by_role("dialog", name="Sign out all others").get_by_role(
        "button", name="Sign out all others"
    ).click()
    expect(there.page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(sessions).to_have_count(1)
    expect(sessions).to_contain_text("This session")
    sign_in(there, server, "ann")
    expect(there.page.get_by_label("Account menu")).to_be_visible()
    remembered = there.page.context.new_page()
    there.page.close()
    remembered.goto(server.url)
    expect(remembered.get_by_label("Account menu")).to_be_visible()
    dialog.get_by_role("button", name="Sign out everywhere").click()
    ask = here.page.get_by_role("dialog", name="Sign out everywhere")
    ask.get_by_role("button", name="Sign out everywhere").click()
    for page in (here.page, remembered):
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    remembered.context.close()
    assert not there.complaints
