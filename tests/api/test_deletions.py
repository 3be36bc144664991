"""Deleting messages, one and many, and what follows from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.api.door import Door, visit
from tests.api.test_messages import THUMBS, Talk, code_of, talk
from tests.api.test_pins import MANAGE, VIEW, guest

DAY_MS = 24 * 3600 * 1000


async def sweep(t: Talk, ids: list[Any]) -> None:
    await t.person.do("POST", f"{t.path}/bulk-delete", {"messages": ids})


def test_many_messages_go_in_one_event(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        sent = [(await t.say(str(number)))["id"] for number in range(5)]
        await t.person.do("PUT", f"{t.path}/{sent[1]}/reactions/{THUMBS}/@me")
        since = len(door.records)
        young = str(int(sent[0]) + 1)  # there is none: ids that name nothing are passed over
        await sweep(t, [int(sent[1]), sent[3], sent[3], young])  # discord.py sends numbers
        assert door.told(since) == ["MESSAGE_DELETE_BULK", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
        event = msgspec.json.decode(door.records[since][1].data)
        channel = t.guild["system_channel_id"]
        assert event == {"ids": [sent[1], sent[3]], "channel_id": channel, "guild_id": t.guild["id"]}
        assert [message["id"] for message in await t.person.get(t.path)] == [sent[4], sent[2], sent[0]]
        entry = msgspec.json.decode(door.records[-1][1].data)
        assert (entry["action_type"], entry["target_id"], entry["options"]) == (73, channel, {"count": "2"})
        left = await door.store.read(lambda tx: tx.fetch("SELECT message_id FROM reactions"))
        assert left == []

    visit(tmp_path, story)


def test_a_hundred_messages_go_at_once(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        ids = [(await t.say(str(number)))["id"] for number in range(101)]
        assert code_of(await t.person.ask("POST", f"{t.path}/bulk-delete", {"messages": ids})) == (400, 50016)
        await sweep(t, ids[:100])
        assert [message["id"] for message in await t.person.get(t.path)] == ids[100:]
        since = len(door.records)
        await sweep(t, ids[:100])
        assert door.told(since) == []

    visit(tmp_path, story)


@pytest.mark.parametrize(("count", "code"), [(0, 50016), (1, 50016), (101, 50016)])
def test_too_few_or_too_many_are_refused(tmp_path: Path, count: int, code: int) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        newest = int((await t.say())["id"])
        body = {"messages": [newest + number for number in range(count)]}
        assert code_of(await t.person.ask("POST", f"{t.path}/bulk-delete", body)) == (400, code)
        twice = {"messages": [newest, str(newest)]}
        assert code_of(await t.person.ask("POST", f"{t.path}/bulk-delete", twice)) == (400, 50016)
        for nonsense in ({}, {"messages": None}, {"messages": ["x", "y"]}, {"messages": 5}):
            assert code_of(await t.person.ask("POST", f"{t.path}/bulk-delete", nonsense)) == (400, 50035)

    visit(tmp_path, story)


def test_what_is_older_than_two_weeks_is_not_deleted_in_bulk(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        first = (await t.say())["id"]
        door.now_ms += 14 * DAY_MS + 1
        ids = [first, (await t.say())["id"]]
        assert code_of(await t.person.ask("POST", f"{t.path}/bulk-delete", {"messages": ids})) == (400, 50034)
        assert len(await t.person.get(t.path)) == 2

    visit(tmp_path, story)


def test_deleting_many_needs_its_permission(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        ben = await guest(door, t)
        ids = [(await t.say())["id"] for _ in range(2)]
        path = f"{t.path}/bulk-delete"
        assert code_of(await ben.ask("POST", path, {"messages": ids})) == (403, 50013)
        overwrite = f"/channels/{t.guild['system_channel_id']}/permissions/{ben.id}"
        await t.person.do("PUT", overwrite, {"type": 1, "allow": MANAGE, "deny": VIEW})
        assert code_of(await ben.ask("POST", path, {"messages": ids})) == (403, 50001)
        await t.person.do("PUT", overwrite, {"type": 1, "allow": MANAGE})
        await ben.do("POST", path, {"messages": ids})

    visit(tmp_path, story)


def test_messages_of_another_channel_are_passed_over(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        other = await t.person.do("POST", f"/guilds/{t.guild['id']}/channels", {"name": "other"})
        elsewhere = (await t.person.do("POST", f"/channels/{other['id']}/messages", {"content": "x"}))["id"]
        await sweep(t, [elsewhere, (await t.say())["id"]])
        assert (await t.person.get(f"/channels/{other['id']}/messages"))[0]["id"] == elsewhere

    visit(tmp_path, story)


def test_a_channel_keeps_the_id_of_its_newest_message_that_is_deleted(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)

        async def last() -> str:
            channel: dict[str, Any] = await t.person.get(f"/channels/{t.guild['system_channel_id']}")
            newest: str = channel["last_message_id"]
            return newest

        ids = [(await t.say(str(number)))["id"] for number in range(4)]
        await t.person.do("DELETE", f"{t.path}/{ids[3]}")
        assert await last() == ids[3]
        await t.person.do("DELETE", f"{t.path}/{ids[2]}")
        assert await last() == ids[3]
        await sweep(t, ids[:2])
        assert await last() == ids[3]
        ids.append((await t.say())["id"])
        assert await last() == ids[4]

    visit(tmp_path, story)


def test_only_the_deletion_of_anothers_message_is_logged(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        ben = await guest(door, t)
        own, other = await t.say(), await ben.do("POST", t.path, {"content": "x"})
        await t.person.do("DELETE", f"{t.path}/{own['id']}")
        assert door.told()[-1] == "MESSAGE_DELETE"
        await t.person.do("DELETE", f"{t.path}/{other['id']}")
        assert door.told()[-2:] == ["MESSAGE_DELETE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
        entry = msgspec.json.decode(door.records[-1][1].data)
        assert (entry["action_type"], entry["target_id"]) == (72, ben.id)

    visit(tmp_path, story)
