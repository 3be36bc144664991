"""Settings: what is kept, what is told, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from derailed.wire.user_settings import UserSettings
from tests.api.door import PASSWORD, Door, Person, visit
from tests.api.test_members import code_of

PATH = "/users/@me/settings"
DEFAULTS: dict[str, Any] = msgspec.to_builtins(UserSettings())


def told(door: Door, person: Person, since: int) -> list[dict[str, Any]]:
    """What the person's sessions hear of settings."""
    records = [record for topic, record in door.records[since:] if topic == f"user:{person.id}"]
    return [msgspec.json.decode(record.data) for record in records if record.event == "USER_SETTINGS_UPDATE"]


def test_settings_are_kept_and_what_changed_is_told_to_oneself_alone(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await door.register("anna"), await door.register("ben")
        assert await anna.get(PATH) == DEFAULTS
        since = len(door.records)
        changed = {"theme": "light", "locale": "de", "message_display_compact": True}
        assert await anna.do("PATCH", PATH, {**changed, "developer_mode": False}) == {**DEFAULTS, **changed}
        assert await anna.get(PATH) == {**DEFAULTS, **changed}
        assert (told(door, anna, since), told(door, ben, since)) == ([changed], [])
        assert await ben.get(PATH) == DEFAULTS
        known = len(door.records)
        await anna.do("PATCH", PATH, changed)
        assert len(door.records) == known

    visit(tmp_path, story)


def test_who_logs_in_is_told_of_locale_and_theme(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        await anna.do("PATCH", PATH, {"theme": "light", "locale": "fr"})
        answer = await door.ask("POST", "/auth/login", {"login": "anna", "password": PASSWORD})
        assert answer.json()["user_settings"] == {"locale": "fr", "theme": "light"}

    visit(tmp_path, story)


def test_the_language_is_part_of_how_an_account_sees_itself(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        assert (await anna.get("/users/@me"))["locale"] == "en-US"
        await anna.do("PATCH", PATH, {"locale": "fr"})
        assert (await anna.get("/users/@me"))["locale"] == "fr"
        changed = await anna.do("PATCH", "/users/@me", {"global_name": "Anne"})
        updates = [record.data for _, record in door.records if record.event == "USER_UPDATE"]
        assert [msgspec.json.decode(each)["locale"] for each in updates] == ["fr", "fr"]
        assert msgspec.json.decode(updates[1]) == changed

    visit(tmp_path, story)


def test_lists_and_folders_come_back_as_strings(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        folders = [{"guild_ids": [5, "6"], "id": 7, "name": "home", "color": 255}, {"guild_ids": ["8"]}]
        shown = await anna.do("PATCH", PATH, {"restricted_guilds": [5, "5", "6"], "guild_folders": folders})
        assert shown["restricted_guilds"] == ["5", "6"]
        assert shown["guild_folders"] == [
            {"guild_ids": ["5", "6"], "id": 7, "name": "home", "color": 255},
            {"guild_ids": ["8"], "id": None, "name": None, "color": None},
        ]

    visit(tmp_path, story)


def test_a_custom_status_stands_until_it_is_over(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        until = "2024-07-04T09:00:00.000000+00:00"
        custom = {"text": "fishing", "emoji_name": "net", "emoji_id": 77, "expires_at": until}
        door.now_ms = 1_720_080_000_000  # an hour before
        shown = await anna.do("PATCH", PATH, {"custom_status": custom})
        assert shown["custom_status"] == {**custom, "emoji_id": "77", "created_at_ms": door.now_ms}
        door.now_ms += 3_599_999
        assert (await anna.get(PATH))["custom_status"] is not None
        door.now_ms += 1
        assert (await anna.get(PATH))["custom_status"] is None
        assert (await anna.do("PATCH", PATH, {"custom_status": custom}))["custom_status"] is None
        for nothing in (None, {}, {"text": ""}, {"text": None, "emoji_id": "5"}):
            await anna.do("PATCH", PATH, {"custom_status": {"text": "x"}})
            assert (await anna.do("PATCH", PATH, {"custom_status": nothing}))["custom_status"] is None

    visit(tmp_path, story)


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "away"},
        {"theme": "pink"},
        {"theme": None},
        {"locale": "x"},
        {"locale": "x" * 17},
        {"timezone_offset": 841},
        {"afk_timeout": 59},
        {"animate_stickers": 3},
        {"explicit_content_filter": -1},
        {"restricted_guilds": list(range(201))},
        {"restricted_guilds": ["x"]},
        {"restricted_guilds": None},
        {"friend_source_flags": None},
        {"guild_folders": [{"guild_ids": list(range(101))}] * 2},
        {"guild_folders": [{"guild_ids": []}] * 201},
        {"guild_folders": [{"guild_ids": [], "name": "x" * 33}]},
        {"guild_folders": [{"guild_ids": [], "color": 1 << 24}]},
        {"guild_folders": [{}]},
        {"custom_status": {"text": "x" * 129}},
        {"custom_status": {"text": "a\0b"}},
        {"custom_status": {"text": "x", "emoji_name": "x" * 33}},
        {"custom_status": {"text": "x", "expires_at": "soon"}},
        {"custom_status": {"text": "x", "expires_at": "2030-01-01T00:00:00"}},
        {"custom_status": {"text": "x", "expires_at": "9999-12-31T23:59:59-14:00"}},
    ],
)
def test_what_makes_no_sense_is_refused_by_its_name(tmp_path: Path, wrong: dict[str, Any]) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        since = len(door.records)
        answer = await anna.ask("PATCH", PATH, {"developer_mode": True, **wrong})
        assert answer.json()["code"] == 50035
        assert answer.json()["errors"].keys() == wrong.keys()
        assert await anna.get(PATH) == DEFAULTS
        assert door.told(since) == []

    visit(tmp_path, story)


def test_bots_have_no_settings(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        bot = await door.bot(await door.register("anna"))
        assert [await code_of(bot, "GET", PATH), await code_of(bot, "PATCH", PATH, {})] == [20001, 20001]

    visit(tmp_path, story)


def test_who_restricts_new_guilds_finds_each_restricted_when_they_come_in(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await door.register("anna"), await door.register("ben")
        first, second, third = [await anna.guild(name) for name in ("first", "second", "third")]
        await ben.join(await anna.invite(first))
        await ben.do("PATCH", PATH, {"default_guilds_restricted": True})
        since = len(door.records)
        await ben.join(await anna.invite(second))
        assert told(door, ben, since) == [{"restricted_guilds": [second["id"]]}]
        await ben.do("DELETE", f"/users/@me/guilds/{second['id']}")
        await ben.join(await anna.invite(third))
        assert (await ben.get(PATH))["restricted_guilds"] == [third["id"]]
        assert (await anna.get(PATH))["restricted_guilds"] == []

    visit(tmp_path, story)
