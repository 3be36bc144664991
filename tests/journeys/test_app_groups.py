"""Groups of friends in the app: made, named, given a picture, and left."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.journeys.app import Person, has_no_barrier
from tests.journeys.people import Account, register
from tests.journeys.server import Server
from tests.journeys.test_app_talk import picture

pytestmark = pytest.mark.slow


def befriend(one: Account, other: Account) -> None:
    """They are friends from now on."""
    one.call("PUT", f"/users/@me/relationships/{other.id}", {})
    other.call("PUT", f"/users/@me/relationships/{one.id}", {})


def test_a_group_is_made_named_and_left(server: Server, met: list[Person]) -> None:
    ann, ben = met
    with Account(server, ann.token) as of_ann, Account(server, ben.token) as of_ben, register(server, "cleo") as cleo:
        befriend(of_ann, of_ben)
        cleo.call("POST", "/users/@me/relationships", {"username": "ann", "discriminator": None})
        of_ann.call("PUT", f"/users/@me/relationships/{cleo.id}", {})
    ann.page.get_by_label("Guilds").get_by_role("link").first.click()
    ann.page.get_by_role("button", name="New group").first.click()
    ask = ann.page.get_by_role("dialog", name="Start a group")
    for name in ("ben", "cleo"):
        ask.get_by_role("checkbox", name=name).check()
    has_no_barrier(ann.page)
    ask.get_by_role("button", name="Start group").click()
    expect(ann.composer).to_be_visible()
    ann.say("Who comes along?")
    ben.page.get_by_label("Guilds").get_by_role("link").first.click()
    talks = ben.page.get_by_role("navigation", name="Direct messages")
    talks.get_by_role("link", name="ann, cleo").click()
    expect(ben.message("Who comes along?")).to_be_visible()
    ann.page.get_by_role("button", name="Group", exact=True).click()
    dialog = ann.page.get_by_role("dialog", name="Group")
    dialog.get_by_label("Name").fill("Night train")
    dialog.locator("input[type=file]").set_input_files(
        {"name": "train.png", "mimeType": "image/png", "buffer": picture(64, 64)}
    )
    has_no_barrier(ann.page)
    dialog.get_by_role("button", name="Save changes").click()
    expect(ben.page.get_by_role("heading", name="Night train").first).to_be_visible()
    expect(talks.locator("img[src^='/channel-icons/']")).to_be_visible()
    dialog.get_by_role("button", name="Remove cleo from the group").click()
    expect(dialog.get_by_role("listitem")).to_have_count(1)
    ann.page.keyboard.press("Escape")
    ben.page.get_by_role("button", name="Group", exact=True).click()
    ben.page.get_by_role("dialog", name="Group").get_by_role("button", name="Leave group").click()
    expect(talks.get_by_role("link", name="Night train")).to_have_count(0)
    expect(ann.page.get_by_label("Member list").get_by_role("listitem")).to_have_count(1)
