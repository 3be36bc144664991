"""The roster beside a model that works everything out anew, over random changes."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Literal

import msgspec
import pytest

from derailed.members.lists import trimmed
from derailed.members.roster import Roster
from derailed.model import permissions
from derailed.model.guild import Channel, Guild, Member, Overwrite, Role
from derailed.model.user import User
from derailed.presence import Presence
from derailed.wire import events, rest
from derailed.wire.records import Record
from tests.members.client import Client

GUILD, OWNER, OPEN, STAFF, PERSONAL = 1, 1000, 10, 11, 12
USERS = range(OWNER, OWNER + 60)
ROLES = range(100, 106)
NAMES = ("Anna", "anna", "Ärger", "ben", "Zoë", "straße", "STRASSE", "x y")
STATUSES: tuple[Literal["online", "dnd", "offline"], ...] = ("online", "dnd", "offline")
RANGES = (((0, 9),), ((0, 4), (5, 9)), ((3, 6), (20, 29), (12, 13)), ((0, 99),), ((40, 41),))


class World:
    """Everything in plain values, and a roster that is told of each change."""

    def __init__(self, seed: int, *, large: bool) -> None:
        self.random = random.Random(seed)
        everyone = Role(id=GUILD, name="@everyone", permissions=permissions.VIEW_CHANNEL, position=0)
        deny_all = Overwrite(GUILD, 0, 0, permissions.VIEW_CHANNEL)
        channels = [
            Channel(id=OPEN, guild_id=GUILD, type=0, name="open"),
            Channel(id=STAFF, guild_id=GUILD, type=0, name="staff", overwrites=(deny_all,)),
            Channel(id=PERSONAL, guild_id=GUILD, type=0, name="personal", overwrites=(deny_all,)),
        ]
        by_id = {channel.id: channel for channel in channels}
        self.guild = Guild(id=GUILD, rev=0, name="", owner_id=OWNER, roles={GUILD: everyone}, channels=by_id)
        self.large = large
        self.members: dict[int, tuple[Member, User]] = {}
        self.statuses: dict[int, str] = {}
        self.clients: dict[int, tuple[int, Client]] = {}
        self.roster = Roster(self.guild, 0, 0, large=large)
        often = [*[self.member] * 4, *[self.presence] * 8]
        self.changes: list[Callable[[], None]] = [
            *often,
            self.leave,
            self.role,
            self.role_gone,
            self.overwrite,
            self.follow,
        ]

    def step(self) -> None:
        """One random change; now and then everyone is told."""
        self.random.choice(self.changes)()
        if self.random.random() < 0.2:
            self.roster.work(self.random.choice((1, 10, 1000)))
        if self.random.random() < 0.3:
            self.tell()

    def record(self, event: str, data: bytes, about: int = 0) -> None:
        """Let it happen."""
        channel = about if event.startswith("CHANNEL") else 0
        self.roster.apply(Record(event=event, guild=GUILD, id=about, channel=channel, target=about, data=data))

    def member(self) -> None:
        user_id = self.random.choice(USERS)
        known = user_id in self.members
        nick = self.random.choice((None, None, *NAMES))
        roles = tuple(sorted(set(self.random.choices(list(self.guild.roles), k=2)) - {GUILD}))
        name = f"{NAMES[user_id % len(NAMES)].casefold()}{user_id}"
        user = User(id=user_id, username=name, global_name=self.random.choice((None, "Global")))
        pair = Member(guild_id=GUILD, user_id=user_id, joined_at=0, roles=roles, nick=nick), user
        self.members[user_id] = pair
        self.record("GUILD_MEMBER_UPDATE" if known else "GUILD_MEMBER_ADD", events.member(*pair), user_id)

    def leave(self) -> None:
        user_id = self.random.choice(USERS)
        if user_id in self.members:
            user = self.members.pop(user_id)[1]
            self.record("GUILD_MEMBER_REMOVE", events.member_remove(GUILD, user), user_id)

    def presence(self) -> None:
        user_id = self.random.choice(USERS)
        status = self.random.choice(STATUSES)
        self.statuses.pop(user_id, None)
        if status != "offline":
            self.statuses[user_id] = status
        self.roster.show(Presence(user_id, status))
        self.read_wanted()

    def role(self) -> None:
        role_id = self.random.choice(ROLES)
        known = role_id in self.guild.roles
        bits = self.random.choice((0, permissions.VIEW_CHANNEL, permissions.ADMINISTRATOR, permissions.KICK_MEMBERS))
        hoist, position = self.random.random() < 0.5, self.random.randrange(1, 5)
        role = Role(id=role_id, name=str(role_id), permissions=bits, position=position, hoist=hoist)
        self.guild = msgspec.structs.replace(self.guild, roles=self.guild.roles | {role_id: role})
        self.record("GUILD_ROLE_UPDATE" if known else "GUILD_ROLE_CREATE", events.role(GUILD, role), role_id)

    def role_gone(self) -> None:
        """Ids are never given twice: what is deleted here does not come back, but under another id."""
        role_id = self.random.choice(ROLES)
        if role_id not in self.guild.roles or self.random.random() < 0.95:
            return
        left = {key: role for key, role in self.guild.roles.items() if key != role_id}
        self.guild = msgspec.structs.replace(self.guild, roles=left)
        for user_id, (member, user) in self.members.items():
            kept = tuple(each for each in member.roles if each != role_id)
            self.members[user_id] = msgspec.structs.replace(member, roles=kept), user
        self.record("GUILD_ROLE_DELETE", events.role_delete(GUILD, role_id), role_id)
        self.changes = [each for each in self.changes if each not in (self.role, self.role_gone)]

    def overwrite(self) -> None:
        channel = self.guild.channels[self.random.choice((OPEN, STAFF, PERSONAL))]
        target = self.random.choice((*self.guild.roles, *USERS[:5]))
        kind = int(target >= OWNER)
        bits = self.random.choice((0, permissions.VIEW_CHANNEL))
        kept = [each for each in channel.overwrites if each.id != target]
        added = Overwrite(target, kind, bits, permissions.VIEW_CHANNEL & ~bits)
        changed = msgspec.structs.replace(channel, overwrites=(*kept, added))
        self.guild = msgspec.structs.replace(self.guild, channels=self.guild.channels | {channel.id: changed})
        self.record("CHANNEL_UPDATE", events.channel(changed), channel.id)

    def follow(self) -> None:
        number = self.random.randrange(4)
        if number in self.clients and self.random.random() < 0.3:
            del self.clients[number]
            self.roster.leave(number)
            return
        channel_id = self.random.choice((OPEN, STAFF, PERSONAL))
        ranges = trimmed(self.random.choice(RANGES))
        before = self.clients.get(number)
        client = before[1] if before is not None and before[0] == channel_id else Client(ranges)
        client.ranges = list(ranges)
        self.clients[number] = channel_id, client
        self.roster.follow(number, channel_id, ranges)

    def read_wanted(self) -> None:
        """What the store is asked for, when the guild is large."""
        for user_id in sorted(self.roster.wanted):
            if user_id in self.members:
                self.roster.put(rest.member(*self.members[user_id]))

    def tell(self) -> None:
        """Let everything be told, and see that it is what it should be."""
        while self.roster.work(50):
            pass
        self.read_wanted()
        for followers, data in self.roster.tell():
            for number in followers:
                self.clients[int(str(number))][1].read(data)
        lists = {channel_id: self.expected(channel_id) for channel_id, _ in self.clients.values()}
        for channel_id, client in self.clients.values():
            groups, rows = lists[channel_id]
            assert client.groups == groups
            assert client.shown() == [row for a, b in client.ranges for row in rows[a : b + 1]]
            assert client.counts == (len(self.members), sum(each in self.members for each in self.statuses))

    def expected(self, channel_id: int) -> tuple[list[tuple[str, int]], list[str]]:
        """The list, worked out from nothing."""
        guild, channel = self.guild, self.guild.channels[channel_id]
        hoisted = sorted(
            (role for role in guild.roles.values() if role.hoist), key=lambda each: (-each.position, each.id)
        )
        names = [*(str(role.id) for role in hoisted), "online", "offline"]
        groups: dict[str, list[tuple[str, int, str]]] = {name: [] for name in names}
        for user_id, (member, user) in self.members.items():
            if not permissions.in_channel(guild, user_id, member.roles, channel) & permissions.VIEW_CHANNEL:
                continue
            status = self.statuses.get(user_id, "offline")
            if status == "offline":
                if self.large:
                    continue
                group = "offline"
            else:
                group = next((str(role.id) for role in hoisted if role.id in member.roles), "online")
            shown = (member.nick or user.global_name or user.username).casefold()
            roles = [str(role_id) for role_id in member.roles]
            groups[group].append((shown, user_id, f"{user_id} {member.nick} {roles} {status}"))
        found = [(name, [row for *_, row in sorted(groups[name])]) for name in names if groups[name]]
        return [(name, len(rows)) for name, rows in found], [row for name, rows in found for row in (name, *rows)]

    def check_names(self) -> None:
        """Everyone kept is found by any beginning of username or nick."""
        kept = {each for each in self.members if not self.large or each in self.statuses}
        for prefix in ("A", "an", "STRASSE", "ä", "zz", "x Y"):
            keys = self.roster.named(prefix, b"", 1000)
            start = prefix.casefold()
            assert {int.from_bytes(key[-8:]) for key in keys} == {
                each
                for each in kept
                for member, user in [self.members[each]]
                if user.username.startswith(start) or (member.nick or "").casefold().startswith(start)
            }
        found = msgspec.json.decode(self.roster.members_json(USERS))
        assert {int(each["user"]["id"]) for each in found} == kept


@pytest.mark.parametrize("large", [False, True])
def test_a_client_that_applies_the_ops_has_exactly_the_list(large: bool) -> None:
    play(range(20), 200, large=large)


@pytest.mark.slow
@pytest.mark.parametrize("large", [False, True])
def test_a_million_changes_make_no_difference(large: bool) -> None:
    play(range(850), 600, large=large)


def play(seeds: range, steps: int, *, large: bool) -> None:
    for seed in seeds:
        world = World(seed, large=large)
        for _ in range(steps):
            world.step()
        world.tell()
        world.check_names()
