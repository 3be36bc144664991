"""The list of what called somebody lately."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.door import Door, visit
from tests.api.readers import hall
from tests.api.talks import direct, group, met, say
from tests.api.test_messages import code_of

VIEW, HISTORY = 1 << 10, 1 << 16
INBOX = "/users/@me/mentions"


def test_what_called_one_is_listed_newest_first_and_can_be_taken_out(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        h = await hall(door)
        role = await h.role(h.ben)
        await h.say("nobody")
        by_name, by_role, by_all = [await h.say(each) for each in (f"<@{h.ben.id}>", f"<@&{role}>", "@everyone")]
        both = await h.say(f"<@{h.ben.id}> @everyone")
        await h.say("@everyone", h.anna)
        own = await h.say(f"<@{h.ben.id}>", h.ben)
        found = await h.ben.get(INBOX)
        assert [each["id"] for each in found][1:] == [both, by_all, by_role, by_name]
        assert found[-1] == await h.ben.get(f"{h.messages}/{by_name}")
        assert own not in [each["id"] for each in found]
        await h.ben.do("DELETE", f"{INBOX}/{found[0]['id']}")
        for query, expected in (
            ("", [both, by_all, by_role, by_name]),
            ("?limit=2", [both, by_all]),
            (f"?before={both}&limit=1", [by_all]),
            ("?everyone=false", [both, by_role, by_name]),
            ("?roles=0&everyone=0", [both, by_name]),
            (f"?guild_id={h.guild['id']}&roles=false", [both, by_all, by_name]),
            ("?guild_id=5", []),
        ):
            assert [each["id"] for each in await h.ben.get(INBOX + query)] == expected, query
        assert (await h.stands())[1] == 0, "who speaks has read"

    visit(tmp_path, story)


def test_nothing_is_listed_that_one_may_not_read_or_that_is_gone_or_old(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        h = await hall(door)
        gone = await h.say("@everyone")
        await h.anna.do("DELETE", f"{h.messages}/{gone}")
        cleo = await door.register("cleo")
        said = await h.say(f"@everyone <@{cleo.id}>")
        assert [each["id"] for each in await h.ben.get(INBOX)] == [said]
        door.now_ms += 1
        await cleo.join(await h.anna.invite(h.guild))
        assert await cleo.get(INBOX) == []
        for bits in (VIEW, HISTORY):
            overwrite = f"/channels/{h.channel}/permissions/{h.ben.id}"
            await h.anna.do("PUT", overwrite, {"type": 1, "deny": str(bits)})
            assert await h.ben.get(INBOX) == []
            await h.anna.do("DELETE", overwrite)
        assert [each["id"] for each in await h.ben.get(INBOX)] == [said]
        door.now_ms += 7 * 24 * 3600 * 1000
        assert await h.ben.get(INBOX) == []
        await h.ben.do("DELETE", f"{INBOX}/{said}")
        assert await door.store.read(lambda tx: tx.fetch("SELECT * FROM dismissed_mentions")) == []

    visit(tmp_path, story)


def test_what_is_hidden_does_not_hide_what_is_below_it(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        h = await hall(door)
        said = await h.say("@everyone")
        other = await h.anna.do("POST", f"/guilds/{h.guild['id']}/channels", {"name": "other"})
        for _ in range(103):
            door.now_ms += 1
            await h.anna.do("POST", f"/channels/{other['id']}/messages", {"content": "@everyone"})
        await h.anna.do("PUT", f"/channels/{other['id']}/permissions/{h.ben.id}", {"type": 1, "deny": str(VIEW)})
        assert [each["id"] for each in await h.ben.get(f"{INBOX}?limit=1")] == [said]

    visit(tmp_path, story)


def test_what_was_said_in_conversations_is_listed_if_it_called_by_name(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo, dora = await met(door, "anna", "ben", "cleo", "dora")
        ours, us = await direct(anna, ben), await group(anna, ben, cleo)
        for channel in (ours, us):
            await say(anna, channel, f"nobody, nor @everyone, nor <@{dora.id}>")
        by_name = await say(anna, ours, f"<@{ben.id}>")
        question = await say(ben, us, f"<@{ben.id}>?")
        by_answer = await say(cleo, us, "!", message_reference={"message_id": question["id"]})
        found = await ben.get(INBOX)
        assert [each["id"] for each in found] == [by_answer["id"], by_name["id"]]
        assert found[1] == await ben.get(f"{ours}/messages/{by_name['id']}")
        assert await ben.get(f"{INBOX}?guild_id=5") == []
        assert [await each.get(INBOX) for each in (anna, cleo, dora)] == [[], [], []]
        await ben.do("DELETE", f"{INBOX}/{by_answer['id']}")
        assert [each["id"] for each in await ben.get(INBOX)] == [by_name["id"]]

    visit(tmp_path, story)


def test_of_a_group_is_listed_what_was_said_while_one_was_in_it(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo = await met(door, "anna", "ben", "cleo")
        us = await group(anna, ben, cleo)
        await say(anna, us, f"<@{ben.id}>")
        await anna.do("DELETE", f"{us}/recipients/{ben.id}")
        await say(anna, us, f"<@{ben.id}>")
        assert await ben.get(INBOX) == []
        door.now_ms += 1
        await anna.do("PUT", f"{us}/recipients/{ben.id}")
        assert await ben.get(INBOX) == []
        again = await say(anna, us, f"<@{ben.id}>")
        assert [each["id"] for each in await ben.get(INBOX)] == [again["id"]]
        await anna.do("DELETE", f"{us}/messages/{again['id']}")
        assert await ben.get(INBOX) == []

    visit(tmp_path, story)


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "before=x", "roles=maybe"])
def test_a_query_that_makes_no_sense_is_refused(tmp_path: Path, query: str) -> None:
    async def story(door: Door) -> None:
        h = await hall(door)
        assert code_of(await h.ben.ask("GET", f"{INBOX}?{query}")) == (400, 50035)

    visit(tmp_path, story)
