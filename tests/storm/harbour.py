"""Several guilds, and many people who are in some of them each: made in the database, as passwords take minutes."""

from __future__ import annotations

import asyncio
from typing import Final

from msgspec import Struct

from derailed.actions.tokens import Tokens
from derailed.model.guild import Member
from derailed.model.snowflakes import EPOCH_MS, Snowflakes
from derailed.model.user import User
from derailed.store import Connection, members, users
from derailed.store.postgres import PostgresStore
from tests.journeys import people
from tests.journeys.people import Guild
from tests.journeys.split import Split

CHANNELS: Final = 8
EACH_IN: Final = 2
_AT_ONCE: Final = 200


class Place(Struct, frozen=True):
    """A guild, and the channel in which people talk."""

    id: int
    channel: int


class Harbour(Struct, frozen=True):
    """The guilds, the token of each person by the guild that they talk in, and all tokens."""

    places: list[Place]
    by_place: list[list[str]]

    @property
    def tokens(self) -> list[str]:
        """Everybody's."""
        return [token for some in self.by_place for token in some]


def build(split: Split, *, guilds: int, clients: int) -> Harbour:
    """Make it. Each person is in `EACH_IN` guilds that follow each other."""
    with people.register(split, "owner") as owner:
        made = [Guild(owner, f"Harbour {number}") for number in range(guilds)]
        for guild in made:
            for number in range(CHANNELS - 1):
                guild.channel(f"channel-{number}")
    places = [Place(guild.id, guild.general) for guild in made]
    return Harbour(places, asyncio.run(_settle(split.database, places, clients)))


async def _settle(database: str, places: list[Place], clients: int) -> list[list[str]]:
    store = await PostgresStore.open(database, lambda: EPOCH_MS)
    ids, tokens = Snowflakes(9), Tokens(store, lambda: EPOCH_MS)
    by_place: list[list[str]] = [[] for _ in places]

    async def work(tx: Connection, numbers: range) -> list[tuple[int, str]]:
        made = []
        for number in numbers:
            user_id, home = ids.next(EPOCH_MS + 1), number % len(places)
            await users.insert(tx, User(id=user_id, username=f"sailor{number}"), None)
            for step in range(EACH_IN):
                guild_id = places[(home + step) % len(places)].id
                await members.insert(tx, Member(guild_id=guild_id, user_id=user_id, joined_at=EPOCH_MS))
            made.append((home, await tokens.issue(tx, ids.next(EPOCH_MS + 1), user_id)))
        return made

    try:
        for start in range(0, clients, _AT_ONCE):
            numbers = range(start, min(start + _AT_ONCE, clients))
            for home, token in await store.write(lambda tx, some=numbers: work(tx, some)):  # type: ignore[misc]
                by_place[home].append(token)
    finally:
        await store.close()
    return by_place
