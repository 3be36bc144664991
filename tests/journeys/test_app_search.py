"""Searching in the app for what was said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.journeys.app import Person, has_no_barrier
from tests.journeys.people import Account
from tests.journeys.server import Server, until

pytestmark = pytest.mark.slow


def test_what_was_said_is_found_by_words_author_kind_day_and_channel(server: Server, met: list[Person]) -> None:
    ann, ben = met
    guild, general = (int(part) for part in ann.page.url.split("/")[-2:])
    with Account(server, ann.token) as of_ann, Account(server, ben.token) as of_ben:
        sidings = int(of_ann.call("POST", f"/guilds/{guild}/channels", {"name": "sidings"})["id"])
        of_ann.send(general, "The express to the coast is late")
        for number in range(60):
            of_ann.send(general, f"number {number}")
        of_ben.send(general, "The express is never late, see https://example.org/times")
        of_ben.send(sidings, "An express without passengers")
        found = f"/guilds/{guild}/messages/search?content=express"
        until(lambda: of_ann.call("GET", found)["total_results"] == 3, "what was said can be searched for")
    ann.page.get_by_role("button", name="Search", exact=True).click()
    pane = ann.page.get_by_role("complementary", name="Search")
    search = pane.get_by_role("button", name="Search", exact=True)
    results = pane.get_by_role("button", name="Jump")
    pane.get_by_label("Search messages").fill("express")
    pane.get_by_label("Search messages").press("Enter")
    expect(pane.get_by_role("status")).to_have_text("3 messages")
    expect(results).to_have_count(3)
    has_no_barrier(ann.page)
    pane.get_by_label("From").select_option("ben")
    search.click()
    expect(results).to_have_count(2)
    pane.get_by_label("With").select_option("A link")
    search.click()
    expect(results).to_have_count(1)
    expect(pane).to_contain_text("never late")
    pane.get_by_label("With").select_option("Anything")
    pane.get_by_label("Only in this channel").check()
    pane.get_by_label("From").select_option("Anybody")
    search.click()
    expect(results).to_have_count(2)
    tomorrow = datetime.now(UTC) + timedelta(days=2)
    pane.get_by_label("After").fill(tomorrow.strftime("%Y-%m-%d"))
    search.click()
    expect(pane.get_by_role("status")).to_contain_text("Nothing was found")
    pane.get_by_label("After").fill("")
    pane.get_by_label("From").select_option("ann")
    search.click()
    expect(results).to_have_count(1)
    results.click()
    expect(ann.message("The express to the coast is late")).to_be_in_viewport()


def test_what_was_found_in_a_conversation_is_gone_to_again_and_again(server: Server, met: list[Person]) -> None:
    ann, ben = met
    with Account(server, ann.token) as of_ann, Account(server, ben.token) as of_ben:
        channel = int(of_ann.call("POST", "/users/@me/channels", {"recipient_id": str(of_ben.id)})["id"])
        of_ben.send(channel, "The key is under the third lamp")
        for number in range(160):
            of_ann.send(channel, f"number {number}")
        found = f"/channels/{channel}/messages/search?content=lamp"
        until(lambda: of_ann.call("GET", found)["total_results"] == 1, "what was said can be searched for")
    ann.open(f"{server.url}/channels/@me/{channel}")
    ben.open(f"{server.url}/channels/@me/{channel}")
    expect(ann.message("number 159")).to_be_in_viewport()
    ann.page.keyboard.press("Control+f")
    pane = ann.page.get_by_role("complementary", name="Search")
    pane.get_by_label("Search messages").fill("lamp")
    pane.get_by_label("Search messages").press("Enter")
    wanted = ann.message("The key is under the third lamp")
    for _ in range(2):
        pane.get_by_role("button", name="Jump").click()
        expect(wanted).to_be_in_viewport()
        ann.page.get_by_role("button", name="To the present").click()
        expect(ann.message("number 159")).to_be_in_viewport()
    pane.get_by_role("button", name="Jump").click()
    expect(wanted).to_be_in_viewport()
    ann.act(wanted, "Reply")
    ann.say("Found it")
    expect(ann.message("Found it").locator(".answered")).to_contain_text("The key is under the third lamp")
    expect(ben.message("Found it")).to_be_in_viewport()


def test_what_was_found_stays_while_one_goes_from_channel_to_channel(server: Server, met: list[Person]) -> None:
    ann, ben = met
    guild, general = (int(part) for part in ann.page.url.split("/")[-2:])
    with Account(server, ann.token) as of_ann, Account(server, ben.token) as of_ben:
        sidings = int(of_ann.call("POST", f"/guilds/{guild}/channels", {"name": "sidings"})["id"])
        of_ben.send(general, "The express stops here")
        of_ann.send(sidings, "An express without passengers")
        found = f"/guilds/{guild}/messages/search?content=express"
        until(lambda: of_ann.call("GET", found)["total_results"] == 2, "what was said can be searched for")
    ann.page.keyboard.press("Control+f")
    pane = ann.page.get_by_role("complementary", name="Search")
    pane.get_by_label("Search messages").fill("express")
    pane.get_by_label("Search messages").press("Enter")
    for text, name in (("without passengers", "sidings"), ("stops here", "general")):
        pane.get_by_role("article").filter(has_text=text).get_by_role("button", name="Jump").click()
        expect(ann.page.get_by_label(f"Message in {name}")).to_be_visible()
        expect(ann.message(text)).to_be_in_viewport()
        expect(pane.get_by_role("status")).to_have_text("2 messages")
