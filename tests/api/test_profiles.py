"""Profiles and notes: seen by those who know each other, and heard of by one's own sessions."""

from __future__ import annotations

from pathlib import Path

import msgspec

from derailed.wire import limits
from tests.api.door import Door, visit
from tests.api.test_accounts import codes


def test_a_profile_is_shown_to_who_shares_a_guild_or_a_friendship(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo = [await door.register(name) for name in ("anna", "ben", "cleo")]
        guild = await anna.guild()
        await ben.join(await anna.invite(guild))
        await anna.do("PATCH", f"/guilds/{guild['id']}/members/{ben.id}", {"nick": "Benny"})
        since = len(door.records)
        said = {"bio": "I like trains", "accent_color": 255, "pronouns": "he"}
        assert await ben.do("PATCH", "/users/@me/profile", said) == said
        ((topic, told),) = door.records[since:]
        assert (topic, told.event, msgspec.json.decode(told.data)) == (f"user:{ben.id}", "USER_PROFILE_UPDATE", said)
        await ben.do("PATCH", "/users/@me/profile", {"bio": "I like trains"})
        assert len(door.records) == since + 1

        seen = await anna.get(f"/users/{ben.id}/profile?guild_id={guild['id']}")
        assert seen["user_profile"] == said
        assert (seen["user"]["bio"], seen["user"]["accent_color"]) == ("I like trains", 255)
        assert seen["mutual_guilds"] == [{"id": guild["id"], "nick": "Benny"}]
        assert seen["guild_member"]["nick"] == "Benny"
        assert "mutual_friends" not in seen
        assert "mutual_guilds" not in await anna.get(f"/users/{ben.id}/profile?with_mutual_guilds=false")
        assert (await ben.get(f"/users/{ben.id}/profile"))["user"]["id"] == ben.id
        assert (await cleo.ask("GET", f"/users/{ben.id}/profile")).json()["code"] == 50001
        assert (await anna.ask("GET", "/users/1/profile")).json()["code"] == 10013
        other = await cleo.guild()
        assert (await anna.ask("GET", f"/users/{ben.id}/profile?guild_id={other['id']}")).json()["code"] == 10004

        for one, two in ((cleo, ben), (cleo, anna)):
            await one.do("PUT", f"/users/@me/relationships/{two.id}", {})
        assert (await cleo.get(f"/users/{ben.id}/profile"))["mutual_guilds"] == []
        for one, two in ((ben, cleo), (anna, cleo)):
            await one.do("PUT", f"/users/@me/relationships/{two.id}", {})
        seen = await anna.get(f"/users/{ben.id}/profile?with_mutual_friends=true")
        assert [each["id"] for each in seen["mutual_friends"]] == [cleo.id]
        assert (await anna.get(f"/users/{ben.id}/profile?with_mutual_friends_count=true"))["mutual_friends_count"] == 1

    visit(tmp_path, story)


def test_what_is_too_long_for_a_profile_is_named(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        body = {"bio": "x" * (limits.BIO + 1), "pronouns": "x" * (limits.PRONOUNS + 1), "accent_color": 1 << 24}
        refused = codes(await anna.ask("PATCH", "/users/@me/profile", body))
        assert list(refused) == ["bio", "pronouns", "accent_color"]
        cleared = await anna.do("PATCH", "/users/@me/profile", {"bio": None, "pronouns": None, "accent_color": None})
        assert cleared == {"bio": "", "pronouns": "", "accent_color": None}

    visit(tmp_path, story)


def test_notes_are_ones_own_and_all_ones_sessions_hear_of_them(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await door.register("anna"), await door.register("ben")
        path = f"/users/@me/notes/{ben.id}"
        assert (await anna.ask("GET", path)).json()["code"] == 10013
        since = len(door.records)
        await anna.do("PUT", path, {"note": "owes me a ticket"})
        await anna.do("PUT", path, {"note": "owes me a ticket"})
        ((topic, told),) = door.records[since:]
        assert (topic, told.event) == (f"user:{anna.id}", "USER_NOTE_UPDATE")
        assert msgspec.json.decode(told.data) == {"id": ben.id, "note": "owes me a ticket"}
        assert await anna.get(path) == {"note": "owes me a ticket", "note_user_id": ben.id, "user_id": anna.id}
        assert await anna.get("/users/@me/notes") == {ben.id: "owes me a ticket"}
        assert await ben.get("/users/@me/notes") == {}
        await anna.do("PUT", path, {"note": ""})
        assert await anna.get("/users/@me/notes") == {}
        assert (await anna.ask("PUT", "/users/@me/notes/1", {"note": "x"})).json()["code"] == 10013
        assert codes(await anna.ask("PUT", path, {"note": "x" * (limits.NOTE + 1)})) == {
            "note": ["BASE_TYPE_BAD_LENGTH"]
        }

    visit(tmp_path, story)
