"""What does not exist here is answered so that libraries go on."""

from __future__ import annotations

from pathlib import Path

from tests.api.door import Door, visit


def test_a_guild_is_shown_in_short_to_its_members(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, sam = await door.register("anna"), await door.register("sam")
        guild = await anna.guild()
        preview = await anna.get(f"/guilds/{guild['id']}/preview")
        assert (preview["name"], preview["approximate_member_count"], preview["emojis"]) == ("station", 1, [])
        assert (await sam.ask("GET", f"/guilds/{guild['id']}/preview")).json()["code"] == 10004

    visit(tmp_path, story)


def test_a_guild_has_none_of_what_there_is_not(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, sam = await door.register("anna"), await door.register("sam")
        path = f"/guilds/{(await anna.guild())['id']}"
        empty = ("auto-moderation/rules", "integrations", "regions", "scheduled-events", "stickers", "templates")
        for noun in empty:
            assert await anna.get(f"{path}/{noun}") == []
        assert await anna.get(f"{path}/vanity-url") == {"code": None, "uses": 0}
        assert await anna.get(f"{path}/widget") == {"enabled": False, "channel_id": None}
        refused = await anna.ask("GET", f"{path}/widget.json")
        assert (refused.status_code, refused.json()["code"]) == (403, 50004)
        for noun in (*empty, "vanity-url", "widget", "widget.json", "threads/active"):
            assert (await sam.ask("GET", f"{path}/{noun}")).json()["code"] == 10004

    visit(tmp_path, story)
