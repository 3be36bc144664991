"""Invites: the ways in, and who may use, see and close them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.api.door import Door, visit


def test_an_invite_shows_where_it_leads_to_whoever_has_the_code(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        guild = await anna.guild()
        made = await anna.do("POST", f"/channels/{guild['system_channel_id']}/invites", {})
        assert (made["max_age"], made["max_uses"], made["uses"], made["temporary"]) == (86_400, 0, 0, False)
        assert len(made["code"]) == 8
        shown = (await door.ask("GET", f"/invites/{made['code']}?with_counts=true")).json()
        assert shown["guild"]["name"] == "station"
        assert shown["channel"] == {"id": guild["system_channel_id"], "name": "general", "type": 0}
        assert shown["inviter"]["id"] == anna.id
        assert shown["approximate_member_count"] == 1
        assert "uses" not in shown

    visit(tmp_path, story)


def test_to_accept_twice_is_fine_and_counts_once(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await door.register("anna"), await door.register("ben")
        guild = await anna.guild()
        code = await anna.invite(guild)
        await ben.join(code)
        since = len(door.records)
        await ben.join(code)
        assert door.told(since) == []
        (listed,) = await anna.get(f"/guilds/{guild['id']}/invites")
        assert (listed["uses"], listed["code"]) == (1, code)

    visit(tmp_path, story)


def test_of_two_people_on_the_last_use_of_an_invite_one_comes_in(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        people = [await door.register(f"guest{number}") for number in range(8)]
        guild = await anna.guild()
        code = await anna.invite(guild, max_uses=3)
        answers = await asyncio.gather(*(person.ask("POST", f"/invites/{code}") for person in people))
        assert sorted(answer.status_code for answer in answers) == [200] * 3 + [404] * 5
        assert {answer.json()["code"] for answer in answers if answer.status_code == 404} == {10006}
        assert len(await anna.get(f"/guilds/{guild['id']}/members?limit=10")) == 4

    visit(tmp_path, story)


def test_an_invite_ends_with_its_time(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await door.register("anna"), await door.register("ben")
        code = await anna.invite(await anna.guild(), max_age=60)
        door.now_ms += 59_999
        assert (await door.ask("GET", f"/invites/{code}")).status_code == 200
        door.now_ms += 1
        assert (await door.ask("GET", f"/invites/{code}")).json()["code"] == 10006
        assert (await ben.ask("POST", f"/invites/{code}")).json()["code"] == 10006

    visit(tmp_path, story)


def test_an_invite_from_one_guild_joins_no_other(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await door.register("anna"), await door.register("ben")
        first, second = await anna.guild("first"), await anna.guild("second")
        await ben.join(await anna.invite(first))
        assert [entry["id"] for entry in await ben.get("/users/@me/guilds")] == [first["id"]]
        assert (await ben.ask("GET", f"/guilds/{second['id']}")).json()["code"] == 10004

    visit(tmp_path, story)


def test_the_same_endless_invite_is_given_again_unless_a_unique_one_is_asked_for(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        guild = await anna.guild()
        endless = await anna.invite(guild, max_age=0)
        since = len(door.records)
        assert await anna.invite(guild, max_age=0) == endless
        assert door.told(since) == []
        assert await anna.invite(guild, max_age=0, unique=True) != endless
        assert await anna.invite(guild, max_age=0, max_uses=1) != endless
        assert await anna.invite(guild) != await anna.invite(guild)

    visit(tmp_path, story)


def test_invites_are_closed_by_who_made_them_or_manages_there(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo = [await door.register(name) for name in ("anna", "ben", "cleo")]
        guild = await anna.guild()
        code = await anna.invite(guild)
        for person in (ben, cleo):
            await person.join(code)
        bens = await ben.invite(guild)
        assert (await cleo.ask("DELETE", f"/invites/{bens}")).json()["code"] == 50013
        assert (await ben.do("DELETE", f"/invites/{bens}"))["code"] == bens
        assert (await ben.ask("DELETE", f"/invites/{code}")).json()["code"] == 50013
        assert (await ben.ask("GET", f"/guilds/{guild['id']}/invites")).json()["code"] == 50013
        await anna.do("DELETE", f"/invites/{code}")
        assert door.told()[-2:] == ["INVITE_DELETE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
        assert await anna.get(f"/channels/{guild['system_channel_id']}/invites") == []

    visit(tmp_path, story)


def test_invites_go_with_their_channel(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        guild = await anna.guild()
        code = await anna.invite(guild)
        await anna.do("DELETE", f"/channels/{guild['system_channel_id']}")
        assert (await door.ask("GET", f"/invites/{code}")).json()["code"] == 10006
        assert await anna.get(f"/guilds/{guild['id']}/invites") == []

    visit(tmp_path, story)


def test_bots_are_added_and_not_invited(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        bot = await door.bot(anna)
        code = await anna.invite(await anna.guild())
        assert (await bot.ask("POST", f"/invites/{code}")).json()["code"] == 20001

    visit(tmp_path, story)


def test_wrong_terms_of_an_invite_are_named(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        guild = await anna.guild()
        path = f"/channels/{guild['system_channel_id']}/invites"
        refused = await anna.ask("POST", path, {"max_age": -1, "max_uses": 101})
        assert set(refused.json()["errors"]) == {"max_age", "max_uses"}
        hall = await anna.do("POST", f"/guilds/{guild['id']}/channels", {"name": "hall", "type": 4})
        assert (await anna.ask("POST", f"/channels/{hall['id']}/invites", {})).json()["code"] == 50024

    visit(tmp_path, story)
