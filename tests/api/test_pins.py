"""Pins, in both of their forms."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from derailed.store import pins
from derailed.store.pins import Pin
from derailed.wire import limits
from tests.api.door import Door, Person, visit
from tests.api.test_messages import Talk, code_of, talk

PIN, MANAGE, HISTORY, VIEW = 1 << 51, 1 << 13, 1 << 16, 1 << 10


async def guest(door: Door, t: Talk, **overwrite: Any) -> Person:
    """Somebody else in the guild, who is allowed or denied something in its first channel."""
    ben = await door.register("ben")
    await ben.join(await t.person.invite(t.guild))
    if overwrite:
        path = f"/channels/{t.guild['system_channel_id']}/permissions/{ben.id}"
        await t.person.do("PUT", path, {"type": 1, **overwrite})
    return ben


def old(t: Talk) -> str:
    """The path of pins in their old form."""
    return t.path.removesuffix("/messages") + "/pins"


@pytest.mark.parametrize("new_form", [True, False])
def test_a_message_is_pinned_shown_and_unpinned(tmp_path: Path, new_form: bool) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        path = f"{t.path}/pins" if new_form else old(t)
        first, second = await t.say("first"), await t.say("second")
        since = len(door.records)
        assert await t.person.do("PUT", f"{path}/{first['id']}") is None
        told = ["CHANNEL_PINS_UPDATE", "MESSAGE_UPDATE", "MESSAGE_CREATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
        assert door.told(since) == told
        door.now_ms += 5
        await t.person.do("PUT", f"{path}/{second['id']}")
        page = await t.person.get(f"{t.path}/pins")
        assert [item["message"]["content"] for item in page["items"]] == ["second", "first"]
        assert page["has_more"] is False
        assert await t.person.get(old(t)) == [item["message"] for item in page["items"]]
        assert (await t.person.get(f"{t.path}/{first['id']}")) == {**first, "pinned": True}
        channel = await t.person.get(f"/channels/{t.guild['system_channel_id']}")
        assert channel["last_pin_timestamp"] == page["items"][0]["pinned_at"]
        assert await t.person.do("DELETE", f"{path}/{second['id']}") is None
        assert door.told()[-3:] == ["CHANNEL_PINS_UPDATE", "MESSAGE_UPDATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
        channel = await t.person.get(f"/channels/{t.guild['system_channel_id']}")
        assert channel["last_pin_timestamp"] == page["items"][1]["pinned_at"]
        assert (await t.person.get(f"{t.path}/{second['id']}")) == second

    visit(tmp_path, story)


def test_a_pin_is_told_by_a_notice_that_nobody_edits_answers_or_pins(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        sent = await t.say()
        await t.person.do("PUT", f"{t.path}/pins/{sent['id']}")
        notice = (await t.person.get(t.path))[0]
        assert (notice["type"], notice["content"], notice["author"]["id"]) == (6, "", t.person.id)
        assert notice["message_reference"]["message_id"] == sent["id"]
        assert "referenced_message" not in notice
        path = f"{t.path}/{notice['id']}"
        assert code_of(await t.person.ask("PATCH", path, {"content": "x"})) == (403, 50021)
        assert code_of(await t.person.ask("PUT", f"{t.path}/pins/{notice['id']}")) == (403, 50021)
        answer = {"content": "x", "message_reference": {"message_id": notice["id"]}}
        assert code_of(await t.person.ask("POST", t.path, answer)) == (400, 50035)
        await t.person.do("DELETE", path)

    visit(tmp_path, story)


def test_pinning_again_and_unpinning_what_is_not_pinned_change_nothing(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        sent, other = await t.say(), await t.say()
        await t.person.do("PUT", f"{t.path}/pins/{sent['id']}")
        since = len(door.records)
        await t.person.do("PUT", f"{t.path}/pins/{sent['id']}")
        await t.person.do("DELETE", f"{t.path}/pins/{other['id']}")
        assert door.told(since) == []
        assert code_of(await t.person.ask("PUT", f"{t.path}/pins/5")) == (404, 10008)

    visit(tmp_path, story)


def test_a_deleted_message_is_unpinned_without_an_event(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        sent = await t.say()
        await t.person.do("PUT", f"{t.path}/pins/{sent['id']}")
        since = len(door.records)
        await t.person.do("DELETE", f"{t.path}/{sent['id']}")
        assert door.told(since) == ["MESSAGE_DELETE"]
        assert await t.person.get(old(t)) == []

    visit(tmp_path, story)


def test_pins_are_paged_by_time_and_none_is_left_out(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        sent = [(await t.say(str(number)))["id"] for number in range(5)]
        for message_id in sent:  # all at one moment
            await t.person.do("PUT", f"{t.path}/pins/{message_id}")
        seen: list[str] = []
        query, more = "?limit=2", True
        while more:
            page = await t.person.get(f"{t.path}/pins{query}")
            more = page["has_more"]
            seen += [item["message"]["id"] for item in page["items"]]
            query = f"?limit=2&before={quote(page['items'][-1]['pinned_at'])}"
        assert seen == sent[::-1]
        for query in ("limit=0", "limit=51", "before=yesterday"):
            answer = await t.person.ask("GET", f"{t.path}/pins?{query}")
            assert code_of(answer) == (400, 50035)
            assert list(answer.json()["errors"]) == [query.partition("=")[0]]

    visit(tmp_path, story)


@pytest.mark.parametrize(("allowed", "status"), [(0, 403), (PIN, 204), (MANAGE, 204)])
def test_pinning_needs_its_permission(tmp_path: Path, allowed: int, status: int) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        ben = await guest(door, t, allow=allowed)
        sent = await t.say()
        for method in ("PUT", "DELETE"):
            answer = await ben.ask(method, f"{t.path}/pins/{sent['id']}")
            assert answer.status_code == status
            assert status == 204 or answer.json()["code"] == 50013

    visit(tmp_path, story)


def test_pins_are_not_shown_to_those_who_may_not_read(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        await t.person.do("PUT", f"{t.path}/pins/{(await t.say())['id']}")
        ben = await guest(door, t, deny=HISTORY)
        assert await ben.get(old(t)) == []
        assert await ben.get(f"{t.path}/pins") == {"items": [], "has_more": False}
        path = f"/channels/{t.guild['system_channel_id']}/permissions/{ben.id}"
        await t.person.do("PUT", path, {"type": 1, "deny": VIEW})
        for where in (old(t), f"{t.path}/pins"):
            assert code_of(await ben.ask("GET", where)) == (403, 50001)

    visit(tmp_path, story)


def test_a_channel_has_so_many_pins(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        sent, other = await t.say(), await t.say()
        channel = int(t.guild["system_channel_id"])
        for number in range(limits.PINS - 1):
            await door.store.write(partial(pins.add, channel_id=channel, pin=Pin(number + 1, number)))
        await t.person.do("PUT", f"{t.path}/pins/{sent['id']}")
        since = len(door.records)
        assert code_of(await t.person.ask("PUT", f"{t.path}/pins/{other['id']}")) == (400, 30003)
        assert door.told(since) == []

    visit(tmp_path, story)


def test_a_pin_is_logged(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        sent = await t.say()
        await t.person.do("PUT", f"{t.path}/pins/{sent['id']}")
        entry = msgspec.json.decode(door.records[-1][1].data)
        assert (entry["action_type"], entry["target_id"]) == (74, t.person.id)
        assert entry["options"] == {"channel_id": t.guild["system_channel_id"], "message_id": sent["id"]}

    visit(tmp_path, story)
