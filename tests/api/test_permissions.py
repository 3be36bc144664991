"""Every route of a channel under random roles and overwrites, against the rule told bit by bit: nothing leaks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from derailed.model import permissions as p
from tests.api.door import Door, Person, opened

BITS = (p.VIEW_CHANNEL, p.SEND_MESSAGES, p.MANAGE_CHANNELS, p.MANAGE_ROLES, p.CREATE_INSTANT_INVITE)
EVERYONE, FIRST, SECOND, BEN = range(4)

masks = st.sets(st.sampled_from(BITS)).map(sum)
rules = st.lists(st.tuples(st.sampled_from((EVERYONE, FIRST, SECOND, BEN)), masks, masks), unique_by=lambda row: row[0])
bases = st.tuples(masks, masks, st.one_of(masks, masks, masks, st.just(p.ADMINISTRATOR)))

Rules = list[tuple[int, int, int]]


class Place(NamedTuple):
    """A guild of anna's with ben, who holds two roles, and cleo; `ids` are what rules may be about."""

    anna: Person
    ben: Person
    cleo: Person
    guild: str
    channel: str
    ids: tuple[str, str, str, str]


def may(base: Iterable[int], rows: Rules, bit: int) -> bool:
    """The rule in words: overwrites of everyone, then of roles, then of the member; in each, denied, then allowed."""
    base = tuple(base)
    if any(mask & p.ADMINISTRATOR for mask in base):
        return True
    held = any(mask & bit for mask in base)
    for kind in ((EVERYONE,), (FIRST, SECOND), (BEN,)):
        concerned = [(allow, deny) for target, allow, deny in rows if target in kind]
        if any(deny & bit for _, deny in concerned):
            held = False
        if any(allow & bit for allow, _ in concerned):
            held = True
    return held and (bit == p.VIEW_CHANNEL or may(base, rows, p.VIEW_CHANNEL))


async def place(door: Door) -> Place:
    anna, ben, cleo = [await door.register(name) for name in ("anna", "ben", "cleo")]
    guild = await anna.guild()
    code = await anna.invite(guild)
    for person in (ben, cleo):
        await person.join(code)
    roles = [(await anna.do("POST", f"/guilds/{guild['id']}/roles", {}))["id"] for _ in range(2)]
    await anna.do("PATCH", f"/guilds/{guild['id']}/members/{ben.id}", {"roles": roles})
    return Place(anna, ben, cleo, guild["id"], guild["system_channel_id"], (guild["id"], roles[0], roles[1], ben.id))


async def arrange(at: Place, base: tuple[int, int, int], rows: Rules) -> None:
    """Give the roles and the channel what the example says."""
    for role, mask in zip(at.ids, base, strict=False):
        await at.anna.do("PATCH", f"/guilds/{at.guild}/roles/{role}", {"permissions": mask})
    overwrites = [
        {"id": at.ids[target], "type": int(target == BEN), "allow": allow, "deny": deny} for target, allow, deny in rows
    ]
    await at.anna.do("PATCH", f"/channels/{at.channel}", {"permission_overwrites": overwrites})


def routes(at: Place) -> list[tuple[str, str, Any, int]]:
    """Method, path, body, and what is needed beyond sight."""
    channel = f"/channels/{at.channel}"
    return [
        ("GET", channel, None, 0),
        ("GET", f"{channel}/messages", None, 0),
        ("GET", f"{channel}/messages?around=1", None, 0),
        ("POST", f"{channel}/messages", {"content": "hello"}, p.SEND_MESSAGES),
        ("POST", f"{channel}/typing", None, p.SEND_MESSAGES),
        ("PATCH", channel, {"nsfw": False}, p.MANAGE_CHANNELS),
        ("PUT", f"{channel}/permissions/{at.cleo.id}", {"type": 1}, p.MANAGE_ROLES),
        ("GET", f"{channel}/invites", None, p.MANAGE_CHANNELS),
        ("POST", f"{channel}/invites", {"max_age": 0}, p.CREATE_INSTANT_INVITE),
    ]


async def check(at: Place, base: tuple[int, int, int], rows: Rules) -> None:
    await arrange(at, base, rows)
    sees = may(base, rows, p.VIEW_CHANNEL)
    listed = [each["id"] for each in await at.ben.get(f"/guilds/{at.guild}/channels")]
    assert listed == ([at.channel] if sees else [])
    for method, path, body, bit in routes(at):
        answer = await at.ben.ask(method, path, body)
        expected = 50001 if not sees else 50013 if bit and not may(base, rows, bit) else None
        assert (None if answer.is_success else answer.json()["code"]) == expected, (method, path)


def test_every_route_of_a_channel_asks_for_what_it_should(tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        house = opened(tmp_path)
        door = runner.run(house.__aenter__())
        at = runner.run(place(door))

        @settings(max_examples=25, database=None)
        @given(bases, rules)
        def examples(base: tuple[int, int, int], rows: Rules) -> None:
            runner.run(check(at, base, rows))

        try:
            examples()
            door.assert_dense()
        finally:
            runner.run(house.__aexit__(None, None, None))
