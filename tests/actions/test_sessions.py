"""What a Gateway session asks: who speaks, and snapshots with the revs at which they were true."""

from __future__ import annotations

from pathlib import Path

import pytest

from derailed.model.errors import Unauthenticated, Unknown
from derailed.model.user import Actor
from derailed.wire.records import guild_topic, user_topic
from tests.api.door import Door, Person, visit


def actor(person: Person) -> Actor:
    """On behalf of this person."""
    return Actor(int(person.id), 0, False)


def test_a_token_is_taken_with_and_without_the_word_before_it(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        sessions = door.verbs.sessions
        anna = await door.register("anna")
        bot = await door.bot(anna)
        assert (await sessions.authenticate(anna.token)).user_id == int(anna.id)
        spoken = await sessions.authenticate(bot.token)
        assert bot.token.startswith("Bot ")
        assert (spoken.user_id, spoken.bot) == (int(bot.id), True)
        with pytest.raises(Unauthenticated):
            await sessions.authenticate(f"Bot Bot {anna.token}")

    visit(tmp_path, story)


def test_whether_a_token_stands_is_asked_of_the_store(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        sessions = door.verbs.sessions
        anna, ben = await door.register("anna"), await door.register("ben")
        known = await sessions.authenticate(anna.token)
        assert (await sessions.belonging(known.user_id, known.token_id)).guild_ids == ()
        with pytest.raises(Unauthenticated):
            await sessions.belonging(int(ben.id), known.token_id)
        await door.store.write(lambda tx: tx.execute("DELETE FROM tokens"))
        with pytest.raises(Unauthenticated):
            await sessions.belonging(known.user_id, known.token_id)
        with pytest.raises(Unauthenticated):
            await sessions.account(known.user_id, known.token_id)

    visit(tmp_path, story)


def test_an_account_is_shown_with_its_guilds_and_its_rev(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        sessions = door.verbs.sessions
        anna = await door.register("anna")
        guilds = [await anna.guild() for _ in range(3)]
        found = await sessions.account(int(anna.id), (await sessions.authenticate(anna.token)).token_id)
        assert found.guild_ids == tuple(sorted(int(guild["id"]) for guild in guilds))
        assert (found.rev, found.user.username, found.application) == (3, "anna", None)
        bot = await door.bot(anna)
        told = await sessions.account(int(bot.id), (await sessions.authenticate(bot.token)).token_id)
        assert told.application is not None
        assert (told.application.id, told.rev) == (int(bot.id), 1)  # its first token was a reset
        with pytest.raises(Unauthenticated):
            await sessions.account(1, 1)

    visit(tmp_path, story)


def test_a_guild_is_shown_with_everyone_while_they_are_few(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        people = [anna, *[await door.register(f"guest{number}") for number in range(3)]]
        guild = await anna.guild()
        code = await anna.invite(guild)
        for person in people[1:]:
            await person.join(code)
        guild_id, ben = int(guild["id"]), int(people[1].id)
        await anna.do("POST", f"/channels/{guild['system_channel_id']}/messages", {"content": "hello"})
        few = await door.verbs.sessions.guild(guild_id, ben, members_up_to=4)
        assert few is not None
        assert [account.id for _, account in few.members] == [int(person.id) for person in people]
        many = await door.verbs.sessions.guild(guild_id, ben, members_up_to=3)
        assert many is not None
        assert many.member is not None
        assert [account.id for _, account in many.members] == [many.member.user_id] == [ben]
        assert (many.member_count, many.rev) == (4, door.records[-1][1].rev)
        assert many.last_message_ids == {int(guild["system_channel_id"]): door.records[-1][1].id}
        assert many.guild is few.guild  # the shape is made once for all sessions

    visit(tmp_path, story)


def test_whoever_does_not_belong_to_a_guild_is_told_so_by_its_own_snapshot(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await door.register("anna"), await door.register("ben")
        guild = await anna.guild()
        outside = await door.verbs.sessions.guild(int(guild["id"]), int(ben.id), members_up_to=0)
        assert outside is not None
        assert (outside.member, outside.members) == (None, ())
        assert await door.verbs.sessions.guild(1, int(ben.id), members_up_to=0) is None

    visit(tmp_path, story)


def test_what_the_bus_may_not_have_yet_is_pending(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        pending = door.verbs.sessions.pending
        anna = await door.register("anna")
        guild = await anna.guild()
        topic, account = guild_topic(int(guild["id"])), user_topic(int(anna.id))
        assert await pending({topic: 1})
        assert await pending({"guild:1": 7, account: 3})
        assert not await pending({topic: 0, "guild:1": 7})
        rows = await door.store.outbox(0, 10)
        await door.store.forget([row.id for row in rows if row.topic == topic])
        assert not await pending({topic: 1})
        assert await pending({topic: 1, account: 1})

    visit(tmp_path, story)


def test_members_are_asked_for_by_prefix_or_by_id(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await door.register("anna"), await door.register("ben")
        guild = await anna.guild()
        guild_id = int(guild["id"])
        members = door.verbs.sessions.members
        with pytest.raises(Unknown):
            await members(actor(ben), guild_id, query="", user_ids=(), limit=0)
        await ben.join(await anna.invite(guild))
        await anna.do("PATCH", f"/guilds/{guild_id}/members/{ben.id}", {"nick": "Ändi_x"})

        async def named(query: str, limit: int = 0) -> list[str]:
            found, missing = await members(actor(ben), guild_id, query=query, user_ids=(), limit=limit)
            assert missing == []
            return [account.username for _, account in found]

        assert await named("") == ["anna", "ben"]
        assert await named("", 1) == ["anna"]
        assert await named("AN") == ["anna"]
        assert await named("Ändi_") == ["ben"]
        assert await named("_") == []
        ids = [int(ben.id), 1, int(anna.id)]
        found, missing = await members(actor(ben), guild_id, query=None, user_ids=ids, limit=0)
        assert ([account.username for _, account in found], missing) == (["ben", "anna"], [1])

    visit(tmp_path, story)
