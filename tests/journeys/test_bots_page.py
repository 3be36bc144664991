"""The programs of docs/bots.md are those of `examples/`, and each answers, in python and in js, as it stands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from derailed.model import permissions
from tests.documentation.blocks import ROOT, of
from tests.journeys.deployment import Deployment
from tests.journeys.people import Account, Guild, register
from tests.journeys.server import clean_environment, until
from tools.setup import find_npm

PROGRAMS = {"conductor.py": "python", "conductor_hikari.py": "python", "conductor.mjs": "js"}
INSTALL_WITHIN_S = 300


def test_the_page_has_each_example_and_no_other() -> None:
    shown = [*of("docs/bots.md", "python"), *of("docs/bots.md", "js")]
    assert shown == [(ROOT / "examples" / name).read_text() for name in PROGRAMS]


@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_bot_answers(name: str, deployment: Deployment, tmp_path: Path) -> None:
    with register(deployment, "anna") as anna:
        guild = Guild(anna, "Harbour")
        with guild.add_bot(permissions=permissions.ADMINISTRATOR) as bot:
            command = _javascript(tmp_path) if PROGRAMS[name] == "js" else [sys.executable]
            file = tmp_path / name
            shutil.copy(ROOT / "examples" / name, file)
            log = tmp_path / "log"
            with log.open("wb") as said:
                environment = clean_environment() | {"BOT_TOKEN": bot.token, "PYTHONWARNINGS": "ignore"}
                process = subprocess.Popen([*command, file, deployment.url], stdout=said, stderr=said, env=environment)
                try:
                    until(lambda: " is in " in log.read_text(), "the bot is ready", within_s=60)
                    asked = anna.send(guild.general, "!ping")
                    until(lambda: answers(anna, guild, asked), f"the bot answers:\n{log.read_text()}", within_s=60)
                finally:
                    process.kill()
                    process.wait(30)


def answers(anna: Account, guild: Guild, asked: int) -> bool:
    """Whether somebody answered that message."""
    newest = anna.call("GET", f"/channels/{guild.general}/messages?limit=1")[0]
    reference = newest.get("message_reference", {})
    return bool(newest["content"] == "pong" and reference.get("message_id") == str(asked))


def _javascript(folder: Path) -> list[str]:
    """Node, with the library installed where the program is, as its lock file says; nothing of it is changed."""
    npm = find_npm()
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(ROOT / "web" / "discordjs" / name, folder)
    subprocess.run(
        [*npm.command, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder,
        env=npm.environment,
        check=True,
        timeout=INSTALL_WITHIN_S,
        capture_output=True,
    )
    return [shutil.which("node", path=npm.environment.get("PATH", os.defpath)) or "node"]
