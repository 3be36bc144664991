"""What pages of others may do with us, which is nothing: no cookie speaks for anybody, and no answer is for them."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Final

import aiohttp
import pytest

from tests.journeys.people import register
from tests.journeys.server import Server

ELSEWHERE: Final = "https://evil.example"
PATHS: Final = ("/", "/api/v10/gateway", "/api/v10/users/@me", "/docs", "/metrics", "/healthz")


def _ask(url: str, method: str = "GET", **headers: str) -> Mapping[str, str]:
    """The headers of an answer, whatever its status."""
    request = urllib.request.Request(url, method=method, headers={"Origin": ELSEWHERE, **headers})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return {name.lower(): value for name, value in answer.headers.items()}
    except urllib.error.HTTPError as refused:
        with refused:
            return {name.lower(): value for name, value in refused.headers.items()}


@pytest.mark.slow
def test_no_answer_is_for_a_page_of_another_origin_and_none_sets_a_cookie(server: Server) -> None:
    for path in PATHS:
        for method in ("GET", "OPTIONS", "POST"):
            more = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
            given = _ask(server.url + path, method, **more)
            assert not [name for name in given if name.startswith("access-control-")], path
            assert "set-cookie" not in given, path


@pytest.mark.slow
def test_pages_of_ours_run_nothing_of_others_and_are_in_no_frame(server: Server) -> None:
    for path in ("/", "/docs"):
        given = _ask(server.url + path)
        policy = given["content-security-policy"]
        assert "frame-ancestors 'none'" in policy, path
        assert "default-src" in policy, path
        assert "unsafe-eval" not in policy, path
        assert given["x-content-type-options"] == "nosniff"
        assert given["referrer-policy"] == "no-referrer"


@pytest.mark.slow
def test_a_socket_from_another_origin_gets_nothing_without_a_token_and_a_cookie_is_none(server: Server) -> None:
    with register(server, "anna") as anna:
        code, seen = asyncio.run(_without_a_token(server, anna.token))
    assert [each["op"] for each in seen] == [10]
    assert code == 4003  # NOT_AUTHENTICATED


async def _without_a_token(server: Server, token: str) -> tuple[int | None, list[dict[str, object]]]:
    headers = {"Origin": ELSEWHERE, "Cookie": f"token={token}", "Authorization": token}
    seen = []
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{server.gateway}/?v=10&encoding=json", headers=headers) as socket,
    ):
        seen.append(json.loads((await socket.receive()).data))
        await socket.send_json({"op": 3, "d": {"since": None, "activities": [], "status": "online", "afk": False}})
        seen += [json.loads(message.data) async for message in socket]
        return socket.close_code, seen
