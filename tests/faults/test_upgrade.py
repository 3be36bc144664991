"""A newer release takes the place of an older one, process by process, while people talk: nobody loses anything by it.

The newer one is the same code with one migration more, which is applied while all processes are still of the older.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from derailed.store.migrate import load
from tests.faults import town
from tests.faults.run import Run, play
from tests.faults.wired import Wired
from tests.journeys.balancer import Balancer
from tests.journeys.server import clean_environment, free_port
from tests.servers.valkey import Valkey

pytestmark = pytest.mark.slow

PEOPLE, BOTS = 60, 12
STEADY_S = 2.0
SOURCES = Path(__file__).parents[2] / "src" / "derailed"
NEXT = "CREATE TABLE next_release (id BIGINT PRIMARY KEY);\nALTER TABLE users ADD COLUMN next_release TEXT;\n"


class Behind(Wired):
    """With two API processes behind a balancer, which goes to the second when the first does not answer."""

    def __init__(self, data: Path) -> None:
        super().__init__(data, Valkey(keeps=True))
        port = free_port()
        self.second = self._part("api", port, "second", DERAILED_HTTP_PORT=str(port))
        self.parts = (*self.parts, self.second)
        self._balancer = self._end.enter_context(Balancer([self.front.port, port]))

    @property
    def api(self) -> str:
        """What REST paths follow."""
        return f"http://127.0.0.1:{self._balancer.port}/api/v10"


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """Where the newer release is imported from."""
    root = tmp_path / "newer"
    shutil.copytree(SOURCES, root / "derailed", ignore=shutil.ignore_patterns("__pycache__", "web_dist"))
    (root / "derailed" / "store" / "migrations" / f"{len(load()) + 1:04}_next.sql").write_text(NEXT)
    return root


@pytest.fixture
def split(tmp_path: Path) -> Iterator[Behind]:
    """The older release."""
    with Behind(tmp_path / "data") as running:
        yield running


def migrate(split: Behind, release: str, *more: str) -> subprocess.CompletedProcess[str]:
    """`derailed migrate`, of that release; empty: the older."""
    settings = split.settings | ({"PYTHONPATH": release} if release else {})
    command = [split.front.command[0], "-m", "derailed", "migrate", *more]
    return subprocess.run(
        command, env=clean_environment() | settings, capture_output=True, text=True, timeout=60, check=False
    )


def release_of(pid: int) -> str:
    """Which release a process is of."""
    told = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return next((os.fsdecode(each.partition(b"=")[2]) for each in told if each.startswith(b"PYTHONPATH=")), "")


def test_a_newer_release_takes_over_and_nobody_loses_anything(split: Behind, newer: Path) -> None:
    release = str(newer)

    async def story(run: Run) -> None:
        await run.steady(STEADY_S)
        async with run.breaking("migrated"):
            await run.do(lambda: migrate(split, release))
        await run.steady(STEADY_S)
        for part in (split.presence, split.members, split.front, split.second, split.one, split.other):
            async with run.breaking(f"{part.command[-1]} replaced", blinds=part is split.presence):
                assert await run.ask(part.terminate) == 0
                part.settings["PYTHONPATH"] = release
                await run.do(part.start)
        await run.steady(STEADY_S)

    people = town.build(split, people_connected=PEOPLE, bots=BOTS)
    assert migrate(split, release, "--check").returncode == 1
    play(split, people, seed=1, story=story)
    assert {release_of(part.pid) for part in split.parts} == {release}
    assert migrate(split, release, "--check").returncode == 0
    refused = migrate(split, "", "--check")
    assert refused.returncode == 2
    assert "newer version" in refused.stderr
