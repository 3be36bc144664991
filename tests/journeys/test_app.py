"""The app in a browser against the shipped server: from an empty database to people who talk."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Route, WebSocketRoute, expect

from tests.journeys.app import PASSWORD, Person, has_no_barrier, meet
from tests.journeys.server import Server, until
from tests.journeys.split import Split

pytestmark = pytest.mark.slow

NARROW = 390
SENDING = re.compile(r"/channels/\d+/messages$")


def test_two_people_meet_by_a_link_and_talk(met: list[Person]) -> None:
    ann, ben = met
    expect(ann.page.get_by_label("Member list")).to_contain_text("ben")
    expect(ann.page.locator(".notice")).to_contain_text("came in.")
    ann.say("The 7:42 is **late**.")
    expect(ben.message("The 7:42 is late.").locator("strong")).to_have_text("late")
    ben.composer.press_sequentially("Than")
    expect(ann.page.get_by_text("ben is typing")).to_be_visible()
    ben.say("Thank you, <@nobody>")
    expect(ann.message("Thank you")).to_be_visible()
    expect(ann.page.get_by_text("ben is typing")).to_be_hidden()
    for person in met:
        expect(person.messages).to_have_count(2)


def test_a_message_is_edited_answered_and_deleted_before_everybodys_eyes(met: list[Person]) -> None:
    ann, ben = met
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


def test_what_is_said_while_one_is_cut_off_arrives_once(server: Server, met: list[Person]) -> None:
    ann, ben = met
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
    for person in met:
        expect(person.messages).to_contain_text(["Before", "Meanwhile", "After"])
        expect(person.messages).to_have_count(3)


def test_what_is_queued_while_the_server_restarts_goes_out_once_and_in_order(server: Server, met: list[Person]) -> None:
    ann, ben = met
    ann.say("Before")
    expect(ben.message("Before")).to_be_visible()
    server.kill()
    names = ("ann", "ben")
    for person, name in zip(met, names, strict=True):
        expect(person.page.get_by_text("Connection lost")).to_be_visible()
        for number in range(3):
            person.say(f"{name} {number}")
        expect(person.page.get_by_text("Goes out when the connection is back.").first).to_be_visible()
    server.start()
    for person in met:
        expect(person.messages).to_have_count(7)
        expect(person.page.get_by_text("Goes out when the connection is back.")).to_have_count(0)
        said = person.messages.locator("p").all_inner_texts()
        for name in names:
            assert [text for text in said if text.startswith(name)] == [f"{name} {number}" for number in range(3)]


def test_a_message_whose_answer_was_lost_is_sent_again_and_there_once(met: list[Person]) -> None:
    ann, ben = met
    sent: list[str | None] = []
    lines: list[WebSocketRoute] = []

    def held_up(line: WebSocketRoute) -> None:
        """Nothing that was said reaches ann on her first line: her own message neither."""
        server = line.connect_to_server()
        if not lines:
            server.on_message(lambda frame: None if '"MESSAGE_CREATE"' in str(frame)[:100] else line.send(frame))
        lines.append(line)

    def lose_the_first_answer(route: Route) -> None:
        sent.append(route.request.post_data)
        if len(sent) > 1:
            return route.continue_()
        route.fetch()
        return route.abort()

    ann.page.route_web_socket(re.compile("/gateway"), held_up)
    ann.page.route(SENDING, lose_the_first_answer)
    ann.page.reload()
    expect(ann.composer).to_be_visible()
    expect(ann.page.get_by_label("Member list")).to_contain_text("ben")
    ann.say("Mind the gap")
    expect(ben.message("Mind the gap")).to_be_visible()
    ann.say("And the doors")
    for person in met:
        expect(person.message("And the doors")).to_be_visible()
        expect(person.messages).to_have_count(2)
    assert sent[0] == sent[1], "it was sent again as it was"
    lines[0].close(code=4000)
    ben.say("I do")
    for person in met:
        expect(person.message("I do")).to_be_visible()
        expect(person.messages).to_have_count(3)
    assert len(sent) == 3


def test_a_message_of_which_the_event_came_and_the_answer_was_lost_is_not_sent_again(met: list[Person]) -> None:
    ann, ben = met
    sent: list[Route] = []

    def keep_the_first_answer(route: Route) -> None:
        sent.append(route)
        if len(sent) > 1:
            return route.continue_()
        route.fetch()
        return None

    ann.page.route(SENDING, keep_the_first_answer)
    ann.say("Mind the gap")
    expect(ann.message("Mind the gap")).to_be_visible()
    ben_sees = ben.message("Mind the gap")
    expect(ben_sees).to_be_visible()
    ann.act(ann.message("Mind the gap"), "Delete")
    ann.page.get_by_role("dialog").get_by_role("button", name="Delete message").click()
    expect(ben_sees).to_have_count(0)
    sent[0].abort()
    ann.say("And the doors")
    for person in met:
        expect(person.message("And the doors")).to_be_visible()
        expect(person.messages).to_have_count(1)
    expect(ann.page.get_by_text("Goes out when the connection is back.")).to_have_count(0)
    assert len(sent) == 2


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


def test_what_people_write_never_becomes_code(met: list[Person]) -> None:
    ann, ben = met
    ann.say("[press](javascript:document.title='had') <img src=x onerror=document.title='had'>")
    ann.say("[elsewhere](https://example.org/)")
    expect(ben.message("press").locator("a, img")).to_have_count(0)
    expect(ben.message("elsewhere").locator("a")).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(ben.page).not_to_have_title("had")


def test_history_scrolls_without_end_and_keeps_its_place(server: Server, met: list[Person]) -> None:
    ann, _ = met
    channel = ann.page.url.rsplit("/", 1)[1]
    with httpx.Client(base_url=server.api, headers={"Authorization": ann.token}) as api:
        for number in range(400):
            api.post(f"/channels/{channel}/messages", json={"content": f"number {number}."}).raise_for_status()
    expect(ann.message("number 399.")).to_be_in_viewport()
    ann.page.reload()
    expect(ann.message("number 399.")).to_be_in_viewport()
    log = ann.page.get_by_role("log")

    def at_the_beginning() -> bool:
        log.evaluate("pane => pane.scrollTop = 0")
        return ann.message("number 0.").count() > 0

    until(at_the_beginning, "the first message is drawn")
    expect(ann.message("number 0.")).to_be_in_viewport()
    assert ann.messages.count() < 120, "what is far from what one sees is not drawn"
    ann.page.get_by_role("button", name="To the present").click()
    expect(ann.message("number 399.")).to_be_in_viewport()


def test_who_wants_no_motion_comes_in_at_the_newest_message_too(met: list[Person]) -> None:
    ann, ben = met
    for number in range(12):
        ann.say("\n".join([f"departure {number}", *["."] * 8]))
    expect(ben.message("departure 11")).to_be_in_viewport()
    ben.page.emulate_media(reduced_motion="reduce")
    ben.page.reload()
    expect(ben.message("departure 11")).to_be_in_viewport()


def test_what_one_reads_stays_where_it_is(met: list[Person]) -> None:
    ann, ben = met
    for number in range(4):
        ann.say("\n".join([f"departure {number}", *["."] * 30]))
        expect(ann.message(f"departure {number}")).to_be_attached()
    log = ann.page.get_by_role("log")
    log.evaluate("pane => pane.scrollTop = pane.scrollHeight / 3")
    expect(ann.page.get_by_role("button", name="To the present")).to_be_visible()
    before = ann.message("departure 2").bounding_box()
    height = log.evaluate("pane => pane.scrollHeight")
    ben.say("Something new")
    until(lambda: log.evaluate("pane => pane.scrollHeight") > height, "the message is there")
    assert ann.message("departure 2").bounding_box() == before


def test_the_form_says_what_is_wrong_where_it_is_wrong(server: Server, people: list[Person]) -> None:
    page = people[0].page
    page.goto(f"{server.url}/login")
    page.get_by_label("Username").fill("nobody")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Username")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("Login or password is invalid.").first).to_be_visible()


def test_one_sees_who_is_here(met: list[Person]) -> None:
    ann, ben = met
    of_ben = ann.page.get_by_label("Member list").get_by_role("listitem").filter(has_text="ben")
    expect(of_ben.get_by_role("img", name="online")).to_be_visible()
    ben.page.reload()
    expect(ben.composer).to_be_visible()
    ben.open("about:blank")
    expect(of_ben.get_by_role("img", name="offline")).to_be_visible()
    expect(ann.page.get_by_label("Member list")).to_contain_text("Offline 1")
    has_no_barrier(ann.page)


def test_who_signs_out_is_out(server: Server, people: list[Person]) -> None:
    ann = people[0]
    ann.open(f"{server.url}/register")
    ann.register("ann")
    ann.create_guild("Platform nine")
    token = ann.token
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
    has_no_barrier(ann.page)
    ann.register("ann")
    expect(ann.page.get_by_role("heading", name="You are not in a guild yet")).to_be_visible()
    has_no_barrier(ann.page)
    ann.create_guild("Platform nine")
    ann.say("`code`, a [link](https://example.org/), ||a spoiler|| and\n> a quote")
    expect(ann.messages).to_have_count(1)
    ann.messages.hover()
    has_no_barrier(ann.page)
    ann.act(ann.messages, "Delete")
    has_no_barrier(ann.page)
    ann.page.keyboard.press("Escape")
    ann.page.get_by_label("Guild menu").click()
    ann.page.set_viewport_size({"width": NARROW, "height": 844})
    has_no_barrier(ann.page)
    ann.page.get_by_label("Back to the channels").click()
    has_no_barrier(ann.page)
