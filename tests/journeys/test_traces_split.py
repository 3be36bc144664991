"""One message, followed through every process: the API, two nodes, and the services that are asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

import httpx
import pytest

from tests.journeys.logs import lines, told_of
from tests.journeys.place import Place, on_nodes, run, settled
from tests.journeys.server import Server, free_port
from tests.journeys.split import Split, gateway_of
from tests.servers.collector import Collector

pytestmark = pytest.mark.slow

PARENT: Final = "b7ad6b7169203331"
AWAY: Final = "the collector takes no traces: they are let go until it does"


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Where all processes send what they saw."""
    with Collector() as running:
        yield running


@pytest.fixture
def split(tmp_path: Path, collector: Collector) -> Iterator[Split]:
    """All processes, with everything in their logs, and this machine as their proxy."""
    with Split(
        tmp_path / "data",
        DERAILED_LOG_LEVEL="debug",
        DERAILED_LOG_FORMAT="json",
        DERAILED_TRACES_SHARE="0",
        DERAILED_TRACES_URL=collector.url,
        DERAILED_TRUSTED_PROXIES="127.0.0.1/32",
    ) as running:
        yield running


def ask(place: Place, method: str, path: str, body: Any = None) -> tuple[str, str]:
    """Ask as Anna, by a proxy who follows it; the trace and the id of the request."""
    trace = token_hex(16)
    told = {"authorization": place.anna.token, "traceparent": f"00-{trace}-{PARENT}-01"}
    answer = httpx.request(method, f"{place.server.api}{path}", json=body, headers=told, timeout=30)
    assert answer.is_success, answer.text
    return trace, answer.headers["x-request-id"]


def test_a_message_is_one_trace_through_all_processes(split: Split, collector: Collector) -> None:
    with settled(split) as place:
        general = place.guild.general

        async def journey() -> None:
            async with on_nodes(place, *map(gateway_of, split.nodes)) as sockets:
                trace, known = ask(place, "POST", f"/channels/{general}/messages", {"content": "followed"})
                for socket in sockets:
                    await socket.until("MESSAGE_CREATE", lambda d: d["content"] == "followed")
            spans = collector.until(trace, lambda seen: len(seen) == 5)
            asked, *rest = spans
            assert (asked.name, asked.service, asked.parent) == (
                "POST /channels/{channel_id}/messages", "derailed-api", PARENT,
            )  # fmt: skip
            assert {span.parent for span in rest} == {asked.id}
            assert sorted((span.service, span.name) for span in rest) == [
                ("derailed-api", "COMMIT"),
                ("derailed-api", "append guild:{id}"),
                ("derailed-wss", "deliver guild:{id}"),
                ("derailed-wss", "deliver guild:{id}"),
            ]
            delivered = [span for span in rest if span.kind == "consumer"]
            assert len({span.instance for span in delivered}) == 2
            assert [span.about["derailed.deliveries"] for span in delivered] == [1, 1]
            (commit,) = (span for span in rest if span.name == "COMMIT")
            assert commit.about["db.system.name"] == "postgresql"
            for process, event in ((split.front, "appended"), (split.one, "told"), (split.other, "told")):
                assert told_of(process, event, request=known)["trace"] == trace

        run(journey())


def test_a_question_to_another_process_is_followed_at_both_ends(split: Split, collector: Collector) -> None:
    with settled(split) as place:
        trace, known = ask(place, "GET", f"/guilds/{place.guild.id}?with_counts=true")
        asked, question, answer = collector.until(trace, lambda seen: len(seen) == 3)
        assert (asked.service, question.service, answer.service) == (
            "derailed-api", "derailed-api", "derailed-presence",
        )  # fmt: skip
        assert (question.kind, answer.kind) == ("client", "server")
        assert question.name == answer.name == "derailed.presence.v1.Presence/Count"
        assert (question.parent, answer.parent) == (asked.id, question.id)
        assert told_of(split.presence, "asked", request=known)["trace"] == trace


def test_a_server_goes_on_and_stops_as_ever_when_there_is_no_collector(tmp_path: Path) -> None:
    with ExitStack() as end:
        server = end.enter_context(
            Server(
                tmp_path / "data",
                DERAILED_TRACES_URL=f"http://127.0.0.1:{free_port()}",
                DERAILED_TRACES_SHARE="1",
                DERAILED_LOG_FORMAT="json",
            )
        )
        place = end.enter_context(settled(server))
        while not list(lines(server, event=AWAY)):
            place.say()
        for _ in range(20):
            place.say()
        assert server.terminate() == 0
        assert len(list(lines(server, event=AWAY))) == 1
