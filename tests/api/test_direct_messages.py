"""What is said in conversations: everything that one can do with a message in a guild, told to each recipient."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.api.door import Door, visit
from tests.api.talks import direct, group, met, names, refused, say, told


def test_a_message_is_told_to_each_recipient_once_and_alike(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo = people = await met(door, "anna", "ben", "cleo")
        channel = await group(anna, ben, cleo)
        since = len(door.records)
        sent = await say(anna, channel, f"hello <@{ben.id}> @everyone", nonce="n", embeds=[{"title": "t"}])
        await anna.do("PATCH", f"{channel}/messages/{sent['id']}", {"content": "changed"})
        await anna.do("DELETE", f"{channel}/messages/{sent['id']}")
        heard = [told(door, each, since) for each in people]
        assert heard[0] == heard[1] == heard[2]
        assert [event for event, _ in heard[0]] == ["MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE"]
        created = heard[0][0][1]
        assert (created["channel_type"], created["nonce"], created["mention_everyone"]) == (3, "n", True)
        assert [each["username"] for each in created["mentions"]] == ["ben"]
        assert heard[0][2][1] == {"id": sent["id"], "channel_id": sent["channel_id"]}
        assert not [record for _, record in door.records[since:] if record.stripped or record.guild]
        assert [topic for topic, _ in door.records[since : since + 3]] == sorted(f"user:{each.id}" for each in people)

    visit(tmp_path, story)


def test_ids_grow_in_a_group_whoever_speaks(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo = people = await met(door, "anna", "ben", "cleo")
        channel = await group(anna, ben, cleo)
        sent = [int((await say(people[turn % 3], channel))["id"]) for turn in range(9)]
        assert sent == sorted(set(sent))
        assert [int(each["id"]) for each in await cleo.get(f"{channel}/messages")] == sent[::-1]

    visit(tmp_path, story)


def test_a_reply_a_nonce_and_a_page_are_as_in_a_guild(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await met(door, "anna", "ben")
        channel = await direct(anna, ben)
        first = await say(anna, channel, "first", nonce="1", enforce_nonce=True)
        assert (await say(anna, channel, "again", nonce="1", enforce_nonce=True))["id"] == first["id"]
        reply = await say(ben, channel, "second", message_reference={"message_id": first["id"]})
        assert reply["type"] == 19
        assert reply["message_reference"] == {"type": 0, "message_id": first["id"], "channel_id": first["channel_id"]}
        assert reply["referenced_message"]["id"] == first["id"]
        assert [each["id"] for each in reply["mentions"]] == [anna.id]
        silent = {"message_reference": {"message_id": first["id"]}, "allowed_mentions": {"replied_user": False}}
        assert (await say(ben, channel, "third", **silent))["mentions"] == []
        page = await anna.get(f"{channel}/messages?after={first['id']}&limit=1")
        assert [each["id"] for each in page] == [reply["id"]]
        assert await refused(anna, "POST", f"{channel}/messages", {"content": " "}) == (400, 50006)

    visit(tmp_path, story)


def test_reactions_and_pins_are_anybodys_and_have_no_member(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await met(door, "anna", "ben")
        channel = await direct(anna, ben)
        message = await say(anna, channel)
        path = f"{channel}/messages/{message['id']}"
        since = len(door.records)
        await ben.do("PUT", f"{path}/reactions/👍/@me")
        await ben.do("PUT", f"{path}/reactions/👍/@me")
        await ben.do("DELETE", f"{path}/reactions/👍/@me")
        await ben.do("PUT", f"{channel}/messages/pins/{message['id']}")
        await anna.do("DELETE", f"{channel}/pins/{message['id']}")
        heard = told(door, anna, since)
        assert heard == told(door, ben, since)
        assert [event for event, _ in heard] == [
            *("MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE"),
            *("CHANNEL_PINS_UPDATE", "MESSAGE_UPDATE", "MESSAGE_CREATE", "CHANNEL_PINS_UPDATE", "MESSAGE_UPDATE"),
        ]
        assert not [data for _, data in heard if {"guild_id", "member"} & data.keys()]
        notice = heard[4][1]
        assert (notice["type"], notice["author"]["id"]) == (6, ben.id)
        assert "guild_id" not in notice["message_reference"]
        assert (await anna.get(f"{channel}/messages/pins"))["items"] == []
        assert (await anna.get(channel))["last_message_id"] == notice["id"]

    visit(tmp_path, story)


def test_typing_is_told_to_the_others_who_have_it_open(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await met(door, "anna", "ben")
        channel = await direct(anna, ben)
        await anna.do("POST", f"{channel}/typing")
        assert door.bus.heard == []
        await say(anna, channel)
        await anna.do("POST", f"{channel}/typing")
        (record,) = door.bus.heard
        rev = max(each.rev for topic, each in door.records if topic == f"user:{ben.id}")
        assert (record.event, record.guild, record.author, record.rev) == ("TYPING_START", 0, int(anna.id), rev)
        typing = {"channel_id": channel[10:], "user_id": anna.id, "timestamp": door.now_ms // 1000}
        assert msgspec.json.decode(record.data) == typing

    visit(tmp_path, story)


def test_what_is_unread_in_a_dm_calls_until_it_is_read(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await met(door, "anna", "ben")
        channel = await direct(anna, ben)
        sent = [await say(anna, channel, "@everyone") for _ in range(3)]
        since = len(door.records)
        await ben.do("POST", f"{channel}/messages/{sent[0]['id']}/ack", {"token": None})
        ((topic, record),) = door.records[since:]
        assert (topic, record.event) == (f"user:{ben.id}", "MESSAGE_ACK")
        acked = msgspec.json.decode(record.data)
        assert (acked["channel_id"], acked["message_id"]) == (channel[10:], sent[0]["id"])
        await ben.do("POST", f"{channel}/messages/{sent[0]['id']}/ack", {"token": None, "manual": True})
        found = await ben.get(f"{channel}/messages/search?content=everyone")
        assert found["total_results"] == 3
        assert await ben.get("/users/@me/mentions") == []

    visit(tmp_path, story)


def test_a_file_in_a_dm_is_fetched_by_its_address_alone(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo = await met(door, "anna", "ben", "cleo")
        channel = await direct(anna, ben)
        files = {"files[0]": ("a.txt", b"between us")}
        refused_to = await cleo.ask("POST", f"{channel}/messages", files=files)
        assert refused_to.json()["code"] == 50001
        assert not any(path.is_file() for path in (tmp_path / "blobs").rglob("*")), "nobody's files are kept"
        sent = (await anna.ask("POST", f"{channel}/messages", files=files)).json()
        address = (await ben.get(f"{channel}/messages"))[0]["attachments"][0]["url"].removeprefix("http://chat.example")
        assert (await door.client.get(address)).content == b"between us"
        forged = address.replace(sent["attachments"][0]["id"], str(int(sent["attachments"][0]["id"]) + 1))
        assert (await door.client.get(forged)).status_code == 404
        assert (await door.client.get(address.partition("?")[0])).status_code == 404
        await anna.do("DELETE", f"{channel}/messages/{sent['id']}")

    visit(tmp_path, story)


def test_a_name_that_was_changed_is_the_one_that_is_seen(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await met(door, "anna", "ben")
        channel = await direct(anna, ben)
        await say(anna, channel)
        await anna.do("PATCH", "/users/@me", {"global_name": "Anna B."})
        since = len(door.records)
        await say(anna, channel)
        assert told(door, ben, since)[0][1]["author"]["global_name"] == "Anna B."
        assert (await ben.get(channel))["recipients"][0]["global_name"] == "Anna B."

    visit(tmp_path, story)


@pytest.mark.parametrize("what", [{"content": "x" * 2001}, {"content": "x", "nonce": "n" * 26}, {"embeds": "no"}])
def test_what_makes_no_sense_is_told_to_nobody(tmp_path: Path, what: Any) -> None:
    async def story(door: Door) -> None:
        anna, ben = await met(door, "anna", "ben")
        channel = await direct(anna, ben)
        since = len(door.records)
        assert await refused(anna, "POST", f"{channel}/messages", what) == (400, 50035)
        assert names(door, anna, since) == names(door, ben, since) == []

    visit(tmp_path, story)
