"""Bots on unmodified libraries that have much to say at once are slowed, and lose nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.people import Guild, register
from tests.journeys.programs import Program
from tests.journeys.server import Server
from tests.servers import valkey

COUNT = 50
SCALE = 4
WINDOWS = 2
"""Whole ones that must be over: 20 messages in the first, 20 in the second, then the rest."""

pytestmark = pytest.mark.slow


@pytest.fixture(params=["in the process", "on a server"])
def limited(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server with limits, four times as high as usual so that the test is short."""
    url = valkey.shared().url if request.param == "on a server" else ""
    with Server(tmp_path / "data", DERAILED_RATE_LIMITS=str(SCALE), DERAILED_LIMITS_URL=url) as running:
        yield running


@pytest.mark.parametrize("script", ["burst_discord_py.py", "burst_hikari.py"])
def test_a_burst_of_fifty_messages_is_slowed_and_none_is_lost(limited: Server, script: str) -> None:
    with register(limited, "anna") as owner:
        guild = Guild(owner)
        with guild.add_bot() as account:
            begun = time.monotonic()
            program = Program(script, limited.url, account.token, str(guild.general), str(COUNT))
            with program:
                sent = program.until("sent")["ids"]
            took_s = time.monotonic() - begun
            history = owner.call("GET", f"/channels/{guild.general}/messages?limit=100")
    kept = [message for message in history if int(message["author"]["id"]) == account.id and message["content"]]
    assert len(set(sent)) == COUNT
    assert {int(message["id"]) for message in kept} == set(sent)
    assert {message["content"] for message in kept} == {f"message {number}" for number in range(COUNT)}
    assert took_s > WINDOWS * 5
    assert [line for line in program.noise if "limit" in line or "bucket" in line] == []
    assert "error" not in limited.log
