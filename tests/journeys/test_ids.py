"""Which request and which session a line of the log is about, through every process."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from derailed.settings import read
from tests.journeys.logs import lines, told_of
from tests.journeys.people import PASSWORD
from tests.journeys.place import Place, on_nodes, run, settled
from tests.journeys.server import Server
from tests.journeys.sockets import Socket
from tests.journeys.split import Split, gateway_of

pytestmark = pytest.mark.slow


@pytest.fixture
def split(tmp_path: Path) -> Iterator[Split]:
    """All processes, with everything in their logs."""
    with Split(
        tmp_path / "data",
        DERAILED_LOG_LEVEL="debug",
        DERAILED_LOG_FORMAT="json",
        DERAILED_TRUSTED_PROXIES="127.0.0.1/32",
    ) as running:
        yield running


def said(place: Place) -> str:
    """A message of Anna's; the id of the request."""
    where = f"{place.server.api}/channels/{place.guild.general}/messages"
    sent = httpx.post(where, headers={"Authorization": place.anna.token}, json={"content": "x"})
    assert sent.is_success
    return sent.headers["x-request-id"]


def test_a_request_has_one_id_in_every_process(split: Split) -> None:
    with settled(split) as place:
        path = f"{split.api}/guilds/{place.guild.id}?with_counts=true"
        for named in ("edge-4711", None):
            headers = {"Authorization": place.anna.token} | ({"X-Request-Id": named} if named else {})
            answer = httpx.get(path, headers=headers)
            known = answer.headers["x-request-id"]
            assert answer.is_success
            assert named in (None, known)
            told = told_of(split.front, "request answered", request=known)
            assert (told["event"], told["route"], told["status"]) == ("request answered", "GET /guilds/{guild_id}", 200)
            assert told_of(split.presence, "asked", request=known)["question"] == "Count"
        known = said(place)
        told = told_of(split.front, "request answered", request=known)
        assert told["route"] == "POST /channels/{channel_id}/messages"
        assert told_of(split.front, "appended", request=known)["kind"] == "MESSAGE_CREATE"


def test_what_a_request_causes_has_its_id_on_every_node(split: Split) -> None:
    with settled(split) as place:

        async def journey() -> None:
            async with on_nodes(place, *map(gateway_of, split.nodes)):
                known = said(place)
                for node in split.nodes:
                    told = told_of(node, "told", request=known)
                    assert (told["kind"], told["topic"]) == ("MESSAGE_CREATE", f"guild:{place.guild.id}")

        run(journey())


def test_a_session_has_one_handle_on_every_node_and_no_line_lets_anybody_resume(split: Split) -> None:
    with settled(split) as place:

        async def journey() -> None:
            async with Socket(split, at=gateway_of(split.one)) as here:
                ready = await here.identify(place.anna)
                await here.whole(place.anna, place.guild.general)
                here.lose()
            came = told_of(split.one, "a session came in", user=place.anna.id)
            async with Socket(split, at=gateway_of(split.other)) as there:
                await there.resume(place.anna, ready["session_id"], here.sequence)
                await there.until("RESUMED")
                told_of(split.other, "a session was resumed", session=came["session"])
                await there.send(1)
            async with Socket(split, at=gateway_of(split.one)) as again:
                await again.resume(place.anna, ready["session_id"], here.sequence - 1)
                assert (await again.op(9))["d"] is False
            told_of(split.one, "a session can not be resumed whole", session=came["session"])
            signed = ready["session_id"]
            for secret in (signed, signed[-22:], place.anna.token, place.anna.token.rpartition(".")[2], PASSWORD):
                assert secret not in split.log

        run(journey())


def test_a_failure_is_in_the_log_under_the_id_that_the_client_got(tmp_path: Path) -> None:
    with Server(tmp_path / "data", DERAILED_LOG_FORMAT="json") as server, settled(server) as place:
        with closing(sqlite3.connect(read(server.settings).database_path)) as db:
            db.execute("ALTER TABLE bans RENAME TO elsewhere")
        headers = {"Authorization": place.anna.token, "X-Request-Id": "mine"}
        failed = httpx.get(f"{server.api}/guilds/{place.guild.id}/bans", headers=headers)
        assert failed.status_code == 500
        known = failed.headers["x-request-id"]
        assert known != "mine"
        assert told_of(server, "request failed", request=known)["level"] == "error"
        assert "mine" not in {each.get("request") for each in lines(server)}
