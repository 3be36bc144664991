"""Accounts: register, log in, log out, change oneself."""

from __future__ import annotations

import asyncio
import base64
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher

from derailed.wire import limits
from tests.api.door import PASSWORD, Door, Person, visit


def codes(response: httpx.Response) -> dict[str, list[str]]:
    """The leaf codes of a form error, by field."""
    assert response.status_code == 400, response.text
    body = response.json()
    assert body["code"] == 50035
    return {field: [leaf["code"] for leaf in node["_errors"]] for field, node in body["errors"].items()}


def test_a_new_account_is_given_a_token_that_names_it(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna", global_name="Anna")
        first = anna.token.split(".")[0]
        assert base64.b64decode(first + "=" * (-len(first) % 4)).decode() == anna.id
        assert anna.account["username"] == "anna"
        assert anna.account["global_name"] == "Anna"
        assert "bot" not in anna.account

    visit(tmp_path, story)


def test_every_wrong_field_of_a_registration_is_named(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        async def wrong(body: dict[str, Any]) -> dict[str, list[str]]:
            return codes(await door.ask("POST", "/auth/register", body))

        assert await wrong({}) == {"username": ["BASE_TYPE_REQUIRED"], "password": ["BASE_TYPE_REQUIRED"]}
        short = {"username": "a", "password": "short"}
        assert await wrong(short) == {"username": ["BASE_TYPE_BAD_LENGTH"], "password": ["BASE_TYPE_BAD_LENGTH"]}
        assert await wrong({"username": "an na", "password": PASSWORD}) == {"username": ["USERNAME_INVALID_CHARACTERS"]}
        assert await wrong({"username": 5, "password": PASSWORD}) == {"username": ["BASE_TYPE_INVALID"]}
        both = {"username": 5, "password": [], "email": None, "unknown": {}}
        assert await wrong(both) == {"username": ["BASE_TYPE_INVALID"], "password": ["BASE_TYPE_INVALID"]}
        assert await wrong({"username": "a" * 33, "password": "p" * 73}) == await wrong(short)

    visit(tmp_path, story)


def test_names_that_differ_only_in_case_are_one(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        await door.register("anna")
        taken = await door.ask("POST", "/auth/register", {"username": "ANNA", "password": PASSWORD})
        assert codes(taken) == {"username": ["USERNAME_ALREADY_TAKEN"]}

    visit(tmp_path, story)


def test_a_wrong_login_names_neither_the_name_nor_the_password(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        for login, password in (("anna", "wrong password"), ("nobody", PASSWORD), ("", "")):
            refused = await door.ask("POST", "/auth/login", {"login": login, "password": password})
            assert codes(refused) == {"login": ["INVALID_LOGIN"], "password": ["INVALID_LOGIN"]}
        good = (await door.ask("POST", "/auth/login", {"login": "Anna", "password": PASSWORD})).json()
        assert good["user_id"] == anna.id
        assert (await Person(door, good["token"], anna.account).get("/users/@me"))["id"] == anna.id

    visit(tmp_path, story)


def test_bots_have_no_password_to_log_in_with(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        bot = await door.bot(await door.register("anna"), "helper")
        codes(await door.ask("POST", "/auth/login", {"login": "helper", "password": PASSWORD}))
        refused = await bot.ask("PATCH", "/users/@me", {"new_password": "another password"})
        assert refused.json()["code"] == 20001

    visit(tmp_path, story)


def test_a_forged_token_is_refused(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await door.register("anna"), await door.register("ben")
        first, secret = anna.token.split(".")
        other = ben.token.split(".")[0]
        for token in (f"{other}.{secret}", f"{first}.{'A' * 43}", first, secret, f"Bearer {anna.token}", "Bot ", "é"):
            refused = await door.ask("GET", "/users/@me", headers={"authorization": token.encode()})
            assert (refused.status_code, refused.json()) == (401, {"message": "401: Unauthorized", "code": 0})
        assert (await door.ask("GET", "/users/@me")).status_code == 401
        assert (await door.ask("GET", "/users/@me", token=f"Bot {anna.token}")).status_code == 200

    visit(tmp_path, story)


def test_a_token_does_not_outlive_its_logout(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        second = (await door.ask("POST", "/auth/login", {"login": "anna", "password": PASSWORD})).json()["token"]
        await anna.do("POST", "/auth/logout")
        assert (await anna.ask("GET", "/users/@me")).status_code == 401
        assert (await door.ask("GET", "/users/@me", token=second)).status_code == 200
        topic, record = door.records[-1]
        assert (topic, record.event, record.id) == (f"user:{anna.id}", "revoked", int(anna.id))

    visit(tmp_path, story)


def test_no_token_outlives_a_change_of_password(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        body = {"password": PASSWORD, "new_password": "another password"}
        changed = await anna.do("PATCH", "/users/@me", body)
        assert (await anna.ask("GET", "/users/@me")).status_code == 401
        assert (await door.ask("GET", "/users/@me", token=changed["token"])).status_code == 200
        codes(await door.ask("POST", "/auth/login", {"login": "anna", "password": PASSWORD}))
        assert [(record.event, record.id) for _, record in door.records] == [("revoked", 0)]

    visit(tmp_path, story)


def test_an_operator_can_reset_a_password_and_no_token_outlives_it(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        await door.verbs.accounts.reset_password("anna", "found again")
        assert (await anna.ask("GET", "/users/@me")).status_code == 401
        login = await door.ask("POST", "/auth/login", {"login": "anna", "password": "found again"})
        assert login.status_code == 200

    visit(tmp_path, story)


def test_a_revocation_elsewhere_acts_within_a_second(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        await anna.get("/users/@me")
        await door.store.write(lambda tx: tx.execute("DELETE FROM tokens"))
        door.now_ms += 1000
        assert (await anna.ask("GET", "/users/@me")).status_code == 401

    visit(tmp_path, story)


def test_a_clock_that_goes_back_does_not_keep_a_revoked_token_alive(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        await door.store.write(lambda tx: tx.execute("DELETE FROM tokens"))
        door.now_ms -= 3_600_000
        assert (await anna.ask("GET", "/users/@me")).status_code == 401

    visit(tmp_path, story)


def test_a_new_name_needs_the_password_and_is_told_to_every_guild(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        guilds = [await anna.guild(), await anna.guild()]
        refused = await anna.ask("PATCH", "/users/@me", {"username": "anja", "password": "wrong"})
        assert codes(refused) == {"password": ["PASSWORD_DOES_NOT_MATCH"]}
        since = len(door.records)
        assert (await anna.do("PATCH", "/users/@me", {"username": "anja", "password": PASSWORD}))["username"] == "anja"
        told = [(topic, record.event) for topic, record in door.records[since:]]
        expected = [(f"guild:{guild['id']}", "GUILD_MEMBER_UPDATE") for guild in guilds]
        assert told == [*expected, (f"user:{anna.id}", "USER_UPDATE")]

    visit(tmp_path, story)


def test_a_display_name_needs_no_password_and_nothing_new_is_told_to_nobody(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        assert (await anna.do("PATCH", "/users/@me", {"global_name": "Anna"}))["global_name"] == "Anna"
        since = len(door.records)
        assert (await anna.do("PATCH", "/users/@me", {"global_name": "Anna", "username": "anna"}))["id"] == anna.id
        assert door.told(since) == []

    visit(tmp_path, story)


def test_nobody_registers_where_registration_is_closed(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        refused = await door.ask("POST", "/auth/register", {"username": "anna", "password": PASSWORD})
        assert refused.status_code == 403

    visit(tmp_path, story, registration="closed")


def test_where_registration_is_by_invite_an_invite_is_needed_and_joined(tmp_path: Path) -> None:
    async def first(door: Door) -> None:
        anna = await door.register("anna")
        code.append(await anna.invite(await anna.guild(), max_uses=1))

    async def second(door: Door) -> None:
        door.now_ms += 1
        body = {"username": "ben", "password": PASSWORD}
        assert codes(await door.ask("POST", "/auth/register", body)) == {"invite": ["BASE_TYPE_REQUIRED"]}
        unknown = await door.ask("POST", "/auth/register", {**body, "invite": "nothing"})
        assert unknown.json()["code"] == 10006
        ben = await door.register("ben", invite=code[0])
        assert len(await ben.get("/users/@me/guilds")) == 1
        used = await door.ask("POST", "/auth/register", {**body, "username": "cleo", "invite": code[0]})
        assert used.json()["code"] == 10006
        door.records.clear()  # they go on from the first house's revs

    code: list[str] = []
    visit(tmp_path, first)
    visit(tmp_path, second, registration="invite")


def test_anybody_can_be_looked_up_by_who_is_somebody(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await door.register("anna"), await door.register("ben")
        assert (await anna.get(f"/users/{ben.id}"))["username"] == "ben"
        unknown = await anna.ask("GET", "/users/1")
        assert (unknown.status_code, unknown.json()["code"]) == (404, 10013)

    visit(tmp_path, story)


def test_passwords_that_queue_up_are_refused_with_a_time_to_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    monkeypatch.setattr(PasswordHasher, "hash", lambda _, password: str(gate.wait()))

    async def story(door: Door) -> None:
        body = {"login": "nobody", "password": PASSWORD}
        number = limits.PASSWORD_QUEUE + 1
        asked = [asyncio.create_task(door.ask("POST", "/auth/login", body)) for _ in range(number)]
        try:
            (busy,), waiting = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gate.set()
        assert busy.result().status_code == 429
        assert busy.result().json()["retry_after"] > 0
        assert "via" in busy.result().headers
        assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {400}

    visit(tmp_path, story)
