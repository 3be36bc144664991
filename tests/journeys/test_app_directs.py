"""Conversations outside of guilds in the app, and what is unread, in every tab alike."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.app import Person, has_no_barrier

pytestmark = pytest.mark.slow


def write_to(person: Person, name: str) -> None:
    """Open the conversation with somebody from their card."""
    person.page.get_by_label("Member list").get_by_role("button", name=name).click()
    person.page.get_by_role("dialog").get_by_role("button", name="Message", exact=True).click()
    expect(person.page.get_by_label(f"Message to {name}")).to_be_visible()


def test_two_talk_outside_of_guilds_and_one_is_told(met: list[Person]) -> None:
    ann, ben = met
    write_to(ann, "ben")
    ann.say("Between us")
    home = ben.page.get_by_label("Guilds").get_by_role("link").first
    expect(home).to_have_accessible_name("Friends and messages, 1 mention")
    expect(ben.page).to_have_title("(1) general · Derailed")
    home.click()
    ben.page.get_by_label("Direct messages").get_by_role("link", name="ann").click()
    expect(ben.message("Between us")).to_be_visible()
    expect(home).to_have_accessible_name("Friends and messages")
    ben.composer.press_sequentially("Yes")
    expect(ann.page.get_by_text("ben is typing")).to_be_visible()
    ben.composer.press("Enter")
    expect(ann.message("Yes")).to_be_visible()
    has_no_barrier(ann.page)
    ann.page.get_by_role("button", name="Close the conversation with ben").click()
    expect(ann.page.get_by_role("heading", name="Friends", exact=True)).to_be_visible()


def test_what_is_new_is_marked_where_one_left_off_until_one_leaves(met: list[Person]) -> None:
    ann, ben = met
    ann.create_channel("signals")
    expect(ann.page.get_by_label("Message in signals")).to_be_visible()
    tab = ben.page.context.new_page()
    tab.goto(ben.page.url)
    for page in (ben.page, tab):
        page.get_by_role("link", name="signals").click()
        expect(page.get_by_label("Message in signals")).to_be_visible()
    ann.page.get_by_role("link", name="general").click()
    for text in ("First", "Second"):
        ann.say(text)
    for page in (ben.page, tab):
        expect(page.get_by_role("link", name="general")).to_have_accessible_name("general , new messages")
    ben.page.bring_to_front()
    ben.page.get_by_role("link", name="general").click()
    expect(ben.message("Second")).to_be_visible()
    marked = ben.page.locator("[role=separator][aria-label='New messages'], [data-message]:not(.notice)")
    expect(marked).to_have_text([re.compile("New"), re.compile("First"), re.compile("Second")])
    for page in (ben.page, tab):
        expect(page.get_by_role("link", name="general")).to_have_accessible_name("general")
    ann.say("Third")
    expect(ben.message("Third")).to_be_visible()
    expect(ben.page.get_by_role("separator", name="New messages")).to_be_visible()
    ben.page.get_by_role("link", name="signals").click()
    expect(ben.page.get_by_label("Message in signals")).to_be_visible()
    ben.page.get_by_role("link", name="general").click()
    expect(ben.message("Third")).to_be_visible()
    expect(ben.page.get_by_role("separator", name="New messages")).to_have_count(0)
    tab.close()


def test_mentions_are_counted_and_read_in_every_tab(met: list[Person]) -> None:
    ann, ben = met
    ann.create_channel("signals")
    expect(ann.page.get_by_label("Message in signals")).to_be_visible()
    tab = ben.page.context.new_page()
    tab.goto(ben.page.url)
    expect(tab.get_by_role("link", name="signals")).to_be_visible()
    ann.composer.press_sequentially("Hey @be")
    expect(ann.page.get_by_role("option", name="ben")).to_be_visible()
    ann.composer.press("Enter")
    ann.composer.press("Enter")
    for page in (ben.page, tab):
        expect(page.get_by_role("link", name="signals , 1 mention")).to_be_visible()
    ben.page.bring_to_front()
    ben.page.get_by_role("link", name="signals").click()
    expect(ben.message("Hey")).to_be_visible()
    for page in (ben.page, tab):
        expect(page.get_by_role("link", name="signals", exact=True)).to_be_visible()
    ben.message("Hey").hover()
    ben.message("Hey").get_by_role("button", name="Show more").click()
    ben.page.get_by_role("menuitem", name="Mark unread from here").click()
    expect(tab.get_by_role("link", name="signals , 1 mention")).to_be_visible()
