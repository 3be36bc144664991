"""A person with an account, who does over REST what people do."""

from __future__ import annotations

import contextlib
import http.client
import json
import secrets
from typing import Any, NamedTuple, Self

from tests.journeys.server import Server

PASSWORD = "correct horse battery"


class Home(NamedTuple):
    """A guild that somebody made."""

    id: int
    general: int
    """Its first channel."""


class Reply(NamedTuple):
    """What came back."""

    status: int
    body: Any


def request(server: Server, method: str, path: str, body: Any = None, token: str = "") -> Reply:
    """One request on a connection of its own, so that it also works after the server was killed."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
        headers = {"Content-Type": "application/json"} | ({"Authorization": token} if token else {})
        connection.request(method, f"/api/v10{path}", None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        return Reply(answer.status, json.loads(text) if text else None)


class Person:
    """Signed in."""

    def __init__(self, server: Server, name: str, token: str) -> None:
        self.name = name
        self.token = token
        self._server = server

    @classmethod
    def register(cls, server: Server, name: str = "") -> Self:
        """A new account."""
        name = name or f"person_{secrets.token_hex(6)}"
        reply = request(server, "POST", "/auth/register", {"username": name, "password": PASSWORD})
        assert reply.status == 201, reply
        return cls(server, name, reply.body["token"])

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What the request answers, which must be what was asked for."""
        reply = request(self._server, method, path, body, self.token)
        assert 200 <= reply.status < 300, f"{method} {path}: {reply}"
        return reply.body

    def status(self, method: str, path: str, body: Any = None) -> int:
        """The status with which the request is answered."""
        return request(self._server, method, path, body, self.token).status

    def guild(self, name: str) -> Home:
        """Make a guild."""
        made = self.ask("POST", "/guilds", {"name": name})
        channels = self.ask("GET", f"/guilds/{made['id']}/channels")
        return Home(int(made["id"]), next(int(channel["id"]) for channel in channels if channel["type"] == 0))

    def invite(self, channel: int) -> str:
        """A code that lets others in."""
        code: str = self.ask("POST", f"/channels/{channel}/invites", {})["code"]
        return code

    def join(self, code: str) -> None:
        """Accept an invite."""
        self.ask("POST", f"/invites/{code}")

    def say(self, channel: int, content: str) -> int:
        """Send a message; its id."""
        return int(self.ask("POST", f"/channels/{channel}/messages", {"content": content})["id"])

    def read(self, channel: int) -> list[str]:
        """The newest messages, newest first."""
        return [message["content"] for message in self.ask("GET", f"/channels/{channel}/messages")]
