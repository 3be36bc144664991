"""Bots on unmodified libraries in DMs: they are written to, answer, write first, and lose nothing by a kill."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from derailed.model import permissions
from tests.journeys.deployment import Deployment
from tests.journeys.people import Account, Guild, register
from tests.journeys.programs import Program

PROGRAMS = {"discord.py": "confidant_discord_py.py", "hikari": "confidant_hikari.py"}

pytestmark = pytest.mark.slow


class Stage(NamedTuple):
    """Somebody in a guild with a bot that is ready, which did not ask for the content of messages."""

    server: Deployment
    library: str
    anna: Account
    guild: Guild
    account: Account
    bot: Program

    def dm(self) -> int:
        """Anna's DM with the bot."""
        return int(self.anna.call("POST", "/users/@me/channels", {"recipient_id": str(self.account.id)})["id"])


@pytest.fixture(params=PROGRAMS)
def stage(request: pytest.FixtureRequest, deployment: Deployment) -> Iterator[Stage]:
    """One for each library."""
    anna = register(deployment, "anna")
    guild = Guild(anna)
    account = guild.add_bot(permissions=permissions.VIEW_CHANNEL)
    bot = Program(PROGRAMS[request.param], deployment.url, account.token)
    with bot, anna, account:
        bot.until("ready")
        yield Stage(deployment, request.param, anna, guild, account, bot)


def _content(anna: Account, dm: int) -> list[Any]:
    return [each["content"] for each in anna.call("GET", f"/channels/{dm}/messages") if each["type"] != 6]


def test_a_bot_answers_in_a_dm_and_reads_it_without_asking_for_content(stage: Stage) -> None:
    dm = stage.dm()
    asked = stage.anna.send(dm, "!ping")
    told = stage.bot.until("told")
    assert (told["content"], told["author"], told["channel"]) == ("!ping", "anna", dm)
    answered = stage.bot.until("answered")
    assert answered["recipient"] == "anna"
    assert answered["pins"] == [answered["pong"]]
    assert answered["history"][1:] == [answered["pong"], asked], "the newest is the notice of the pin"
    assert stage.bot.until("reacted") == {"event": "reacted", "guild": None, "emoji": "🏓", "user": stage.account.id}
    assert _content(stage.anna, dm) == ["pong!", "!ping"]
    stage.anna.call("POST", f"/channels/{dm}/typing")
    assert stage.bot.until("typing") == {"event": "typing", "direct": True, "user": stage.anna.id}
    (listed,) = stage.anna.call("GET", "/users/@me/channels")
    assert [each["id"] for each in listed["recipients"]] == [str(stage.account.id)]


def test_a_bot_writes_first(stage: Stage) -> None:
    stage.anna.send(stage.guild.general, f"<@{stage.account.id}>")
    told = stage.bot.until("told")
    assert (told["content"], told["author"]) == ("hello", "Pilot")
    (listed,) = stage.anna.call("GET", "/users/@me/channels")
    (message,) = stage.anna.call("GET", f"/channels/{listed['id']}/messages")
    assert message["embeds"][0]["title"] == f"from {stage.library}"


def test_a_bot_misses_nothing_that_is_said_to_it_while_the_server_is_killed(stage: Stage) -> None:
    dm = stage.dm()
    first = stage.anna.send(dm, "before")
    stage.bot.until("told", lambda told: told["id"] == first)
    stage.bot.pause()
    sent = [first, stage.anna.send(dm, "unread")]
    stage.server.restart()
    sent.append(stage.anna.send(dm, "while away"))
    stage.bot.go_on()
    stage.bot.until("resumed")
    sent.append(stage.anna.send(dm, "after"))
    stage.bot.until("told", lambda told: told["id"] == sent[-1])
    assert [told["id"] for told in stage.bot.all("told")] == sent
