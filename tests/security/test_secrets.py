"""What is secret is in no log, whatever goes wrong around it: real servers, told known secrets, made to complain."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.journeys.people import Account, Guild
from tests.journeys.server import Running, Server, derailed, free_port, until
from tests.journeys.sockets import Closed, Socket

pytestmark = pytest.mark.slow

PASSWORD: Final = "a-password-that-nobody-else-has"
SECRETS: Final = {
    "the password": PASSWORD,
    "the S3 key": "s3-key-that-nobody-else-has",
    "the password of the database": "database-password-of-nobody",
    "the password of the bus": "bus-password-of-nobody",
    "the password of the limits": "limits-password-of-nobody",
    "a token that was made up": "MTIz.a-token-that-was-made-up-by-nobody",
}


def _none_in(log: str, more: dict[str, str]) -> None:
    found = [what for what, secret in (SECRETS | more).items() if secret in log]
    assert found == []


def test_no_secret_of_a_person_or_of_the_operator_is_in_the_log_of_a_server(tmp_path: Path) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    settings = {
        "DERAILED_LOG_LEVEL": "debug",
        "DERAILED_LIMITS_URL": f"redis://:{SECRETS['the password of the limits']}@{nobody}/0",
        "DERAILED_BLOBS_URL": f"s3://files?endpoint=http://{nobody}",
        "AWS_ACCESS_KEY_ID": "files",
        "AWS_SECRET_ACCESS_KEY": SECRETS["the S3 key"],
    }
    with Server(tmp_path / "data", **settings) as server:
        known = _talk(server)
        asyncio.run(_knock(server, SECRETS["a token that was made up"]))
        assert server.terminate() == 0
        log = server.log
    for complaint in ("limits are counted by this process alone", "files"):
        assert complaint in log, log
    _none_in(log, known)


def _talk(server: Server) -> dict[str, str]:
    """Do what people do, and what goes wrong with it; the secrets that were made meanwhile."""
    body = {"username": "anna", "password": PASSWORD}
    token = httpx.post(f"{server.api}/auth/register", json=body, timeout=30).json()["token"]
    httpx.post(f"{server.api}/auth/login", json={"login": "anna", "password": PASSWORD + "!"}, timeout=30)
    httpx.post(f"{server.api}/auth/login", content=f'{{"login":"anna","password":"{PASSWORD}', timeout=30)
    httpx.post(f"{server.api}/auth/login", json={"login": [PASSWORD], "password": PASSWORD}, timeout=30)
    made_up = {"Authorization": SECRETS["a token that was made up"]}
    httpx.get(f"{server.api}/users/@me", headers=made_up, timeout=30)
    httpx.get(f"{server.api}/users/@me", params={"token": token, "password": PASSWORD}, timeout=30)
    with Account(server, token) as anna:
        guild = Guild(anna)
        with guild.add_bot() as bot:
            webhook = anna.call("POST", f"/channels/{guild.general}/webhooks", {"name": "Crier"})["token"]
            httpx.post(f"{server.api}/webhooks/1/{webhook}", json={"content": 1}, timeout=30)
            refused = httpx.post(
                f"{server.api}/channels/{guild.general}/messages",
                headers={"Authorization": token},
                files={"files[0]": ("a.txt", b"hello", "text/plain")},
                timeout=60,
            )
            assert refused.status_code == 503, refused.text
            return {"a token": token, "the token of a bot": bot.token, "the token of a webhook": webhook}


async def _knock(server: Server, token: str) -> None:
    """Come to the Gateway with what does not let in, and with what is no frame."""
    for op, more in ((2, {"intents": 0, "properties": {}}), (6, {"session_id": "none", "seq": "x"})):
        async with Socket(server) as socket:
            await socket.send(op, {"token": token, **more})
            with contextlib.suppress(Closed):
                while True:
                    await socket.receive()


def test_no_password_in_an_address_is_in_the_log_of_a_process_that_waits_for_what_is_there(tmp_path: Path) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    port = free_port()
    settings = {
        "DERAILED_DATA_DIR": str(tmp_path / "data"),
        "DERAILED_HTTP_PORT": str(port),
        "DERAILED_LOG_LEVEL": "debug",
        "DERAILED_DATABASE_URL": f"postgresql://anna:{SECRETS['the password of the database']}@{nobody}/chat",
        "DERAILED_BUS_URL": f"redis://anna:{SECRETS['the password of the bus']}@{nobody}/0",
        "DERAILED_PRESENCE_URL": nobody,
    }
    api = Running(["api"], settings, port, tmp_path / "api.log")
    api.launch()
    try:
        until(lambda: "waiting for the database" in api.log, "it says what it waits for")
    finally:
        api.end()
    _none_in(api.log, {})
    for command in (["doctor"], ["config"], ["migrate", "--check"]):
        said = derailed(*command, **settings)
        assert said.stdout + said.stderr
        _none_in(said.stdout + said.stderr, {})
