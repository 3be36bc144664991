"""What people have read, and how often they are called in what they have not."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from derailed.wire import limits
from tests.api.door import Door, swept, visit
from tests.api.readers import hall
from tests.api.test_messages import code_of

VIEW = 1 << 10
MENTION_EVERYONE = 1 << 17


def test_an_ack_is_told_to_ones_own_sessions_and_kept(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        h = await hall(door)
        first, second = await h.say(), await h.say()
        since = len(door.records)
        assert await h.ben.do("POST", f"{h.messages}/{first}/ack", {"token": None}) == {"token": None}
        ((event, told),) = h.told(since=since)
        version = told.pop("version")
        assert (event, told) == (
            "MESSAGE_ACK",
            {"channel_id": h.channel, "message_id": first, "mention_count": 0},
        )
        assert [topic for topic, _ in door.records[since:]] == [f"user:{h.ben.id}"]
        assert await h.stands() == (first, 0)
        await h.ben.do("POST", f"{h.messages}/{second}/ack")
        assert h.told()[-1][1]["version"] > version
        assert await h.stands() == (second, 0)

    visit(tmp_path, story)


def test_an_ack_does_not_go_back_unless_it_is_manual(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        h = await hall(door)
        first, called, last = await h.say(), await h.say(f"<@{h.ben.id}>"), await h.say()
        await h.ben.do("POST", f"{h.messages}/{last}/ack", {})
        since = len(door.records)
        await h.ben.do("POST", f"{h.messages}/{first}/ack", {})
        assert door.told(since) == []
        await h.ben.do("POST", f"{h.messages}/{first}/ack", {"manual": True, "mention_count": 77})
        ((event, told),) = h.told(since=since)
        assert (event, told["message_id"], told["mention_count"], told["manual"]) == ("MESSAGE_ACK", first, 1, True)
        assert await h.stands() == (first, 1)
        await h.ben.do("POST", f"{h.messages}/{called}/ack", {})
        assert await h.stands() == (called, 0)

    visit(tmp_path, story)


def test_what_one_says_oneself_acknowledges_also_when_it_is_deleted(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        h = await hall(door)
        before = await h.say(f"<@{h.ben.id}>")
        assert await h.stands() == ("0", 1)
        own = await h.say("here", h.ben)
        assert await h.stands() == (own, 0)
        await h.ben.do("DELETE", f"{h.messages}/{own}")
        assert await h.stands() == (own, 0)
        await h.ben.do("POST", f"{h.messages}/{int(before) - 1}/ack", {"manual": True})
        assert await h.stands() == (str(int(before) - 1), 1)
        again = await h.say("there", h.ben)
        await h.ben.do("POST", f"{h.messages}/{int(before) - 1}/ack", {"manual": True})
        await h.anna.do("DELETE", f"{h.messages}/{again}")
        assert await h.stands() == (str(int(before) - 1), 1)

    visit(tmp_path, story)


def test_one_is_called_by_name_by_an_answer_by_a_role_and_with_everyone_once_a_message(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        h = await hall(door)
        role = await h.role(h.ben)
        mine = await h.say("mine", h.ben)
        for number, content in enumerate(
            (f"<@{h.ben.id}>", f"<@&{role}>", "@everyone", "@here", f"<@{h.ben.id}> <@&{role}> @everyone"), start=1
        ):
            await h.say(content)
            assert await h.stands() == (mine, number)
        answer: dict[str, Any] = {"message_reference": {"message_id": mine}}
        await h.say("quietly", **answer, allowed_mentions={"replied_user": False})
        assert await h.stands() == (mine, 5)
        await h.say("well", **answer)
        assert await h.stands() == (mine, 6)
        for content in ("hello", f"`<@{h.ben.id}>`", f"<@{h.anna.id}>"):
            await h.say(content)
        assert await h.stands() == (mine, 6)
        own = await h.say()
        assert await h.stands(h.anna) == (own, 0)

    visit(tmp_path, story)


def test_a_mention_that_was_not_allowed_calls_nobody(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        h = await hall(door)
        role = await h.role(h.anna, mentionable=False)
        await h.anna.do("PUT", f"/channels/{h.channel}/permissions/{h.guild['id']}", {"type": 0, "deny": "131072"})
        last = await h.say()
        await h.anna.do("POST", f"{h.messages}/{last}/ack", {})
        await h.say(f"@everyone <@&{role}>", h.ben)
        await h.say(f"<@{h.anna.id}>", h.ben, allowed_mentions={"parse": []})
        assert await h.stands(h.anna) == (last, 0)

    visit(tmp_path, story)


def test_a_deleted_message_has_called_and_what_came_before_one_did_not(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        h = await hall(door)
        gone = await h.say("@everyone")
        cleo = await door.register("cleo")
        door.now_ms += 1
        await cleo.join(await h.anna.invite(h.guild))
        assert await h.stands(cleo) == ("0", 0)
        await h.anna.do("DELETE", f"{h.messages}/{gone}")
        assert await h.stands() == ("0", 1)
        await h.ben.do("POST", f"{h.messages}/{gone}/ack", {})
        assert await h.stands() == (gone, 0)

    visit(tmp_path, story)


def test_a_message_to_everyone_costs_its_sender_one_row(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        h = await hall(door)
        for number in range(3):
            await (await door.register(f"guest{number}")).join(await h.anna.invite(h.guild))
        await h.say("@everyone")
        rows = await door.store.read(lambda tx: tx.fetch("SELECT target_id FROM mentions"))
        assert rows == [(int(h.guild["id"]),)]

    visit(tmp_path, story)


def test_nobody_acknowledges_what_they_may_not_see(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        h = await hall(door)
        said = await h.say("@everyone")
        cleo = await door.register("cleo")
        await h.anna.do("PUT", f"/channels/{h.channel}/permissions/{h.ben.id}", {"type": 1, "deny": str(VIEW)})
        since = len(door.records)
        for person, guild_code in ((h.ben, None), (cleo, (404, 10004))):
            for method, path in (("POST", f"{h.messages}/{said}/ack"), ("POST", f"/channels/{h.channel}/pins/ack")):
                assert code_of(await person.ask(method, path, {})) == (403, 50001)
            body = {"read_states": [{"channel_id": h.channel, "message_id": said, "read_state_type": 0}]}
            await person.do("POST", "/read-states/ack-bulk", body)
            await person.do("DELETE", f"{h.messages}/ack", {})
            answer = await person.ask("POST", f"/guilds/{h.guild['id']}/ack")
            assert answer.status_code == 204 if guild_code is None else code_of(answer) == guild_code
        assert door.told(since) == []
        assert await h.stands() == ("0", 0)
        assert await door.store.read(lambda tx: tx.fetch("SELECT * FROM read_states")) == []

    visit(tmp_path, story)


def test_bots_do_not_read(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        h = await hall(door)
        bot = await door.bot(h.anna)
        body = {"guild_id": h.guild["id"], "authorize": True}
        await h.anna.do("POST", f"/oauth2/authorize?client_id={bot.id}&scope=bot&permissions=8", body)
        said = await h.say(f"<@{bot.id}>")
        assert await door.store.read(lambda tx: tx.fetch("SELECT * FROM mentions")) == []
        for method, path, sent in (
            ("POST", f"{h.messages}/{said}/ack", {}),
            ("POST", f"/channels/{h.channel}/pins/ack", {}),
            ("POST", f"/guilds/{h.guild['id']}/ack", {}),
            ("POST", "/read-states/ack-bulk", {"read_states": []}),
            ("DELETE", f"{h.messages}/ack", {}),
            ("GET", "/users/@me/mentions", None),
            ("DELETE", f"/users/@me/mentions/{said}", None),
            ("GET", f"/users/@me/guilds/{h.guild['id']}/settings", None),
            ("PATCH", f"/users/@me/guilds/{h.guild['id']}/settings", {}),
            ("GET", "/users/@me/guilds/@me/settings", None),
            ("PATCH", "/users/@me/guilds/@me/settings", {}),
            ("PATCH", "/users/@me/guilds/settings", {"guilds": {}}),
        ):
            assert code_of(await bot.ask(method, path, sent)) == (403, 20001), path

    visit(tmp_path, story)


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/channels/{c}/messages/x/ack", {}, (404, 10008)),
        ("/channels/{c}/messages/99999999999999999999/ack", {}, (404, 10008)),
        ("/channels/5/messages/5/ack", {}, (404, 10003)),
        ("/channels/{c}/messages/5/ack", {"manual": "yes"}, (400, 50035)),
        ("/guilds/5/ack", {}, (404, 10004)),
        ("/read-states/ack-bulk", {}, (400, 50035)),
        ("/read-states/ack-bulk", {"read_states": [{"channel_id": "x", "message_id": 5}]}, (400, 50035)),
        ("/read-states/ack-bulk", {"read_states": [{"channel_id": 5, "message_id": 5}] * 101}, (400, 50035)),
    ],
)
def test_acks_that_make_no_sense_are_refused(tmp_path: Path, path: str, body: object, code: tuple[int, int]) -> None:
    async def story(door: Door) -> None:
        h = await hall(door)
        assert code_of(await h.ben.ask("POST", path.format(c=h.channel), body)) == code

    visit(tmp_path, story)


def test_nobody_reads_further_than_there_is_to_read(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        h = await hall(door)
        await h.ben.do("POST", f"{h.messages}/{(1 << 63) - 1}/ack", {})
        assert await h.stands() == ("0", 0)
        said = await h.say("@everyone")
        await h.ben.do("POST", f"{h.messages}/{(1 << 63) - 1}/ack", {})
        assert await h.stands() == (said, 0)
        await h.say("@everyone")
        assert await h.stands() == (said, 1)

    visit(tmp_path, story)


def test_a_guild_and_many_channels_are_read_at_once(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        h = await hall(door)
        path = f"/guilds/{h.guild['id']}/channels"
        made = [await h.anna.do("POST", path, {"name": f"c{number}"}) for number in range(3)]
        said = {
            each["id"]: (await h.anna.do("POST", f"/channels/{each['id']}/messages", {"content": "@here"}))["id"]
            for each in made
        }
        hidden = made[2]["id"]
        await h.anna.do("PUT", f"/channels/{hidden}/permissions/{h.ben.id}", {"type": 1, "deny": str(VIEW)})
        states = [{"channel_id": each, "message_id": last, "read_state_type": 0} for each, last in said.items()]
        other = {"channel_id": made[1]["id"], "message_id": said[made[1]["id"]], "read_state_type": 2}
        since = len(door.records)
        await h.ben.do("POST", "/read-states/ack-bulk", {"read_states": [states[0], states[2], other]})
        assert [told["channel_id"] for _, told in h.told(since=since)] == [made[0]["id"]]
        since = len(door.records)
        await h.ben.do("POST", f"/guilds/{h.guild['id']}/ack", {})
        assert {told["channel_id"] for _, told in h.told(since=since)} == {made[1]["id"]}
        since = len(door.records)
        await h.ben.do("POST", f"/guilds/{h.guild['id']}/ack", {})
        assert door.told(since) == []

    visit(tmp_path, story)


def test_pins_are_looked_at_once(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        h = await hall(door)
        await h.ben.do("POST", f"/channels/{h.channel}/pins/ack", {})
        assert h.told()[-1][0] != "CHANNEL_PINS_ACK"
        await h.anna.do("PUT", f"{h.messages}/pins/{await h.say()}")
        pinned = (await h.anna.get(f"/channels/{h.channel}"))["last_pin_timestamp"]
        since = len(door.records)
        for _ in range(2):
            assert await h.ben.do("POST", f"/channels/{h.channel}/pins/ack", {}) is None
        ((event, told),) = h.told(since=since)
        assert (event, told["channel_id"], told["timestamp"]) == ("CHANNEL_PINS_ACK", h.channel, pinned)

    visit(tmp_path, story)


def test_a_read_state_can_be_forgotten(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        h = await hall(door)
        said = await h.say("@everyone")
        await h.ben.do("POST", f"{h.messages}/{said}/ack", {})
        assert await h.ben.do("DELETE", f"{h.messages}/ack", {"read_state_type": 0, "version": 2}) is None
        event, told = h.told()[-1]
        assert (event, told["message_id"], told["mention_count"]) == ("MESSAGE_ACK", "0", 1)
        assert await h.stands() == ("0", 1)

    visit(tmp_path, story)


def test_nothing_is_left_behind_by_those_who_leave_nor_by_what_is_deleted(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        h = await hall(door)
        cleo = await door.register("cleo")
        await cleo.join(await h.anna.invite(h.guild))
        other = (await h.anna.do("POST", f"/guilds/{h.guild['id']}/channels", {"name": "other"}))["id"]

        async def reads() -> None:
            for channel in (h.channel, other):
                said = await h.anna.do("POST", f"/channels/{channel}/messages", {"content": "@everyone"})
                for person in (h.anna, h.ben, cleo):
                    await person.do("POST", f"/channels/{channel}/messages/{int(said['id']) - 1}/ack", {"manual": True})
            for person in (h.ben, cleo):
                await person.do("PATCH", f"/users/@me/guilds/{h.guild['id']}/settings", {"suppress_roles": True})

        await reads()
        await h.ben.do("DELETE", f"/users/@me/guilds/{h.guild['id']}")
        await h.anna.do("DELETE", f"/guilds/{h.guild['id']}/members/{cleo.id}")
        assert {row[0] for row in await _rows(door, "user_id", "read_states")} <= {int(h.anna.id)}
        assert await _rows(door, "user_id", "guild_settings") == []
        door.now_ms += 1000
        await h.ben.join(await h.anna.invite(h.guild))
        assert await h.stands() == ("0", 0)
        await cleo.join(await h.anna.invite(h.guild))
        await reads()
        await h.anna.do("DELETE", f"/channels/{other}")
        await swept(door)
        assert {row[0] for row in await _rows(door, "channel_id", "read_states")} == {int(h.channel)}
        assert {row[0] for row in await _rows(door, "channel_id", "mentions")} == {int(h.channel)}
        await h.anna.do("DELETE", f"/guilds/{h.guild['id']}")
        await swept(door)
        for table in ("read_states", "mentions", "guild_settings"):
            assert await _rows(door, "guild_id", table) == []

    visit(tmp_path, story)


def test_acks_and_messages_at_once_end_where_the_last_ack_says(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        h = await hall(door)
        said = [await h.say(f"<@{h.ben.id}>") for _ in range(8)]
        await asyncio.gather(
            *(h.ben.do("POST", f"{h.messages}/{each}/ack", {}) for each in reversed(said[:6])),
            *(h.say("@everyone") for _ in range(4)),
            *(h.ben.do("POST", f"{h.messages}/{each}/ack", {}) for each in said[:6]),
        )
        assert await h.stands() == (said[5], 6)
        positions = [int(told["message_id"]) for event, told in h.told() if event == "MESSAGE_ACK"]
        assert positions == sorted(set(positions))

    visit(tmp_path, story)


def test_calls_are_counted_up_to_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MENTIONS_COUNTED", 3)

    async def story(door: Door) -> None:
        h = await hall(door)
        for _ in range(5):
            await h.say("@everyone")
        assert await h.stands() == ("0", 3)

    visit(tmp_path, story)


async def _rows(door: Door, column: str, table: str) -> list[tuple[int]]:
    found: list[tuple[int]] = await door.store.read(lambda tx: tx.fetch(f"SELECT {column} FROM {table}"))
    return found
