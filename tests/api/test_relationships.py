"""Friends, requests and blocks: what each side does, and what each side is told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from derailed.wire import limits
from tests.api.door import Door, Person, visit
from tests.api.test_members import code_of

OWN = "/users/@me/relationships"
FRIEND, BLOCKED, INCOMING, OUTGOING = 1, 2, 3, 4


async def people(door: Door, *names: str) -> list[Person]:
    """New accounts."""
    return [await door.register(name) for name in names]


async def known(person: Person) -> dict[str, int]:
    """What others are to the person, by their names."""
    return {each["user"]["username"]: each["type"] for each in await person.get(OWN)}


async def becomes(person: Person, other: Person, kind: int = FRIEND) -> int:
    """The person asks, accepts or blocks; the code of the refusal, 0 for none."""
    return await code_of(person, "PUT", f"{OWN}/{other.id}", {"type": kind})


async def befriend(one: Person, other: Person) -> None:
    """Let them be friends."""
    assert [await becomes(one, other), await becomes(other, one)] == [0, 0]


async def ends(person: Person, other: Person) -> None:
    """The person ends it, whatever it is."""
    await person.do("DELETE", f"{OWN}/{other.id}")


def told(door: Door, person: Person, since: int) -> list[tuple[str, int]]:
    """What the person's sessions hear of relationships: names and types."""
    records = [record for topic, record in door.records[since:] if topic == f"user:{person.id}"]
    return [(record.event, msgspec.json.decode(record.data)["type"]) for record in records]


def assert_nothing_happened(door: Door, since: int) -> None:
    """No record since then."""
    assert door.told(since) == []


def test_somebody_asks_by_name_and_the_other_accepts(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await people(door, "anna", "ben")
        since = len(door.records)
        await anna.do("POST", OWN, {"username": "BEN", "discriminator": None})
        assert told(door, anna, since) == [("RELATIONSHIP_ADD", OUTGOING)]
        assert told(door, ben, since) == [("RELATIONSHIP_ADD", INCOMING)]
        (shown,) = await ben.get(OWN)
        assert shown["id"] == shown["user"]["id"] == anna.id
        assert shown["nickname"] is None
        since = len(door.records)
        assert await becomes(ben, anna) == 0
        assert told(door, anna, since) == told(door, ben, since) == [("RELATIONSHIP_ADD", FRIEND)]
        assert (await known(anna), await known(ben)) == ({"ben": FRIEND}, {"anna": FRIEND})
        record = door.records[-1][1]
        assert msgspec.json.decode(record.data).keys() == {"id", "type", "nickname", "since", "user"}

    visit(tmp_path, story)


@pytest.mark.parametrize("body", [{}, {"type": 1}, {"type": None}, None])
def test_a_request_by_id_is_the_same(tmp_path: Path, body: Any) -> None:
    async def story(door: Door) -> None:
        anna, ben = await people(door, "anna", "ben")
        await anna.do("PUT", f"{OWN}/{ben.id}", body)
        assert (await known(anna), await known(ben)) == ({"ben": OUTGOING}, {"anna": INCOMING})

    visit(tmp_path, story)


@pytest.mark.parametrize("by_asker", [True, False])
def test_a_request_is_declined_or_taken_back_on_both_sides(tmp_path: Path, by_asker: bool) -> None:
    async def story(door: Door) -> None:
        anna, ben = await people(door, "anna", "ben")
        await becomes(anna, ben)
        since = len(door.records)
        await (ends(anna, ben) if by_asker else ends(ben, anna))
        assert told(door, anna, since) == [("RELATIONSHIP_REMOVE", OUTGOING)]
        assert told(door, ben, since) == [("RELATIONSHIP_REMOVE", INCOMING)]
        assert (await known(anna), await known(ben)) == ({}, {})

    visit(tmp_path, story)


def test_a_friendship_ends_on_both_sides(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await people(door, "anna", "ben")
        await befriend(anna, ben)
        await anna.do("PATCH", f"{OWN}/{ben.id}", {"nickname": "Benny"})
        since = len(door.records)
        await ends(ben, anna)
        assert told(door, anna, since) == told(door, ben, since) == [("RELATIONSHIP_REMOVE", FRIEND)]
        removed = {topic: msgspec.json.decode(record.data) for topic, record in door.records[since:]}
        assert removed[f"user:{anna.id}"] == {"id": ben.id, "type": FRIEND, "nickname": "Benny"}
        assert removed[f"user:{ben.id}"] == {"id": anna.id, "type": FRIEND, "nickname": None}

    visit(tmp_path, story)


def test_what_changes_nothing_tells_nobody(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await people(door, "anna", "ben")
        since = len(door.records)
        await ends(anna, ben)
        assert_nothing_happened(door, since)
        await becomes(anna, ben)
        since = len(door.records)
        assert await becomes(anna, ben) == 0
        assert_nothing_happened(door, since)
        await becomes(ben, anna, BLOCKED)
        since = len(door.records)
        assert await becomes(ben, anna, BLOCKED) == 0
        assert_nothing_happened(door, since)
        await ends(anna, ben)
        assert_nothing_happened(door, since)
        assert await known(ben) == {"anna": BLOCKED}

    visit(tmp_path, story)


def test_only_oneself_sees_a_nickname(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo = await people(door, "anna", "ben", "cleo")
        await befriend(anna, ben)
        await becomes(anna, cleo)
        since = len(door.records)
        await anna.do("PATCH", f"{OWN}/{ben.id}", {"nickname": " Benny "})
        assert (told(door, anna, since), told(door, ben, since)) == ([("RELATIONSHIP_UPDATE", FRIEND)], [])
        assert [each["nickname"] for each in await anna.get(OWN)] == ["Benny", None]
        assert [each["nickname"] for each in await ben.get(OWN)] == [None]
        await anna.do("PATCH", f"{OWN}/{ben.id}", {"nickname": None})
        assert {each["nickname"] for each in await anna.get(OWN)} == {None}
        assert await code_of(anna, "PATCH", f"{OWN}/{cleo.id}", {"nickname": "x"}) == 10013
        assert await code_of(anna, "PATCH", f"{OWN}/{ben.id}", {"nickname": "x" * 33}) == 50035

    visit(tmp_path, story)


@pytest.mark.parametrize("before", [None, INCOMING, OUTGOING, FRIEND])
def test_a_block_ends_what_was_and_tells_the_other_only_that(tmp_path: Path, before: int | None) -> None:
    async def story(door: Door) -> None:
        anna, ben = await people(door, "anna", "ben")
        if before in (OUTGOING, FRIEND):
            await becomes(anna, ben)
        if before in (INCOMING, FRIEND):
            await becomes(ben, anna)
        theirs = (await known(ben)).get("anna")
        since = len(door.records)
        assert await becomes(anna, ben, BLOCKED) == 0
        assert told(door, anna, since) == [("RELATIONSHIP_ADD", BLOCKED)]
        assert told(door, ben, since) == ([] if theirs is None else [("RELATIONSHIP_REMOVE", theirs)])
        assert (await known(anna), await known(ben)) == ({"ben": BLOCKED}, {})
        assert await becomes(ben, anna) == 80001
        assert await code_of(ben, "POST", OWN, {"username": "anna"}) == 80001
        assert await becomes(anna, ben) == 80001
        since = len(door.records)
        await ends(anna, ben)
        assert (told(door, anna, since), told(door, ben, since)) == ([("RELATIONSHIP_REMOVE", BLOCKED)], [])
        assert await becomes(ben, anna) == 0

    visit(tmp_path, story)


def test_two_can_block_each_other_and_neither_learns_of_it(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await people(door, "anna", "ben")
        await becomes(anna, ben, BLOCKED)
        since = len(door.records)
        await becomes(ben, anna, BLOCKED)
        assert told(door, anna, since) == []
        await ends(anna, ben)
        assert (await known(anna), await known(ben)) == ({}, {"anna": BLOCKED})
        assert await becomes(anna, ben) == 80001

    visit(tmp_path, story)


def test_nobody_asks_oneself_nor_a_bot_nor_nobody_nor_twice(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await people(door, "anna", "ben")
        bot = await door.bot(anna)
        since = len(door.records)
        assert await becomes(anna, anna) == 80003
        assert await becomes(anna, anna, BLOCKED) == 80003
        assert await becomes(anna, bot) == 80002
        for name, code in (("anna", 80003), ("helper", 80002), ("nobody", 80004), ("", 80004), ("b\0n", 80004)):
            assert await code_of(anna, "POST", OWN, {"username": name}) == code
        assert await code_of(anna, "POST", OWN, {"username": "ben", "discriminator": "1234"}) == 80004
        for method in ("PUT", "PATCH", "DELETE"):
            for wrong in ("1", "x", "-1", str(1 << 63)):
                assert await code_of(anna, method, f"{OWN}/{wrong}", {}) == 10013
        for kind in (0, 3, 4, 5, "x"):
            assert await code_of(anna, "PUT", f"{OWN}/{ben.id}", {"type": kind}) == 50035
        assert await code_of(anna, "POST", OWN, {}) == 50035
        assert_nothing_happened(door, since)
        await befriend(anna, ben)
        assert await becomes(anna, ben) == await becomes(ben, anna) == 80007

    visit(tmp_path, story)


def test_bots_have_no_relationships_but_can_be_blocked(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await people(door, "anna", "ben")
        bot = await door.bot(anna)
        for method, path in (("GET", OWN), ("POST", OWN), *((each, f"{OWN}/{ben.id}") for each in _CHANGES)):
            assert await code_of(bot, method, path, None if method == "GET" else {"username": "ben"}) == 20001
        since = len(door.records)
        assert await becomes(ben, bot, BLOCKED) == 0
        assert (told(door, ben, since), told(door, bot, since)) == ([("RELATIONSHIP_ADD", BLOCKED)], [])

    visit(tmp_path, story)


_CHANGES = ("PUT", "PATCH", "DELETE")


def test_two_who_do_it_at_once_agree_on_what_came_of_it(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        for number in range(6):
            one, other = await people(door, f"one{number}", f"other{number}")
            await asyncio.gather(becomes(one, other), becomes(other, one))
            assert set((await known(one)).values()) == set((await known(other)).values()) == {FRIEND}
            await asyncio.gather(ends(one, other), becomes(other, one, BLOCKED), becomes(one, other))
            assert await known(other) == {f"one{number}": BLOCKED}
            assert await known(one) == {}

    visit(tmp_path, story)


def test_two_accept_at_once_and_are_told_once(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await people(door, "anna", "ben")
        await becomes(anna, ben)
        since = len(door.records)
        codes: Sequence[int] = await asyncio.gather(*(becomes(ben, anna) for _ in range(4)))
        assert sorted(codes) == [0, 80007, 80007, 80007]
        assert told(door, anna, since) == told(door, ben, since) == [("RELATIONSHIP_ADD", FRIEND)]

    visit(tmp_path, story)


def test_who_may_ask_is_a_setting(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo = await people(door, "anna", "ben", "cleo")
        await ben.join(await anna.invite(await anna.guild()))
        await anna.do("PATCH", "/users/@me/settings", {"friend_source_flags": {"mutual_guilds": True}})
        assert [await becomes(cleo, anna), await becomes(ben, anna)] == [80000, 0]
        await anna.do("PATCH", "/users/@me/settings", {"friend_source_flags": {}})
        await ends(anna, ben)
        assert await becomes(ben, anna) == 80000
        assert await becomes(anna, cleo) == 0
        assert await becomes(cleo, anna) == 0, "whoever is asked may say yes"

    visit(tmp_path, story)


def test_there_is_an_end_to_friends_requests_and_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, most in (("FRIENDS", 1), ("REQUESTS_SENT", 1), ("REQUESTS_RECEIVED", 2), ("BLOCKED", 1)):
        monkeypatch.setattr(limits, name, most)

    async def story(door: Door) -> None:
        anna, ben, cleo, dora = await people(door, "anna", "ben", "cleo", "dora")
        assert [await becomes(anna, ben), await becomes(anna, cleo)] == [0, 30002]
        assert [await becomes(dora, ben), await becomes(cleo, ben)] == [0, 80000]
        assert [await becomes(ben, anna), await becomes(ben, dora), await becomes(ben, cleo)] == [0, 30002, 30002]
        assert [await becomes(cleo, anna, BLOCKED), await becomes(cleo, ben, BLOCKED)] == [0, 30002]

    visit(tmp_path, story)
