"""Logins: listed, ended, and what was given to whom; and the end of an account."""

from __future__ import annotations

from pathlib import Path

import pytest

from derailed.actions import farewell
from derailed.wire.limits import USED_MS
from tests.api.door import PASSWORD, Door, Person, swept, visit
from tests.api.test_accounts import codes
from tests.api.test_search import rows

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0"


async def again(door: Door, person: Person, agent: str) -> Person:
    """The same person, logged in once more."""
    body = {"login": person.account["username"], "password": PASSWORD}
    answer = await door.ask("POST", "/auth/login", body, headers={"user-agent": agent})
    return Person(door, answer.json()["token"], person.account)


def test_logins_are_listed_with_what_they_were_given_to(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        door.now_ms += 1000
        await again(door, anna, FIREFOX)
        door.now_ms += USED_MS
        second = await again(door, anna, EDGE)
        door.now_ms += 1000
        await anna.get("/users/@me")
        listed = (await second.get("/auth/sessions"))["user_sessions"]
        clients = [(each["client_info"]["os"], each["client_info"]["platform"]) for each in listed]
        assert sorted(clients, key=str) == [("Linux", "Firefox"), ("Windows", "Edge"), (None, "Python")]
        assert len({each["id_hash"] for each in listed}) == 3
        times = [each["approx_last_used_time"] for each in listed]
        assert times == sorted(times, reverse=True)

    visit(tmp_path, story)


def test_a_login_that_is_ended_is_over_at_once_and_no_other(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await door.register("anna"), await door.register("ben")
        door.now_ms += 1000
        second = await again(door, anna, FIREFOX)
        newest, oldest = [each["id_hash"] for each in (await anna.get("/auth/sessions"))["user_sessions"]]
        (bens,) = [each["id_hash"] for each in (await ben.get("/auth/sessions"))["user_sessions"]]
        since = len(door.records)
        await anna.do("POST", "/auth/sessions/logout", {"session_id_hashes": [newest, bens, "nothing"]})
        assert [(topic, record.event) for topic, record in door.records[since:]] == [(f"user:{anna.id}", "revoked")]
        assert (await second.ask("GET", "/users/@me")).status_code == 401
        assert (await ben.ask("GET", "/users/@me")).status_code == 200
        left = (await anna.get("/auth/sessions"))["user_sessions"]
        assert [each["id_hash"] for each in left] == [oldest]
        await anna.do("POST", "/auth/sessions/logout", {"session_id_hashes": [oldest]})
        assert (await anna.ask("GET", "/users/@me")).status_code == 401

    visit(tmp_path, story)


def test_another_address_needs_the_password(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        assert codes(await anna.ask("PATCH", "/users/@me", {"email": "anna"})) == {
            "email": ["EMAIL_TYPE_INVALID_EMAIL"]
        }
        refused = await anna.ask("PATCH", "/users/@me", {"email": "anna@a.example", "password": "wrong"})
        assert codes(refused) == {"password": ["PASSWORD_DOES_NOT_MATCH"]}
        since = len(door.records)
        changed = await anna.do("PATCH", "/users/@me", {"email": "anna@a.example", "password": PASSWORD})
        assert changed["email"] == (await anna.get("/users/@me"))["email"] == "anna@a.example"
        assert door.told(since) == ["USER_UPDATE"]

    visit(tmp_path, story)


def test_who_has_guilds_or_the_wrong_password_is_not_deleted(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        guild = await anna.guild()
        wrong = await anna.ask("POST", "/users/@me/delete", {"password": "wrong"})
        assert codes(wrong) == {"password": ["PASSWORD_DOES_NOT_MATCH"]}
        assert codes(await anna.ask("POST", "/users/@me/delete", {})) == {"password": ["PASSWORD_DOES_NOT_MATCH"]}
        refused = await anna.ask("POST", "/users/@me/delete", {"password": PASSWORD})
        assert refused.json()["code"] == 40011
        assert (await anna.get("/users/@me"))["username"] == "anna"
        await anna.do("DELETE", f"/guilds/{guild['id']}")
        await anna.do("POST", "/users/@me/delete", {"password": PASSWORD})

    visit(tmp_path, story)


def test_what_a_deleted_account_said_stays_and_everyone_concerned_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(farewell, "_RELATIONS", 1)

    async def story(door: Door) -> None:
        anna, ben, cleo = [await door.register(name) for name in ("anna", "ben", "cleo")]
        guilds = [await anna.guild(name) for name in ("one", "two")]
        for guild in guilds:
            await ben.join(await anna.invite(guild))
        for friend in (anna, cleo):
            await ben.do("PUT", f"/users/@me/relationships/{friend.id}", {})
            await friend.do("PUT", f"/users/@me/relationships/{ben.id}", {})
        messages = f"/channels/{guilds[0]['system_channel_id']}/messages"
        said = await ben.do("POST", messages, {"content": "remember me"})
        await ben.do("PUT", f"/users/@me/notes/{anna.id}", {"note": "friend"})
        await ben.do("PATCH", "/users/@me/profile", {"bio": "hello"})
        await anna.do("PUT", f"/users/@me/notes/{ben.id}", {"note": "gone?"})
        mention = {"content": f"<@{ben.id}> look"}
        called = await anna.do("POST", messages, mention)
        await ben.do("POST", f"{messages}/{called['id']}/ack", {"token": None})
        await ben.do("PATCH", f"/users/@me/guilds/{guilds[0]['id']}/settings", {"muted": True})
        bot = await door.bot(ben, "helper")
        since = len(door.records)
        await ben.do("POST", "/users/@me/delete", {"password": PASSWORD})
        assert {(topic, each.event, each.id) for topic, each in door.records[since:]} == {
            (f"user:{who.id}", "revoked", 0) for who in (ben, bot)
        }
        for token in (ben.token, bot.token):
            assert (await door.ask("GET", "/users/@me", token=token)).status_code == 401
        codes(await door.ask("POST", "/auth/login", {"login": "ben", "password": PASSWORD}))
        since = len(door.records)
        await swept(door)
        told = [(topic, each.event) for topic, each in door.records[since:]]
        assert [each for each in told if each[1] == "GUILD_MEMBER_REMOVE"] == [
            (f"guild:{guild['id']}", "GUILD_MEMBER_REMOVE") for guild in guilds
        ]
        removed = [topic for topic, event in told if event == "RELATIONSHIP_REMOVE"]
        assert sorted(removed) == sorted(f"user:{friend.id}" for friend in (anna, cleo))
        shown = await anna.get(f"{messages}/{said['id']}")
        assert (shown["content"], shown["author"]["id"]) == ("remember me", ben.id)
        assert shown["author"]["global_name"] == "Deleted User"
        assert shown["author"]["username"].startswith("deleted_user_")
        assert shown["author"]["avatar"] is None
        assert await anna.get("/users/@me/relationships") == []
        assert await anna.get("/users/@me/notes") == {ben.id: "gone?"}
        counts = {table: await rows(door, table) for table in ("profiles", "chores", "guild_settings", "mentions")}
        assert counts == dict.fromkeys(counts, 0)
        assert await rows(door, "notes") == 1
        sql = "SELECT COUNT(*) FROM read_states WHERE user_id = $1"
        assert await door.store.read(lambda tx: tx.fetch(sql, int(ben.id))) == [(0,)]
        assert (await anna.ask("PUT", f"/users/@me/relationships/{ben.id}", {})).json()["code"] == 10013
        taken = await door.ask("POST", "/auth/register", {"username": "deleted_user_1", "password": PASSWORD})
        assert codes(taken) == {"username": ["USERNAME_ALREADY_TAKEN"]}
        assert (await door.register("ben")).id != ben.id

    visit(tmp_path, story)


def test_a_deleted_account_leaves_its_groups_and_its_dms_stay_for_the_others(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo = [await door.register(name) for name in ("anna", "ben", "cleo")]
        guild = await anna.guild()
        for person in (ben, cleo):
            await person.join(await anna.invite(guild))
        dm = await ben.do("POST", "/users/@me/channels", {"recipient_id": anna.id})
        said = await ben.do("POST", f"/channels/{dm['id']}/messages", {"content": "between us"})
        group = await ben.do("POST", "/users/@me/channels", {"recipients": [anna.id, cleo.id]})
        await ben.do("POST", "/users/@me/delete", {"password": PASSWORD})
        since = len(door.records)
        await swept(door)
        told = [(topic, each.event) for topic, each in door.records[since:]]
        for person in (anna, cleo):
            assert (f"user:{person.id}", "CHANNEL_RECIPIENT_REMOVE") in told
        left = await anna.get(f"/channels/{group['id']}")
        assert [each["id"] for each in left["recipients"]] == [cleo.id]
        shown = await anna.get(f"/channels/{dm['id']}/messages/{said['id']}")
        assert (shown["content"], shown["author"]["global_name"]) == ("between us", "Deleted User")

    visit(tmp_path, story)
