"""A guild's settings in the app, changed by one person and seen by another."""

from __future__ import annotations

import re

import httpx
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
    ben.create_channel("sidings")
    expect(ann.page.get_by_role("link", name="sidings")).to_be_visible()


def test_channels_are_put_in_order_by_dragging_and_by_keys(met: list[Person]) -> None:
    ann, ben = met
    for name in ("arrivals", "departures"):
        ann.create_channel(name)
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
    ann.page.keyboard.press("Escape")
    for name in ("Hall", "Yard"):
        ann.choose("Guild menu", "Create category")
        ann.page.get_by_role("dialog").get_by_label("Name").fill(name)
        ann.page.get_by_role("dialog").get_by_role("button", name="Create category").click()
        expect(ben.page.get_by_role("heading", name=name)).to_be_visible()
    settings(ann, "Channels")
    rows.filter(has_text="general").drag_to(rows.filter(has_text="Hall"))
    listed = ben.page.get_by_label("Channels of Platform nine").locator("h3, a")
    expect(listed).to_have_text([re.compile(name) for name in ("departures", "arrivals", "Hall", "general", "Yard")])
    rows.filter(has_text="Yard").drag_to(rows.filter(has_text="Hall"))
    expect(listed).to_have_text([re.compile(name) for name in ("departures", "arrivals", "Yard", "Hall", "general")])


def test_who_loses_sight_of_a_channel_is_told_and_goes_somewhere_sensible(met: list[Person]) -> None:
    ann, ben = met
    ann.create_channel("signals")
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
    link = ann.invite()
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
    invites = dialog.get_by_role("button", name="Revoke")
    expect(invites).to_have_count(2)
    invites.first.click()
    expect(invites).to_have_count(1)
    invites.click()
    expect(dialog).to_contain_text("There are no invites.")
    ben.open(link)
    expect(ben.page.get_by_role("heading", name="This invite is not valid")).to_be_visible()
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


def test_who_may_not_kick_is_not_offered_to_and_who_is_kicked_is_told(met: list[Person]) -> None:
    ann, ben = met
    ben.page.get_by_label("Member list").get_by_role("button", name="ann").click()
    card = ben.page.get_by_role("dialog", name="Profile of ann")
    expect(card.get_by_role("button", name="Message", exact=True)).to_be_visible()
    for verb in ("Time out", "Kick", "Ban", "Change nickname"):
        expect(card.get_by_role("button", name=verb)).to_have_count(0)
    expect(card.get_by_label("Add role")).to_have_count(0)
    ann.page.get_by_label("Member list").get_by_role("button", name="ben").click()
    ann.page.get_by_role("dialog").get_by_role("button", name="Kick").click()
    ask = ann.page.get_by_role("dialog", name="Kick ben")
    ask.get_by_label("Reason").fill("Put his feet on the seat")
    ask.get_by_role("button", name="Kick").click()
    expect(ben.page.get_by_text("You are not in that guild.")).to_be_visible()
    expect(ann.page.get_by_label("Member list")).not_to_contain_text("ben")


def test_who_leaves_is_gone_for_the_others_and_may_come_back_by_a_link(met: list[Person]) -> None:
    ann, ben = met
    link = ann.invite()
    ann.page.get_by_label("Guild menu", exact=True).click()
    expect(ann.page.get_by_role("menuitem", name="Guild settings")).to_be_visible()
    expect(ann.page.get_by_role("menuitem", name="Leave guild")).to_have_count(0)
    ann.page.keyboard.press("Escape")
    ben.say("Farewell")
    expect(ann.message("Farewell")).to_be_visible()
    ben.choose("Guild menu", "Leave guild")
    ask = ben.page.get_by_role("dialog", name="Leave Platform nine")
    has_no_barrier(ben.page)
    ask.get_by_role("button", name="Cancel").click()
    expect(ben.composer).to_be_visible()
    ben.choose("Guild menu", "Leave guild")
    ask.get_by_role("button", name="Leave guild").click()
    expect(ben.page.get_by_role("heading", name="You are not in a guild yet").first).to_be_visible()
    expect(ben.page.get_by_text("You are not in that guild.")).to_have_count(0)
    expect(ben.page.get_by_label("Guilds").get_by_role("link", name="Platform nine")).to_have_count(0)
    expect(ann.page.get_by_label("Member list")).not_to_contain_text("ben")
    expect(ann.message("Farewell")).to_be_visible()
    ben.open(link)
    expect(ben.page.get_by_role("heading", name="Join Platform nine")).to_be_visible()
    expect(ben.page.get_by_text("ann invites you.")).to_contain_text("1 member. 1 person online.")
    has_no_barrier(ben.page)
    ben.page.get_by_role("button", name="Join guild").click()
    expect(ben.message("Farewell")).to_be_visible()
    expect(ann.page.get_by_label("Member list")).to_contain_text("ben")


def test_an_emoji_is_uploaded_and_used_by_somebody_else(met: list[Person]) -> None:
    ann, ben = met
    ann.say("Is the line clear?")
    dialog = settings(ann, "Emoji")
    expect(dialog).to_contain_text("There are no emoji yet.")
    dialog.locator("input[type=file]").set_input_files(
        {"name": "green lamp.png", "mimeType": "image/png", "buffer": picture(64, 64)}
    )
    own = dialog.get_by_role("group", name="Emoji").get_by_role("listitem")
    expect(own.get_by_label("Name")).to_have_value("green_lamp")
    has_no_barrier(ann.page)
    own.get_by_label("Name").fill("clear")
    own.get_by_label("Name").press("Tab")
    ben.act(ben.message("Is the line clear?"), "React")
    ben.page.get_by_role("button", name=":clear:").click()
    ben.composer.press_sequentially(":clea")
    expect(ben.page.get_by_role("option", name="clear").first).to_be_visible()
    ben.composer.press("Enter")
    ben.composer.press_sequentially("as day")
    ben.composer.press("Enter")
    ann.page.keyboard.press("Escape")
    expect(ann.page.get_by_role("button", name="clear, 1").locator("img")).to_be_visible()
    expect(ann.message("as day").locator("img[src^='/emojis/']")).to_be_visible()
    dialog = settings(ann, "Emoji")
    dialog.get_by_role("button", name="Delete clear").click()
    expect(dialog).to_contain_text("There are no emoji yet.")
    ben.act(ben.message("Is the line clear?"), "React")
    expect(ben.page.get_by_role("button", name="React with 👍")).to_be_visible()
    expect(ben.page.get_by_role("button", name=":clear:", exact=True)).to_have_count(0)


def test_what_a_program_posts_by_a_webhook_is_shown_with_its_card(met: list[Person]) -> None:
    ann, _ = met
    # As in a browser that came over plain HTTP from another machine.
    ann.page.add_init_script("Object.defineProperty(Navigator.prototype, 'clipboard', { get: () => undefined })")
    ann.page.reload()
    expect(ann.composer).to_be_visible()
    dialog = settings(ann, "Webhooks")
    dialog.get_by_role("button", name="Create webhook").click()
    dialog.get_by_role("button", name="Copy address").click()
    expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
    dialog.get_by_label("Name", exact=True).fill("Departures board")
    dialog.get_by_label("Name", exact=True).press("Tab")
    expect(dialog.get_by_role("group", name="Departures board")).to_be_visible()
    ann.page.keyboard.press("Escape")
    ann.composer.press("Control+v")
    expect(ann.composer).to_have_value(re.compile("/webhooks/"))
    card = {
        "title": "The 7:42",
        "url": "https://example.org/742",
        "description": "leaves from **platform seven**",
        "color": 0x206694,
        "fields": [{"name": "Delay", "value": "6 minutes", "inline": True}],
        "footer": {"text": "as of now"},
    }
    body = {"content": "News", "embeds": [card]}
    httpx.post(ann.composer.input_value(), json=body, timeout=30).raise_for_status()
    for person in met:
        told = person.message("News")
        expect(told).to_contain_text("Departures board")
        expect(told.get_by_role("link", name="The 7:42")).to_have_attribute("href", "https://example.org/742")
        expect(told.locator("strong")).to_have_text("platform seven")
        expect(told.get_by_role("definition")).to_have_text("6 minutes")
        has_no_barrier(person.page)
