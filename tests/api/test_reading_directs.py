"""What people have read of what is said to them alone, where each message calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from tests.api.door import Door, Person, visit
from tests.api.talks import direct, group, met, say


async def stands(person: Person, channel: str) -> tuple[str, int]:
    """Where READY says that they stand in a conversation."""
    verbs = person.door.verbs
    token_id = (await verbs.tokens.authenticate(person.token)).token_id
    account = await verbs.sessions.account(int(person.id), token_id)
    found = {str(each.channel_id): (str(each.position), each.mentions) for each in account.standings}
    return found.get(channel.rpartition("/")[2], ("0", 0))


def acks(door: Door, person: Person, since: int) -> list[dict[str, Any]]:
    """The MESSAGE_ACKs that their sessions were told."""
    own = [record for topic, record in door.records[since:] if topic == f"user:{person.id}"]
    return [msgspec.json.decode(record.data) for record in own if record.event == "MESSAGE_ACK"]


def test_each_message_to_oneself_calls_until_it_is_read_or_answered(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await met(door, "anna", "ben")
        channel = await direct(anna, ben)
        sent = [await say(anna, channel, f"{number}") for number in range(3)]
        assert await stands(ben, channel) == ("0", 3)
        assert await stands(anna, channel) == (sent[2]["id"], 0)
        await ben.do("POST", f"{channel}/messages/{sent[0]['id']}/ack", {})
        assert await stands(ben, channel) == (sent[0]["id"], 2)
        answer = await say(ben, channel, "!")
        assert await stands(ben, channel) == (answer["id"], 0)
        await ben.do("DELETE", f"{channel}/messages/{answer['id']}")
        assert await stands(ben, channel) == (answer["id"], 0)
        await ben.do("POST", f"{channel}/messages/{int(sent[1]['id']) - 1}/ack", {"manual": True})
        assert (await stands(ben, channel))[1] == 2

    visit(tmp_path, story)


def test_many_are_read_at_once_and_one_can_be_forgotten(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo = await met(door, "anna", "ben", "cleo")
        mine, theirs = await direct(anna, ben), await direct(anna, cleo)
        sent = {each: (await say(anna, each, "hello"))["id"] for each in (mine, theirs)}
        states = [{"channel_id": each.rpartition("/")[2], "message_id": at} for each, at in sent.items()]
        since = len(door.records)
        await ben.do("POST", "/read-states/ack-bulk", {"read_states": states})
        assert [each["message_id"] for each in acks(door, ben, since)] == [sent[mine]]
        assert await stands(ben, mine) == (sent[mine], 0)
        await ben.do("DELETE", f"{mine}/messages/ack")
        await ben.do("DELETE", f"{theirs}/messages/ack")
        assert await stands(ben, mine) == ("0", 1)
        assert await stands(cleo, theirs) == ("0", 1)

    visit(tmp_path, story)


def test_a_muted_conversation_does_not_call(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo = await met(door, "anna", "ben", "cleo")
        one, other = await direct(anna, ben), await direct(cleo, ben)
        for person, channel in ((anna, one), (cleo, other)):
            await say(person, channel, "hello")
        since = len(door.records)
        muted = {"channel_overrides": {one.rpartition("/")[2]: {"muted": True}}}
        await ben.do("PATCH", "/users/@me/guilds/@me/settings", muted)
        assert [(each["channel_id"], each["mention_count"]) for each in acks(door, ben, since)] == [
            (one.rpartition("/")[2], 0)
        ]
        assert [(await stands(ben, each))[1] for each in (one, other)] == [0, 1]
        await ben.do("PATCH", "/users/@me/guilds/@me/settings", {"muted": True})
        assert [(await stands(ben, each))[1] for each in (one, other)] == [0, 0]

    visit(tmp_path, story)


def test_a_group_calls_by_what_is_said_while_one_is_in_it_and_leaves_nothing_behind(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo, dora = await met(door, "anna", "ben", "cleo", "dora")
        channel = await group(anna, ben, cleo)
        await say(anna, channel, "before")
        door.now_ms += 1000
        await anna.do("PUT", f"{channel}/recipients/{dora.id}")
        called = (await stands(dora, channel))[1]
        await say(anna, channel, "after")
        assert (await stands(dora, channel))[1] == called + 1
        assert called <= 1, "of what came before only the notice that she came may call"
        said = await say(dora, channel, "hello")
        await dora.do("POST", f"{channel}/messages/{int(said['id']) - 1}/ack", {"manual": True})
        await dora.do("DELETE", channel)
        left = (
            "SELECT user_id FROM read_states WHERE guild_id = 0 UNION ALL SELECT user_id FROM spoken WHERE guild_id = 0"
        )
        assert int(dora.id) not in [row[0] for row in await door.store.read(lambda tx: tx.fetch(left))]

    visit(tmp_path, story)
