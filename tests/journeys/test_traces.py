"""One message, followed from the request to the last frame: in one process, where nothing else is followed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx
import pytest

from tests.journeys.people import PASSWORD
from tests.journeys.place import Place, run
from tests.journeys.server import Server, derailed
from tests.servers.collector import Collector, Seen

SAID = "nobody but those in the channel reads this"
UNHEARD = ["COMMIT", "POST /channels/{channel_id}/messages", "append guild:{id}"]
"""A message that nobody listens to."""
POSTED = [*UNHEARD, "deliver guild:{id}"]
PARENT = "b7ad6b7169203331"

# Other libraries look whether OpenTelemetry's API is there; what makes spans and what sends them is only for us.
LOADED = """
import atexit, sys
from derailed.cli import main
found = ("opentelemetry.sdk", "opentelemetry.exporter", "opentelemetry.proto")
atexit.register(lambda: print("loaded:", [name for name in sys.modules if name.startswith(found)]))
main()
"""


class Followed:
    """A place whose proxy, which is this machine, says what is to be followed."""

    def __init__(self, folder: Path, end: ExitStack) -> None:
        self.collector = end.enter_context(Collector())
        self.server = end.enter_context(
            Server(
                folder / "data",
                DERAILED_TRACES_URL=self.collector.url,
                DERAILED_TRACES_SHARE="0",
                DERAILED_TRUSTED_PROXIES="127.0.0.1/32",
            )
        )
        self.place = Place(self.server)
        for each in (self.place.anna, self.place.ben, self.place.bot):
            end.enter_context(each)

    def ask(self, method: str, path: str, body: Any = None, *, flags: str = "01", **headers: str) -> tuple[str, str]:
        """Ask as Anna, by the proxy; the trace and the id of the request."""
        trace = token_hex(16)
        told = {"authorization": self.place.anna.token, "traceparent": f"00-{trace}-{PARENT}-{flags}"} | headers
        answer = httpx.request(method, f"{self.server.api}{path}", json=body, headers=told, timeout=30)
        assert answer.is_success, answer.text
        return trace, answer.headers["x-request-id"]

    def post(self, **how: str) -> tuple[str, str]:
        """Say something."""
        return self.ask("POST", f"/channels/{self.place.guild.general}/messages", {"content": SAID}, **how)


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Followed]:
    """One for all tests here."""
    with ExitStack() as end:
        yield Followed(tmp_path_factory.mktemp("followed"), end)


def named(spans: list[Seen]) -> list[str]:
    """What they are called."""
    return sorted(span.name for span in spans)


def test_a_message_is_one_trace_from_the_request_to_the_last_frame(followed: Followed) -> None:
    place, told = followed.place, followed.place.guild

    async def journey() -> None:
        async with place.socket() as anna, place.socket("zlib-stream") as ben, place.socket("zstd-stream") as bot:
            for socket, account in ((anna, place.anna), (ben, place.ben), (bot, place.bot)):
                await socket.identify(account)
                await socket.whole(account, told.general)
            trace, request = followed.post()
            for socket in (anna, ben, bot):
                await socket.until("MESSAGE_CREATE", lambda d: d["content"] == SAID)
            spans = followed.collector.until(trace, lambda seen: len(seen) >= len(POSTED))
            assert named(spans) == POSTED
            commit, asked, append, deliver = sorted(spans, key=lambda span: span.name)
            assert (asked.parent, {commit.parent, append.parent, deliver.parent}) == (PARENT, {asked.id})
            assert [asked.kind, commit.kind, append.kind, deliver.kind] == ["server", "client", "producer", "consumer"]
            assert asked.about == {
                "derailed.request.id": request,
                "http.request.method": "POST",
                "http.route": "/channels/{channel_id}/messages",
                "url.path": f"/channels/{told.general}/messages",
                "http.response.status_code": 200,
            }
            assert (commit.about["db.system.name"], commit.marks) == ("sqlite", ("begun",))
            assert append.about["messaging.destination.name"] == f"guild:{told.id}"
            assert (deliver.about["derailed.event"], deliver.about["derailed.deliveries"]) == ("MESSAGE_CREATE", 3)
            assert 0 <= deliver.about["derailed.queue.seconds"] < 60
            assert asked.began_ns < commit.began_ns < commit.ended_ns <= asked.ended_ns
            assert commit.ended_ns - append.began_ns < append.ended_ns - commit.began_ns
            assert append.began_ns <= deliver.began_ns < deliver.ended_ns
            assert {span.service for span in spans} == {"derailed-up"}
            assert len({span.instance for span in spans}) == 1
            assert not any(span.failed for span in spans)

    run(journey())


def test_nothing_else_is_followed_and_nobody_but_a_proxy_is_believed(followed: Followed) -> None:
    before = set(followed.collector.traces)
    unsampled, _ = followed.post(flags="00")
    followed.place.say()
    trace, _ = followed.post()
    followed.collector.until(trace, lambda seen: named(seen) == UNHEARD)
    assert set(followed.collector.traces) - before == {trace}
    assert unsampled not in followed.collector.traces


def test_other_verbs_get_the_same(followed: Followed) -> None:
    guild = followed.place.guild
    trace, _ = followed.ask("PATCH", f"/guilds/{guild.id}", {"name": "Quay"})
    spans = followed.collector.until(trace, lambda seen: len(seen) > len(UNHEARD))
    assert named(spans) == ["COMMIT", "PATCH /guilds/{guild_id}", "append guild:{id}", "append guild:{id}"]
    events = sorted(span.about["derailed.event"] for span in spans if span.kind == "producer")
    assert events == ["GUILD_AUDIT_LOG_ENTRY_CREATE", "GUILD_UPDATE"]

    async def journey() -> None:
        async with followed.place.socket() as ben:
            await ben.identify(followed.place.ben)
            await ben.whole(followed.place.ben, guild.general)
            trace, _ = followed.ask("POST", f"/channels/{guild.general}/typing")
            await ben.until("TYPING_START")
            typing, told = followed.collector.until(trace, lambda seen: len(seen) > 1)
            assert (typing.name, told.name) == ("POST /channels/{channel_id}/typing", "deliver guild:{id}")
            assert (told.about["derailed.event"], told.about["derailed.deliveries"]) == ("TYPING_START", 1)

    run(journey())


def test_a_request_that_is_refused_says_so(followed: Followed) -> None:
    trace = token_hex(16)
    told = {"traceparent": f"00-{trace}-{PARENT}-01"}
    answer = httpx.post(f"{followed.server.api}/channels/1/messages", json={"content": SAID}, headers=told, timeout=30)
    (span,) = followed.collector.until(trace, bool)
    assert span.about["http.response.status_code"] == answer.status_code == 401
    assert not span.failed


def test_no_trace_tells_what_is_said_or_who_may_come_in(followed: Followed) -> None:
    place = followed.place
    hook = place.anna.call("POST", f"/channels/{place.guild.general}/webhooks", {"name": "Gull"})
    trace, _ = followed.ask("POST", f"/webhooks/{hook['id']}/{hook['token']}?wait=true", {"content": SAID})
    spans = followed.collector.until(trace, lambda seen: len(seen) == len(UNHEARD))
    (asked,) = (span for span in spans if span.kind == "server")
    assert asked.about["url.path"] == f"/webhooks/{hook['id']}/{{token}}"
    trace, _ = followed.ask("PUT", f"/channels/{place.guild.general}/messages/{place.say()}/reactions/%F0%9F%8C%8A/@me")
    followed.collector.until(trace, lambda seen: len(seen) == len(UNHEARD))
    sent = b"".join(followed.collector.bodies)
    secrets = [place.anna.token, place.bot.token, hook["token"], SAID, PASSWORD, "Gull", "anna", "127.0.0.1", "🌊"]
    for secret in (*secrets, place.anna.token.rpartition(".")[2]):
        assert secret.encode() not in sent


def test_nothing_is_loaded_where_nothing_is_followed(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    server.command = [sys.executable, "-c", LOADED, "up"]
    with server:
        place = Place(server)
        with place.anna, place.ben, place.bot:
            place.say()
        assert server.terminate() == 0
    assert "loaded: []" in server.log


@pytest.mark.slow
def test_packages_that_are_not_installed_are_named(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden" / "opentelemetry"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").touch()
    ended = derailed(
        "up",
        PYTHONPATH=str(hidden.parent),
        DERAILED_TRACES_URL="http://127.0.0.1:9",
        DERAILED_DATA_DIR=str(tmp_path / "data"),
        DERAILED_HTTP_PORT="0",
    )
    assert ended.returncode == 2
    assert ended.stderr.splitlines() == [
        "derailed: DERAILED_TRACES_URL: what sends traces is not installed: pip install 'derailed[traces]'"
    ]
