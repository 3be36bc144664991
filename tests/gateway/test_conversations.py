"""What is said in conversations comes to those in them, and to nobody else: live, at READY and across RESUME."""

from __future__ import annotations

from pathlib import Path

import pytest

from derailed.gateway.service import Service
from derailed.gateway.session import Begin
from derailed.wire import records
from derailed.wire.gateway import ALL_INTENTS, Intent
from derailed.wire.presences import SentPresence
from derailed.wire.records import Record, user_topic
from tests.gateway.house import House, Screen, live
from tests.gateway.talking import BOT, PEOPLE, Talking, actor, directly
from tests.members.town import FIRST


def test_each_recipient_hears_what_is_said_and_nobody_else_does(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node, talking = await house.node(), Talking(house)
        screens = [await house.enter(node, number) for number in range(4)]
        again = await house.enter(node, 1)
        channel_id = await talking.group(0, 1, 2)
        message_id = await talking.say(2, channel_id)
        await talking.reactions.add(actor(1), channel_id, message_id, "👍")
        await talking.messages.delete(actor(2), channel_id, message_id)
        expected = ["CHANNEL_CREATE", "MESSAGE_CREATE", "MESSAGE_REACTION_ADD", "MESSAGE_DELETE"]
        for screen in (*screens[:3], again):
            await screen.until("MESSAGE_DELETE")
            assert directly(screen) == [(event, channel_id) for event in expected]
        assert directly(screens[3]) == []

    live(tmp_path, story)


def test_ready_has_the_conversations_that_are_open(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node, talking = await house.node(), Talking(house)
        dm, group = await talking.dm(0, 1), await talking.group(0, 1, 2)
        said = await talking.say(0, dm)
        for number, expected in ((0, [dm, group]), (1, [dm, group]), (2, [group]), (3, [])):
            screen = await house.enter(node, number)
            channels = screen.told("READY")[0]["private_channels"]
            assert [int(each["id"]) for each in channels] == expected
            assert [each.get("last_message_id") for each in channels][:1] == [str(said)] or number > 1
            assert all(str(FIRST + number) not in [each["id"] for each in one["recipients"]] for one in channels)

    live(tmp_path, story)


def test_ready_says_how_much_of_them_is_unread(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node, talking = await house.node(), Talking(house)
        dm = await talking.dm(0, 1)
        said = [await talking.say(0, dm) for _ in range(3)]
        for number, position, calls in ((0, said[-1], 0), (1, 0, 3)):
            screen = await house.enter(node, number)
            (state,) = screen.told("READY")[0]["read_state"]
            assert (state["id"], state["last_message_id"], state["mention_count"]) == (str(dm), str(position), calls)

    live(tmp_path, story)


@pytest.mark.parametrize("intents", [0, Intent.DIRECT_MESSAGES, Intent.GUILD_MESSAGES, ALL_INTENTS])
def test_a_bot_hears_a_dm_by_its_intents_and_reads_it(tmp_path: Path, intents: int) -> None:
    async def story(house: House) -> None:
        node, talking = await house.node(), Talking(house)
        await house.joins(BOT, new=True, bot=True)
        bot = await house.enter(node, BOT, intents=intents)
        person = await house.enter(node, 0)
        dm = await talking.dm(0, BOT)
        message_id = await talking.say(0, dm, "hello bot")
        await talking.reactions.add(actor(BOT), dm, message_id, "👍")
        await person.until("MESSAGE_REACTION_ADD")
        await bot.true(lambda: len(directly(bot)) >= (intents == ALL_INTENTS) * 2)
        await talking.messages.typing(actor(0), dm)
        heard = directly(bot)
        assert "CHANNEL_CREATE" not in [name for name, _ in heard]
        assert (("MESSAGE_CREATE", dm) in heard) == bool(intents & Intent.DIRECT_MESSAGES)
        assert (("MESSAGE_REACTION_ADD", dm) in heard) == bool(intents & Intent.DIRECT_MESSAGE_REACTIONS)
        if intents & Intent.DIRECT_MESSAGES:
            assert bot.told("MESSAGE_CREATE")[0]["content"] == "hello bot"
        if intents == ALL_INTENTS:
            await bot.until("TYPING_START")
        assert bot.told("READY")[0]["private_channels"] == []

    live(tmp_path, story, count=PEOPLE)


def test_only_the_first_shard_of_a_bot_hears_dms(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node, talking = await house.node(), Talking(house)
        await house.joins(BOT, new=True, bot=True)
        token = await house.log_in(BOT)
        shards = [await _shard(node, token, number) for number in range(2)]
        dm = await talking.dm(0, BOT)
        await talking.say(0, dm)
        await shards[0].until("MESSAGE_CREATE")
        await talking.messages.typing(actor(0), dm)
        await shards[0].until("TYPING_START")
        assert directly(shards[1]) == []

    live(tmp_path, story, count=PEOPLE)


async def _shard(node: Service, token: str, number: int) -> Screen:
    screen = Screen(node)
    asked = Begin(token, ALL_INTENTS, 50, (number, 2), "web", SentPresence())
    screen.recipient = await node.arrivals.identify(asked, screen)
    await screen.true(lambda: bool(screen.session_id) and screen.sequence % 2 == 0)
    return screen


def test_typing_comes_to_the_others_and_not_to_who_has_gone_meanwhile(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node, talking = await house.node(), Talking(house)
        anna, ben, cleo = [await house.enter(node, number) for number in range(3)]
        group = await talking.group(0, 1, 2)
        await talking.say(0, group)
        await ben.until("MESSAGE_CREATE")
        await talking.messages.typing(actor(0), group)
        typing = await ben.until("TYPING_START")
        assert set(typing) == {"channel_id", "user_id", "timestamp"}
        await cleo.until("TYPING_START")
        assert anna.told("TYPING_START") == []

        topic = node.hub.registry.topics[user_topic(FIRST + 1)]
        stale = Record(event="TYPING_START", rev=topic.rev, channel=group, author=FIRST, data=b"{}")
        ahead = Record(event="TYPING_START", rev=topic.rev + 9, channel=group, author=FIRST, data=b"{}")
        await talking.conversations.remove(actor(0), group, FIRST + 1)
        await ben.until("CHANNEL_DELETE")
        for late in (stale, ahead):
            await house.town.bus.publish(user_topic(FIRST + 1), records.encode(late))
        dm = await talking.dm(2, 1)
        await talking.say(2, dm)
        await ben.until("MESSAGE_CREATE", lambda data: data["channel_id"] == str(dm))
        assert len(ben.told("TYPING_START")) == 1

    live(tmp_path, story)


def test_who_was_taken_out_while_away_is_told_so_and_no_more(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        node, other, talking = await house.node(), await house.node(), Talking(house)
        token = await house.log_in(1)
        ben, watcher = Screen(node), await house.enter(node, 2)
        await ben.identify(token)
        group = await talking.group(0, 1, 2)
        await talking.say(0, group, "before")
        await ben.until("MESSAGE_CREATE")
        ben.leave()
        await talking.say(0, group, "while away")
        await talking.conversations.remove(actor(0), group, FIRST + 1)
        await talking.say(0, group, "after")
        await watcher.until("MESSAGE_CREATE", lambda data: data["content"] == "after")
        back = Screen(other)
        await back.resume(token, ben)
        assert not back.refused
        assert directly(back) == [("MESSAGE_CREATE", group), ("CHANNEL_DELETE", group)]
        assert back.told("MESSAGE_CREATE")[0]["content"] == "while away"

    live(tmp_path, story)
