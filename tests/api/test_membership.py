"""What a membership is besides roles and names: marks of how one came, flags, and what only voice would change."""

from __future__ import annotations

import asyncio
from pathlib import Path

from derailed.model.permissions import DEAFEN_MEMBERS, MANAGE_GUILD, MOVE_MEMBERS, MUTE_MEMBERS
from tests.api.door import Door, Person, visit
from tests.api.test_members import code_of, crew


async def temporary(door: Door) -> list[int]:
    """Who came by a temporary invite and was given no role yet."""
    rows = await door.store.read(lambda tx: tx.fetch("SELECT user_id FROM members WHERE temporary = 1"))
    return [row[0] for row in rows]


async def invite(anna: Person, path: str, **terms: object) -> str:
    """A code for the guild."""
    (general,) = await anna.get(f"{path}/channels")
    code: str = (await anna.do("POST", f"/channels/{general['id']}/invites", {"unique": True, **terms}))["code"]
    return code


def test_who_comes_by_a_temporary_invite_is_marked_until_they_are_given_a_role(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, _, _, _, path, low, _ = await crew(door)
        guest, other = await door.register("guest"), await door.register("other")
        await guest.join(await invite(anna, path, temporary=True, target_type=1, target_user_id=anna.id))
        await other.join(await invite(anna, path))
        assert await temporary(door) == [int(guest.id)]
        await anna.do("PATCH", f"{path}/members/{guest.id}", {"nick": "guest"})
        assert await temporary(door) == [int(guest.id)]
        await anna.do("PUT", f"{path}/members/{guest.id}/roles/{low}")
        assert await temporary(door) == []
        await anna.do("DELETE", f"{path}/members/{guest.id}/roles/{low}")
        assert await temporary(door) == []

    visit(tmp_path, story)


def test_an_invite_lets_in_as_many_as_it_says_however_many_come_at_once(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, _, _, _, path, _, _ = await crew(door)
        people = [await door.register(f"guest{number}") for number in range(6)]
        code = await invite(anna, path, max_uses=3)
        answers = await asyncio.gather(*(person.ask("POST", f"/invites/{code}") for person in people))
        assert sorted(answer.status_code for answer in answers) == [200] * 3 + [404] * 3
        assert len(await anna.get(f"{path}/members?limit=100")) == 4 + 3
        assert (await anna.ask("GET", f"/invites/{code}")).status_code == 404

    visit(tmp_path, story)


def test_only_one_flag_of_a_member_is_anybodys_to_set(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, _, sam, path, low, _ = await crew(door)
        sams = f"{path}/members/{sam.id}"
        assert (await ben.do("PATCH", sams, {"flags": 4}))["flags"] == 4
        assert (await ben.do("PATCH", sams, {"flags": None}))["flags"] == 0
        assert await code_of(ben, "PATCH", sams, {"flags": 1}) == 50035
        await anna.do("PATCH", f"{path}/roles/{low}", {"permissions": "0"})
        assert await code_of(ben, "PATCH", sams, {"flags": 4}) == 50013
        await anna.do("PATCH", f"{path}/roles/{low}", {"permissions": str(MANAGE_GUILD)})
        assert await code_of(ben, "PATCH", sams, {"flags": 4}) == 0

    visit(tmp_path, story)


def test_nobody_is_muted_deafened_or_moved_where_there_is_no_voice(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, _, sam, path, low, _ = await crew(door)
        sams = f"{path}/members/{sam.id}"
        for body in ({"mute": True}, {"deaf": False}, {"channel_id": "1"}):
            assert await code_of(ben, "PATCH", sams, body) == 50013
        voice = MUTE_MEMBERS | DEAFEN_MEMBERS | MOVE_MEMBERS
        await anna.do("PATCH", f"{path}/roles/{low}", {"permissions": str(voice)})
        for body in ({"mute": True}, {"deaf": False}, {"channel_id": "1"}):
            assert await code_of(ben, "PATCH", sams, body) == 40032
        assert await code_of(ben, "PATCH", sams, {"mute": None, "deaf": None, "channel_id": None}) == 0

    visit(tmp_path, story)


def test_one_calls_oneself_by_the_old_path_too(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        _, _, _, sam, path, _, _ = await crew(door)
        assert (await sam.do("PATCH", f"{path}/members/@me/nick", {"nick": " Sam "}))["nick"] == "Sam"
        assert (await sam.get(f"/users/@me{path}/member"))["nick"] == "Sam"
        assert await code_of(sam, "PATCH", f"{path}/members/@me", {"roles": []}) == 50013
        assert await code_of(sam, "PATCH", f"{path}/members/@me", {"nick": 5, "roles": "x"}) == 50035

    visit(tmp_path, story)


def test_who_does_not_belong_learns_nothing_of_the_members(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, _, _, sam, path, _, _ = await crew(door)
        stranger = await door.register("stranger", email="stranger@chat.example")
        for where in ("", "/search?query=s", f"/{sam.id}"):
            assert await code_of(stranger, "GET", f"{path}/members{where}") == 10004
        await stranger.join(await invite(anna, path))
        shown = await anna.get(f"{path}/members/{stranger.id}")
        assert "email" not in shown["user"]

    visit(tmp_path, story)
