"""People and bots over REST, as journeys need them."""

from __future__ import annotations

import base64
from typing import Any, Self

import httpx

from tests.journeys.deployment import Deployment

PASSWORD = "correct horse battery"


class Account:
    """Someone who is logged in: `call` is a request that must succeed."""

    def __init__(self, server: Deployment, token: str, *, bot: bool = False) -> None:
        self.server = server
        self.token = token
        self.id = int(base64.b64decode(token.partition(".")[0] + "=="))
        self._http = httpx.Client(
            base_url=server.api, headers={"Authorization": f"Bot {token}" if bot else token}, timeout=30
        )

    def call(self, method: str, path: str, body: object = None) -> Any:
        """The answer's JSON; None where there is none."""
        answer = self._http.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def status(self, method: str, path: str) -> int:
        """How a request is answered that may be refused."""
        return self._http.request(method, path).status_code

    def send(self, channel_id: int, content: str) -> int:
        """Post a message; its id."""
        return int(self.call("POST", f"/channels/{channel_id}/messages", {"content": content})["id"])

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class Guild:
    """A guild of someone's, with its first channel."""

    def __init__(self, owner: Account, name: str = "Harbour") -> None:
        self.owner = owner
        self.id = int(owner.call("POST", "/guilds", {"name": name})["id"])
        self.general = int(owner.call("GET", f"/guilds/{self.id}/channels")[0]["id"])

    def channel(self, name: str) -> int:
        """A new channel; its id."""
        return int(self.owner.call("POST", f"/guilds/{self.id}/channels", {"name": name})["id"])

    def admit(self, account: Account) -> None:
        """Have the account join by an invite."""
        invite = self.owner.call("POST", f"/channels/{self.general}/invites", {})
        account.call("POST", f"/invites/{invite['code']}")

    def add_bot(self, name: str = "Pilot", permissions: int = 0) -> Account:
        """A new application of the owner's, whose bot belongs to the guild; its account."""
        application = self.owner.call("POST", "/applications", {"name": name})["id"]
        token = self.owner.call("POST", f"/applications/{application}/bot/reset")["token"]
        where = f"/oauth2/authorize?client_id={application}&scope=bot&permissions={permissions}"
        self.owner.call("POST", where, {"guild_id": str(self.id), "authorize": True})
        return Account(self.owner.server, token, bot=True)


def register(server: Deployment, name: str) -> Account:
    """A new account."""
    body = {"username": name, "password": PASSWORD}
    answer = httpx.post(f"{server.api}/auth/register", json=body, timeout=30)
    assert answer.is_success, answer.text
    return Account(server, answer.json()["token"])
