"""A guild's settings in the app, changed by one person and seen by another."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.journeys.app import Person, has_no_barrier
from tests.journeys.test_app_talk import picture

pytestmark = pytest.mark.slow


def settings(person: Person, tab: str) -> Locator:
    """The guild's settings, at one of their pages."""
    person.choose("Guild menu", "Guild settings")
    dialog = person.page.get_by_role("dialog", name="Platform nine")
    dialog.get_by_role("button", name=tab, exact=True).click()
    return dialog


def test_a_guild_gets_another_name_and_a_picture(met: list[Person]) -> None:
    ann, ben = met
    dialog = settings(ann, "Overview")
    dialog.get_by_label("Name", exact=True).fill("Platform ten")
    dialog.locator("input[type=file]").set_input_files(
        {"name": "icon.png", "mimeType": "image/png", "buffer": picture(64, 64)}
    )
    has_no_barrier(ann.page)
    dialog.get_by_role("button", name="Save changes").click()
    expect(ben.page.get_by_role("heading", name="Platform ten")).to_be_visible()
    expect(ben.page.get_by_label("Guilds").locator("img")).to_have_attribute("src", re.compile("^/icons/"))
    expect(dialog.get_by_role("button", name="Save changes")).to_be_hidden()


def test_a_role_is_made_given_and_changes_what_one_sees(met: list[Person]) -> None:
    ann, ben = met
    dialog = settings(ann, "Roles")
    dialog.get_by_role("button", name="Create role").click()
    dialog.get_by_label("Name", exact=True).fill("Signal box")
    dialog.get_by_role("button", name="#206694").click()
    dialog.get_by_label("Show its members apart in the list").check()
    dialog.get_by_label("Manage channels").check()
    has_no_barrier(ann.page)
    dialog.get_by_role("button", name="Save changes").click()
    expect(dialog.get_by_role("button", name="Save changes")).to_be_hidden()
    ann.page.keyboard.press("Escape")
    ann.page.get_by_label("Member list").get_by_role("button", name="ben").click()
    card = ann.page.get_by_role("dialog", name="Profile of ben")
    card.get_by_label("Add role").select_option("Signal box")
    expect(card.get_by_text("Signal box", exact=True).first).to_be_visible()
    expect(ben.page.get_by_label("Member list")).to_contain_text("Signal box 1")
    ben.choose("Guild menu", "Create channel")
    ben.page.get_by_role("dialog").get_by_label("Name").fill("sidings")
    ben.page.get_by_role("dialog").get_by_role("button", name="Create channel").click()
    expect(ann.page.get_by_role("link", name="sidings")).to_be_visible()


def test_channels_are_put_in_order_by_dragging_and_by_keys(met: list[Person]) -> None:
    ann, ben = met
    for name in ("arrivals", "departures"):
        ann.choose("Guild menu", "Create channel")
        ann.page.get_by_role("dialog").get_by_label("Name").fill(name)
        ann.page.get_by_role("dialog").get_by_role("button", name="Create channel").click()
        expect(ann.page.get_by_role("heading", name=name, exact=True).first).to_be_visible()
    order = ben.page.get_by_label("Channels of Platform nine").get_by_role("link")
    expect(order).to_have_text([re.compile("general"), re.compile("arrivals"), re.compile("departures")])
    dialog = settings(ann, "Channels")
    rows = dialog.get_by_role("list", name="Channels").get_by_role("listitem")
    rows.filter(has_text="departures").drag_to(rows.filter(has_text="general"))
    expect(order).to_have_text([re.compile("departures"), re.compile("general"), re.compile("arrivals")])
    rows.filter(has_text="departures").get_by_role("button", name="Move departures").focus()
    ann.page.keyboard.press("Alt+ArrowDown")
    expect(order).to_have_text([re.compile("general"), re.compile("departures"), re.compile("arrivals")])
    has_no_barrier(ann.page)


def test_who_loses_sight_of_a_channel_is_told_and_goes_somewhere_sensible(met: list[Person]) -> None:
    ann, ben = met
    ann.choose("Guild menu", "Create channel")
    ann.page.get_by_role("dialog").get_by_label("Name").fill("signals")
    ann.page.get_by_role("dialog").get_by_role("button", name="Create channel").click()
    ben.page.get_by_role("link", name="signals").click()
    expect(ben.page.get_by_role("heading", name="signals").first).to_be_visible()
    ann.page.get_by_role("link", name="signals").hover()
    ann.page.get_by_role("button", name="Settings of signals").click()
    dialog = ann.page.get_by_role("dialog", name="#signals")
    dialog.get_by_role("button", name="Permissions", exact=True).click()
    has_no_barrier(ann.page)
    dialog.get_by_role("radiogroup", name="View channels").get_by_role("radio", name="Deny").click()
    expect(ben.page.get_by_text("That channel is gone, or you may no longer see it.")).to_be_visible()
    expect(ben.page.get_by_role("link", name="signals")).to_have_count(0)
    expect(ben.page.get_by_label("Message in general")).to_be_visible()


def test_invites_bans_webhooks_and_the_log(met: list[Person]) -> None:
    ann, ben = met
    ann.page.get_by_label("Member list").get_by_role("button", name="ben").click()
    ann.page.get_by_role("dialog").get_by_role("button", name="Ban").click()
    ask = ann.page.get_by_role("dialog", name="Ban ben")
    ask.get_by_label("Reason").fill("Rode without a ticket")
    ask.get_by_role("button", name="Ban").click()
    expect(ben.page.get_by_text("You are not in that guild.")).to_be_visible()
    expect(ben.page.get_by_role("heading", name="You are not in a guild yet").first).to_be_visible()
    dialog = settings(ann, "Bans")
    expect(dialog).to_contain_text("Rode without a ticket")
    dialog.get_by_role("button", name="Lift ban").click()
    expect(dialog).to_contain_text("Nobody is banned.")
    dialog.get_by_role("button", name="Invites").click()
    dialog.get_by_role("button", name="Revoke").click()
    expect(dialog).to_contain_text("There are no invites.")
    dialog.get_by_role("button", name="Webhooks").click()
    dialog.get_by_role("button", name="Create webhook").click()
    expect(dialog.get_by_role("button", name="Copy address")).to_be_visible()
    has_no_barrier(ann.page)
    dialog.get_by_role("button", name="Audit log").click()
    expect(dialog.get_by_role("listitem").filter(has_text="banned somebody ben")).to_contain_text(
        "Rode without a ticket"
    )
    has_no_barrier(ann.page)


def test_a_time_out_silences_and_says_until_when(met: list[Person]) -> None:
    ann, ben = met
    ann.page.get_by_label("Member list").get_by_role("button", name="ben").click()
    ann.page.get_by_role("dialog").get_by_role("button", name="Time out").click()
    ask = ann.page.get_by_role("dialog", name="Time out ben")
    ask.get_by_role("button", name="Time out").click()
    expect(ben.page.get_by_text("You are timed out until")).to_be_visible()
    expect(ben.composer).to_have_count(0)
    ann.page.get_by_role("dialog").get_by_role("button", name="End time-out").click()
    expect(ben.composer).to_be_visible()
