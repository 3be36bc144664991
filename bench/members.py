"""What members cost: memory kept, a change of rank, a question about everyone. `python -m bench.members`

Times of steps and of turns of the event loop are CPU of this thread, because machines that measure are rarely idle.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

from bench.processes import resident_bytes
from derailed.members import Query
from derailed.members.lists import trimmed
from derailed.members.local import LocalMembers
from derailed.members.ranked import Ranked
from derailed.members.roster import Roster
from derailed.model import permissions
from derailed.model.guild import Channel, Guild, Member, Role
from derailed.model.user import User
from derailed.presence import Presence
from derailed.wire import rest
from tests.members.town import GUILD, town

MEMBERS: Final = 250_000
ONLINE: Final = 50_000
CHANGES: Final = 50_000
ASKED: Final = 75_000
CHANNEL: Final = 10
FIRST: Final = 1_258_291_200_000_000_000
RESULT: Final = Path(__file__).parent / "results" / "members.md"

Row = tuple[str, str, str]


def main() -> None:
    """Measure, print, write."""
    rows = [*roster(), *asyncio.run(questions())]
    lines = [
        "| what | measured | budget |",
        "| --- | ---: | ---: |",
        *("| {} | {} | {} |".format(*row) for row in rows),
    ]
    printed = "\n".join([*lines, ""])
    print(printed)
    RESULT.write_text(f"# Members\n\n`python -m bench.members`\n\n{printed}")


def guild() -> Guild:
    """Twenty roles, five of them hoisted, and a channel for all."""
    everyone = Role(id=1, name="@everyone", permissions=permissions.VIEW_CHANNEL, position=0)
    others = [
        Role(id=FIRST + number, name="role", permissions=0, position=number, hoist=number < 5)
        for number in range(1, 21)
    ]
    channel = Channel(id=CHANNEL, guild_id=1, type=0, name="general")
    named = {role.id: role for role in (everyone, *others)}
    return Guild(id=1, rev=0, name="", owner_id=FIRST, roles=named, channels={CHANNEL: channel})


def people(shape: Guild, chance: random.Random) -> Iterator[tuple[Member, User]]:
    """Half have an avatar and a global name, a fifth a nick; they have no role, one or two."""
    held = list(shape.roles)[1:]
    for number in range(MEMBERS):
        roles = tuple(chance.sample(held, chance.choice((0, 1, 1, 2))))
        nick = None if number % 5 else f"Nick {number}"
        user_id = FIRST + (number << 22)
        avatar, name = (f"{chance.getrandbits(128):032x}", f"Person {number}") if number % 2 else (None, None)
        member = Member(guild_id=1, user_id=user_id, joined_at=1_700_000_000_123 + number, roles=roles, nick=nick)
        yield member, User(id=user_id, username=f"person{chance.randrange(10**6)}", global_name=name, avatar=avatar)


def roster() -> Iterator[Row]:
    """One guild in memory, all of whose members are kept."""
    chance = random.Random(1)
    kept = Roster(guild(), 0, MEMBERS, large=False)
    gc.collect()
    before = resident_bytes(os.getpid())
    for pair in people(kept.guild, chance):
        kept.put(rest.member(*pair))
    gc.collect()
    grown = resident_bytes(os.getpid()) - before
    yield f"memory a member, {MEMBERS:,} kept", f"{grown / MEMBERS:.0f} B", "400 B"
    ids = list(kept.entries)
    for user_id in chance.sample(ids, ONLINE):
        kept.show(Presence(user_id, "online"))
    kept.follow("someone", CHANNEL, trimmed([(0, 99)]))
    while kept.work(1000):
        kept.tell()
    took = sorted(change(kept, chance.choice(ids), count) for count in range(CHANGES))
    keys = [entry.name for entry in kept.entries.values()]
    ranked = Ranked(keys)
    moved = sorted(move(ranked, chance.choice(keys)) for _ in range(CHANGES))
    noise = sorted(plain_sum() for _ in range(CHANGES))
    for share, budget in ((0.5, ""), (0.99, "20 µs")):
        yield f"adding numbers up, which knows no wait: p{share * 100:.0f}", us(noise, share), ""
        yield (
            f"a key taken out of {MEMBERS:,} and put back, with its ranks: p{share * 100:.0f}",
            us(moved, share),
            budget,
        )
        yield f"somebody comes or goes, shown in a list: p{share * 100:.0f}", us(took, share), budget


def move(ranked: Ranked, key: bytes) -> int:
    """Nanoseconds of a change of rank."""
    begun = time.thread_time_ns()
    ranked.remove(key)
    ranked.add(key)
    return time.thread_time_ns() - begun


def us(sorted_ns: list[int], share: float) -> str:
    """What this share of them stayed under."""
    return f"{sorted_ns[int(share * len(sorted_ns))] / 1000:.1f} µs"


def plain_sum() -> int:
    """Nanoseconds of something that always takes as long: how far they spread is how busy the machine is."""
    begun = time.thread_time_ns()
    sum(range(600))
    return time.thread_time_ns() - begun


def change(kept: Roster, user_id: int, count: int) -> int:
    """Nanoseconds that it takes to move one member between online and offline, the list's rows included."""
    presence = Presence(user_id, "offline" if user_id in kept.presences else "online")
    begun = time.thread_time_ns()
    kept.show(presence)
    took = time.thread_time_ns() - begun
    if count % 10 == 0:
        kept.tell()
    return took


async def questions() -> list[Row]:
    """A guild in the store: how long until all are in memory, and until all are answered from there; and large."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        async with town(Path(folder), ASKED) as place:
            for name, large in (("in memory", ASKED), ("large, from the store", ASKED // 2)):
                members = LocalMembers(place.store, place.bus, place.presences, large=large)
                link = members.link("bench")
                for what in ("the first time", "again"):
                    async with turns() as waits:
                        begun = time.perf_counter()
                        async for _ in link.find(GUILD, Query("", presences=True)):
                            await asyncio.sleep(0)
                        took = time.perf_counter() - begun
                    share = sorted(waits)[int(len(waits) * 0.999)] * 1000
                    title = f"everyone of {ASKED:,}, {name}, {what}"
                    rows += [(title, f"{took:.2f} s", ""), ("… a turn of the loop: p99.9", f"{share:.1f} ms", "20 ms")]
                await members.close()
    return rows


@contextlib.asynccontextmanager
async def turns() -> AsyncIterator[list[float]]:
    """How much each turn of the loop had to do meanwhile."""
    waits: list[float] = []

    async def turn() -> None:
        while True:
            begun = time.thread_time()
            await asyncio.sleep(0)
            waits.append(time.thread_time() - begun)

    turning = asyncio.create_task(turn())
    yield waits
    turning.cancel()


if __name__ == "__main__":
    main()
