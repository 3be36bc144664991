"""Bots on unmodified libraries run a guild, and go through everything that there is in one."""

from __future__ import annotations

import pytest

from derailed.model import permissions
from tests.journeys.people import Guild, register
from tests.journeys.programs import Program
from tests.journeys.server import Server

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("script", ["manager_discord_py.py", "manager_hikari.py"])
def test_a_bot_runs_a_guild(server: Server, script: str) -> None:
    with register(server, "anna") as owner, register(server, "ben") as member, register(server, "sam") as stranger:
        guild = Guild(owner)
        guild.admit(member)
        bot = guild.add_bot(permissions=permissions.ADMINISTRATOR)
        ids = (str(each) for each in (guild.id, member.id, stranger.id))
        with bot, Program(script, server.url, bot.token, *ids) as program:
            done = program.until("done")
    assert done == {
        "event": "done",
        "name": "terminus",
        "command": "ping",
        "channels": ["general", "hall", "track"],
        "members": ["Pilot", "anna"],
        "roles": ["@everyone", "Pilot", "guest"],
    }
