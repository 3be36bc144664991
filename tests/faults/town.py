"""A guild of a thousand, some with clients: made in the database, because a password each would take minutes."""

from __future__ import annotations

import asyncio
from itertools import chain, repeat
from typing import Final

from msgspec import Struct

from derailed.actions.tokens import Tokens
from derailed.model import permissions
from derailed.model.guild import Member
from derailed.model.snowflakes import EPOCH_MS, Snowflakes
from derailed.model.user import User
from derailed.store import Connection, members, users
from derailed.store.postgres import PostgresStore
from derailed.wire.gateway import Intent
from tests.faults.client import Account
from tests.journeys import people
from tests.journeys.people import Guild
from tests.journeys.split import Split

MEMBERS: Final = 1_000
CHANNELS: Final = ("general", "harbour", "market")
HIDDEN: Final = "bridge"
"""Seen by the crew only."""

VEILED: Final = CHANNELS[-1]
"""Hidden from all but the crew from time to time."""

TALK: Final = int(
    Intent.GUILDS
    | Intent.GUILD_MEMBERS
    | Intent.GUILD_MESSAGES
    | Intent.GUILD_MESSAGE_REACTIONS
    | Intent.DIRECT_MESSAGES
    | Intent.DIRECT_MESSAGE_REACTIONS
    | Intent.MESSAGE_CONTENT
)
_WATCH: Final = TALK | int(Intent.GUILD_PRESENCES)
_AUTHORS: Final = 8
_KINDS: Final = ("authors", "crew", "plain", "bots")


class Talk(Struct, frozen=True):
    """A DM, or a group, which the first of its people owns, and into which a guest is let from time to time."""

    channel: int
    people: list[Account]
    guest: Account | None = None


class Town(Struct, frozen=True, kw_only=True):
    """The guild and its people. `plain`, `crew` and `bots` have clients; bots hear who is here."""

    guild_id: int
    owner: str
    invite: str
    role: int
    open: frozenset[int]
    hidden: int
    authors: list[Account]
    crew: list[Account]
    plain: list[Account]
    bots: list[Account]
    veiled: int
    talks: list[Talk]

    @property
    def everything(self) -> frozenset[int]:
        """What the crew sees."""
        return self.open | {self.hidden}


def build(split: Split, *, people_connected: int, bots: int, members: int = MEMBERS) -> Town:
    """Make it, by HTTP what is few, in the database what is many."""
    with people.register(split, "owner") as owner:
        guild = Guild(owner)
        role = int(owner.call("POST", f"/guilds/{guild.id}/roles", {"name": "crew"})["id"])
        named = {name: guild.channel(name) for name in CHANNELS}
        opened, veiled = frozenset(named.values()), named[VEILED]
        view = str(permissions.VIEW_CHANNEL)
        to_crew = {"id": str(role), "type": 0, "allow": view, "deny": "0"}
        owner.call("PUT", f"/channels/{veiled}/permissions/{role}", to_crew)
        overwrites = [{"id": str(guild.id), "type": 0, "allow": "0", "deny": view}, to_crew]
        body = {"name": HIDDEN, "permission_overwrites": overwrites}
        hidden = int(owner.call("POST", f"/guilds/{guild.id}/channels", body)["id"])
        invite = owner.call("POST", f"/channels/{guild.general}/invites", {"max_age": 0, "max_uses": 0})["code"]
        settled = _Settled(guild.id, role, people_connected, bots, members)
        made = asyncio.run(settled.populate(split.database))
        return Town(
            guild_id=guild.id, owner=owner.token, invite=invite, role=role, open=opened, hidden=hidden, veiled=veiled,
            talks=_talks(split, made["crew"], made["plain"]), **made,
        )  # fmt: skip


def _talks(split: Split, crew: list[Account], plain: list[Account]) -> list[Talk]:
    """Of people who stay in the guild, across the crew and the others."""
    pairs = [(crew[8], plain[16]), (crew[9], plain[17]), (plain[18], plain[19])]
    groups = [([crew[10], crew[11], plain[20]], plain[12]), ([plain[21], crew[9], plain[16]], plain[13])]
    found: list[Talk] = []
    for one, other in pairs:
        for asks, asked in ((other, one), (one, other)):  # a DM is opened for whoever asks
            channel = _opened(split, asks, {"recipient_id": str(asked.id)})
        found.append(Talk(channel, [one, other]))
    for people_of, guest in groups:
        others = [str(each.id) for each in people_of[1:]]
        found.append(Talk(_opened(split, people_of[0], {"recipients": others}), people_of, guest))
    return found


def _opened(split: Split, by: Account, whom: dict[str, object]) -> int:
    with people.Account(split, by.token) as account:
        return int(account.call("POST", "/users/@me/channels", whom)["id"])


class _Settled:
    def __init__(self, guild_id: int, role: int, connected: int, bots: int, all_members: int) -> None:
        crew = connected // 3
        counts = {"authors": _AUTHORS, "crew": crew, "plain": connected - crew, "bots": bots}
        self._guild_id = guild_id
        self._role = role
        rest = all_members - sum(counts.values()) - 1
        self._kinds = list(chain(*(repeat(kind, count) for kind, count in (counts | {"": rest}).items())))

    async def populate(self, database: str) -> dict[str, list[Account]]:
        store = await PostgresStore.open(database, lambda: EPOCH_MS)
        ids, tokens = Snowflakes(9), Tokens(store, lambda: EPOCH_MS)

        async def work(tx: Connection) -> dict[str, list[Account]]:
            made: dict[str, list[Account]] = {kind: [] for kind in _KINDS}
            for number, kind in enumerate(self._kinds):
                user_id, bot = ids.next(EPOCH_MS + 1), kind == "bots"
                roles = (self._role,) if kind in ("authors", "crew", "bots") else ()
                await users.insert(tx, User(id=user_id, username=f"{kind or 'member'}{number}", bot=bot), None)
                await members.insert(
                    tx, Member(guild_id=self._guild_id, user_id=user_id, joined_at=EPOCH_MS, roles=roles)
                )
                if kind:
                    token = await tokens.issue(tx, ids.next(EPOCH_MS + 1), user_id)
                    made[kind].append(Account(user_id, token, bot, _WATCH if bot else TALK))
            return made

        try:
            return await store.write(work)
        finally:
            await store.close()
