"""Those who run an instance see how it is: by the API and on a terminal, of one process and of many."""

from __future__ import annotations

import asyncio
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from derailed.actions.operators import proof
from tests.journeys.deployment import Deployment
from tests.journeys.place import Place, run
from tests.journeys.server import Server, clean_environment, derailed, until
from tests.journeys.split import Split

pytestmark = pytest.mark.slow

SEEN_WITHIN_S = 30


def promoted(place: Place) -> None:
    """Anna runs it."""
    ended = derailed("user", "promote", "anna", **place.server.settings)
    assert (ended.returncode, ended.stdout) == (0, "anna is an operator.\n"), ended.stderr


def told(place: Place) -> Any:
    """How it is."""
    return place.anna.call("GET", "/operator")


def test_an_operator_sees_each_process_and_what_it_does(own_place: Place) -> None:
    place = own_place
    services = ["api", "members", "presence", "wss", "wss"] if isinstance(place.server, Split) else ["up"]
    assert place.anna.status("GET", "/operator") == 403
    promoted(place)
    assert place.ben.status("GET", "/operator") == 403

    async def journey() -> None:
        async with place.socket() as anna, place.socket() as ben:
            await anna.identify(place.anna)
            await ben.identify(place.ben)
            async with asyncio.timeout(SEEN_WITHIN_S):
                while True:
                    place.say("and another")
                    now = told(place)
                    rates = now["rates"]
                    here = (
                        now["sockets"],
                        now["sessions"],
                        now["online_users"],
                        now["guilds_kept"],
                        now["members_kept"],
                    )
                    busy = min(rates["messages"], rates["deliveries"], rates["requests"], rates["sent_bytes"])
                    if busy > 0 and here == (2, 2, 2, 1, 3):
                        break
                    await asyncio.sleep(0.1)
            assert sorted(each["service"] for each in now["processes"]) == services
            assert all(
                each["is_up"] and each["is_ready"] and each["memory_bytes"] > 1 << 20 for each in now["processes"]
            )
            assert now["bus"]["is_up"]
            assert now["bus"]["offset"] > 3
            assert 0 <= now["bus"]["lag_s"] < SEEN_WITHIN_S
            assert now["database"]["is_up"]
            assert now["database"]["size_bytes"] > 100_000
            assert len(now["versions"]) == 1

    run(journey())


def test_a_process_that_dies_is_seen_to_be_gone_and_to_be_back(tmp_path: Path) -> None:
    with Split(tmp_path / "data") as split:
        place = Place(split)
        with place.anna, place.ben, place.bot:
            promoted(place)

            def up(service: str) -> list[bool]:
                return sorted(each["is_up"] for each in told(place)["processes"] if each["service"] == service)

            until(lambda: up("wss") == [True, True] and up("presence") == [True], "all are heard of")
            split.other.kill()
            split.presence.kill()
            until(lambda: up("wss") == [False, True] and up("presence") == [False], "two of them are gone")
            (api,) = [each for each in told(place)["processes"] if each["service"] == "api"]
            assert api["problems"] == ["presence: no service answers: counts of who is here are 0"]
            split.presence.start()
            until(lambda: up("presence") == [False, True], "another presence service is heard of")


def test_top_prints_it_once_where_there_is_no_terminal(own_place: Place) -> None:
    place = own_place
    until(lambda: len(lines_of(place.server)) > 6, "every process is heard of")
    lines = lines_of(place.server)
    assert lines[0].startswith("messages/s")
    assert any(line.startswith("database") and "size" in line for line in lines)
    wanted = {"api", "wss", "presence", "members"} if isinstance(place.server, Split) else {"up"}
    assert wanted <= {line.split(" ", 1)[0] for line in lines if " ready " in line}


def lines_of(server: Deployment) -> list[str]:
    """What `derailed top` prints there."""
    ended = derailed("top", **server.settings)
    assert ended.returncode == 0, ended.stderr
    return [line.rstrip() for line in ended.stdout.splitlines()]


def test_top_on_a_terminal_goes_on_until_it_is_interrupted(server: Server) -> None:
    ours, theirs = pty.openpty()
    environment = clean_environment() | server.settings | {"TERM": "xterm", "COLUMNS": "120", "LINES": "40"}
    top = subprocess.Popen(
        [sys.executable, "-m", "derailed", "top"], env=environment, stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        seen = _read(ours, b"messages/s", times=3)
        assert b"\x1b[?1049h" in seen, "it has the screen for itself"
        top.send_signal(signal.SIGINT)
        rest = _read(ours, b"\x1b[?1049l", times=1)
        assert b"Traceback" not in rest
        assert top.wait(SEEN_WITHIN_S) in (0, 130)
    finally:
        top.kill()
        top.wait()
        os.close(ours)


def _read(file: int, wanted: bytes, times: int) -> bytes:
    """What comes, until that has come so often."""
    seen, deadline = b"", time.monotonic() + SEEN_WITHIN_S
    while seen.count(wanted) < times:
        assert time.monotonic() < deadline, seen[-2000:]
        if select.select([file], [], [], 1)[0]:
            seen += os.read(file, 65536)
    return seen


def test_what_is_wrong_with_asking_is_one_line(server: Server, tmp_path: Path) -> None:
    other = tmp_path / "secret"
    other.write_bytes(b"x" * 32)
    for changes, words in (
        ({"DERAILED_SECRET_FILE": str(other)}, "has another secret"),
        ({"DERAILED_SECRET_FILE": str(tmp_path / "none")}, "DERAILED_SECRET_FILE: can not read"),
        ({"DERAILED_HTTP_PORT": "1"}, "nobody answers at http://127.0.0.1:1"),
    ):
        ended = derailed("top", **(server.settings | changes))
        assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
        assert words in ended.stderr


def test_nobody_finds_it_without_the_secret(server: Server) -> None:
    now_ms = time.time_ns() // 1_000_000
    for header in ({}, {"x-derailed-proof": proof(b"guessed", now_ms)}):
        answer = httpx.get(f"{server.url}/operator.json", headers=header)
        assert (answer.status_code, answer.content) == (404, b"")
