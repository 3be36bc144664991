"""HTTP itself: what every route has in common."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from derailed.api import app, paths
from derailed.api.origins import Addresses
from derailed.model import snowflakes
from derailed.wire import limits
from tests.api.door import Door, visit

JSON = {"content-type": "application/json"}


def test_every_prefix_and_a_slash_at_the_end_lead_to_the_same_route(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        for prefix in ("/api/v10", "/api/v9", "/api"):
            for path in ("/users/@me", "/users/@me/"):
                found = await anna.ask("GET", prefix + path)
                assert (found.status_code, found.json()["id"]) == (200, anna.id)
                assert found.headers["content-type"] == "application/json"

    visit(tmp_path, story)


def test_what_is_not_there_says_which_kind_of_thing_is_not(tmp_path: Path) -> None:
    expected = {
        "/nothing": 0,
        "/users/@me/nothing": 0,
        "/guilds/1/nothing": 0,
        "/guilds/x": 10004,
        "/guilds/-1": 10004,
        "/guilds/1": 10004,
        f"/guilds/{snowflakes.MAX + 1}": 10004,
        f"/guilds/{'9' * 400}": 10004,
        "/channels/x": 10003,
        "/channels/٣": 10003,
        f"/channels/{snowflakes.MAX + 1}/messages": 10003,
        f"/channels/1/messages/{snowflakes.MAX + 1}": 10008,
        "/users/x": 10013,
        "/invites/x": 10006,
        "/applications/x": 10002,
    }

    async def story(door: Door) -> None:
        anna = await door.register("anna")
        for path, code in expected.items():
            found = await anna.ask("GET", path)
            assert (found.status_code, found.json()["code"]) == (404, code), path
        assert (await anna.ask("GET", "/api")).json() == {"message": "404: Not Found", "code": 0}
        assert (await anna.ask("PUT", "/users/@me")).json() == {"message": "405: Method Not Allowed", "code": 0}

    visit(tmp_path, story)


def test_bodies_that_are_no_json_or_of_another_shape_are_form_errors(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")

        channel = (await anna.guild())["system_channel_id"]

        async def answered(content: bytes, path: str = "/guilds") -> tuple[int, int]:
            response = await anna.ask("POST", path, content=content, headers=dict(JSON))
            return response.status_code, response.json()["code"]

        for path in ("/guilds", f"/channels/{channel}/messages"):
            nested = b'{"name": "station", "content": "x", "unknown": ' + b"[" * 200_000
            assert await answered(nested, path) == (400, 50109)

        assert await answered(b"{") == (400, 50109)
        assert await answered(b"\xff") == (400, 50109)
        assert await answered(b"[" * 200_000) == (400, 50109)
        assert await answered(b'"name"') == (400, 50035)
        assert await answered(b"[]") == (400, 50035)
        assert await answered(b'{"name": null}') == (400, 50035)
        assert await answered(b"") == (400, 50035)
        assert await answered(b'{"name": "a\\u0000b"}') == (400, 50035)
        made = await anna.do("POST", "/guilds", {"name": "station", "unknown": [1]})
        assert made["name"] == "station"

    visit(tmp_path, story)


@pytest.mark.parametrize(
    ("path", "tenths"),
    [("/applications", 11), ("/channels/1/messages", 11), ("/guilds", 10 * limits.IMAGE_BODY // limits.JSON_BODY + 1)],
)
def test_a_body_is_refused_as_soon_as_it_is_too_large_also_in_chunks(tmp_path: Path, path: str, tenths: int) -> None:
    sent: list[int] = []

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            sent.append(1)
            yield b" " * (limits.JSON_BODY // 10)

    async def story(door: Door) -> None:
        anna = await door.register("anna")
        refused = await anna.ask("POST", path, content=chunks(), headers=dict(JSON))
        assert (refused.status_code, refused.json()["code"]) == (413, 40005)
        assert len(sent) == tenths

    visit(tmp_path, story)


def test_who_asks_is_known_before_what_they_send_is_read(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        refused = await door.ask("POST", "/guilds", content=b"{", headers=dict(JSON))
        assert refused.status_code == 401

    visit(tmp_path, story)


def test_ids_and_permissions_may_be_numbers_or_strings(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        guild = await anna.guild()
        for permissions in (1024, "1024"):
            role = await anna.do("POST", f"/guilds/{guild['id']}/roles", {"permissions": permissions})
            assert role["permissions"] == "1024"
        for parent in ("1", 1, "x", -1, 1.5, True, 2**63):
            body = {"name": "x", "parent_id": parent}
            refused = await anna.ask("POST", f"/guilds/{guild['id']}/channels", body)
            assert (refused.status_code, list(refused.json()["errors"])) == (400, ["parent_id"])

    visit(tmp_path, story)


def test_booleans_in_queries_are_taken_as_libraries_write_them(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        guild = await anna.guild()
        for text in ("1", "true", "True"):
            found = await anna.get(f"/guilds/{guild['id']}?with_counts={text}")
            assert found["approximate_member_count"] == 1
        assert "approximate_member_count" not in await anna.get(f"/guilds/{guild['id']}?with_counts=false")
        wrong = await anna.ask("GET", f"/guilds/{guild['id']}/members?limit=0")
        assert list(wrong.json()["errors"]) == ["limit"]

    visit(tmp_path, story)


def test_our_mistakes_are_logged_under_an_id_and_told_without_detail(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        channel = (await anna.guild())["system_channel_id"]
        door.context.shapes.clear()
        await door.store.write(lambda tx: tx.execute("DROP TABLE members"))
        for path in ("/users/@me/guilds", f"/channels/{channel}/messages"):
            with capture_logs() as lines:
                failed = await anna.ask("GET", path)
            assert (failed.status_code, failed.json()) == (500, {"message": "500: Internal Server Error", "code": 0})
            (line,) = lines
            assert line["route"].startswith("GET /api/v")

    visit(tmp_path, story)


def test_the_gateway_is_where_the_request_went(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        assert (await door.ask("GET", "/gateway")).json() == {"url": "ws://chat.example/gateway"}
        behind = {"host": "chat.example:8443", "x-forwarded-proto": "https"}
        assert (await door.ask("GET", "/gateway", headers=behind)).json() == {"url": "wss://chat.example:8443/gateway"}
        anna = await door.register("anna")
        info = await anna.get("/gateway/bot")
        assert info["shards"] == 1
        assert info["session_start_limit"] == {
            "total": 1000,
            "remaining": 1000,
            "reset_after": 0,
            "max_concurrency": 16,
        }

    visit(tmp_path, story)


@pytest.mark.parametrize(
    ("addresses", "told"),
    [
        (Addresses("https://public.example"), "wss://public.example/gateway"),
        (Addresses("https://public.example", gateway_port=8081), "wss://public.example/gateway"),
        (Addresses("https://public.example", "wss://gateway.example", 8081), "wss://gateway.example/gateway"),
        (Addresses(gateway_url="ws://10.0.0.2:9000"), "ws://10.0.0.2:9000/gateway"),
        (Addresses(gateway_port=8081), "ws://chat.example:8081/gateway"),
    ],
)
def test_the_gateway_is_where_the_operator_has_it(tmp_path: Path, addresses: Addresses, told: str) -> None:
    async def story(door: Door) -> None:
        application = app.create(door.verbs, addresses)
        door.client._transport = type(door.client._transport)(application)  # type: ignore[call-arg]
        assert (await door.ask("GET", "/gateway")).json() == {"url": told}

    visit(tmp_path, story)


def test_who_comes_through_tls_is_sent_back_to_the_proxy(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        application = app.create(door.verbs, Addresses(gateway_port=8081))
        door.client._transport = type(door.client._transport)(application)  # type: ignore[call-arg]
        through = {"x-forwarded-proto": "https"}
        assert (await door.ask("GET", "/gateway", headers=through)).json() == {"url": "wss://chat.example/gateway"}

    visit(tmp_path, story)


def test_the_document_names_every_route(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        document = json.loads((await door.client.get("/docs/openapi.json")).content)
        assert "/api/v10/guilds/{guild_id}" in document["paths"]
        assert (await door.client.get("/docs/elsewhere")).json()["code"] == 0

    visit(tmp_path, story)


def test_paths_have_one_form() -> None:
    assert paths.normal("/api/v9/guilds/1/") == "/api/v10/guilds/1"
    assert paths.normal("/api/guilds") == "/api/v10/guilds"
    assert paths.normal("/apiary") is None
    assert paths.normal("/assets/x.js") is None
    assert paths.shape("/api/v10/guilds/123/members") == "/api/v…/guilds/…/members"
