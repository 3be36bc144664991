"""Bots on unmodified libraries: they come in, answer, and lose nothing when the server is killed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from derailed.model import permissions
from tests.journeys.deployment import Deployment
from tests.journeys.people import Account, Guild, register
from tests.journeys.programs import Program

LIBRARIES = {
    "discord.py": ("bot_discord_py.py",),
    "discord.py with zlib": ("bot_discord_py.py", "without-zstd"),
    "hikari": ("bot_hikari.py",),
}

pytestmark = pytest.mark.slow


class Stage:
    """A guild with its owner, another person, and a bot that is ready in it."""

    def __init__(self, server: Deployment, library: str) -> None:
        script, *more = LIBRARIES[library]
        self.server = server
        self.owner = register(server, "anna")
        self.guild = Guild(self.owner)
        self.friend = register(server, "ben")
        self.guild.admit(self.friend)
        self.account = self.guild.add_bot(permissions=permissions.MANAGE_MESSAGES)
        self.bot = Program(script, server.url, self.account.token, *more)
        self.sent: list[int] = []

    def say(self, who: Account, content: str) -> int:
        """Send a message to the first channel; its id."""
        self.sent.append(who.send(self.guild.general, content))
        return self.sent[-1]


@pytest.fixture(params=LIBRARIES)
def stage(request: pytest.FixtureRequest, deployment: Deployment) -> Iterator[Stage]:
    """One for each library."""
    made = Stage(deployment, request.param)
    with made.bot, made.owner, made.friend, made.account:
        yield made


def test_a_bot_is_ready_with_its_guild(stage: Stage) -> None:
    ready = stage.bot.until("ready", lambda told: len(told["members"]) == 3)
    assert ready["guilds"] == [stage.guild.id]
    assert "general" in ready["channels"]
    assert ready["members"] == ["Pilot", "anna", "ben"]
    assert ready["me"] == stage.account.id


def test_a_bot_answers_edits_reacts_reads_deletes_and_sees_it_all(stage: Stage) -> None:
    stage.bot.until("ready")
    before = stage.say(stage.owner, "hello")
    asked = stage.say(stage.friend, "!ping")
    answered = stage.bot.until("answered")
    pong = answered["pong"]
    assert answered["replied_to"] == asked
    assert answered["history"][:3] == [pong, asked, before]  # then the notices of who came in
    assert answered["members"] == ["Pilot", "anna", "ben"]
    assert answered["found"] == ["ben"]
    assert stage.bot.until("message", lambda told: told["id"] == pong)["content"] == "pong"
    assert stage.bot.until("edited")["content"] == "pong!"
    assert stage.bot.until("reacted") == {"event": "reacted", "id": pong, "emoji": "🏓", "user": stage.account.id}
    assert stage.bot.until("deleted")["id"] == pong


def test_a_bot_resumes_after_the_server_was_killed_and_has_missed_nothing(stage: Stage) -> None:
    stage.bot.until("ready")
    for number in range(10):
        stage.say(stage.owner, f"before {number}")
    stage.bot.until("message", lambda told: told["id"] == stage.sent[0])
    stage.bot.pause()
    for number in range(10):
        stage.say(stage.friend, f"unread {number}")
    stage.server.restart()
    for number in range(10):
        stage.say(stage.owner, f"while away {number}")
    stage.bot.go_on()
    stage.bot.until("resumed")
    last = stage.say(stage.friend, "after")
    stage.bot.until("message", lambda told: told["id"] == last)
    assert [told["id"] for told in stage.bot.all("message")] == stage.sent
    assert len(stage.bot.all("ready")) == 1
    assert len(stage.bot.all("identified")) <= 1
