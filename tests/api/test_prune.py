"""Prune: who has not been seen for days, and holds no role, is removed."""

from __future__ import annotations

from pathlib import Path

from derailed.model.permissions import KICK_MEMBERS, MANAGE_GUILD
from tests.api.door import Door, swept, visit
from tests.api.test_members import code_of, crew

DAY_MS = 86_400_000


def test_who_was_not_seen_for_days_and_holds_no_role_goes(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo, sam, path, _, _ = await crew(door)
        bot = await door.bot(anna)
        guild = path.split("/")[-1]
        authorize = f"/oauth2/authorize?client_id={bot.id}&scope=bot&permissions=0"
        await anna.do("POST", authorize, {"guild_id": guild, "authorize": True})
        active = await door.register("active")
        (general,) = await anna.get(f"{path}/channels")
        await active.join((await anna.do("POST", f"/channels/{general['id']}/invites", {}))["code"])
        door.now_ms += 8 * DAY_MS
        await active.get("/users/@me")
        assert await anna.get(f"{path}/prune") == {"pruned": 1}
        assert await anna.get(f"{path}/prune?days=9") == {"pruned": 0}
        since = len(door.records)
        assert await anna.do("POST", f"{path}/prune", {"days": 7}) == {"pruned": 1}
        await swept(door)
        assert door.told(since) == ["GUILD_AUDIT_LOG_ENTRY_CREATE", "GUILD_MEMBER_REMOVE", "left"]
        left = [each["user"]["id"] for each in await anna.get(f"{path}/members?limit=10")]
        assert left == [anna.id, ben.id, cleo.id, bot.id, active.id]
        assert await code_of(sam, "GET", path) == 10004

    visit(tmp_path, story)


def test_a_prune_can_include_those_who_hold_nothing_but_some_roles(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo, _, path, low, high = await crew(door)
        await anna.do("PUT", f"{path}/members/{cleo.id}/roles/{low}")
        door.now_ms += 31 * DAY_MS
        assert await anna.get(f"{path}/prune?include_roles={low}") == {"pruned": 2}
        assert await anna.get(f"{path}/prune?include_roles={low},%20{high}") == {"pruned": 3}
        body = {"days": "30", "compute_prune_count": "false", "include_roles": f"{low}, {high}"}
        assert await anna.do("POST", f"{path}/prune", body) == {"pruned": None}
        await swept(door)
        assert len(await anna.get(f"{path}/members?limit=10")) == 1
        (entry,) = (await anna.get(f"{path}/audit-logs?action_type=21"))["audit_log_entries"]
        assert entry["options"] == {"delete_member_days": "30", "members_removed": "3"}
        assert await code_of(ben, "GET", path) == 10004

    visit(tmp_path, story)


def test_a_prune_needs_two_permissions_and_reaches_no_role_above(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, _, sam, path, low, high = await crew(door)
        for method in ("GET", "POST"):
            assert await code_of(sam, method, f"{path}/prune") == 50013
            assert await code_of(ben, method, f"{path}/prune") == 50013
        await anna.do("PATCH", f"{path}/roles/{low}", {"permissions": str(KICK_MEMBERS | MANAGE_GUILD)})
        assert await code_of(ben, "GET", f"{path}/prune") == 0
        for role in (low, high):
            assert await code_of(ben, "POST", f"{path}/prune", {"include_roles": [role]}) == 50013
        for query in ("days=0", "days=31", "days=x", "include_roles=x", "include_roles=1"):
            assert await code_of(anna, "GET", f"{path}/prune?{query}") in (50035, 10011)

    visit(tmp_path, story)
