"""The app's files, as a browser asks for them."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from derailed.site import Site

PAGE = b"<!doctype html><title>Derailed</title>"


class Reply(NamedTuple):
    """What came back."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


def ask(site: Site, path: str, method: str = "GET", **headers: str) -> Reply:
    """One request."""
    sent: list[Any] = []
    scope: Any = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }

    async def receive() -> Any:
        raise AssertionError("a request for a file has no body to read")

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(site(scope, receive, send))
    start, body = sent
    return Reply(start["status"], dict(start["headers"]), body["body"])


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """An app of one page and one script."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_bytes(PAGE)
    (tmp_path / "assets" / "main-1f2e.js").write_bytes(b"run()")
    return Site(tmp_path)


@pytest.mark.parametrize("path", ["/", "/index.html", "/channels/1/2", "/invite/abc", "/../../etc/passwd"])
def test_every_path_that_is_no_file_is_the_apps_page(site: Site, path: str) -> None:
    reply = ask(site, path)
    assert (reply.status, reply.body) == (200, PAGE)
    assert reply.headers[b"content-type"] == b"text/html; charset=utf-8"
    assert reply.headers[b"cache-control"] == b"no-cache"


def test_a_named_asset_may_be_kept_for_ever(site: Site) -> None:
    reply = ask(site, "/assets/main-1f2e.js")
    assert (reply.status, reply.body) == (200, b"run()")
    assert b"immutable" in reply.headers[b"cache-control"]


def test_an_asset_of_another_build_is_not_found(site: Site) -> None:
    assert ask(site, "/assets/main-0000.js").status == 404


def test_no_script_from_elsewhere_may_run(site: Site) -> None:
    policy = ask(site, "/").headers[b"content-security-policy"].decode()
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_the_app_may_connect_to_a_gateway_elsewhere_and_only_there(site: Site, tmp_path: Path) -> None:
    assert b"connect-src" not in ask(site, "/").headers[b"content-security-policy"]
    policy = ask(Site(tmp_path, "wss://gateway.example"), "/").headers[b"content-security-policy"]
    assert policy.endswith(b"; connect-src 'self' wss://gateway.example")


def test_what_a_browser_has_is_not_sent_again(site: Site) -> None:
    etag = ask(site, "/").headers[b"etag"].decode()
    reply = ask(site, "/", if_none_match=etag)
    assert (reply.status, reply.body) == (304, b"")


def test_a_browser_that_can_unpack_gets_it_packed(site: Site) -> None:
    reply = ask(site, "/", accept_encoding="br, gzip")
    assert reply.headers[b"content-encoding"] == b"gzip"
    assert gzip.decompress(reply.body) == PAGE


def test_head_has_the_length_and_no_body(site: Site) -> None:
    reply = ask(site, "/", "HEAD")
    assert reply.body == b""
    assert int(reply.headers[b"content-length"]) == len(PAGE)


def test_nothing_is_written_to_a_file(site: Site) -> None:
    assert ask(site, "/", "POST").status == 405


def test_an_app_that_was_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    reply = ask(Site(tmp_path), "/")
    assert reply.status == 404
    assert b"make run" in reply.body
