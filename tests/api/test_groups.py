"""Groups: who comes, who goes, whose one is, what it is called, and what each of those in it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from derailed.model import snowflakes
from derailed.store import conversations, messages
from derailed.wire import limits
from tests.api.door import Door, swept, visit
from tests.api.pictures import data_uri, png
from tests.api.talks import direct, group, met, names, refused, say, told


def test_a_group_is_told_to_everybody_as_each_sees_it(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo = people = await met(door, "anna", "ben", "cleo")
        channel = await group(anna, ben, cleo)
        for person in people:
            shown = await person.get(channel)
            assert told(door, person) == [("CHANNEL_CREATE", shown)]
            assert await person.get("/users/@me/channels") == [shown]
            assert {each["id"] for each in shown["recipients"]} == {each.id for each in people if each is not person}
            assert (shown["type"], shown["owner_id"], shown["name"], shown["icon"]) == (3, anna.id, None, None)
        assert await group(anna, ben, cleo) != channel, "of groups there may be many"

    visit(tmp_path, story)


def test_whoever_is_in_a_group_lets_others_in(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo, dora = await met(door, "anna", "ben", "cleo", "dora")
        channel = await group(anna, ben, cleo)
        since = len(door.records)
        await ben.do("PUT", f"{channel}/recipients/{dora.id}")
        await ben.do("PUT", f"{channel}/recipients/{dora.id}")
        added, notice = told(door, anna, since)
        assert added == (
            "CHANNEL_RECIPIENT_ADD",
            {"channel_id": channel[10:], "user": await anna.get(f"/users/{dora.id}")},
        )
        assert notice[0] == "MESSAGE_CREATE"
        said = notice[1]
        assert (said["type"], said["author"]["id"], [each["id"] for each in said["mentions"]]) == (1, ben.id, [dora.id])
        (event, shown), second = told(door, dora, since)
        assert (event, {each["id"] for each in shown["recipients"]}) == ("CHANNEL_CREATE", {anna.id, ben.id, cleo.id})
        assert second == notice
        assert len(await dora.get(f"{channel}/messages")) == 1, "who comes reads what was said before, too"
        assert await refused(dora, "PATCH", f"{channel}/messages/{said['id']}", {"content": "x"}) == (403, 50005)
        reply = {"content": "?", "message_reference": {"message_id": said["id"]}}
        assert await refused(dora, "POST", f"{channel}/messages", reply) == (400, 50035)

    visit(tmp_path, story)


def test_who_was_taken_out_hears_nothing_more(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo = await met(door, "anna", "ben", "cleo")
        channel = await group(anna, ben, cleo)
        message = await say(anna, channel)
        assert await refused(ben, "DELETE", f"{channel}/recipients/{cleo.id}") == (403, 50013)
        since = len(door.records)
        await anna.do("DELETE", f"{channel}/recipients/{cleo.id}")
        await say(anna, channel)
        await ben.do("POST", f"{channel}/typing")
        assert names(door, cleo, since) == ["CHANNEL_DELETE"]
        assert names(door, ben, since) == ["CHANNEL_RECIPIENT_REMOVE", "MESSAGE_CREATE", "MESSAGE_CREATE"]
        removed, notice, _ = told(door, ben, since)
        assert (removed[1]["user"]["id"], notice[1]["type"], notice[1]["author"]["id"]) == (cleo.id, 2, anna.id)
        assert len(door.bus.heard) == 1
        for path in (channel, f"{channel}/messages", f"{channel}/messages/{message['id']}"):
            assert await refused(cleo, "GET", path) == (403, 50001)
        assert await refused(cleo, "POST", f"{channel}/messages", {"content": "x"}) == (403, 50001)
        assert await refused(anna, "DELETE", f"{channel}/recipients/{cleo.id}") == (400, 50033)
        assert await cleo.get("/users/@me/channels") == []

    visit(tmp_path, story)


@pytest.mark.parametrize("way", ["leaves", "removes itself"])
def test_who_has_been_there_longest_inherits_a_group(tmp_path: Path, way: str) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo, dora, eve = await met(door, "anna", "ben", "cleo", "dora", "eve")
        channel = await group(anna, dora, eve)
        await eve.do("DELETE", channel)
        for person in (cleo, ben):
            door.now_ms += 1
            await anna.do("PUT", f"{channel}/recipients/{person.id}")
        since = len(door.records)
        await anna.do("DELETE", channel if way == "leaves" else f"{channel}/recipients/{anna.id}")
        assert names(door, anna, since) == ["CHANNEL_DELETE"]
        assert names(door, ben, since) == ["CHANNEL_RECIPIENT_REMOVE", "CHANNEL_UPDATE", "MESSAGE_CREATE"]
        updated = told(door, ben, since)[1][1]
        assert (updated["owner_id"], updated) == (
            dora.id,
            {**await ben.get(channel), "last_message_id": updated["last_message_id"]},
        )
        await dora.do("DELETE", channel)
        assert (await ben.get(channel))["owner_id"] == cleo.id
        await ben.do("DELETE", channel)
        assert (await cleo.get(channel))["recipients"] == []

    visit(tmp_path, story)


def test_a_group_that_all_have_left_is_gone(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        people = await met(door, "anna", "ben", "cleo")
        channel = await group(*people)
        await say(people[0], channel)
        for person in people:
            await person.do("DELETE", channel)
        assert await refused(people[0], "GET", channel) == (404, 10003)
        assert await refused(people[0], "POST", f"{channel}/messages", {"content": "x"}) == (404, 10003)
        await swept(door)
        assert await door.store.read(lambda tx: conversations.recipients(tx, int(channel[10:]))) == []
        assert await door.store.read(lambda tx: messages.before(tx, int(channel[10:]), snowflakes.MAX, 1)) == []

    visit(tmp_path, story)


def test_a_group_is_named_and_pictured_by_whoever_is_in_it(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo = await met(door, "anna", "ben", "cleo")
        channel = await group(anna, ben, cleo)
        since = len(door.records)
        named = await ben.do("PATCH", channel, {"name": "  the three  "})
        assert named["name"] == "the three"
        pictured = await cleo.do("PATCH", channel, {"icon": data_uri(png())})
        heard = told(door, anna, since)
        assert [event for event, _ in heard] == ["CHANNEL_UPDATE", "MESSAGE_CREATE"] * 2
        assert [(each["type"], each["content"]) for event, each in heard if event == "MESSAGE_CREATE"] == [
            (4, "the three"),
            (5, ""),
        ]
        assert heard[2][1]["icon"] == pictured["icon"]
        address = f"/channel-icons/{channel[10:]}/{pictured['icon']}.png"
        assert (await door.client.get(address)).content == png()
        since = len(door.records)
        assert (await anna.do("PATCH", channel, {"name": "the three"}))["name"] == "the three"
        assert names(door, anna, since) == [], "nothing was changed"
        unnamed = await anna.do("PATCH", channel, {"name": None, "icon": None})
        assert (unnamed["name"], unnamed["icon"]) == (None, None)
        assert await refused(anna, "PATCH", channel, {"name": "x" * 101}) == (400, 50035)
        assert await refused(anna, "PATCH", channel, {"icon": "no picture"}) == (400, 50035)

    visit(tmp_path, story)


def test_a_group_has_a_limit_and_so_have_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RECIPIENTS", 3)
    monkeypatch.setattr(limits, "GROUPS", 2)

    async def story(door: Door) -> None:
        anna, ben, cleo, dora = await met(door, "anna", "ben", "cleo", "dora")
        channel = await group(anna, ben, cleo)
        assert await refused(anna, "PUT", f"{channel}/recipients/{dora.id}") == (400, 30004)
        everybody = {"recipients": [each.id for each in (ben, cleo, dora)]}
        assert await refused(anna, "POST", "/users/@me/channels", everybody) == (400, 30004)
        other = await group(ben, anna, dora)
        two = {"recipients": [ben.id, cleo.id]}
        assert await refused(anna, "POST", "/users/@me/channels", two) == (400, 30011)
        two = {"recipients": [anna.id, dora.id]}
        assert await refused(cleo, "POST", "/users/@me/channels", two) == (400, 30011)
        await dora.do("DELETE", other)
        await ben.do("DELETE", channel)
        await ben.do("PUT", f"{other}/recipients/{cleo.id}")
        assert await direct(cleo, dora), "DMs are as many as there are people"

    visit(tmp_path, story)


def test_only_people_who_hear_one_come_into_a_group(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo = await met(door, "anna", "ben", "cleo")
        sam, bot = await door.register("sam"), await door.bot(anna)
        channel = await group(anna, ben, cleo)
        since = len(door.records)
        for stranger in (sam, bot):
            assert await refused(anna, "PUT", f"{channel}/recipients/{stranger.id}") == (400, 50033)
            body = {"recipients": [ben.id, stranger.id]}
            assert await refused(anna, "POST", "/users/@me/channels", body) == (400, 50033)
        assert await refused(anna, "PUT", f"{channel}/recipients/1") == (400, 50033)
        assert len(door.records) == since

    visit(tmp_path, story)


def test_no_channel_of_a_guild_is_a_group(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await door.register("anna"), await door.register("ben")
        path = f"/channels/{(await anna.guild())['system_channel_id']}/recipients/{ben.id}"
        for method in ("PUT", "DELETE"):
            assert await refused(anna, method, path) == (400, 50024)
            assert await refused(ben, method, path) == (403, 50001)
            assert await refused(ben, method, f"/channels/1/recipients/{ben.id}") == (404, 10003)

    visit(tmp_path, story)
