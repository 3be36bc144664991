"""Members and roles: who stands above whom, and what may be granted."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from derailed.model import permissions
from derailed.model.permissions import ADMINISTRATOR, KICK_MEMBERS, MANAGE_NICKNAMES, MANAGE_ROLES, MODERATE_MEMBERS
from tests.api.door import Door, Person, visit

HELD = KICK_MEMBERS | MANAGE_NICKNAMES | MANAGE_ROLES | MODERATE_MEMBERS


class Crew(NamedTuple):
    """Anna owns; ben holds `low` and everything in HELD; cleo holds `high`, which stands above; sam holds nothing."""

    anna: Person
    ben: Person
    cleo: Person
    sam: Person
    path: str
    low: str
    high: str


async def crew(door: Door) -> Crew:
    """They, and their guild."""
    people = [await door.register(name) for name in ("anna", "ben", "cleo", "sam")]
    anna, ben, cleo, sam = people
    guild = await anna.guild()
    path = f"/guilds/{guild['id']}"
    code = await anna.invite(guild)
    for person in (ben, cleo, sam):
        await person.join(code)
    low = (await anna.do("POST", f"{path}/roles", {"name": "low", "permissions": str(HELD)}))["id"]
    high = (await anna.do("POST", f"{path}/roles", {"name": "high", "permissions": "0"}))["id"]
    await anna.do("PATCH", f"{path}/roles", [{"id": low, "position": 1}, {"id": high, "position": 2}])
    await anna.do("PUT", f"{path}/members/{ben.id}/roles/{low}")
    await anna.do("PUT", f"{path}/members/{cleo.id}/roles/{high}")
    return Crew(anna, ben, cleo, sam, path, low, high)


async def code_of(person: Person, method: str, path: str, body: Any = None) -> int:
    """0 when it goes well, else the code of the refusal."""
    answer = await person.ask(method, path, body)
    return 0 if answer.is_success else answer.json()["code"]


def test_one_acts_only_on_members_below_oneself(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo, sam, path, _, _ = await crew(door)
        soon = "2024-07-05T00:00:00+00:00"
        for body in ({"nick": "x"}, {"communication_disabled_until": soon}):
            for above in (anna, cleo):
                assert await code_of(ben, "PATCH", f"{path}/members/{above.id}", body) == 50013
            assert await code_of(ben, "PATCH", f"{path}/members/{sam.id}", body) == 0
        for above in (anna, cleo, ben):
            assert await code_of(ben, "DELETE", f"{path}/members/{above.id}") == 50013
        assert await code_of(sam, "DELETE", f"{path}/members/{ben.id}") == 50013
        assert await code_of(ben, "DELETE", f"{path}/members/{sam.id}") == 0

    visit(tmp_path, story)


def test_one_gives_and_takes_only_roles_below_ones_highest(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo, sam, path, low, high = await crew(door)
        below = (await ben.do("POST", f"{path}/roles", {"name": "below", "permissions": "0"}))["id"]
        sams = f"{path}/members/{sam.id}"
        assert await code_of(ben, "PUT", f"{sams}/roles/{below}") == 0
        for role in (low, high):
            assert await code_of(ben, "PUT", f"{sams}/roles/{role}") == 50013
            assert await code_of(ben, "PATCH", sams, {"roles": [below, role]}) == 50013
        assert await code_of(ben, "PATCH", sams, {"roles": [int(below)]}) == 0
        assert await code_of(ben, "DELETE", f"{path}/members/{cleo.id}/roles/{high}") == 50013
        assert await code_of(ben, "PATCH", f"{path}/members/{ben.id}", {"roles": [low, below]}) == 0
        assert await code_of(ben, "PATCH", f"{path}/members/{ben.id}", {"roles": [below]}) == 50013
        assert await code_of(sam, "PUT", f"{sams}/roles/{below}") == 50013
        assert await code_of(anna, "PUT", f"{sams}/roles/1") == 10011

    visit(tmp_path, story)


def test_one_edits_only_roles_below_ones_highest_and_grants_only_what_one_has(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        _, ben, _, _, path, low, high = await crew(door)
        assert await code_of(ben, "POST", f"{path}/roles", {"permissions": str(ADMINISTRATOR)}) == 50013
        below = (await ben.do("POST", f"{path}/roles", {"permissions": str(KICK_MEMBERS)}))["id"]
        assert await code_of(ben, "PATCH", f"{path}/roles/{below}", {"permissions": str(HELD)}) == 0
        assert await code_of(ben, "PATCH", f"{path}/roles/{below}", {"permissions": HELD | ADMINISTRATOR}) == 50013
        for role in (low, high):
            assert await code_of(ben, "PATCH", f"{path}/roles/{role}", {"name": "mine"}) == 50013
            assert await code_of(ben, "DELETE", f"{path}/roles/{role}") == 50013
        assert await code_of(ben, "PATCH", f"{path}/roles", [{"id": below, "position": 3}]) == 50013
        assert await code_of(ben, "PATCH", f"{path}/roles", [{"id": high, "position": 1}]) == 50013
        everyone = path.split("/")[-1]
        assert await code_of(ben, "PATCH", f"{path}/roles/{everyone}", {"permissions": str(ADMINISTRATOR)}) == 50013
        assert await code_of(ben, "DELETE", f"{path}/roles/{everyone}") == 50028
        assert await code_of(ben, "DELETE", f"{path}/roles/{below}") == 0

    visit(tmp_path, story)


def test_of_roles_at_one_position_the_older_stands_higher(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo, _, path, low, high = await crew(door)
        await anna.do("PATCH", f"{path}/roles", [{"id": high, "position": 1}])
        assert int(low) < int(high)
        assert await code_of(ben, "PATCH", f"{path}/members/{cleo.id}", {"nick": "below me"}) == 0
        assert await code_of(ben, "DELETE", f"{path}/roles/{high}") == 0

    visit(tmp_path, story)


def test_a_deleted_role_is_taken_from_members_and_overwrites(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, _, _, path, low, _ = await crew(door)
        (general,) = await anna.get(f"{path}/channels")
        await anna.do("PUT", f"/channels/{general['id']}/permissions/{low}", {"type": 0, "allow": "1024"})
        await anna.do("DELETE", f"{path}/roles/{low}")
        assert (await anna.get(f"{path}/members/{ben.id}"))["roles"] == []
        assert (await anna.get(f"/channels/{general['id']}"))["permission_overwrites"] == []
        assert await code_of(anna, "GET", f"{path}/roles/{low}") == 10011

    visit(tmp_path, story)


def test_a_time_out_takes_everything_but_sight_and_ends_by_itself(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, _, sam, path, low, _ = await crew(door)
        (general,) = await anna.get(f"{path}/channels")
        channel = f"/channels/{general['id']}"
        until = "2024-07-04T06:20:00+00:00"  # an hour from the door's now
        named = await ben.do("PATCH", f"{path}/members/{sam.id}", {"communication_disabled_until": until})
        assert named["communication_disabled_until"] == "2024-07-04T06:20:00.000000+00:00"
        assert await code_of(sam, "GET", f"{channel}/messages") == 0
        assert await code_of(sam, "POST", f"{channel}/messages", {"content": "x"}) == 50013
        assert await code_of(sam, "POST", f"{channel}/invites", {}) == 50013
        assert await code_of(sam, "PATCH", f"{path}/members/@me", {"nick": "x"}) == 50013
        door.now_ms += 3_600_000
        assert await code_of(sam, "POST", f"{channel}/messages", {"content": "x"}) == 0
        too_long = {"communication_disabled_until": "2024-09-04T06:20:00+00:00"}
        assert await code_of(ben, "PATCH", f"{path}/members/{sam.id}", too_long) == 50035
        naive = {"communication_disabled_until": "2024-07-05T06:20:00"}
        assert await code_of(ben, "PATCH", f"{path}/members/{sam.id}", naive) == 50035
        boss = await anna.do("POST", f"{path}/roles", {"permissions": ADMINISTRATOR})
        await anna.do("PATCH", f"{path}/roles", [{"id": boss["id"], "position": 1}, {"id": low, "position": 5}])
        await anna.do("PUT", f"{path}/members/{sam.id}/roles/{boss['id']}")
        later = {"communication_disabled_until": "2024-07-05T06:20:00+00:00"}
        assert await code_of(ben, "PATCH", f"{path}/members/{sam.id}", later) == 50013

    visit(tmp_path, story)


def test_one_names_oneself_by_a_permission_of_ones_own(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, _, _, sam, path, _, _ = await crew(door)
        assert (await sam.do("PATCH", f"{path}/members/@me", {"nick": "Sam"}))["nick"] == "Sam"
        everyone = path.split("/")[-1]
        without = permissions.EVERYONE_DEFAULT & ~permissions.CHANGE_NICKNAME
        await anna.do("PATCH", f"{path}/roles/{everyone}", {"permissions": str(without)})
        assert await code_of(sam, "PATCH", f"{path}/members/@me", {"nick": "Samuel"}) == 50013
        assert await code_of(anna, "PATCH", f"{path}/members/{sam.id}", {"nick": "x" * 33}) == 50035

    visit(tmp_path, story)


def test_a_repeat_changes_nothing_and_tells_nobody(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, _, _, path, low, _ = await crew(door)
        since = len(door.records)
        await anna.do("PUT", f"{path}/members/{ben.id}/roles/{low}")
        await anna.do("PATCH", f"{path}/members/{ben.id}", {"nick": None, "roles": [low]})
        await anna.do("PATCH", f"{path}/roles", [{"id": low, "position": 1}])
        assert door.told(since) == []

    visit(tmp_path, story)


def test_members_are_paged_and_found_by_the_beginning_of_a_name(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo, sam, path, _, _ = await crew(door)

        async def ids(query: str) -> list[str]:
            return [each["user"]["id"] for each in await anna.get(f"{path}/members{query}")]

        everyone = [anna.id, ben.id, cleo.id, sam.id]
        assert await ids("") == everyone[:1]
        assert await ids("?limit=1000") == everyone
        assert await ids(f"?limit=2&after={ben.id}") == everyone[2:]
        await anna.do("PATCH", f"{path}/members/{sam.id}", {"nick": "ANNabel_100%"})
        assert await ids("/search?query=ann&limit=10") == [anna.id, sam.id]
        assert await ids("/search?query=annabel_&limit=10") == [sam.id]
        assert await ids("/search?query=%25&limit=10") == []
        assert await code_of(anna, "GET", f"{path}/members/search") == 50035
        stranger = await door.register("stranger")
        assert await code_of(anna, "GET", f"{path}/members/{stranger.id}") == 10007
        assert await code_of(anna, "GET", f"{path}/members/1") == 10013

    visit(tmp_path, story)


def test_who_was_removed_is_out_at_once(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, _, _, sam, path, _, _ = await crew(door)
        (general,) = await sam.get(f"{path}/channels")
        await anna.do("DELETE", f"{path}/members/{sam.id}")
        assert await code_of(sam, "GET", path) == 10004
        assert await code_of(sam, "POST", f"/channels/{general['id']}/messages", {"content": "x"}) == 50001
        assert [record.event for topic, record in door.records if topic == f"user:{sam.id}"] == ["joined", "left"]

    visit(tmp_path, story)
