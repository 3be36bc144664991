"""DMs: two people have one, which opens and closes for each of them, and who hears of what is said in it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tests.api.door import Door, visit
from tests.api.talks import direct, met, names, refused, say, told


def test_two_have_one_dm_whoever_opens_it_and_however_often(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo = await met(door, "anna", "ben", "cleo")
        opened = await asyncio.gather(*(direct(*pair) for pair in [(anna, ben), (ben, anna)] * 4))
        assert len(set(opened)) == 1
        assert await direct(anna, cleo) != opened[0]
        by_list = await ben.do("POST", "/users/@me/channels", {"recipients": [int(anna.id)]})
        assert f"/channels/{by_list['id']}" == opened[0]
        assert names(door, anna).count("CHANNEL_CREATE") == 2
        assert names(door, ben) == ["CHANNEL_CREATE"]

    visit(tmp_path, story)


def test_a_dm_shows_the_other_one_alone(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await met(door, "anna", "ben")
        channel = await direct(anna, ben)
        shown = await anna.get(channel)
        assert shown == {
            "id": channel.removeprefix("/channels/"),
            "type": 1,
            "last_message_id": None,
            "flags": 0,
            "recipients": [await anna.get(f"/users/{ben.id}")],
        }
        assert [each["username"] for each in (await ben.get(channel))["recipients"]] == ["anna"]
        assert told(door, anna) == [("CHANNEL_CREATE", shown)]

    visit(tmp_path, story)


def test_nobody_has_a_dm_with_oneself_or_with_who_does_not_exist(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        (anna,) = await met(door, "anna")
        bodies: list[Any] = [{"recipient_id": anna.id}, {"recipient_id": "1"}, {"recipients": []}, {}]
        for body in bodies:
            assert await refused(anna, "POST", "/users/@me/channels", body) == (400, 50033)
        assert await anna.get("/users/@me/channels") == []

    visit(tmp_path, story)


def test_the_other_one_hears_of_a_dm_with_its_first_message(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await met(door, "anna", "ben")
        channel = await direct(anna, ben)
        assert names(door, ben) == []
        assert await ben.get("/users/@me/channels") == []
        first = await say(anna, channel)
        assert names(door, ben) == ["CHANNEL_CREATE", "MESSAGE_CREATE"]
        (_, created), (_, message) = told(door, ben)
        assert (created["last_message_id"], created["recipients"][0]["id"]) == (None, anna.id)
        assert (message["id"], message["channel_type"]) == (first["id"], 1)
        assert not {"guild_id", "member"} & message.keys()
        assert names(door, anna) == ["CHANNEL_CREATE", "MESSAGE_CREATE"]
        assert [each["last_message_id"] for each in await ben.get("/users/@me/channels")] == [first["id"]]

    visit(tmp_path, story)


def test_a_dm_is_closed_for_oneself_until_somebody_speaks(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await met(door, "anna", "ben")
        channel = await direct(anna, ben)
        await say(anna, channel)
        since = len(door.records)
        closed = await ben.do("DELETE", channel)
        assert closed["recipients"][0]["id"] == anna.id
        assert await ben.do("DELETE", channel) == closed
        assert told(door, ben, since) == [("CHANNEL_DELETE", closed)]
        assert names(door, anna, since) == []
        assert await ben.get("/users/@me/channels") == []
        assert len(await anna.get("/users/@me/channels")) == 1
        assert len(await ben.get(f"{channel}/messages")) == 1, "what was said is still there"
        await say(ben, channel)
        assert names(door, ben, since) == ["CHANNEL_DELETE", "CHANNEL_CREATE", "MESSAGE_CREATE"]
        await ben.do("DELETE", channel)
        assert await direct(ben, anna) == channel
        await ben.do("DELETE", channel)
        await anna.do("PUT", f"{channel}/messages/pins/{(await say(anna, channel))['id']}")
        assert names(door, ben, since)[3:6] == ["CHANNEL_DELETE", "CHANNEL_CREATE", "CHANNEL_DELETE"]
        assert names(door, ben, since).count("CHANNEL_CREATE") == 3

    visit(tmp_path, story)


def test_a_pin_opens_a_closed_dm_as_it_is_then(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await met(door, "anna", "ben")
        channel = await direct(anna, ben)
        message = await say(anna, channel)
        await ben.do("DELETE", channel)
        since = len(door.records)
        await anna.do("PUT", f"{channel}/messages/pins/{message['id']}")
        heard = told(door, ben, since)
        assert [event for event, _ in heard][-2:] == ["CHANNEL_CREATE", "MESSAGE_CREATE"]
        assert dict(heard)["CHANNEL_CREATE"]["last_pin_timestamp"] == (await ben.get(channel))["last_pin_timestamp"]

    visit(tmp_path, story)


def test_who_meets_nobody_is_heard_by_nobody(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await met(door, "anna", "ben")
        sam = await door.register("sam")
        channel = await direct(sam, anna)
        assert await refused(sam, "POST", f"{channel}/messages", {"content": "hi"}) == (403, 50007)
        assert await refused(sam, "POST", f"{channel}/typing") == (403, 50007)
        assert names(door, anna) == []
        known = await direct(anna, ben)
        message = await say(anna, known)
        path = f"{known}/messages/{message['id']}"
        await ben.do("PUT", f"{path}/reactions/👍/@me")
        for guild in await ben.get("/users/@me/guilds"):
            await ben.do("DELETE", f"/users/@me/guilds/{guild['id']}")
        assert await refused(ben, "POST", f"{known}/messages", {"content": "hi"}) == (403, 50007)
        assert await refused(ben, "PUT", f"{path}/reactions/👍/@me") == (403, 90001)
        assert await refused(ben, "PUT", f"{known}/messages/pins/{message['id']}") == (403, 50007)
        assert [each["id"] for each in await ben.get(f"{known}/messages")] == [message["id"]]
        await anna.do("PATCH", path, {"content": "what was said can still be changed"})
        await ben.do("DELETE", f"{path}/reactions/👍/@me")

    visit(tmp_path, story)


def test_friends_hear_each_other_and_who_is_blocked_is_not_heard(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await door.register("anna"), await door.register("ben")
        channel = await direct(anna, ben)
        assert await refused(anna, "POST", f"{channel}/messages", {"content": "hi"}) == (403, 50007)
        await anna.do("PUT", f"/users/@me/relationships/{ben.id}", {"type": 1})
        await ben.do("PUT", f"/users/@me/relationships/{anna.id}", {"type": 1})
        await say(anna, channel)
        await ben.do("PUT", f"/users/@me/relationships/{anna.id}", {"type": 2})
        for person in (anna, ben):
            assert await refused(person, "POST", f"{channel}/messages", {"content": "hi"}) == (403, 50007)
        assert await direct(anna, ben) == channel, "a DM is opened nevertheless"

    visit(tmp_path, story)


def test_conversations_are_listed_by_their_newest_message(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo, dora = await met(door, "anna", "ben", "cleo", "dora")
        talks = [await direct(anna, each) for each in (ben, cleo, dora)]
        for talk in (talks[1], talks[0]):
            door.now_ms += 10
            await say(anna, talk)
        listed = await anna.get("/users/@me/channels")
        assert [f"/channels/{each['id']}" for each in listed] == [talks[0], talks[1], talks[2]]
        account = await door.verbs.sessions.account(int(anna.id), int(anna.id))
        assert [str(each.conversation.id) for each in account.conversations] == [each["id"] for each in listed]

    visit(tmp_path, story)


def test_a_bot_has_dms_and_is_told_of_none(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await met(door, "anna", "ben")
        (guild,) = await anna.get("/users/@me/guilds")
        bot = await door.bot(anna)
        path = f"/oauth2/authorize?client_id={bot.id}&scope=bot&permissions=0"
        await anna.do("POST", path, {"guild_id": guild["id"], "authorize": True})
        channel = await direct(bot, ben)
        await say(bot, channel)
        assert await direct(ben, bot) == channel
        assert await bot.get("/users/@me/channels") == []
        assert (await bot.get(channel))["recipients"][0]["username"] == "ben"
        body = {"recipients": [anna.id, ben.id]}
        assert await refused(bot, "POST", "/users/@me/channels", body) == (403, 20001)

    visit(tmp_path, story)


def test_what_a_guild_alone_has_is_refused_in_a_dm(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await met(door, "anna", "ben")
        channel = await direct(anna, ben)
        first, second = [await say(ben, channel) for _ in range(2)]
        theirs = f"{channel}/messages/{first['id']}"
        for method, path, body in (
            ("GET", f"{channel}/invites", None),
            ("POST", f"{channel}/invites", {}),
            ("GET", f"{channel}/webhooks", None),
            ("POST", f"{channel}/webhooks", {"name": "hook"}),
            ("PUT", f"{channel}/permissions/{ben.id}", {"type": 1, "deny": "1024"}),
            ("DELETE", f"{channel}/permissions/{ben.id}", None),
            ("PATCH", channel, {"name": "ours"}),
            ("PUT", f"{channel}/recipients/{ben.id}", None),
            ("DELETE", f"{channel}/recipients/{ben.id}", None),
            ("POST", f"{channel}/messages/bulk-delete", {"messages": [first["id"], second["id"]]}),
            ("DELETE", theirs, None),
            ("DELETE", f"{theirs}/reactions", None),
            ("DELETE", f"{theirs}/reactions/👍", None),
            ("DELETE", f"{theirs}/reactions/👍/{ben.id}", None),
        ):
            assert await refused(anna, method, path, body) == (403, 50003), (method, path)
        assert await refused(anna, "PATCH", theirs, {"content": "x"}) == (403, 50005)
        assert await refused(ben, "POST", f"{theirs}/crosspost") == (400, 50024)

    visit(tmp_path, story)


def test_a_stranger_sees_nothing_of_a_dm(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo = await met(door, "anna", "ben", "cleo")
        channel = await direct(anna, ben)
        message = f"{channel}/messages/{(await say(anna, channel))['id']}"
        since = len(door.records)
        for method, path, body in (
            ("GET", channel, None),
            ("PATCH", channel, {"name": "x"}),
            ("DELETE", channel, None),
            ("GET", f"{channel}/messages", None),
            ("GET", message, None),
            ("POST", f"{channel}/messages", {"content": "x"}),
            ("PATCH", message, {"content": "x"}),
            ("DELETE", message, None),
            ("POST", f"{channel}/typing", None),
            ("GET", f"{channel}/messages/pins", None),
            ("PUT", message.replace("messages", "messages/pins"), None),
            ("PUT", f"{message}/reactions/👍/@me", None),
            ("GET", f"{message}/reactions/👍", None),
            ("GET", f"{channel}/invites", None),
            ("GET", f"{channel}/webhooks", None),
            ("PUT", f"{channel}/recipients/{cleo.id}", None),
            ("DELETE", f"{channel}/recipients/{anna.id}", None),
        ):
            assert await refused(cleo, method, path, body) == (403, 50001), (method, path)
        for path in ("/channels/1", "/channels/1/messages", f"/channels/{cleo.id}"):
            assert await refused(cleo, "GET", path) == (404, 10003)
        assert len(door.records) == since
        assert not door.bus.heard
        assert await cleo.get("/users/@me/channels") == []

    visit(tmp_path, story)
