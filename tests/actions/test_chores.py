"""What verbs leave to the sweeper is finished: after a crash, by several at once, and each thing once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from derailed.actions import deletions, prune, roles
from derailed.actions.sweeper import Sweeper
from tests.api.door import Door, Person, opened, swept, visit

DAY_MS = 86_400_000


async def crowd(door: Door, count: int) -> tuple[Person, str, list[Person]]:
    """A guild's owner, its path, and those who joined it."""
    anna = await door.register("anna")
    guild = await anna.guild()
    code = await anna.invite(guild)
    people = [await door.register(f"guest{number}") for number in range(count)]
    for person in people:
        await person.join(code)
    return anna, f"/guilds/{guild['id']}", people


async def count(door: Door, table: str) -> int:
    """How many rows there are."""
    (row,) = await door.store.read(lambda tx: tx.fetch(f"SELECT COUNT(*) FROM {table}"))
    return int(row[0])


def test_the_end_of_a_guild_reaches_everybody_once_in_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletions, "_MEMBERS", 2)

    async def story(door: Door) -> None:
        anna, path, people = await crowd(door, 4)
        banned = await door.register("banned")
        await anna.do("PUT", f"{path}/bans/{banned.id}")
        await anna.do("DELETE", path)
        since = len(door.records)
        one, other = Sweeper(door.context), Sweeper(door.context)
        await one.sweep()
        assert door.told(since) == ["left", "left"]
        while any(await asyncio.gather(one.sweep(), other.sweep())):
            pass
        told = [topic for topic, record in door.records[since:] if record.event == "left"]
        assert sorted(told) == sorted(f"user:{person.id}" for person in (anna, *people))
        for table in ("members", "bans", "audit_log", "chores"):
            assert await count(door, table) == 0, table

    visit(tmp_path, story)


def test_who_is_still_to_be_told_is_in_no_guild_that_has_ended(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, path, (ben,) = await crowd(door, 1)
        (general,) = await anna.get(f"{path}/channels")
        guild = int(path.split("/")[-1])
        await anna.do("DELETE", path)
        assert await ben.get("/users/@me/guilds") == []
        assert (await ben.ask("GET", path)).json()["code"] == 10004
        assert (await ben.ask("GET", f"/channels/{general['id']}/messages")).json()["code"] == 10003
        token_id = (await door.verbs.sessions.authenticate(ben.token)).token_id
        account = await door.verbs.sessions.belonging(int(ben.id), token_id)
        assert (account.guild_ids, account.ended) == ((), (guild,))
        await swept(door)
        assert (await door.verbs.sessions.belonging(int(ben.id), token_id)).ended == ()

    visit(tmp_path, story)


def test_what_was_begun_is_finished_by_the_next_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prune, "_REMOVED", 2)

    async def run() -> None:
        async with opened(tmp_path) as door:
            anna, path, people = await crowd(door, 5)
            door.now_ms += 9 * DAY_MS
            assert await anna.do("POST", f"{path}/prune", {"days": 7}) == {"pruned": 5}
            await Sweeper(door.context).sweep()
            assert await count(door, "members") == 4
            now_ms = door.now_ms
        async with opened(tmp_path) as door:
            door.now_ms = now_ms
            await swept(door)
            assert await count(door, "members") == 1
            removed = [record.target for _, record in door.records if record.event == "GUILD_MEMBER_REMOVE"]
            assert removed == [int(person.id) for person in people[2:]]
            assert await count(door, "chores") == 0

    asyncio.run(run())


def test_who_comes_back_while_a_prune_goes_on_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prune, "_REMOVED", 1)

    async def story(door: Door) -> None:
        anna, path, (ben, cleo, sam) = await crowd(door, 3)
        door.now_ms += 9 * DAY_MS
        await anna.do("POST", f"{path}/prune", {"days": 7})
        await Sweeper(door.context).sweep()
        await cleo.get("/users/@me")
        await swept(door)
        left = [each["user"]["id"] for each in await anna.get(f"{path}/members?limit=10")]
        assert left == [anna.id, cleo.id]
        assert [(await each.ask("GET", path)).status_code for each in (ben, sam)] == [404, 404]

    visit(tmp_path, story)


def test_a_role_that_is_gone_is_taken_from_the_members_of_a_large_guild_in_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roles, "_TAKEN_AT_ONCE", 3)
    monkeypatch.setattr(deletions, "_ROWS", 2)

    async def story(door: Door) -> None:
        anna, path, people = await crowd(door, 5)
        gone, kept = [(await anna.do("POST", f"{path}/roles", {"name": name}))["id"] for name in ("gone", "kept")]
        for person in people:
            await anna.do("PATCH", f"{path}/members/{person.id}", {"roles": [gone, kept]})
        await anna.do("DELETE", f"{path}/roles/{gone}")
        ben, cleo = (f"{path}/members/{person.id}" for person in people[:2])
        assert (await anna.do("PATCH", ben, {"roles": [kept]}))["roles"] == [kept]
        await anna.do("DELETE", f"{cleo}/roles/{kept}")
        since = len(door.records)
        await swept(door)
        held = [each["roles"] for each in await anna.get(f"{path}/members?limit=10")]
        assert held == [[], [kept], [], [kept], [kept], [kept]]
        assert door.told(since) == []

    visit(tmp_path, story)


def test_a_long_chore_does_not_keep_others_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletions, "_MEMBERS", 1)

    async def story(door: Door) -> None:
        anna, path, _ = await crowd(door, 6)
        second = await anna.guild("second")
        await anna.do("DELETE", path)
        await anna.do("DELETE", f"/guilds/{second['id']}")
        sweeper = Sweeper(door.context)
        since = len(door.records)
        for _ in range(2):
            await sweeper.sweep()
        assert {record.guild for _, record in door.records[since:]} == {int(path.split("/")[-1]), int(second["id"])}

    visit(tmp_path, story)
