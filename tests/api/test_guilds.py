"""Guilds: made, changed, given away, left and ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from derailed.model import permissions
from derailed.wire import limits
from tests.api.door import Door, visit
from tests.api.pictures import data_uri, gif, png


def test_a_new_guild_has_everyone_and_a_channel_and_its_owner(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        guild = await anna.guild("station")
        assert (guild["name"], guild["owner_id"]) == ("station", anna.id)
        (everyone,) = guild["roles"]
        assert (everyone["id"], everyone["name"]) == (guild["id"], "@everyone")
        assert everyone["permissions"] == str(permissions.EVERYONE_DEFAULT)
        (general,) = await anna.get(f"/guilds/{guild['id']}/channels")
        assert (general["name"], general["id"], general["guild_id"]) == (
            "general",
            guild["system_channel_id"],
            guild["id"],
        )
        (member,) = await anna.get(f"/guilds/{guild['id']}/members?limit=10")
        assert member["user"]["id"] == anna.id

    visit(tmp_path, story)


def test_bots_make_no_guilds(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        bot = await door.bot(await door.register("anna"))
        assert (await bot.ask("POST", "/guilds", {"name": "station"})).json()["code"] == 20001

    visit(tmp_path, story)


def test_a_guild_is_unknown_to_whoever_is_not_in_it(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await door.register("anna"), await door.register("ben")
        guild = await anna.guild()
        guild_id, general = guild["id"], guild["system_channel_id"]
        for method, path, body in (
            ("GET", f"/guilds/{guild_id}", None),
            ("GET", f"/guilds/{guild_id}/channels", None),
            ("GET", f"/guilds/{guild_id}/members", None),
            ("GET", f"/guilds/{guild_id}/members/search?query=a", None),
            ("GET", f"/guilds/{guild_id}/members/{anna.id}", None),
            ("GET", f"/guilds/{guild_id}/roles", None),
            ("GET", f"/guilds/{guild_id}/invites", None),
            ("GET", f"/guilds/{guild_id}/emojis", None),
            ("PATCH", f"/guilds/{guild_id}", {"name": "mine"}),
            ("DELETE", f"/guilds/{guild_id}", None),
            ("POST", f"/guilds/{guild_id}/channels", {"name": "mine"}),
            ("POST", f"/guilds/{guild_id}/roles", {}),
            ("DELETE", f"/users/@me/guilds/{guild_id}", None),
        ):
            refused = await ben.ask(method, path, body)
            assert (refused.status_code, refused.json()["code"]) == (404, 10004), path
        for method in ("GET", "DELETE"):
            refused = await ben.ask(method, f"/channels/{general}")
            assert (refused.status_code, refused.json()["code"]) == (403, 50001)

    visit(tmp_path, story)


def test_only_who_manages_a_guild_changes_it_and_only_its_owner_gives_it_away(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo = [await door.register(name) for name in ("anna", "ben", "cleo")]
        guild = await anna.guild()
        path = f"/guilds/{guild['id']}"
        for person in (ben, cleo):
            await person.join(await anna.invite(guild))
        assert (await ben.ask("PATCH", path, {"name": "mine"})).json()["code"] == 50013
        role = await anna.do("POST", f"{path}/roles", {"permissions": str(permissions.MANAGE_GUILD)})
        await anna.do("PUT", f"{path}/members/{ben.id}/roles/{role['id']}")
        assert (await ben.do("PATCH", path, {"name": "ours", "description": None}))["name"] == "ours"
        assert (await ben.ask("PATCH", path, {"owner_id": ben.id})).json()["code"] == 50013
        assert (await ben.ask("DELETE", path)).json()["code"] == 50013
        assert (await anna.ask("PATCH", path, {"owner_id": "1"})).json()["code"] == 10007
        assert (await anna.do("PATCH", path, {"owner_id": int(cleo.id)}))["owner_id"] == cleo.id
        await cleo.do("DELETE", path)
        assert (await anna.ask("GET", path)).json()["code"] == 10004

    visit(tmp_path, story)


def test_wrong_fields_of_a_guild_are_named(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        guild = await anna.guild()
        category = await anna.do("POST", f"/guilds/{guild['id']}/channels", {"name": "hall", "type": 4})
        for body in (
            {"name": "x"},
            {"name": " " * 5},
            {"name": "x" * 101},
            {"verification_level": 9},
            {"system_channel_id": "1"},
            {"icon": "data:image/png;base64,AAAA"},
            {"system_channel_flags": 1 << 70},
            {"banner": "AAAA"},
            {"splash": data_uri(b"GIF", "gif")},
            {"afk_timeout": 61},
            {"afk_channel_id": "1"},
            {"rules_channel_id": "1"},
            {"public_updates_channel_id": category["id"]},
        ):
            refused = await anna.ask("PATCH", f"/guilds/{guild['id']}", body)
            assert (refused.status_code, list(refused.json()["errors"])) == (400, list(body)), body

    visit(tmp_path, story)


def test_a_guild_shows_its_icon_banner_and_splash(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        guild = await anna.do("POST", "/guilds", {"name": "station", "icon": data_uri(png())})
        path = f"/guilds/{guild['id']}"
        assert isinstance(guild["icon"], str)
        looks = {"icon": data_uri(gif(), "gif"), "banner": data_uri(png()), "splash": data_uri(png())}
        shown = await anna.do("PATCH", path, looks)
        assert shown["icon"].startswith("a_")
        assert None not in (shown["banner"], shown["splash"])
        assert (await anna.get("/users/@me/guilds"))[0]["banner"] == shown["banner"]
        bare = await anna.do("PATCH", path, dict.fromkeys(looks))
        assert [bare[name] for name in looks] == [None, None, None]

    visit(tmp_path, story)


def test_a_guild_forgets_a_channel_that_is_gone(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        guild = await anna.guild()
        path = f"/guilds/{guild['id']}"
        names = ("system_channel_id", "rules_channel_id", "public_updates_channel_id")
        changed = await anna.do(
            "PATCH", path, {**dict.fromkeys(names, guild["system_channel_id"]), "features": ["NEWS"]}
        )
        assert {changed[name] for name in names} == {guild["system_channel_id"]}
        await anna.do("DELETE", f"/channels/{guild['system_channel_id']}")
        assert {(await anna.get(path))[name] for name in names} == {None}

    visit(tmp_path, story)


def test_an_owner_can_not_leave_and_a_member_can(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await door.register("anna"), await door.register("ben")
        guild = await anna.guild()
        await ben.join(await anna.invite(guild))
        assert (await anna.ask("DELETE", f"/users/@me/guilds/{guild['id']}")).json()["code"] == 50055
        await ben.do("DELETE", f"/users/@me/guilds/{guild['id']}")
        assert await ben.get("/users/@me/guilds") == []
        assert (await anna.get(f"/guilds/{guild['id']}?with_counts=true"))["approximate_member_count"] == 1
        assert [(t.split(":")[0], r.event) for t, r in door.records[-2:]] == [
            ("guild", "GUILD_MEMBER_REMOVE"),
            ("user", "left"),
        ]

    visit(tmp_path, story)


def test_the_list_of_ones_guilds_is_paged_by_id(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        made = [(await anna.guild())["id"] for _ in range(5)]

        async def ids(query: str) -> list[str]:
            return [entry["id"] for entry in await anna.get(f"/users/@me/guilds?{query}")]

        assert await ids("") == made
        assert await ids("limit=2") == made[:2]
        assert await ids(f"limit=2&after={made[1]}") == made[2:4]
        assert await ids(f"limit=2&before={made[3]}") == made[1:3]
        entry = (await anna.get("/users/@me/guilds?with_counts=true&limit=1"))[0]
        assert entry["owner"] is True
        assert entry["permissions"] == str(permissions.ALL)
        assert entry["approximate_member_count"] == 1

    visit(tmp_path, story)


def test_nobody_is_in_more_guilds_than_there_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "GUILDS", 2)

    async def story(door: Door) -> None:
        anna, ben = await door.register("anna"), await door.register("ben")
        code = await anna.invite(await anna.guild())
        for number in range(limits.GUILDS):
            await ben.guild(f"station {number}")
        assert (await ben.ask("POST", "/guilds", {"name": "one more"})).json()["code"] == 30001
        assert (await ben.ask("POST", f"/invites/{code}")).json()["code"] == 30001

    visit(tmp_path, story)
