"""Bans: who may ban whom, what they keep out, and what they take away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from derailed.model.permissions import BAN_MEMBERS, MANAGE_GUILD
from tests.api.door import Door, Person, swept, visit
from tests.api.test_members import Crew, code_of, crew


async def moderated(door: Door) -> Crew:
    """The crew, whose ben may ban."""
    found = await crew(door)
    more = str(BAN_MEMBERS | MANAGE_GUILD)
    await found.anna.do("PATCH", f"{found.path}/roles/{found.low}", {"permissions": more})
    return found


async def messages(person: Person, channel: str) -> list[str]:
    """What people said there, oldest first: notices are left out."""
    found = await person.get(f"/channels/{channel}/messages?limit=100")
    return [each["content"] for each in reversed(found) if each["type"] == 0]


def test_who_is_banned_is_out_and_can_not_come_back(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, _, sam, path, _, _ = await moderated(door)
        (general,) = await anna.get(f"{path}/channels")
        code = (await anna.do("POST", f"/channels/{general['id']}/invites", {}))["code"]
        since = len(door.records)
        assert await code_of(ben, "PUT", f"{path}/bans/{sam.id}") == 0
        assert door.told(since) == ["GUILD_BAN_ADD", "GUILD_MEMBER_REMOVE", "GUILD_AUDIT_LOG_ENTRY_CREATE", "left"]
        told = msgspec.json.decode(door.records[since][1].data)
        assert (told["guild_id"], told["user"]["username"]) == (path.split("/")[-1], "sam")
        assert await code_of(sam, "GET", path) == 10004
        assert await code_of(sam, "POST", f"/invites/{code}") == 40007
        assert await code_of(ben, "PUT", f"{path}/bans/{sam.id}") == 0
        assert door.told(since)[4:] == []
        assert await code_of(ben, "DELETE", f"{path}/bans/{sam.id}") == 0
        assert door.told(since)[4:] == ["GUILD_BAN_REMOVE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
        assert await code_of(ben, "DELETE", f"{path}/bans/{sam.id}") == 10026
        assert await code_of(sam, "POST", f"/invites/{code}") == 0

    visit(tmp_path, story)


def test_one_bans_only_whom_one_stands_above(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo, sam, path, _, _ = await moderated(door)
        for above in (anna, cleo, ben):
            assert await code_of(ben, "PUT", f"{path}/bans/{above.id}") == 50013
        assert await code_of(anna, "PUT", f"{path}/bans/{anna.id}") == 50013
        stranger = await door.register("stranger")
        for method, on in (("GET", ""), ("GET", f"/{ben.id}"), ("PUT", f"/{ben.id}"), ("DELETE", f"/{ben.id}")):
            assert await code_of(sam, method, f"{path}/bans{on}") == 50013
            assert await code_of(stranger, method, f"{path}/bans{on}") == 10004
        assert await code_of(ben, "PUT", f"{path}/bans/1") == 10013
        assert await code_of(ben, "GET", f"{path}/bans/{sam.id}") == 10026

    visit(tmp_path, story)


def test_who_never_came_can_be_banned_too_and_bots_as_well(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, _, _, path, _, _ = await moderated(door)
        (general,) = await anna.get(f"{path}/channels")
        code = (await anna.do("POST", f"/channels/{general['id']}/invites", {}))["code"]
        stranger, bot = await door.register("stranger"), await door.bot(anna)
        since = len(door.records)
        for other in (stranger, bot):
            assert await code_of(ben, "PUT", f"{path}/bans/{other.id}") == 0
        assert door.told(since) == ["GUILD_BAN_ADD", "GUILD_AUDIT_LOG_ENTRY_CREATE"] * 2
        assert await code_of(stranger, "POST", f"/invites/{code}") == 40007
        authorize = f"/oauth2/authorize?client_id={bot.id}&scope=bot&permissions=0"
        assert await code_of(anna, "POST", authorize, {"guild_id": path.split("/")[-1]}) == 40007

    visit(tmp_path, story)


def test_bans_are_listed_by_id_with_their_reasons(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, _, _, _, path, _, _ = await moderated(door)
        others = [await door.register(f"other{number}") for number in range(4)]
        for other in reversed(others):
            headers = {"x-audit-log-reason": f"for %F0%9F%9A%82 / {other.account['username']}"}
            await anna.ask("PUT", f"{path}/bans/{other.id}", headers=headers)

        async def ids(query: str) -> list[int]:
            found = await anna.get(f"{path}/bans{query}")
            return [[other.id for other in others].index(each["user"]["id"]) for each in found]

        assert await ids("") == [0, 1, 2, 3]
        assert await ids("?limit=2") == [0, 1]
        assert await ids(f"?limit=2&after={others[0].id}") == [1, 2]
        assert await ids(f"?limit=2&before={others[3].id}") == [1, 2]
        assert await ids(f"?before={others[3].id}&after={others[2].id}") == [0, 1, 2]
        one = await anna.get(f"{path}/bans/{others[0].id}")
        assert one["reason"] == "for 🚂 / other0"
        assert one["user"]["username"] == "other0"
        assert await code_of(anna, "GET", f"{path}/bans?limit=1001") == 50035

    visit(tmp_path, story)


def test_a_ban_takes_the_words_of_the_last_days_in_bulk(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, _, sam, path, _, _ = await moderated(door)
        (general,) = await anna.get(f"{path}/channels")
        hidden = await anna.do("POST", f"{path}/channels", {"name": "b"})
        for channel, said in ((general["id"], "old"), (hidden["id"], "old")):
            await sam.do("POST", f"/channels/{channel}/messages", {"content": said})
        door.now_ms += 3_600_000
        for number in range(101):
            await sam.do("POST", f"/channels/{general['id']}/messages", {"content": f"{number}"})
        await ben.do("POST", f"/channels/{general['id']}/messages", {"content": "mine"})
        await sam.do("POST", f"/channels/{hidden['id']}/messages", {"content": "new"})
        since = len(door.records)
        await ben.do("PUT", f"{path}/bans/{sam.id}", {"delete_message_seconds": 60})
        assert "MESSAGE_DELETE_BULK" not in door.told(since)
        await swept(door)
        deleted = [record for _, record in door.records[since:] if record.event == "MESSAGE_DELETE_BULK"]
        counts = [len(msgspec.json.decode(record.data)["ids"]) for record in deleted]
        assert counts == [100, 1, 1]
        assert await messages(anna, general["id"]) == ["old", "mine"]
        assert await messages(anna, hidden["id"]) == ["old"]

    visit(tmp_path, story)


def test_what_to_delete_is_said_in_seconds_or_days_in_body_or_query(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, _, _, _, path, _, _ = await moderated(door)
        (general,) = await anna.get(f"{path}/channels")
        code = (await anna.do("POST", f"/channels/{general['id']}/invites", {}))["code"]
        ways: list[tuple[str, Any]] = [
            ("?delete_message_seconds=60", None),
            ("?delete_message_days=1", {}),
            ("", {"delete_message_seconds": 60}),
            ("", {"delete_message_days": 1}),
        ]
        for number, (query, body) in enumerate(ways):
            other = await door.register(f"other{number}")
            await other.join(code)
            await other.do("POST", f"/channels/{general['id']}/messages", {"content": "x"})
            assert await code_of(anna, "PUT", f"{path}/bans/{other.id}{query}", body) == 0
            await swept(door)
            assert await messages(anna, general["id"]) == []
        for wrong in (-1, 604_801):
            body = {"delete_message_seconds": wrong}
            assert await code_of(anna, "PUT", f"{path}/bans/{other.id}", body) == 50035
        assert await code_of(anna, "PUT", f"{path}/bans/{other.id}?delete_message_days=8") == 50035
        assert await code_of(anna, "PUT", f"{path}/bans/{other.id}?delete_message_days=x") == 50035

    visit(tmp_path, story)


def test_many_are_banned_at_once_and_who_could_not_be_is_named(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo, sam, path, low, _ = await moderated(door)
        strangers = [await door.register(f"stranger{number}") for number in range(22)]
        wanted = [cleo.id, sam.id, *(each.id for each in strangers), "1", anna.id]
        answer = await ben.do("POST", f"{path}/bulk-ban", {"user_ids": wanted, "delete_message_seconds": 60})
        assert answer["banned_users"] == [sam.id, *(each.id for each in strangers)]
        assert answer["failed_users"] == [cleo.id, "1", anna.id]
        assert len(await ben.get(f"{path}/bans")) == 23
        assert await code_of(ben, "POST", f"{path}/bulk-ban", {"user_ids": [cleo.id]}) == 500000
        for wrong in ([], ["1"] * 201, "x"):
            assert await code_of(ben, "POST", f"{path}/bulk-ban", {"user_ids": wrong}) == 50035
        await anna.do("PATCH", f"{path}/roles/{low}", {"permissions": str(BAN_MEMBERS)})
        assert await code_of(ben, "POST", f"{path}/bulk-ban", {"user_ids": [cleo.id]}) == 50013

    visit(tmp_path, story)
