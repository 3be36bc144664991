"""What people do with messages in the app: files, emoji, names completed, pins, drafts, and the past."""

from __future__ import annotations

import re
import struct
import zlib

import httpx
import pytest
from playwright.sync_api import expect

from tests.journeys.app import Person, has_no_barrier
from tests.journeys.server import Server

pytestmark = pytest.mark.slow


def picture(width: int, height: int) -> bytes:
    """A PNG of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\x5a\x78\xa0" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


DROP = """([element, name, type, data]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(data)], name, { type }));
    for (const kind of ["dragenter", "dragover", "drop"])
        element.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""
PASTE = """([element, name, type, data]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(data)], name, { type }));
    element.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true }));
}"""


def test_files_are_dropped_and_pasted_and_seen_in_their_size(met: list[Person]) -> None:
    ann, ben = met
    main = ann.page.locator("main").last.element_handle()
    ann.page.evaluate(DROP, [main, "track.png", "image/png", list(picture(800, 400))])
    ann.page.evaluate(PASTE, [ann.composer.element_handle(), "notes.txt", "text/plain", list(b"mind the gap")])
    expect(ann.page.get_by_label("Files to send").get_by_role("listitem")).to_have_count(2)
    ann.say("Two files")
    drawn = ben.message("Two files").get_by_role("img", name="track.png")
    expect(drawn).to_have_attribute("width", "480")
    expect(drawn).to_have_attribute("height", "240")
    expect(ben.message("Two files").get_by_role("link", name="Download notes.txt")).to_be_visible()
    ben.message("Two files").get_by_role("button", name="Open track.png").click()
    expect(ben.page.get_by_role("dialog", name="track.png")).to_be_visible()
    ben.page.keyboard.press("Escape")
    expect(ben.page.get_by_role("dialog")).to_have_count(0)


def test_one_sees_how_far_a_large_file_is(met: list[Person]) -> None:
    ann, ben = met
    devtools = ann.page.context.new_cdp_session(ann.page)
    devtools.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 300_000}
    devtools.send("Network.emulateNetworkConditions", slow)
    ann.page.locator("main input[type=file]").set_input_files(
        {"name": "timetable.bin", "mimeType": "application/octet-stream", "buffer": bytes(900_000)}
    )
    ann.say("The timetable")
    expect(ann.page.get_by_role("progressbar", name=re.compile(r"Uploading, [1-9]\d? %"))).to_be_visible()
    expect(ben.message("The timetable").get_by_role("link", name="Download timetable.bin")).to_be_visible()
    expect(ann.page.get_by_role("progressbar")).to_have_count(0)


def test_names_are_completed_while_one_types(met: list[Person]) -> None:
    ann, ben = met
    ann.composer.press_sequentially("Hello @be")
    expect(ann.page.get_by_role("option", name="ben")).to_be_visible()
    ann.composer.press("Enter")
    ann.composer.press_sequentially("in #gen")
    ann.composer.press("Tab")
    ann.composer.press_sequentially(":locomo")
    expect(ann.page.get_by_role("option", name=re.compile("locomotive"))).to_be_visible()
    ann.composer.press("Enter")
    ann.composer.press("Enter")
    told = ben.message("Hello")
    expect(told.locator(".mention")).to_have_text(["@ben", "#general"])
    expect(told).to_contain_text("🚂")
    expect(told).to_have_class(re.compile("forMe"))
    told.get_by_role("button", name="@ben").click()
    expect(ben.page.get_by_role("dialog", name="Profile of ben")).to_be_visible()


def test_a_reaction_is_found_by_its_name(met: list[Person]) -> None:
    ann, ben = met
    ann.say("All aboard")
    ben.act(ben.message("All aboard"), "React")
    ben.page.get_by_label("Search emoji").fill("partying")
    ben.page.get_by_role("button", name="partying face").click()
    expect(ann.page.get_by_role("button", name="🥳, 1")).to_be_visible()
    ann.page.get_by_role("button", name="🥳, 1").click()
    expect(ben.page.get_by_role("button", name="🥳, 2")).to_have_attribute("aria-pressed", "true")


def test_what_is_pinned_is_found_again(met: list[Person]) -> None:
    ann, ben = met
    ann.say("The rules of the platform")
    expect(ben.message("The rules")).to_be_visible()
    ann.message("The rules").hover()
    ann.message("The rules").get_by_role("button", name="Show more").click()
    ann.page.get_by_role("menuitem", name="Pin", exact=True).click()
    expect(ben.page.locator(".notice")).to_contain_text(["came in.", "pinned a message."])
    ben.page.get_by_role("button", name="Pinned messages").click()
    pins = ben.page.get_by_role("dialog", name="Pinned messages")
    expect(pins).to_contain_text("The rules of the platform")
    has_no_barrier(ben.page)
    pins.get_by_role("button", name="Jump").click()
    expect(pins).to_be_hidden()
    expect(ben.message("The rules")).to_be_in_viewport()


def test_code_is_coloured_and_stays_text(met: list[Person]) -> None:
    ann, ben = met
    ann.composer.fill("```python\ndef late(): return '<b>12</b>'\n```")
    ann.composer.press("Enter")
    code = ben.messages.locator("pre code")
    expect(code.locator(".hljs-keyword").first).to_have_text("def")
    expect(code).to_contain_text("<b>12</b>")
    expect(code.locator("b")).to_have_count(0)


def test_a_draft_is_kept_where_it_was_begun(server: Server, met: list[Person]) -> None:
    ann, _ = met
    ann.composer.fill("half a thou")
    ann.page.reload()
    expect(ann.composer).to_have_value("half a thou")
    ann.composer.press("Enter")
    expect(ann.message("half a thou")).to_be_visible()
    ann.page.reload()
    expect(ann.message("half a thou")).to_be_visible()
    expect(ann.composer).to_have_value("")


def test_one_goes_to_a_message_by_its_link_and_back_to_the_present(server: Server, met: list[Person]) -> None:
    ann, ben = met
    guild, channel = ann.page.url.rsplit("/", 2)[1:]
    said: list[str] = []
    with httpx.Client(base_url=server.api, headers={"Authorization": ann.token}) as api:
        for number in range(260):
            answer = api.post(f"/channels/{channel}/messages", json={"content": f"number {number}."})
            said.append(answer.raise_for_status().json()["id"])
    ben.open(f"{server.url}/channels/{guild}/{channel}/{said[3]}")
    expect(ben.message("number 3.")).to_be_in_viewport()
    ben.page.get_by_role("button", name="To the present").click()
    expect(ben.message("number 259.")).to_be_in_viewport()
    ben.page.get_by_role("button", name="Jump to a date").click()
    ben.page.get_by_label("Jump to a date").last.fill("2015-02-01")
    expect(ben.message("number 0.")).to_be_in_viewport()


def test_slow_mode_counts_down_for_those_whom_it_slows(server: Server, met: list[Person]) -> None:
    ann, ben = met
    channel = ann.page.url.rsplit("/", 1)[1]
    headers = {"Authorization": ann.token}
    httpx.patch(f"{server.api}/channels/{channel}", json={"rate_limit_per_user": 600}, headers=headers)
    expect(ben.page.get_by_text("Slow mode: one message every 10 minutes.")).to_be_visible()
    ben.say("One")
    expect(ann.message("One")).to_be_visible()
    expect(ben.page.get_by_role("timer")).to_contain_text(re.compile(r"^(10:00|9:5\d)$"))
    ben.composer.fill("Two")
    expect(ben.page.get_by_role("button", name="Send")).to_be_disabled()
    ann.say("Three")
    ann.say("Four")
    expect(ben.messages).to_have_text([re.compile("One"), re.compile("Three"), re.compile("Four")])


def test_after_the_log_is_gone_the_app_starts_afresh_without_a_reload(server: Server, met: list[Person]) -> None:
    ann, ben = met
    ann.say("Before")
    expect(ben.message("Before")).to_be_visible()
    ben.page.evaluate("window.same = true")
    server.kill()
    for folder in server.data.glob("log*"):
        folder.rename(folder.with_name(f"lost-{folder.name}"))
    ben.events.clear()
    server.start()
    ann.say("After")
    expect(ben.message("After")).to_be_visible()
    expect(ben.messages).to_have_count(2)
    assert "READY" in ben.events
    assert ben.page.evaluate("window.same")


def test_the_list_of_keys_and_the_way_by_keyboard(met: list[Person]) -> None:
    ann, _ = met
    ann.page.keyboard.press("Control+k")
    ann.page.get_by_label("A channel, guild or person").fill("gene")
    expect(ann.page.get_by_role("option", name="general")).to_be_visible()
    has_no_barrier(ann.page)
    ann.page.keyboard.press("Enter")
    expect(ann.page.get_by_role("dialog")).to_have_count(0)
    ann.page.get_by_role("log").focus()
    ann.page.keyboard.press("?")
    expect(ann.page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    has_no_barrier(ann.page)
    ann.page.keyboard.press("Escape")
    expect(ann.page.get_by_role("dialog")).to_have_count(0)
