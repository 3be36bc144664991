"""Messages and reactions as clients ask for them: over HTTP, fast road and slow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.door import Door, Person, visit

THUMBS = quote("👍")


class Talk:
    """Somebody in a guild of their own, in front of its first channel."""

    def __init__(self, person: Person, guild: dict[str, Any]) -> None:
        self.person = person
        self.guild = guild
        self.path = f"/channels/{guild['system_channel_id']}/messages"

    async def say(self, content: str = "hello", **more: Any) -> dict[str, Any]:
        """Send a message."""
        sent: dict[str, Any] = await self.person.do("POST", self.path, {"content": content, **more})
        return sent

    async def send_form(self, *parts: tuple[str, tuple[str | None, Any, str | None]]) -> httpx.Response:
        """Send a multipart body."""
        files = [(name, part if part[2] else part[:2]) for name, part in parts]
        return await self.person.ask("POST", self.path, files=files)


async def talk(door: Door, name: str = "anna") -> Talk:
    person = await door.register(name)
    return Talk(person, await person.guild())


def code_of(answer: httpx.Response) -> tuple[int, int]:
    assert answer.headers["content-type"] == "application/json"
    return answer.status_code, answer.json()["code"]


def test_a_message_is_sent_read_edited_and_deleted(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        sent = await t.say(nonce="7")
        assert sent.pop("nonce") == "7"
        assert await t.person.get(t.path) == [sent]
        assert await t.person.get(f"{t.path}/{sent['id']}") == sent
        edited = await t.person.do("PATCH", f"{t.path}/{sent['id']}", {"content": "bye"})
        assert edited["content"] == "bye"
        assert await t.person.do("DELETE", f"{t.path}/{sent['id']}") is None
        assert code_of(await t.person.ask("GET", f"{t.path}/{sent['id']}")) == (404, 10008)
        assert door.told()[-3:] == ["MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE"]

    visit(tmp_path, story)


def test_messages_answer_under_every_prefix_with_and_without_a_slash(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        for prefix in ("/api/v10", "/api/v9", "/api"):
            for path in (t.path, t.path + "/"):
                answer = await t.person.ask("POST", prefix + path, {"content": "hello"})
                assert answer.status_code == 200
                assert answer.headers["content-type"] == "application/json"
            assert len((await t.person.ask("GET", f"{prefix}{t.path}/?limit=2")).json()) == 2

    visit(tmp_path, story)


def test_a_page_that_can_not_be_is_a_form_error_naming_the_key(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        for query in ("limit=0", "limit=101", "limit=ten", "before=-1", "around=", "after=9%39"):
            answer = await t.person.ask("GET", f"{t.path}?{query}")
            assert code_of(answer) == (400, 50035)
            assert list(answer.json()["errors"]) == [query.partition("=")[0]]

    visit(tmp_path, story)


def test_ids_beyond_all_ids_are_only_unknown(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        huge = "9" * 19
        assert code_of(await t.person.ask("GET", f"/channels/{huge}/messages")) == (404, 10003)
        assert code_of(await t.person.ask("GET", f"{t.path}/{huge}")) == (404, 10008)
        assert code_of(await t.person.ask("GET", f"{t.path}/word")) == (404, 10008)
        assert code_of(await t.person.ask("GET", f"{t.path}/-5")) == (404, 10008)
        sent = await t.say()
        assert await t.person.get(f"{t.path}?before={huge}9") == [sent]
        assert await t.person.get(f"{t.path}?after={huge}9") == []

    visit(tmp_path, story)


WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"content": "x" * 2001}, ["content"]),
    ({"content": 7}, ["content"]),
    ({"content": "x", "nonce": "n" * 26}, ["nonce"]),
    ({"content": "x", "nonce": 10**30}, ["nonce"]),
    ({"embeds": [{"title": "t"}] * 11}, ["embeds"]),
    ({"embeds": [{"fields": [{"name": "n"}]}]}, ["embeds", "0", "fields", "0", "value"]),
    ({"embeds": [{"color": 1 << 24}]}, ["embeds", "0", "color"]),
    ({"content": "x", "message_reference": {"message_id": "1"}}, ["message_reference"]),
    ({"content": "x", "message_reference": {}}, ["message_reference", "message_id"]),
    ({"content": "x", "attachments": [{"id": 0}]}, ["attachments", "0", "id"]),
]


def test_a_wrong_field_is_named(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        for body, path in WRONG:
            for way in ({"json": body}, {"files": [("payload_json", (None, json.dumps(body)))]}):
                answer = await t.person.ask("POST", t.path, **way)
                assert code_of(answer) == (400, 50035)
                errors = answer.json()["errors"]
                for step in path:
                    errors = errors[step]
                assert errors["_errors"][0]["message"]

    visit(tmp_path, story)


NO_MESSAGES = (b"{", b"nonsense", b"\xff", b'"text"', b"[" * 100_000, b'{"nonce":' + b"9" * 9000 + b"}")


def test_what_is_no_message_is_a_clients_mistake(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        headers = {"content-type": "application/json", "authorization": t.person.token}
        for sent in NO_MESSAGES:
            answer = await door.ask("POST", t.path, content=sent, headers=headers)
            assert code_of(answer)[0] == 400
        assert code_of(await t.send_form(("payload_json", (None, b"\xff", None)))) == (400, 50109)

    visit(tmp_path, story)


def test_an_oversized_body_is_refused(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        assert code_of(await t.person.ask("POST", t.path, {"content": "x" * (1 << 20)})) == (413, 40005)

    visit(tmp_path, story)


def test_nobody_talks_without_a_token(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        for token in ("", "Bot nonsense", t.person.token + "x"):
            for method in ("GET", "POST"):
                assert code_of(await door.ask(method, t.path, {"content": "x"}, token=token)) == (401, 0)

    visit(tmp_path, story)


def test_an_empty_message_has_its_own_code(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        assert code_of(await t.person.ask("POST", t.path, {})) == (400, 50006)

    visit(tmp_path, story)


def test_what_libraries_send_beside_the_content_is_taken(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        sent = await t.say(tts=False, components=[], nonce=None, enforce_nonce=True, sticker_ids=[], messageReference=5)
        assert sent["components"] == []
        more = await t.say(message_reference={"message_id": int(sent["id"])}, attachments=[], flags=4096)
        assert (more["type"], more["flags"]) == (19, 4096)

    visit(tmp_path, story)


def test_a_message_may_come_in_a_form(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        payload = json.dumps({"content": "in a form"})
        for part in ((None, payload, None), (None, payload, "application/octet-stream"), ("p", payload, "text/plain")):
            answer = await t.send_form(("payload_json", part))
            assert answer.json()["content"] == "in a form"
        assert (await t.send_form(("content", (None, "plain", None)))).json()["content"] == "plain"

    visit(tmp_path, story)


def test_slow_mode_says_how_long_to_wait(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        friend = await door.register("ben")
        await friend.join(await t.person.invite(t.guild))
        await t.person.do("PATCH", f"/channels/{t.guild['system_channel_id']}", {"rate_limit_per_user": 5})
        await friend.do("POST", t.path, {"content": "one"})
        door.now_ms += 1500
        answer = await friend.ask("POST", t.path, {"content": "two"})
        assert code_of(answer) == (429, 20016)
        assert (answer.json()["retry_after"], answer.headers["retry-after"]) == (3.5, "4")
        assert "via" in answer.headers

    visit(tmp_path, story)


def test_reactions_are_added_listed_and_cleared(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        where = f"{t.path}/{(await t.say())['id']}/reactions"
        await t.person.do("PUT", f"{where}/{THUMBS}/@me")
        await t.person.do("PUT", f"{where}/{THUMBS}/%40me")
        assert [user["id"] for user in await t.person.get(f"{where}/{THUMBS}?limit=1")] == [t.person.id]
        assert await t.person.get(f"{where}/{THUMBS}?after={t.person.id}&type=0") == []
        await t.person.do("DELETE", f"{where}/{THUMBS}/{t.person.id}")
        for path in (f"{where}/{THUMBS}", where, f"{where}/{THUMBS}/@me"):
            await t.person.do("PUT", f"{where}/{THUMBS}/@me")
            await t.person.do("DELETE", path)
        assert [event.removeprefix("MESSAGE_REACTION_") for event in door.told()][-8:] == [
            *("ADD", "REMOVE", "ADD", "REMOVE_EMOJI", "ADD", "REMOVE_ALL", "ADD", "REMOVE")
        ]

    visit(tmp_path, story)


def test_an_emoji_that_is_unknown_is_refused_by_its_code(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        where = f"{t.path}/{(await t.say())['id']}/reactions"
        for emoji in ("party:123456789012345678", "party%3A123456789012345678", "a:p:1", "x", "%F0%9F"):
            assert code_of(await t.person.ask("PUT", f"{where}/{emoji}/@me")) == (400, 10014)

    visit(tmp_path, story)


def test_strangers_are_refused_on_every_path_of_a_channel(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        message = f"{t.path}/{(await t.say())['id']}"
        stranger = await door.register("sam")
        asked = [
            ("GET", t.path),
            ("GET", f"{t.path}?around={message.rpartition('/')[2]}"),
            ("POST", t.path),
            ("POST", t.path.replace("messages", "typing")),
            ("GET", message),
            ("PATCH", message),
            ("DELETE", message),
            ("PUT", f"{message}/reactions/{THUMBS}/@me"),
            ("DELETE", f"{message}/reactions/{THUMBS}/@me"),
            ("DELETE", f"{message}/reactions/{THUMBS}/{t.person.id}"),
            ("GET", f"{message}/reactions/{THUMBS}"),
            ("DELETE", f"{message}/reactions/{THUMBS}"),
            ("DELETE", f"{message}/reactions"),
        ]
        for method, path in asked:
            body = {"content": "x"} if method in ("POST", "PATCH") else None
            assert code_of(await stranger.ask(method, path, body)) == (403, 50001), (method, path)

    visit(tmp_path, story)


def test_typing_answers_nothing(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        await t.person.do("POST", t.path.replace("messages", "typing"))

    visit(tmp_path, story)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
_keys = st.sampled_from(
    ["content", "nonce", "enforce_nonce", "embeds", "allowed_mentions", "message_reference", "attachments", "flags"]
)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies=st.lists(st.dictionaries(_keys, _json), min_size=20, max_size=20))
def test_no_body_is_our_mistake(tmp_path_factory: pytest.TempPathFactory, bodies: list[dict[str, Any]]) -> None:
    async def story(door: Door) -> None:
        t = await talk(door)
        message = f"{t.path}/{(await t.say())['id']}"
        for body in bodies:
            for method, path in (("POST", t.path), ("PATCH", message)):
                answer = await t.person.ask(method, path, body)
                assert answer.status_code in (200, 400), (body, answer.text)

    visit(tmp_path_factory.mktemp("fuzz"), story)
