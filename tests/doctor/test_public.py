"""What is wrong at the address that clients are given is found: behind proxies that were told wrong things."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import ClassVar

import pytest

from tests.certificates import certified
from tests.doctor.seeds import answering, found
from tests.journeys.server import Server, free_port

LOCAL_TLS = {"proxies-untrusted"}


class Proxy(BaseHTTPRequestHandler):
    """One that passes pages on, and nothing else."""

    pages: ClassVar[dict[str, tuple[int, str]]] = {
        "/healthz": (200, "ok\n"),
        "/readyz": (200, "ok\n"),
        "/metrics": (404, ""),
        "/api/v10/gateway": (200, '{"url":"ws://127.0.0.1:1/gateway"}'),
    }

    def do_GET(self) -> None:
        """Answer what is known."""
        self._say(*self.pages.get(self.path, (404, "")))

    def do_POST(self) -> None:
        """Take no files."""
        self._say(413, "")

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _say(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


class Open(Proxy):
    """One that shows everything, to a server that lacks its database."""

    pages: ClassVar[dict[str, tuple[int, str]]] = Proxy.pages | {
        "/metrics": (200, "# HELP process_open_fds Number of open file descriptors.\n"),
        "/readyz": (503, "database: it can not be reached\n"),
    }


class Other(Proxy):
    """The page of somebody else."""

    pages: ClassVar[dict[str, tuple[int, str]]] = {}


@pytest.mark.parametrize(
    ("proxy", "expected"),
    [
        (Proxy, {"gateway-not-upgraded", "files-refused"}),
        (Open, {"gateway-not-upgraded", "files-refused", "metrics-open", "public-not-ready"}),
        (Other, {"public-elsewhere", "files-refused"}),
    ],
)
def test_a_proxy_that_does_not_let_everything_through_is_found(
    tmp_path: Path, proxy: type[Proxy], expected: set[str]
) -> None:
    with answering(proxy) as port:
        told = {"public_url": f"http://127.0.0.1:{port}", "gateway_url": f"ws://127.0.0.1:{port}"}
        assert found(tmp_path, **told) == expected


def test_an_address_where_nobody_answers_is_found(tmp_path: Path) -> None:
    assert found(tmp_path, public_url=f"http://127.0.0.1:{free_port()}") == {"public-unreachable"}


def test_a_certificate_that_nobody_believes_is_found(tmp_path: Path) -> None:
    with answering(Proxy, _tls(tmp_path, days=50)) as port:
        assert found(tmp_path, public_url=f"https://127.0.0.1:{port}") == LOCAL_TLS | {"certificate-refused"}


@pytest.mark.parametrize(("days", "name"), [(-1, "certificate-refused"), (3, "certificate-ends")])
def test_a_certificate_that_ends_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, name: str
) -> None:
    context = _tls(tmp_path, days)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    with answering(Proxy, context) as port:
        assert name in found(tmp_path, public_url=f"https://127.0.0.1:{port}")


def test_a_gateway_without_tls_is_found_where_pages_come_over_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = _tls(tmp_path, days=50)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    with answering(Proxy, context) as port:
        seen = found(tmp_path, public_url=f"https://127.0.0.1:{port}")
    assert seen == LOCAL_TLS | {"gateway-mixed", "gateway-not-upgraded", "files-refused"}


@pytest.mark.slow
def test_a_gateway_that_answers_is_not_found_and_metrics_that_all_can_read_are(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with Server(tmp_path / "data", port, DERAILED_PUBLIC_URL=url):
        assert found(tmp_path, http_port=str(port), public_url=url) == {"metrics-open"}


def _tls(folder: Path, days: int) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certified(folder, datetime.now(UTC) + timedelta(days=days)))
    return context
