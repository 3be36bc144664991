"""Attacks that are no single value: on the forms of requests, on patterns, and on files."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
import re
import time
from collections.abc import Iterator
from pathlib import Path
from types import BuiltinMethodType

import pytest

import derailed
from derailed.model.snowflakes import EPOCH_MS, Snowflakes
from tests.api.door import Door, visit

_PUMPED = 3_000
"""Longer than any content: what takes a moment for this many is not worse than quadratic."""
_PUMPS = (
    "<@1",
    "<@!",
    "<@&1",
    "@everyone",
    "`",
    "```",
    "``` ",
    " ",
    "\n",
    "a",
    "0",
    "/",
    ".[",
    "[0]",
    "<",
    "=",
    "://",
    "-",
)


def _patterns() -> Iterator[re.Pattern[str]]:
    """Every pattern that a module of ours keeps, itself or as a bound method."""
    for found in pkgutil.walk_packages(derailed.__path__, "derailed."):
        if found.name == "derailed.__main__":
            continue
        for value in vars(importlib.import_module(found.name)).values():
            owner = value.__self__ if isinstance(value, BuiltinMethodType) else value
            if isinstance(owner, re.Pattern) and isinstance(owner.pattern, str):
                yield owner


def test_no_pattern_of_ours_can_be_made_to_run_away() -> None:
    patterns = {each.pattern: each for each in _patterns()}
    assert len(patterns) > 10
    for pattern in patterns.values():
        for pump in _PUMPS:
            text = pump * (_PUMPED // len(pump))
            for hostile in (text, f"{text}\0", f"<@{text}", f"`{text}"):
                before = time.process_time()
                pattern.findall(hostile)
                pattern.fullmatch(hostile)
                assert time.process_time() - before < 1, (pattern.pattern, pump)


@pytest.mark.parametrize(
    "body",
    [
        b'{"content":"\xff\xfe"}',
        b'{"content":"\xed\xa0\x80"}',
        b'\xef\xbb\xbf{"content":"a"}x',
        b'{"content":"a"}{"content":"b"}',
        b'{"content":"a",}',
        b"{'content':'a'}",
        b'{"content":NaN}',
        b'{"flags":Infinity}',
        b'{"content":"a","nonce":1e999}',
        b"[" * 100_000,
        b'{"embeds":' + b"[" * 100_000,
    ],
)
def test_what_is_no_json_is_refused_by_every_way_in(tmp_path: Path, body: bytes) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        guild = await anna.guild()
        messages = f"/channels/{guild['system_channel_id']}/messages"
        said = await anna.do("POST", messages, {"content": "hello"})
        for method, path in (("POST", messages), ("PATCH", f"{messages}/{said['id']}"), ("POST", "/guilds")):
            headers = {"content-type": "application/json"}
            sent = await anna.ask(method, path, content=body, headers=headers)
            assert (sent.status_code, sent.json()["code"]) in ((400, 50109), (400, 50035)), (method, path)

    visit(tmp_path, story)


def test_of_a_key_that_comes_twice_one_counts_for_all(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        channel = (await anna.guild())["system_channel_id"]
        long = "x" * 2001
        for body in (f'{{"content":"a","content":"{long}"}}', f'{{"content":"{long}","content":"a"}}'):
            headers = {"content-type": "application/json"}
            path = f"/channels/{channel}/messages"
            sent = await anna.ask("POST", path, content=body.encode(), headers=headers)
            assert sent.status_code == 400 or sent.json()["content"] == "a"
        assert all(len(each["content"]) < 2001 for each in await anna.get(f"/channels/{channel}/messages"))

    visit(tmp_path, story)


def test_what_a_method_is_can_not_be_said_elsewhere(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        guild = await anna.guild()
        for name in ("x-http-method-override", "x-http-method", "x-method-override"):
            read = await anna.ask("GET", f"/guilds/{guild['id']}?_method=DELETE", headers={name: "DELETE"})
            assert read.status_code == 200
        assert (await anna.get(f"/guilds/{guild['id']}"))["name"] == guild["name"]
        for method in ("TRACE", "CONNECT", "QUERY"):
            assert (await anna.ask(method, f"/guilds/{guild['id']}")).status_code in (404, 405)

    visit(tmp_path, story)


@pytest.mark.parametrize(
    "path",
    [
        "/attachments/../../derailed.sqlite",
        "/attachments/1/2/..%2f..%2f..%2fderailed.sqlite",
        "/attachments/%2e%2e/%2e%2e/derailed.sqlite",
        "/attachments/1/2/%00",
        "/avatars/1/../../../derailed.sqlite",
        "/avatars/..%2f..%2fderailed.sqlite/a.png",
        "/icons/1/%2e%2e%2f%2e%2e%2fderailed.sqlite.png",
        "/emojis/..%5c..%5cderailed.sqlite",
        "/emojis//etc/passwd",
    ],
)
def test_no_address_of_a_file_leads_out_of_the_blobs(tmp_path: Path, path: str) -> None:
    async def story(door: Door) -> None:
        asked = await door.client.get(path)
        assert asked.status_code in (400, 404)
        assert b"SQLite" not in asked.content

    visit(tmp_path, story)


def test_a_form_of_very_many_parts_or_of_endless_heads_is_refused(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        path = f"/channels/{(await anna.guild())['system_channel_id']}/messages"
        headers = {"content-type": "multipart/form-data; boundary=b"}
        part = b'--b\r\ncontent-disposition: form-data; name="n%d"\r\n\r\nx\r\n'
        many = b"".join(part % number for number in range(5_000)) + b"--b--\r\n"
        wide = b"--b\r\ncontent-disposition: form-data; name=" + b"n" * 500_000 + b"\r\n\r\nx\r\n--b--\r\n"
        deep = b"--b\r\n" + b"x-h: y\r\n" * 50_000 + b"\r\nx\r\n--b--\r\n"
        for body in (many, wide, deep, b"--b\r\n" * 5_000, b"--b", b""):
            sent = await anna.ask("POST", path, content=body, headers=dict(headers))
            assert sent.status_code in (400, 413), body[:60]

    visit(tmp_path, story)


def test_workers_that_share_a_clock_never_make_the_same_id() -> None:
    makers = [Snowflakes(number) for number in range(1024)]
    ids = [maker.next(EPOCH_MS + 1) for maker in makers for _ in range(8)]
    assert len(set(ids)) == len(ids)


def test_an_invite_of_one_use_lets_in_one_of_many_who_come_at_once(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        guild = await anna.guild()
        code = await anna.invite(guild, max_uses=1)
        people = [await door.register(f"guest{number}") for number in range(8)]
        answers = await asyncio.gather(*[each.ask("POST", f"/invites/{code}") for each in people])
        assert sorted(each.status_code for each in answers) == [200] + [404] * 7
        members = await anna.get(f"/guilds/{guild['id']}/members?limit=100")
        assert len(members) == 2

    visit(tmp_path, story)


def test_an_answer_shows_nothing_of_a_channel_that_is_hidden(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await door.register("anna"), await door.register("ben")
        guild = await anna.guild()
        await ben.join(await anna.invite(guild))
        closed = [{"id": guild["id"], "type": 0, "deny": 1 << 10}]
        path = f"/guilds/{guild['id']}/channels"
        staff = await anna.do("POST", path, {"name": "staff", "permission_overwrites": closed})
        secret = await anna.do("POST", f"/channels/{staff['id']}/messages", {"content": "secret"})
        general = guild["system_channel_id"]
        for where in ({}, {"channel_id": staff["id"]}, {"guild_id": guild["id"]}):
            answer = {"content": "hm", "message_reference": {"message_id": secret["id"], **where}}
            sent = await ben.ask("POST", f"/channels/{general}/messages", answer)
            assert sent.status_code == 400
            assert b"secret" not in sent.content
        around = await ben.ask("GET", f"/channels/{general}/messages?around={secret['id']}")
        assert b"secret" not in around.content

    visit(tmp_path, story)
