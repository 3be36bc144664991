"""Applications and their bots."""

from __future__ import annotations

from pathlib import Path

from derailed.model import permissions
from tests.api.door import Door, visit


def test_a_person_makes_a_bot_and_only_they_get_its_token(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await door.register("anna"), await door.register("ben")
        made = await anna.do("POST", "/applications", {"name": "Helper"})
        assert (made["bot"]["username"], made["bot"]["bot"], made["bot"]["id"]) == ("Helper", True, made["id"])
        path = f"/applications/{made['id']}"
        assert [each["id"] for each in await anna.get("/applications")] == [made["id"]]
        assert await ben.get("/applications") == []
        for method, asked, body in (
            ("GET", path, None),
            ("PATCH", path, {"name": "x"}),
            ("POST", f"{path}/bot/reset", None),
        ):
            refused = await ben.ask(method, asked, body)
            assert (refused.status_code, refused.json()["code"]) == (403, 20012)
        changed = await anna.do("PATCH", path, {"name": "Porter", "description": "carries"})
        assert (changed["name"], changed["description"]) == ("Porter", "carries")
        assert (await anna.ask("GET", "/applications/1")).json()["code"] == 10002
        assert list((await anna.ask("POST", "/applications", {"name": " "})).json()["errors"]) == ["name"]

    visit(tmp_path, story)


def test_a_reset_token_replaces_the_one_before(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        bot = await door.bot(anna)
        assert (await bot.get("/users/@me"))["bot"] is True
        await anna.do("POST", f"/applications/{bot.id}/bot/reset")
        assert (await bot.ask("GET", "/users/@me")).status_code == 401
        assert [(topic, record.event, record.id) for topic, record in door.records[-1:]] == [
            (f"user:{bot.id}", "revoked", 0)
        ]

    visit(tmp_path, story)


def test_a_bot_finds_its_application_by_both_names(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        bot = await door.bot(anna)
        for path in ("/applications/@me", "/oauth2/applications/@me"):
            found = await bot.get(path)
            assert (found["id"], found["owner"]["id"]) == (bot.id, anna.id)
            assert found["flags"] & (1 << 12 | 1 << 14 | 1 << 18) == 1 << 12 | 1 << 14 | 1 << 18
        assert (await anna.ask("GET", "/applications/@me")).json()["code"] == 20002

    visit(tmp_path, story)


def test_two_bots_of_one_name_are_told_apart(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        bots = [await door.bot(anna, "n" * 32) for _ in range(2)]
        names = {bot.account["username"] for bot in bots}
        assert len(names) == 2
        assert all(len(name) <= 32 for name in names)

    visit(tmp_path, story)


def test_who_manages_a_guild_adds_a_bot_with_no_more_than_they_have(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await door.register("anna"), await door.register("ben")
        guild = await anna.guild()
        await ben.join(await anna.invite(guild))
        bot = await door.bot(ben)
        path = f"/oauth2/authorize?client_id={bot.id}&scope=bot&permissions={permissions.ADMINISTRATOR | 1024}"
        body = {"guild_id": guild["id"], "authorize": True}
        assert (await ben.ask("POST", path, body)).json()["code"] == 50013
        role = await anna.do("POST", f"/guilds/{guild['id']}/roles", {"permissions": permissions.MANAGE_GUILD})
        await anna.do("PUT", f"/guilds/{guild['id']}/members/{ben.id}/roles/{role['id']}")
        await ben.do("POST", path, body)
        (managed,) = [each for each in await anna.get(f"/guilds/{guild['id']}/roles") if each["managed"]]
        assert (managed["tags"], managed["permissions"]) == ({"bot_id": bot.id}, "1024")
        assert (await bot.get(f"/guilds/{guild['id']}/members/{bot.id}"))["roles"] == [managed["id"]]
        since = len(door.records)
        await ben.do("POST", path, body)
        assert door.told(since) == []
        for method, member in (("PUT", ben), ("DELETE", bot)):
            path = f"/guilds/{guild['id']}/members/{member.id}/roles/{managed['id']}"
            assert (await anna.ask(method, path)).json()["code"] == 50028
        assert (await anna.ask("DELETE", f"/guilds/{guild['id']}/roles/{managed['id']}")).json()["code"] == 50028

    visit(tmp_path, story)


def test_a_bots_role_goes_with_it(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        guild = await anna.guild()
        bot = await door.bot(anna)
        path = f"/oauth2/authorize?client_id={bot.id}&scope=bot&permissions=8"
        await anna.do("POST", path, {"guild_id": guild["id"], "authorize": True})
        await bot.do("DELETE", f"/users/@me/guilds/{guild['id']}")
        assert len(await anna.get(f"/guilds/{guild['id']}/roles")) == 1

    visit(tmp_path, story)


def test_an_operator_makes_a_bot_in_a_guild(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        guild = await anna.guild()
        bot_id, token = await door.verbs.applications.create_bot("Announcer", int(guild["id"]))
        found = await door.ask("GET", f"/guilds/{guild['id']}", token=f"Bot {token}")
        assert found.json()["id"] == guild["id"]
        assert [each["id"] for each in await anna.get("/applications")] == [str(bot_id)]

    visit(tmp_path, story)


def test_what_libraries_ask_for_at_their_start_is_there(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        guild = await anna.guild()
        bot = await door.bot(anna)
        assert await bot.get(f"/applications/{bot.id}/commands") == []
        assert await bot.get(f"/applications/{bot.id}/emojis") == {"items": []}
        assert await anna.get(f"/guilds/{guild['id']}/threads/active") == {"threads": [], "members": []}
        assert await anna.get("/voice/regions") == []

    visit(tmp_path, story)
