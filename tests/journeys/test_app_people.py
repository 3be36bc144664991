"""Friends, and what one shows of oneself, in the app."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.journeys.app import Person, has_no_barrier
from tests.journeys.people import Account
from tests.journeys.server import Server

pytestmark = pytest.mark.slow


def friends(person: Person) -> None:
    """To the page of friends."""
    person.page.get_by_label("Guilds").get_by_role("link").first.click()
    expect(person.page.get_by_role("heading", name="Friends", exact=True)).to_be_visible()


def test_two_become_friends_and_cease_to_be(met: list[Person]) -> None:
    ann, ben = met
    friends(ann)
    ann.page.get_by_label("Add friend").fill("nobody_of_that_name")
    ann.page.get_by_role("button", name="Send request").click()
    expect(ann.page.get_by_label("Add friend")).to_have_attribute("aria-invalid", "true")
    ann.page.get_by_label("Add friend").fill("ben")
    ann.page.get_by_role("button", name="Send request").click()
    expect(ann.page.get_by_text("A request was sent to ben.")).to_be_visible()
    has_no_barrier(ann.page)
    friends(ben)
    ben.page.get_by_role("button", name="Pending 1").click()
    has_no_barrier(ben.page)
    ben.page.get_by_role("button", name="Accept").click()
    for person in (ann, ben):
        person.page.get_by_role("button", name="All 1").click()
        expect(person.page.get_by_role("button", name="Remove friend")).to_be_visible()
    ann.page.get_by_role("button", name="Online 1").click()
    expect(ann.page.get_by_role("button", name="online ben")).to_be_visible()
    address = ben.page.url
    ben.open("about:blank")
    expect(ann.page.get_by_text("None of your friends is online.")).to_be_visible()
    ben.open(address)
    expect(ann.page.get_by_role("button", name="online ben")).to_be_visible()
    ben.page.get_by_role("button", name="All 1").click()
    ann.page.get_by_role("button", name="Remove friend").click()
    expect(ben.page.get_by_role("button", name="All 0")).to_be_visible()


def test_a_status_is_chosen_once_and_seen_by_others(met: list[Person]) -> None:
    ann, ben = met
    ann.page.get_by_role("button", name="Set status").click()
    ann.page.get_by_label("Custom status").fill("At the signal box")
    has_no_barrier(ann.page)
    ann.page.get_by_role("dialog").get_by_role("button", name="Set status").click()
    ann.page.get_by_role("button", name="Set status").click()
    ann.page.get_by_role("radio", name="Do not disturb").click()
    of_ann = ben.page.get_by_label("Member list").get_by_role("listitem").filter(has_text="ann")
    expect(of_ann.get_by_role("img", name="do not disturb")).to_be_visible()
    expect(of_ann).to_contain_text("At the signal box")


def test_a_friend_is_named_a_request_declined_and_somebody_blocked(met: list[Person]) -> None:
    ann, ben = met
    for asking, asked in ((ann, ben), (ben, ann)):
        friends(asking)
        name = "ben" if asked is ben else "ann"
        asking.page.get_by_label("Add friend").fill(name)
        asking.page.get_by_role("button", name="Send request").click()
        friends(asked)
        asked.page.get_by_role("button", name="Pending 1").click()
        asked.page.get_by_role("button", name="Decline" if asking is ann else "Accept").click()
        expect(asked.page.get_by_role("button", name="Pending 0")).to_be_visible()
        expect(asking.page.get_by_role("button", name="Pending 0")).to_be_visible()
    ann.page.get_by_role("button", name="All 1").click()
    ann.page.get_by_role("listitem").get_by_role("button", name="online ben").click()
    card = ann.page.get_by_role("dialog", name="Profile of ben")
    card.get_by_role("button", name="Friend nickname").click()
    ann.page.get_by_role("textbox", name="Nickname").fill("Benny")
    ann.page.get_by_role("button", name="Save changes").click()
    expect(card).to_contain_text("Friend nickname: Benny")
    card.get_by_role("button", name="Message", exact=True).click()
    expect(ann.page.get_by_label("Message to Benny")).to_be_visible()
    friends(ann)
    ann.page.get_by_role("button", name="All 1").click()
    ann.page.get_by_role("listitem").get_by_role("button", name="online ben").click()
    card.get_by_role("button", name="Block").click()
    expect(ann.page.get_by_role("button", name="Blocked 1")).to_be_visible()
    expect(ben.page.get_by_role("button", name="All 0")).to_be_visible()
    ann.page.get_by_role("button", name="Blocked 1").click()
    ann.page.get_by_role("listitem").get_by_role("button", name="Unblock").click()
    expect(ann.page.get_by_text("You have blocked nobody.")).to_be_visible()


def test_nothing_is_asked_again_and_again(server: Server, met: list[Person]) -> None:
    ann, ben = met
    sent: list[str] = []
    ann.page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(str(frame))))
    ann.page.clock.install()
    ann.page.reload()
    expect(ann.page.get_by_label("Member list")).to_contain_text("ben")
    for number in range(5):
        ben.say(f"number {number}")
        expect(ann.message(f"number {number}")).to_be_visible()
        ann.page.clock.run_for(1000)
    assert len([frame for frame in sent if frame.startswith('{"op":14')]) <= 2, "the list is followed, and told"
    ben.choose("Guild menu", "Leave guild")
    ben.page.get_by_role("dialog").get_by_role("button", name="Leave guild").click()
    expect(ann.page.get_by_label("Member list")).not_to_contain_text("ben")
    ann.page.locator("[data-message]").get_by_role("button", name="ben", exact=True).first.click()
    card = ann.page.get_by_role("dialog", name="Profile of ben")
    expect(card).to_contain_text("Account since")
    channel = int(ann.page.url.rsplit("/", 1)[1])
    with Account(server, ann.token) as of_ann:
        for number in range(5):
            of_ann.send(channel, f"still {number}")
            expect(ann.message(f"still {number}")).to_be_attached()
    expect(card).to_be_visible()
    assert len([frame for frame in sent if '"user_ids"' in frame]) == 1, "whoever has left is looked for once"
