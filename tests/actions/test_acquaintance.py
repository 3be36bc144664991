"""Who may write to whom, and who may ask: the decision that every verb goes by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec.structs import replace

from derailed.actions import acquaintance
from derailed.model.relationship import Relationship, RelationshipType
from derailed.store import Connection, relationships, user_settings, users
from derailed.wire import user_settings as wire
from derailed.wire.user_settings import DEFAULTS, FriendSourceFlags
from tests.api.door import Door, Person, visit

Kind = RelationshipType
ALL, FRIENDS, GUILDS = (FriendSourceFlags(**{name: True}) for name in ("all", "mutual_friends", "mutual_guilds"))
NOBODY = FriendSourceFlags()


async def is_to(door: Door, person: Person, other: Person, kind: RelationshipType) -> None:
    """Write one side."""

    async def work(tx: Connection) -> None:
        account = await users.get(tx, int(other.id))
        assert account is not None
        await relationships.put(tx, int(person.id), Relationship(account, kind, None, 1))

    await door.store.write(work)


async def befriend(door: Door, one: Person, other: Person) -> None:
    """Write both sides of a friendship."""
    await is_to(door, one, other, Kind.FRIEND)
    await is_to(door, other, one, Kind.FRIEND)


async def sets(door: Door, person: Person, **what: Any) -> None:
    """Let the person have set this."""
    kept = wire.encode(replace(DEFAULTS, **what))
    await door.store.write(lambda tx: user_settings.put(tx, int(person.id), kept))


async def writes(door: Door, one: Person, other: Person) -> bool:
    """Whether one may write to the other."""
    return await door.store.read(lambda tx: acquaintance.may_write(tx, int(one.id), int(other.id)))


async def asks(door: Door, one: Person, other: Person) -> bool:
    """Whether one may ask the other."""
    return await door.store.read(lambda tx: acquaintance.may_ask(tx, int(one.id), int(other.id)))


def test_strangers_do_not_write_and_friends_and_those_of_one_guild_do(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo = [await door.register(name) for name in ("anna", "ben", "cleo")]
        guild = await anna.guild()
        await ben.join(await anna.invite(guild))
        await befriend(door, anna, cleo)
        assert await writes(door, anna, ben)
        assert await writes(door, ben, anna)
        assert await writes(door, anna, cleo)
        assert not await writes(door, ben, cleo)
        await ben.do("DELETE", f"/users/@me/guilds/{guild['id']}")
        assert not await writes(door, anna, ben)

    visit(tmp_path, story)


def test_a_request_is_no_friendship_yet(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await door.register("anna"), await door.register("ben")
        await is_to(door, anna, ben, Kind.OUTGOING)
        await is_to(door, ben, anna, Kind.INCOMING)
        assert not await writes(door, anna, ben)
        assert not await writes(door, ben, anna)

    visit(tmp_path, story)


def test_a_block_ends_it_both_ways_whoever_blocks(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await door.register("anna"), await door.register("ben")
        bot = await door.bot(anna)
        guild = await anna.guild()
        await ben.join(await anna.invite(guild))
        path = f"/oauth2/authorize?client_id={bot.id}&scope=bot&permissions=0"
        await anna.do("POST", path, {"guild_id": guild["id"], "authorize": True})
        assert await writes(door, bot, ben)
        await is_to(door, ben, anna, Kind.BLOCKED)
        await is_to(door, ben, bot, Kind.BLOCKED)
        assert not await writes(door, anna, ben)
        assert not await writes(door, ben, anna)
        assert not await writes(door, bot, ben)

    visit(tmp_path, story)


def test_whose_guild_is_restricted_is_written_to_by_friends_and_from_other_guilds(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo = [await door.register(name) for name in ("anna", "ben", "cleo")]
        guild = await anna.guild()
        for other in (ben, cleo):
            await other.join(await anna.invite(guild))
        await befriend(door, ben, cleo)
        await sets(door, ben, restricted_guilds=[guild["id"]])
        assert not await writes(door, anna, ben)
        assert await writes(door, ben, anna)
        assert await writes(door, cleo, ben)
        second = await anna.guild("second")
        await ben.join(await anna.invite(second))
        assert await writes(door, anna, ben)

    visit(tmp_path, story)


def test_who_may_ask_is_whom_the_other_lets(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo, dora = [await door.register(name) for name in ("anna", "ben", "cleo", "dora")]
        await ben.join(await anna.invite(await anna.guild()))
        await befriend(door, cleo, dora)
        await befriend(door, anna, dora)
        expected = {ALL: [True] * 3, FRIENDS: [False, True, False], GUILDS: [True, False, False], NOBODY: [False] * 3}
        stranger = await door.register("stranger")
        for flags, answers in expected.items():
            await sets(door, anna, friend_source_flags=flags)
            assert [await asks(door, each, anna) for each in (ben, cleo, stranger)] == answers

    visit(tmp_path, story)
