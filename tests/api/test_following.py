"""Whose word it is that a request is to be followed, and what its trace says of its address."""

from __future__ import annotations

import asyncio
from ipaddress import ip_network
from typing import Any

import pytest

from derailed.api.following import Following
from derailed.telemetry import CAUSE
from tests.servers.collector import following

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PROXY = "10.0.0.7"


def scope(path: str = "/api/v10/gateway", client: str = PROXY) -> dict[str, Any]:
    """A request that says that it is followed."""
    headers = [(b"host", b"chat.example"), (b"traceparent", f"00-{TRACE}-{SPAN}-01".encode())]
    return {"method": "GET", "path": path, "headers": headers, "client": (client, 1234)}


def test_only_a_proxy_that_is_trusted_is_believed_that_a_request_is_followed() -> None:
    async def story() -> None:
        CAUSE.set("edge-4711")
        async with following(0.0) as collector:
            trusting = Following((ip_network("10.0.0.0/24"),))
            assert Following(()).begin(scope()) is None
            assert trusting.begin(scope(client="192.0.2.7")) is None
            assert trusting.begin(scope() | {"client": None}) is None
            assert CAUSE.get() == "edge-4711"
            span = trusting.begin(scope())
            assert span is not None
            assert CAUSE.get() == span.cause
            trusting.end(span, scope(), ("GET", "/gateway"), 200)
        (seen,) = collector.spans
        assert (seen.trace, seen.parent) == (TRACE, SPAN)

    asyncio.run(story())


@pytest.mark.parametrize(
    ("route", "path", "told"),
    [
        ("/channels/{channel_id}/messages", "/api/v10/channels/41/messages/", "/channels/41/messages"),
        ("/channels/{channel_id}/messages", "/api/channels/4x1/messages", "/channels/{channel_id}/messages"),
        ("/webhooks/{webhook_id}/{token}", "/api/v9/webhooks/7/a-token", "/webhooks/7/{token}"),
        ("/invites/{code}", "/api/v10/invites/aGoodOne", "/invites/{code}"),
        ("/attachments", "/attachments/1/2/my-salary.pdf", "/attachments"),
        ("/docs", "/docs/", "/docs"),
    ],
)
def test_of_a_path_only_ids_are_told(route: str, path: str, told: str) -> None:
    async def story() -> None:
        CAUSE.set("edge-4711")
        async with following(1.0) as collector:
            them = Following(())
            span = them.begin(scope(path))
            assert span is not None
            them.end(span, scope(path), ("GET", route), 200)
        (seen,) = collector.spans
        assert (seen.name, seen.about["http.route"], seen.about["url.path"]) == (f"GET {route}", route, told)

    asyncio.run(story())


@pytest.mark.parametrize(("status", "failed"), [(200, False), (404, False), (500, True), (503, True), (0, True)])
def test_a_request_failed_if_that_was_our_fault(status: int, failed: bool) -> None:
    async def story() -> None:
        async with following(1.0) as collector:
            them = Following(())
            span = them.begin(scope("/elsewhere"))
            assert span is not None
            them.end(span, scope("/elsewhere"), ("other", "other"), status)
        (seen,) = collector.spans
        assert (seen.name, seen.failed, seen.about.get("http.response.status_code", 0)) == ("HTTP", failed, status)
        assert "url.path" not in seen.about

    asyncio.run(story())
