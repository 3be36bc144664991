"""A newcomer with only the README: what it says, in its order, in a clean clone with a bare environment.

The commands are read from the README: `make split`, `bot create`, the bot, `derailed top`; only the ports are others,
as they are all taken where many tests run. `make run` is the same without the many, see `tests/journeys/test_start.py`.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from derailed.app.split import postgres_folder
from tests.documentation.blocks import ROOT, of
from tests.journeys.people import PASSWORD
from tests.journeys.server import free_port, until

pytestmark = pytest.mark.slow

README = of("README.md", "sh")
READY_WITHIN_S = 900
"""A fresh clone installs everything first."""


class Newcomer:
    """Somebody at a shell in a clone, who has nothing else."""

    def __init__(self, clone: Path) -> None:
        self.clone = clone
        self.http = free_port()
        ports = ("DERAILED_GATEWAY_PORT", "DERAILED_PRESENCE_PORT", "DERAILED_MEMBERS_PORT")
        self.settings = {"DERAILED_HTTP_PORT": str(self.http)} | {name: str(free_port()) for name in ports}
        kept = ("PATH", "HOME", "LANG", *(name for name in os.environ if name.lower().endswith(("proxy", "cert_file"))))
        self.bare = {name: os.environ[name] for name in kept if name in os.environ}

    @property
    def url(self) -> str:
        """Where the app is."""
        return f"http://127.0.0.1:{self.http}"

    @property
    def api(self) -> str:
        """What REST paths follow."""
        return f"{self.url}/api/v10"

    def read(self, begins: str) -> str:
        """The command of the README that begins so, as a newcomer would type it."""
        (found,) = [command for command in README if command.startswith(begins)]
        return found.replace("http://127.0.0.1:8080", self.url)

    def run(self, command: str, **settings: str) -> str:
        """What it prints."""
        done = subprocess.run(
            ["sh", "-euc", command],
            cwd=self.clone,
            env=self.bare | self.settings | settings,
            capture_output=True,
            text=True,
            timeout=READY_WITHIN_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def running(self, command: str, ready: str, **settings: str) -> Iterator[Path]:
        """A command that does not end by itself, from when it says so on; what it says."""
        log = self.clone / "log"
        with log.open("wb") as said:
            process = subprocess.Popen(
                ["sh", "-euc", command],
                cwd=self.clone,
                env=self.bare | self.settings | settings,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        try:
            until(lambda: ready in _alive(process, log), f"{command!r} says {ready!r}", READY_WITHIN_S)
            yield log
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)


def _alive(process: subprocess.Popen[bytes], log: Path) -> str:
    text = log.read_text()
    assert process.poll() is None, text
    return text


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Newcomer]:
    """In a clone of what is here, also of what is not committed yet."""
    clone = tmp_path / "derailed"
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True, timeout=60)
    changed = subprocess.run(
        ["git", "ls-files", "--modified", "--others", "--exclude-standard", "--deduplicate"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    for name in changed.stdout.splitlines():
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, clone / name)
    yield Newcomer(clone)
    shutil.rmtree(postgres_folder(clone / "data"), ignore_errors=True)


def test_a_newcomer_reaches_a_split_deployment_a_bot_that_answers_and_live_numbers(newcomer: Newcomer) -> None:
    with newcomer.running(newcomer.read("make split"), "For commands such as") as log:
        (database,) = re.findall(r"export DERAILED_DATABASE_URL='(.+)'", log.read_text())
        assert "<!doctype html>" in httpx.get(newcomer.url, timeout=30).text.lower()
        body = {"username": "newcomer", "password": PASSWORD}
        token = httpx.post(f"{newcomer.api}/auth/register", json=body, timeout=30).json()["token"]
        anna = httpx.Client(base_url=newcomer.api, headers={"Authorization": token}, timeout=30)
        guild = anna.post("/guilds", json={"name": "Harbour"}).json()
        command = newcomer.read(".venv/bin/derailed bot create").replace("GUILD_ID", guild["id"])
        printed = newcomer.run(command, DERAILED_DATABASE_URL=database).strip()
        install, start = newcomer.read(".venv/bin/pip install").splitlines()
        newcomer.run(install)
        bot = f"{start.replace('TOKEN', printed, 2).replace(f'BOT_{printed}', 'BOT_TOKEN')} {newcomer.url}"
        with newcomer.running(f"exec env {bot}", "is in Harbour"):
            asked = anna.post(f"/channels/{guild['system_channel_id']}/messages", json={"content": "!ping"}).json()[
                "id"
            ]
            until(lambda: _answers(anna, guild["system_channel_id"], asked), "the bot answers", within_s=60)
            shown = newcomer.run(newcomer.read(".venv/bin/derailed top"))
            assert {"api", "wss", "presence", "members"} <= set(re.findall(r"\w+", shown)), shown
        anna.close()


def _answers(anna: httpx.Client, channel_id: str, asked: str) -> bool:
    newest = anna.get(f"/channels/{channel_id}/messages?limit=1").json()[0]
    return bool(newest["content"] == "pong" and newest["message_reference"]["message_id"] == asked)
