"""What people have read, as their sessions are told of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from derailed.actions.faces import Faces
from derailed.actions.messages import Messages
from derailed.actions.reading import Reading
from derailed.gateway.session import Begin
from derailed.model.user import Actor
from derailed.wire.gateway import ALL_INTENTS, Capability
from derailed.wire.messages import SendMessage
from tests.gateway.house import House, Screen, live
from tests.members.town import FIRST, GUILD, OPEN


class Deeds:
    """What members do over REST."""

    def __init__(self, place: House) -> None:
        self._messages = Messages(place.town.context, Faces())
        self._reading = Reading(place.town.context)

    async def say(self, number: int = 0, content: str = "@everyone") -> int:
        """Say something in the open; its id."""
        sent = await self._messages.send(_actor(number), OPEN, SendMessage(content=content))
        return int(msgspec.json.decode(sent)["id"])

    async def ack(self, message_id: int, number: int = 1, *, manual: bool = False) -> None:
        """Read up to there."""
        await self._reading.ack(_actor(number), OPEN, message_id, manual=manual)


def _actor(number: int) -> Actor:
    return Actor(FIRST + number, 1, False)


def read_state(screen: Screen) -> list[Any]:
    """What READY said of it."""
    state: list[Any] = screen.told("READY")[-1]["read_state"]
    return state


def entry(position: int, mentions: int) -> dict[str, Any]:
    """Of the open channel, whose pins nobody looked at."""
    never = "1970-01-01T00:00:00.000000+00:00"
    ids = {"id": str(OPEN), "last_message_id": str(position)}
    return {**ids, "mention_count": mentions, "last_pin_timestamp": never}


def test_all_sessions_of_an_account_agree_and_nobody_elses_is_told(tmp_path: Path) -> None:
    async def story(place: House) -> None:
        deeds, node, other = Deeds(place), await place.node(), await place.node()
        one, two, anna = await place.enter(node, 1), await place.enter(other, 1), await place.enter(node, 0)
        assert read_state(one) == []
        first, second = await deeds.say(), await deeds.say()
        await deeds.ack(first)
        for screen in (one, two):
            told = await screen.until("MESSAGE_ACK")
            assert (told["channel_id"], told["message_id"], told["mention_count"]) == (str(OPEN), str(first), 1)
        three = await place.enter(other, 1)
        assert read_state(three) == [entry(first, 1)]
        await deeds.say(content="the end")
        await anna.until("MESSAGE_CREATE", lambda message: message["content"] == "the end")
        assert anna.told("MESSAGE_ACK") == []
        await deeds.ack(second)
        assert read_state(await place.enter(node, 1)) == [entry(second, 0)]

    live(tmp_path, story)


def test_an_ack_that_was_missed_comes_with_a_resume(tmp_path: Path) -> None:
    async def story(place: House) -> None:
        deeds, node, other = Deeds(place), await place.node(), await place.node()
        token = await place.log_in(1)
        left = Screen(node)
        await left.identify(token)
        left.leave()
        said = await deeds.say()
        await deeds.ack(said)
        back = Screen(other)
        await back.resume(token, left)
        assert back.names() == ["MESSAGE_CREATE", "MESSAGE_ACK", "RESUMED"]

    live(tmp_path, story)


def test_what_ready_tells_is_not_told_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(place: House) -> None:
        deeds, node = Deeds(place), await place.node()
        said: list[int] = []
        sessions: Any = node.arrivals._sessions
        snapshot = sessions.guild

        async def later(guild_id: int, user_id: int, **how: Any) -> Any:
            if guild_id == GUILD and not said:  # after the account's own snapshot was read
                said.append(await deeds.say())
                await deeds.ack(said[0])
                said.append(await deeds.say())
            return await snapshot(guild_id, user_id, **how)

        monkeypatch.setattr(sessions, "guild", later)
        screen = await place.enter(node, 1)
        assert read_state(screen) == [entry(said[0], 1)]
        await deeds.ack(said[1])
        await screen.until("MESSAGE_ACK")
        assert [each["message_id"] for each in screen.told("MESSAGE_ACK")] == [str(said[1])]
        assert screen.told("MESSAGE_CREATE") == []

    live(tmp_path, story)


def test_clients_choose_the_form_by_their_capabilities(tmp_path: Path) -> None:
    async def story(place: House) -> None:
        deeds, node = Deeds(place), await place.node()
        said = await deeds.say()
        both = int(Capability.VERSIONED_READ_STATES | Capability.VERSIONED_GUILD_SETTINGS)
        screen = Screen(node)
        asked = Begin(await place.log_in(1), ALL_INTENTS, 50, None, capabilities=both)
        screen.recipient = await node.arrivals.identify(asked, screen)
        ready = await screen.until("READY")
        assert ready["read_state"] == {"entries": [entry(0, 1)], "partial": False, "version": 0}
        assert ready["user_guild_settings"] == {"entries": [], "partial": False, "version": 0}
        await deeds.ack(said)

    live(tmp_path, story)


def test_bots_are_told_nothing_of_it(tmp_path: Path) -> None:
    async def story(place: House) -> None:
        await place.joins(7, new=True, bot=True)
        await Deeds(place).say()
        screen = await place.enter(await place.node(), 7)
        (ready,) = screen.told("READY")
        assert "read_state" not in ready
        assert "user_guild_settings" not in ready

    live(tmp_path, story)
