"""Who comes by a temporary invite leaves by going offline, and in no other case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from derailed.actions.visitors import STAYS_MS, Visitors
from derailed.presence import Announced, Link, Status
from tests.api.door import Door, Person, visit
from tests.contracts.presences import client, services


class House:
    """A guild, who is in it, and who looks after visitors."""

    def __init__(self, door: Door, owner: Person, guild: dict[str, Any]) -> None:
        self.door, self.owner, self.guild = door, owner, guild
        self.visitors = Visitors(door.context, door.presences)
        self.link: Link = door.presences.link("a")

    @classmethod
    async def of(cls, door: Door) -> House:
        owner = await door.register("olga")
        return cls(door, owner, await owner.guild())

    async def comes(self, name: str, **terms: Any) -> Person:
        """Somebody joins by an invite on these terms."""
        person = await self.door.register(name)
        await person.join(await self.owner.invite(self.guild, **{"temporary": True, **terms}))
        return person

    def connects(self, person: Person, status: Status = "online") -> bytes:
        """Has a session."""
        session_id = int(person.id).to_bytes(16)
        self.link.up(Announced(session_id, int(person.id), 1, (int(self.guild["id"]),), status))
        return session_id

    async def looks(self, *visitors: Visitors) -> None:
        """Now, and when enough time has passed."""
        for _ in range(2):
            for each in visitors or (self.visitors,):
                await each.look()
            self.door.now_ms += STAYS_MS

    async def names(self) -> list[str]:
        """Who belongs to the guild."""
        found = await self.owner.get(f"/guilds/{self.guild['id']}/members?limit=10")
        return sorted(member["user"]["username"] for member in found)


def test_a_visitor_leaves_when_they_have_been_offline_for_a_minute(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        house = await House.of(door)
        ben = await house.comes("ben")
        await house.comes("cleo", temporary=False)
        session_id = house.connects(ben)
        await house.looks()
        assert await house.names() == ["ben", "cleo", "olga"]
        house.link.gone(session_id)
        await house.visitors.look()
        door.now_ms += STAYS_MS - 1
        since = len(door.records)
        await house.visitors.look()
        assert door.told(since) == []
        door.now_ms += 1
        await house.visitors.look()
        assert await house.names() == ["cleo", "olga"]
        assert [(topic.split(":")[0], record.event) for topic, record in door.records[since:]] == [
            ("guild", "GUILD_MEMBER_REMOVE"),
            ("user", "left"),
        ]

    visit(tmp_path, story)


def test_a_visitor_who_comes_back_in_time_stays(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        house = await House.of(door)
        ben = await house.comes("ben")
        await house.visitors.look()
        door.now_ms += STAYS_MS - 1
        session_id = house.connects(ben)
        await house.visitors.look()
        house.link.gone(session_id)
        door.now_ms += STAYS_MS
        await house.visitors.look()
        assert await house.names() == ["ben", "olga"]

    visit(tmp_path, story)


def test_a_visitor_who_is_invisible_or_may_resume_stays(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        house = await House.of(door)
        ben, cleo = await house.comes("ben"), await house.comes("cleo")
        house.connects(ben, "invisible")
        await house.visitors.look()
        door.now_ms += STAYS_MS
        house.link.detached(house.connects(cleo))
        await house.visitors.look()
        assert await house.names() == ["ben", "cleo", "olga"]

    visit(tmp_path, story)


def test_a_visitor_who_was_given_a_role_or_the_guild_stays(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        house = await House.of(door)
        ben, cleo = await house.comes("ben"), await house.comes("cleo")
        path = f"/guilds/{house.guild['id']}"
        role = (await house.owner.do("POST", f"{path}/roles", {"name": "friend"}))["id"]
        for method in ("PUT", "DELETE"):  # whoever held one once is no visitor any more
            await house.owner.do(method, f"{path}/members/{ben.id}/roles/{role}")
        await house.owner.do("PATCH", path, {"owner_id": cleo.id})
        await house.looks()
        assert await house.names() == ["ben", "cleo", "olga"]

    visit(tmp_path, story)


def test_a_visitor_who_was_away_and_is_let_in_again_has_their_time(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        house = await House.of(door)
        ben = await house.comes("ben")
        await house.visitors.look()
        door.now_ms += STAYS_MS
        await ben.do("DELETE", f"/users/@me/guilds/{house.guild['id']}")
        await ben.join(await house.owner.invite(house.guild, temporary=True))
        await house.visitors.look()
        assert await house.names() == ["ben", "olga"]

    visit(tmp_path, story)


def test_several_processes_look_and_each_visitor_leaves_once(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        house = await House.of(door)
        for name in ("ben", "cleo"):
            await house.comes(name)
        since = len(door.records)
        others = [Visitors(door.context, door.presences) for _ in range(2)]
        await house.looks(house.visitors, *others)
        assert await house.names() == ["olga"]
        assert door.told(since).count("GUILD_MEMBER_REMOVE") == 2

    visit(tmp_path, story)


def test_a_process_that_takes_over_finds_the_visitors(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        house = await House.of(door)
        await house.comes("ben")
        await house.visitors.look()
        door.now_ms += STAYS_MS
        await house.looks(Visitors(door.context, door.presences))
        assert await house.names() == ["olga"]

    visit(tmp_path, story)


def test_while_presence_is_down_or_not_certain_nobody_leaves(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        house = await House.of(door)
        await house.comes("ben")
        async with services(2, settles_in_ms=60_000) as (addresses, (one, other)), client(addresses) as presences:
            visitors = Visitors(door.context, presences)
            await house.looks(visitors)
            await one.stop()
            await house.looks(visitors)
            await other.stop()
            await house.looks(visitors)
            assert await house.names() == ["ben", "olga"]

    visit(tmp_path, story)


def test_a_guild_that_ended_has_no_visitors(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        house = await House.of(door)
        await house.comes("ben")
        await house.owner.do("DELETE", f"/guilds/{house.guild['id']}")
        since = len(door.records)
        await house.looks()
        assert door.told(since) == []

    visit(tmp_path, story)
