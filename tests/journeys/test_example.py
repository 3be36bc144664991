"""The example client follows everything that a person may read, and prints each message once, whatever happens."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.journeys.people import PASSWORD
from tests.journeys.place import Place
from tests.journeys.programs import Piped

SCRIPT = Path(__file__).parents[2] / "examples" / "follow.py"
PATIENCE_S = 60
pytestmark = pytest.mark.slow


class Follower(Piped):
    """The program as it is run from a shell: what it prints, and what it says beside."""

    def __init__(self, url: str, name: str) -> None:
        self.printed: list[str] = []
        self.said: list[str] = []
        self._coming: queue.Queue[tuple[list[str], str]] = queue.Queue()

        def heard(lines: list[str], line: str) -> None:
            self._coming.put((lines, line))

        out, err = partial(heard, self.printed), partial(heard, self.said)
        super().__init__([str(SCRIPT), url, name], {"DERAILED_PASSWORD": PASSWORD}, out, err)

    def until_said(self, *lines: str) -> None:
        """Wait until all of these were said beside."""
        self.until(lambda: [line for line in self.said if not line.startswith("lost")] == [*lines])

    def until_printed(self, count: int) -> list[str]:
        """Wait for so many lines."""
        self.until(lambda: len(self.printed) >= count)
        return self.printed

    def ends(self) -> int:
        """Wait until it ends by itself; its exit code."""
        return self._process.wait(PATIENCE_S)

    def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until this holds of what it printed and said."""
        deadline = time.monotonic() + PATIENCE_S
        while not is_so():
            try:
                lines, line = self._coming.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"printed: {self.printed}\nsaid: {self.said}") from None
            lines.append(line.rstrip("\n"))


def test_it_is_short() -> None:
    assert len(SCRIPT.read_text().splitlines()) <= 300


def test_it_prints_every_message_once_across_restarts_of_the_server(own_place: Place) -> None:
    place = own_place
    second = place.guild.channel("quay")
    with Follower(place.server.url, "ben") as ben:
        ben.until_said("ready")
        expected = [f"#general@Harbour anna: {number}" for number in range(3)]
        for number in range(3):
            place.say(str(number))
        assert ben.until_printed(3) == expected
        place.server.terminate()
        place.server.start()
        for number in range(3, 6):
            place.anna.send(second, str(number))
        expected += [f"#quay@Harbour anna: {number}" for number in range(3, 6)]
        assert ben.until_printed(6) == expected
        ben.until_said("ready", "resumed")
        place.server.restart()
        place.say("6")
        assert ben.until_printed(7) == [*expected, "#general@Harbour anna: 6"]
        ben.until_said("ready", "resumed", "resumed")


def test_what_was_said_before_a_server_went_is_not_lost_with_it(own_place: Place) -> None:
    place = own_place
    with Follower(place.server.url, "ben") as ben:
        ben.until_said("ready")
        for number in range(40):
            place.say(str(number))
            if number in (13, 26):
                place.server.restart()
        assert ben.until_printed(40) == [f"#general@Harbour anna: {number}" for number in range(40)]
        assert "ready" not in ben.said[1:]


def test_a_session_that_can_not_be_resumed_reads_what_it_missed(own_place: Place) -> None:
    place = own_place
    role = place.anna.call("POST", f"/guilds/{place.guild.id}/roles", {"name": "crew"})["id"]
    with Follower(place.server.url, "ben") as ben:
        ben.until_said("ready")
        place.say("before")
        ben.until_printed(1)
        ben.pause()
        place.server.restart()
        place.anna.call("PUT", f"/guilds/{place.guild.id}/members/{place.ben.id}/roles/{role}")
        place.say("after")
        ben.go_on()
        assert ben.until_printed(2) == ["#general@Harbour anna: before", "#general@Harbour anna: after"]
        ben.until_said("ready", "ready")


def test_it_follows_guilds_that_are_joined_and_channels_that_are_made(own_place: Place) -> None:
    place = own_place
    with Follower(place.server.url, "ben") as ben:
        ben.until_said("ready")
        quay = place.guild.channel("quay")
        place.anna.send(quay, "new here")
        assert ben.until_printed(1) == ["#quay@Harbour anna: new here"]


def test_it_follows_direct_messages_and_groups_and_what_was_said_there_while_the_server_was_away(
    own_place: Place,
) -> None:
    place = own_place
    with Follower(place.server.url, "ben") as ben:
        ben.until_said("ready")
        direct = int(place.anna.call("POST", "/users/@me/channels", {"recipient_id": str(place.ben.id)})["id"])
        place.anna.send(direct, "here?")
        assert ben.until_printed(1) == ["@anna anna: here?"]
        place.server.restart()
        place.anna.send(direct, "still here?")
        assert ben.until_printed(2)[1:] == ["@anna anna: still here?"]
    place.anna.send(direct, "gone?")
    with Follower(place.server.url, "ben") as again:
        again.until_said("ready")
        place.anna.send(direct, "back?")
        assert again.until_printed(1) == ["@anna anna: back?"]


def test_it_ends_when_its_token_does_not_stand_any_more(own_place: Place) -> None:
    place = own_place
    with Follower(place.server.url, "ben") as ben:
        ben.until_said("ready")
        body = {"password": PASSWORD, "new_password": "another horse battery"}
        place.ben.call("PATCH", "/users/@me", body)
        assert ben.ends() == 1


def test_it_says_why_it_can_not_log_in(own_place: Place) -> None:
    with Follower(own_place.server.url, "nobody") as nobody:
        assert nobody.ends() == 1
        nobody.until(lambda: any("INVALID_LOGIN" in line for line in nobody.said))


class Refusing(BaseHTTPRequestHandler):
    """A server that lets everybody in, and has no socket for anybody: a proxy whose Gateway is away."""

    def do_POST(self) -> None:
        """Log in."""
        self._answer(200, {"token": "token"})

    def do_GET(self) -> None:
        """Where the Gateway is; or the Gateway."""
        upgrades = "upgrade" in self.headers
        self._answer(503 if upgrades else 200, {"url": f"ws://{self.headers['host']}/gateway"})

    def log_message(self, *values: object) -> None:
        """Nothing."""

    def _answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def test_it_comes_again_when_its_socket_is_refused() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        with Follower(f"http://127.0.0.1:{server.server_address[1]}", "ben") as ben:
            ben.until(lambda: ben.said == ["lost: the server answered 503"] * 2)
        server.shutdown()
        serving.join()
