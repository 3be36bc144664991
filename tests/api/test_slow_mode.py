"""Slow mode, as clients meet it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.api.door import Door, Person, visit
from tests.api.test_messages import Talk, code_of, talk
from tests.api.test_pins import MANAGE, guest

MANAGE_CHANNELS, BYPASS = 1 << 4, 1 << 52


async def slowed(door: Door, seconds: int = 10, **overwrite: Any) -> tuple[Talk, Person]:
    """A channel in which members wait, and one of them."""
    t = await talk(door)
    await t.person.do("PATCH", f"/channels/{t.guild['system_channel_id']}", {"rate_limit_per_user": seconds})
    return t, await guest(door, t, **overwrite)


def test_who_is_too_early_is_told_how_long_to_wait(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t, ben = await slowed(door)
        await ben.do("POST", t.path, {"content": "x"})
        door.now_ms += 2_500
        refused = await ben.ask("POST", t.path, {"content": "y"})
        assert code_of(refused) == (429, 20016)
        assert refused.json()["retry_after"] == 7.5
        assert refused.json()["global"] is False
        assert refused.headers["retry-after"] == "8"
        assert refused.headers["via"]
        door.now_ms += 7_500
        await ben.do("POST", t.path, {"content": "y"})

    visit(tmp_path, story)


def test_a_restart_does_not_shorten_the_wait(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t, ben = await slowed(door)
        await ben.do("POST", t.path, {"content": "x"})
        again = Door(
            door.store, door.context.blobs, "open"
        )  # another process on the same store, which remembers nothing itself
        again.now_ms = door.now_ms + 1
        async with again.client:
            assert code_of(await again.ask("POST", t.path, {"content": "y"}, token=ben.token)) == (429, 20016)

    visit(tmp_path, story)


def test_nobody_waits_for_a_clock_that_was_ahead(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t, ben = await slowed(door)
        await ben.do("POST", t.path, {"content": "x"})
        door.now_ms -= 3_600_000  # another process, which was not an hour ahead
        await ben.do("POST", t.path, {"content": "y"})
        refused = await ben.ask("POST", t.path, {"content": "z"})
        assert refused.json()["retry_after"] == 10

    visit(tmp_path, story)


def test_what_is_refused_does_not_count(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t, ben = await slowed(door)
        assert code_of(await ben.ask("POST", t.path, {"content": " "})) == (400, 50006)
        missing = {"content": "x", "message_reference": {"message_id": "5"}}
        assert code_of(await ben.ask("POST", t.path, missing)) == (400, 50035)
        await ben.do("POST", t.path, {"content": "x"})

    visit(tmp_path, story)


@pytest.mark.parametrize("allowed", [MANAGE, MANAGE_CHANNELS, BYPASS])
def test_those_who_manage_and_those_who_may_need_not_wait(tmp_path: Path, allowed: int) -> None:
    async def story(door: Door) -> None:
        t, ben = await slowed(door, allow=str(allowed))
        for person in (ben, ben, t.person, t.person):
            await person.do("POST", t.path, {"content": "x"})
        assert await door.store.read(lambda tx: tx.fetch("SELECT user_id FROM slow_mode")) == []

    visit(tmp_path, story)


def test_a_repeated_call_is_answered_and_not_slowed(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t, ben = await slowed(door)
        body = {"content": "x", "nonce": "1", "enforce_nonce": True}
        sent = await ben.do("POST", t.path, body)
        assert (await ben.do("POST", t.path, body))["id"] == sent["id"]

    visit(tmp_path, story)


def test_who_waited_long_ago_is_forgotten_in_passing(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t, ben = await slowed(door, 5)
        others = [await door.register(name) for name in ("cleo", "dora", "emil")]
        for each in others:
            await each.join(await t.person.invite(t.guild))
            await each.do("POST", t.path, {"content": "x"})
        door.now_ms += 6 * 3600 * 1000 + 1
        await ben.do("POST", t.path, {"content": "x"})
        door.now_ms += 5_000
        await ben.do("POST", t.path, {"content": "x"})
        rows = await door.store.read(lambda tx: tx.fetch("SELECT user_id FROM slow_mode"))
        assert [str(row[0]) for row in rows] == [ben.id]

    visit(tmp_path, story)
