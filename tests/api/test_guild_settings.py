"""What people want to hear of guilds, and what calls them by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from derailed.wire import limits
from derailed.wire.rest import timestamp
from tests.api.door import Door, visit
from tests.api.readers import Hall, hall
from tests.api.test_messages import code_of


def path(h: Hall) -> str:
    return f"/users/@me/guilds/{h.guild['id']}/settings"


async def call(h: Hall) -> str:
    """Ben is called in each of the ways; his role is the answer."""
    role = await h.role(h.ben)
    for content in (f"<@{h.ben.id}>", f"<@&{role}>", "@everyone"):
        await h.say(content)
    return role


def test_settings_begin_as_usual_and_a_change_is_told_and_kept(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        h = await hall(door)
        before = await h.ben.get(path(h))
        assert (before["muted"], before["message_notifications"], before["version"]) == (False, 3, 0)
        since = len(door.records)
        body = {"muted": True, "mute_config": {"end_time": None, "selected_time_window": -1}, "suppress_roles": True}
        changed = await h.ben.do("PATCH", path(h), {**body, "what": "ever"})
        assert changed == {**before, **body, "version": 1}
        assert h.told(since=since) == [("USER_GUILD_SETTINGS_UPDATE", changed)]
        assert await h.ben.get(path(h)) == changed
        token_id = (await door.verbs.tokens.authenticate(h.ben.token)).token_id
        assert (await door.verbs.sessions.account(int(h.ben.id), token_id)).guild_settings != ()
        since = len(door.records)
        assert await h.ben.do("PATCH", path(h), body) == changed
        assert door.told(since) == []
        assert await h.ben.do("PATCH", path(h), {"muted": None, "mute_config": None}) == {
            **before, "suppress_roles": True, "version": 2,
        }  # fmt: skip

    visit(tmp_path, story)


def test_overrides_are_named_in_either_form_and_forgotten_when_they_say_nothing(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        h = await hall(door)
        told = await h.ben.do(
            "PATCH", path(h), {"channel_overrides": {h.channel: {"muted": True}, "5": {"muted": True}}}
        )
        (override,) = told["channel_overrides"]
        assert (override["channel_id"], override["muted"], override["message_notifications"]) == (h.channel, True, 3)
        listed = [{"channel_id": h.channel, "message_notifications": 1}]
        told = await h.ben.do("PATCH", path(h), {"channel_overrides": listed})
        assert [(each["muted"], each["message_notifications"]) for each in told["channel_overrides"]] == [(True, 1)]
        nothing = {h.channel: {"muted": False, "message_notifications": None}}
        assert (await h.ben.do("PATCH", path(h), {"channel_overrides": nothing}))["channel_overrides"] == []

    visit(tmp_path, story)


@pytest.mark.parametrize(
    ("body", "counts"),
    [
        ({"suppress_everyone": True}, 2),
        ({"suppress_roles": True}, 2),
        ({"suppress_everyone": True, "suppress_roles": True}, 1),
        ({"muted": True}, 1),
        ({"channel_overrides": {"{channel}": {"muted": True}}}, 1),
        ({"channel_overrides": {"{category}": {"muted": True}}}, 1),
        ({"message_notifications": 2}, 3),
    ],
)
def test_what_one_does_not_want_to_hear_does_not_call(tmp_path: Path, body: dict[str, Any], counts: int) -> None:
    async def story(door: Door) -> None:
        h = await hall(door)
        category = await h.anna.do("POST", f"/guilds/{h.guild['id']}/channels", {"name": "hall", "type": 4})
        await h.anna.do("PATCH", f"/channels/{h.channel}", {"parent_id": category["id"]})
        await call(h)
        assert (await h.stands())[1] == 3
        since = len(door.records)
        ids = {"{channel}": h.channel, "{category}": category["id"]}
        overrides = {ids[key]: value for key, value in body.get("channel_overrides", {}).items()}
        await h.ben.do("PATCH", path(h), {**body, "channel_overrides": overrides} if overrides else body)
        assert (await h.stands())[1] == counts
        acks = [told["mention_count"] for event, told in h.told(since=since) if event == "MESSAGE_ACK"]
        assert acks == ([] if counts == 3 else [counts])

    visit(tmp_path, story)


def test_a_mute_ends(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        h = await hall(door)
        await call(h)
        ends = timestamp(door.now_ms + 5000)
        await h.ben.do("PATCH", path(h), {"muted": True, "mute_config": {"end_time": ends}})
        assert (await h.stands())[1] == 1
        door.now_ms += 5000
        assert (await h.stands())[1] == 3

    visit(tmp_path, story)


def test_settings_of_direct_messages_and_of_several_guilds(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        h = await hall(door)
        direct = await h.ben.do("PATCH", "/users/@me/guilds/@me/settings", {"muted": True})
        assert (direct["guild_id"], direct["muted"]) == (None, True)
        assert await h.ben.get("/users/@me/guilds/@me/settings") == direct
        own = await h.ben.guild()
        body = {"guilds": {h.guild["id"]: {"muted": True}, own["id"]: {"flags": 2}, "@me": {"muted": False}}}
        told = await h.ben.do("PATCH", "/users/@me/guilds/settings", body)
        assert [(each["guild_id"], each["muted"], each["flags"]) for each in told] == [
            (h.guild["id"], True, 0),
            (own["id"], False, 2),
            (None, False, 0),
        ]

    visit(tmp_path, story)


def test_settings_are_of_guilds_that_one_is_in_and_make_sense(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        h = await hall(door)
        cleo = await door.register("cleo")
        for method in ("GET", "PATCH"):
            assert code_of(await cleo.ask(method, path(h), None if method == "GET" else {})) == (404, 10004)
        many: dict[str, Any] = {"guilds": {h.guild["id"]: {}, "5": {}}}
        assert code_of(await h.ben.ask("PATCH", "/users/@me/guilds/settings", many)) == (404, 10004)
        wrong: list[tuple[str, Any]] = [
            ("/users/@me/guilds/settings", {"guilds": {"x": {}}}),
            ("/users/@me/guilds/settings", {"guilds": {str(number): {} for number in range(limits.GUILDS + 2)}}),
            (path(h), {"message_notifications": 4}),
            (path(h), {"muted": "loud"}),
            (path(h), {"mute_config": {"end_time": "tomorrow"}}),
            (path(h), {"mute_config": {"end_time": "2024-01-01T00:00:00"}}),
            (path(h), {"channel_overrides": {"x": {}}}),
            (path(h), {"channel_overrides": {str(number): {} for number in range(limits.CHANNEL_OVERRIDES + 1)}}),
            (path(h), {"channel_overrides": [{"channel_id": h.channel, "flags": -1}]}),
        ]
        for where, body in wrong:
            answer = await h.ben.ask("PATCH", where, body)
            assert answer.status_code == 400, body
            assert code_of(answer) == (400, 50035), body

    visit(tmp_path, story)
