"""What webhooks say."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from tests.api.test_messages import THUMBS, code_of
from tests.api.test_pins import guest
from tests.api.test_webhooks import Hook, hooked


def test_a_webhook_speaks_under_the_name_that_it_gives_itself(tmp_path: Path) -> None:
    async def story(hook: Hook) -> None:
        sent = await hook.say(content="news", username=" Reporter ", embeds=[{"title": "t"}], flags=4)
        assert sent["author"] == {
            "id": hook.id,
            "username": "Reporter",
            "discriminator": "0000",
            "global_name": None,
            "avatar": None,
            "bot": True,
            "public_flags": 0,
            "banner": None,
            "accent_color": None,
            "avatar_decoration_data": None,
        }
        assert (sent["webhook_id"], sent["type"], sent["flags"], sent["content"]) == (hook.id, 0, 4, "news")
        assert sent["embeds"][0]["title"] == "t"
        plain = await hook.say(content="more")
        assert plain["author"]["username"] == "Gazette"
        member = hook.t.person
        own = await hook.t.say()
        assert await member.get(hook.t.path) == [own, plain, sent]
        assert await member.get(f"{hook.t.path}/{sent['id']}") == sent
        event = msgspec.json.decode(next(r for _, r in hook.door.records if r.event == "MESSAGE_CREATE").data)
        assert event["author"] == sent["author"]
        assert event["webhook_id"] == hook.id
        assert "member" not in event
        assert (event["guild_id"], event["channel_type"]) == (hook.t.guild["id"], 0)

    hooked(tmp_path, story)


@pytest.mark.parametrize(("query", "status"), [("", 204), ("?wait=false", 204), ("?wait=1", 200), ("?wait=True", 200)])
def test_only_who_waits_gets_the_message(tmp_path: Path, query: str, status: int) -> None:
    async def story(hook: Hook) -> None:
        answer = await hook.door.ask("POST", f"{hook.path}{query}", {"content": "x"})
        assert answer.status_code == status
        assert bool(answer.content) == (status == 200)
        assert status == 204 or answer.headers["content-type"] == "application/json"
        assert len(await hook.t.person.get(hook.t.path)) == 1

    hooked(tmp_path, story)


def test_a_webhook_sees_changes_and_deletes_its_own_messages(tmp_path: Path) -> None:
    async def story(hook: Hook) -> None:
        sent = await hook.say(content="x", username="Reporter")
        path = f"{hook.path}/messages/{sent['id']}"
        await hook.t.person.do("PUT", f"{hook.t.path}/{sent['id']}/reactions/{THUMBS}/@me")
        seen = (await hook.door.ask("GET", path)).json()
        assert seen.pop("reactions")[0]["count"] == 1
        assert seen == sent
        edited = (await hook.door.ask("PATCH", path, {"content": "y"})).json()
        assert (edited["content"], edited["author"]) == ("y", sent["author"])
        assert edited["edited_timestamp"] is not None
        event = msgspec.json.decode(hook.door.records[-1][1].data)
        assert (event["content"], event["author"], event["webhook_id"]) == ("y", sent["author"], hook.id)
        assert (await hook.door.ask("DELETE", path)).status_code == 204
        assert code_of(await hook.door.ask("GET", path)) == (404, 10008)
        assert hook.door.told()[-1] == "MESSAGE_DELETE"

    hooked(tmp_path, story)


def test_anothers_messages_are_unknown_to_a_webhook(tmp_path: Path) -> None:
    async def story(hook: Hook) -> None:
        other = await hook.t.person.do("POST", f"/channels/{hook.channel}/webhooks", {"name": "other"})
        theirs = await hook.door.ask("POST", f"/webhooks/{other['id']}/{other['token']}?wait=1", {"content": "x"})
        for message in (await hook.t.say(), theirs.json()):
            path = f"{hook.path}/messages/{message['id']}"
            for method, body in (("GET", None), ("PATCH", {"content": "y"}), ("DELETE", None)):
                assert code_of(await hook.door.ask(method, path, body)) == (404, 10008)

    hooked(tmp_path, story)


def test_a_moderator_hides_embeds_and_deletes_what_a_webhook_said(tmp_path: Path) -> None:
    async def story(hook: Hook) -> None:
        ben = await guest(hook.door, hook.t)
        sent = await hook.say(content="x")
        path = f"{hook.t.path}/{sent['id']}"
        assert code_of(await ben.ask("DELETE", path)) == (403, 50013)
        assert code_of(await hook.t.person.ask("PATCH", path, {"content": "y"})) == (403, 50005)
        assert (await hook.t.person.do("PATCH", path, {"flags": 4}))["author"] == sent["author"]
        await hook.t.person.do("DELETE", path)

    hooked(tmp_path, story)


def test_what_a_webhook_said_is_answered_pinned_and_outlives_it(tmp_path: Path) -> None:
    async def story(hook: Hook) -> None:
        sent = await hook.say(content="x", username="Reporter")
        answer = await hook.t.say("!", message_reference={"message_id": sent["id"]})
        assert answer["referenced_message"] == sent
        assert answer["mentions"] == []
        await hook.t.person.do("PUT", f"{hook.t.path}/pins/{sent['id']}")
        await hook.t.person.do("DELETE", hook.managed)
        assert await hook.t.person.get(f"{hook.t.path}/{sent['id']}") == {**sent, "pinned": True}
        page = await hook.t.person.get(hook.t.path)
        assert page[1]["referenced_message"]["author"] == sent["author"]

    hooked(tmp_path, story)


def test_a_webhook_mentions_whom_it_is_allowed_to(tmp_path: Path) -> None:
    async def story(hook: Hook) -> None:
        person = hook.t.person
        role = await person.do("POST", f"/guilds/{hook.t.guild['id']}/roles", {"name": "guards"})
        text = f"@everyone <@{person.id}> <@&{role['id']}>"
        loud = await hook.say(content=text)
        assert loud["mention_everyone"] is True
        assert [user["id"] for user in loud["mentions"]] == [person.id]
        assert loud["mention_roles"] == [role["id"]]
        quiet = await hook.say(content=text, allowed_mentions={"parse": []})
        assert (quiet["mention_everyone"], quiet["mentions"], quiet["mention_roles"]) == (False, [], [])

    hooked(tmp_path, story)


REFUSED: list[tuple[dict[str, Any], int]] = [
    ({}, 50006),
    ({"content": " "}, 50006),
    ({"content": "x" * 2001}, 50035),
    ({"content": "x", "username": ""}, 50035),
    ({"content": "x", "username": "x" * 81}, 50035),
    ({"content": "x", "avatar_url": "javascript:alert(1)"}, 50035),
    ({"embeds": [{"title": "t"}] * 11}, 50035),
    ({"embeds": [{"url": "javascript:x", "title": "t"}]}, 50035),
]


@pytest.mark.parametrize(("body", "code"), REFUSED)
def test_what_a_webhook_can_not_say_is_refused(tmp_path: Path, body: dict[str, Any], code: int) -> None:
    async def story(hook: Hook) -> None:
        assert code_of(await hook.door.ask("POST", hook.path, body)) == (400, code)
        assert await hook.t.person.get(hook.t.path) == []

    hooked(tmp_path, story)


def test_a_webhook_answers_nobody_and_shows_nothing_hidden(tmp_path: Path) -> None:
    async def story(hook: Hook) -> None:
        own = await hook.t.say("own")
        reference = {"message_id": own["id"], "channel_id": hook.channel}
        sent = await hook.say(content="x", message_reference=reference, nonce="1", enforce_nonce=True)
        assert sent["type"] == 0
        assert "referenced_message" not in sent
        assert "nonce" not in sent

    hooked(tmp_path, story)


def test_slow_mode_does_not_slow_webhooks(tmp_path: Path) -> None:
    async def story(hook: Hook) -> None:
        await hook.t.person.do("PATCH", f"/channels/{hook.channel}", {"rate_limit_per_user": 10})
        for _ in range(2):
            await hook.say(content=quote("x"))

    hooked(tmp_path, story)
