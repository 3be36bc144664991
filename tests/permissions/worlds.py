"""Random worlds, told in plain values: two guilds, who is in them and with what, and everything that can be asked for.

Nothing here is the server's own: `founding` writes a world into a store, `rule` says who may do what in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from random import Random
from typing import Final, NamedTuple


class Bit(IntEnum):
    """Permissions by their number on the wire. `UNNAMED` is one that no one here has a name for."""

    CREATE_INSTANT_INVITE = 0
    KICK_MEMBERS = 1
    BAN_MEMBERS = 2
    ADMINISTRATOR = 3
    MANAGE_CHANNELS = 4
    MANAGE_GUILD = 5
    ADD_REACTIONS = 6
    VIEW_AUDIT_LOG = 7
    VIEW_CHANNEL = 10
    SEND_MESSAGES = 11
    SEND_TTS_MESSAGES = 12
    MANAGE_MESSAGES = 13
    EMBED_LINKS = 14
    ATTACH_FILES = 15
    READ_MESSAGE_HISTORY = 16
    MENTION_EVERYONE = 17
    USE_EXTERNAL_EMOJIS = 18
    MUTE_MEMBERS = 22
    CHANGE_NICKNAME = 26
    MANAGE_NICKNAMES = 27
    MANAGE_ROLES = 28
    MANAGE_WEBHOOKS = 29
    MANAGE_GUILD_EXPRESSIONS = 30
    MODERATE_MEMBERS = 40
    CREATE_GUILD_EXPRESSIONS = 43
    PIN_MESSAGES = 51
    UNNAMED = 60


TEXT, CATEGORY, ANNOUNCEMENT = 0, 4, 5
OF_ROLE, OF_MEMBER = 0, 1
UNICODE: Final = "\N{FIRE}"
_BITS: Final = tuple(bit for bit in Bit if bit is not Bit.ADMINISTRATOR)
_USUAL: Final = (Bit.VIEW_CHANNEL, Bit.SEND_MESSAGES, Bit.READ_MESSAGE_HISTORY)


class Role(NamedTuple):
    """@everyone has the id of its guild."""

    id: int
    bits: int
    position: int
    managed: bool = False
    mentionable: bool = False


class Overwrite(NamedTuple):
    """`kind` is OF_ROLE or OF_MEMBER."""

    target: int
    kind: int
    allow: int
    deny: int


class Place(NamedTuple):
    """A channel or a category."""

    id: int
    guild: int
    kind: int
    parent: int | None
    overwrites: tuple[Overwrite, ...]


class Belonging(NamedTuple):
    """What a member holds."""

    roles: frozenset[int]
    timed_out: bool


class Said(NamedTuple):
    """A message. `reactors` reacted with UNICODE; `author` of a webhook's is the webhook."""

    id: int
    place: int
    author: int
    pinned: bool = False
    notice: bool = False
    reactors: tuple[int, ...] = ()


class Hook(NamedTuple):
    """A webhook."""

    id: int
    place: int
    token: str


class Way(NamedTuple):
    """An invite. `over`: it has been used up."""

    code: str
    place: int
    inviter: int
    over: bool


class Drawn(NamedTuple):
    """A guild's emoji, for those with one of the roles, or for everyone."""

    id: int
    by: int
    roles: frozenset[int]


@dataclass
class Guild:
    """One guild and all in it."""

    id: int
    owner: int
    roles: dict[int, Role]
    members: dict[int, Belonging]
    places: dict[int, Place] = field(default_factory=dict)
    said: dict[int, Said] = field(default_factory=dict)
    hooks: dict[int, Hook] = field(default_factory=dict)
    ways: dict[str, Way] = field(default_factory=dict)
    drawn: dict[int, Drawn] = field(default_factory=dict)
    banned: frozenset[int] = frozenset()


@dataclass
class World:
    """Everybody, and two guilds. A bot's account is its application's, which belongs to its keeper."""

    seed: int
    people: tuple[int, ...]
    bots: dict[int, int]
    nowhere: int
    """An id of nothing."""
    home: Guild
    away: Guild
    commands: dict[int, int]
    """The application of each."""

    @property
    def everybody(self) -> tuple[int, ...]:
        """All accounts."""
        return (*self.people, *self.bots)

    def guild(self, guild_id: int) -> Guild | None:
        """The guild with this id."""
        return next((each for each in (self.home, self.away) if each.id == guild_id), None)

    def guilds(self) -> tuple[Guild, Guild]:
        """Both."""
        return self.home, self.away

    def place(self, place_id: int) -> Place | None:
        """The channel with this id."""
        return self.home.places.get(place_id) or self.away.places.get(place_id)

    def home_of(self, place: Place) -> Guild:
        """The guild that a channel is in."""
        return self.home if place.guild == self.home.id else self.away

    def hook(self, hook_id: int) -> Hook | None:
        """The webhook with this id."""
        return self.home.hooks.get(hook_id) or self.away.hooks.get(hook_id)

    def messages(self) -> list[Said]:
        """All of them."""
        return [*self.home.said.values(), *self.away.said.values()]

    def said(self, said_id: int) -> Said | None:
        """The message with this id."""
        return self.home.said.get(said_id) or self.away.said.get(said_id)

    def way(self, code: str) -> Way | None:
        """The invite with this code."""
        return self.home.ways.get(code) or self.away.ways.get(code)


def make(seed: int, ids: Iterator[int]) -> World:
    """The world of this seed; its ids are drawn in ascending order."""
    random = Random(seed)
    people = tuple(next(ids) for _ in range(7))
    bots = {next(ids): random.choice(people) for _ in range(2)}
    nowhere = next(ids)
    everybody = (*people, *bots)
    home = _guild(random, ids, everybody, places=random.randint(4, 7))
    away = _guild(random, ids, everybody, places=2)
    commands = {next(ids): random.choice(list(bots)) for _ in range(2)}
    return World(seed, people, bots, nowhere, home, away, commands)


def _guild(random: Random, ids: Iterator[int], everybody: Sequence[int], places: int) -> Guild:
    guild_id = next(ids)
    base = _mask(random, random.choice((0.2, 0.5)))
    if random.random() < 0.7:
        base |= sum(1 << bit for bit in _USUAL)
    roles = {guild_id: Role(guild_id, base, 0)}
    for _ in range(random.randint(2, 5)):
        role_id = next(ids)
        roles[role_id] = _role(random, role_id)
    going = random.sample(everybody, random.randint(4, len(everybody) - 1))
    given = [each for each in roles if each != guild_id]
    members = {
        user: Belonging(frozenset(random.sample(given, random.randint(0, 2))), random.random() < 0.15) for user in going
    }
    owner = next(user for user in going if user in everybody[:7])
    guild = Guild(guild_id, owner, roles, members)
    guild.banned = frozenset(user for user in everybody if user not in members and random.random() < 0.5)
    _fill(random, ids, guild, places)
    return guild


def _role(random: Random, role_id: int) -> Role:
    bits = _mask(random, random.choice((0.0, 0.15, 0.4)))
    if random.random() < 0.12:
        bits |= 1 << Bit.ADMINISTRATOR
    managed = random.random() < 0.1
    return Role(role_id, bits, random.randint(1, 4), managed, random.random() < 0.5)


def _mask(random: Random, density: float) -> int:
    return sum(1 << bit for bit in _BITS if random.random() < density)


def _fill(random: Random, ids: Iterator[int], guild: Guild, places: int) -> None:
    categories: list[int] = []
    for number in range(places):
        place_id = next(ids)
        kind = CATEGORY if number == 0 else random.choice((TEXT, TEXT, TEXT, ANNOUNCEMENT))
        parent = random.choice((None, *categories)) if kind != CATEGORY else None
        guild.places[place_id] = Place(place_id, guild.id, kind, parent, _overwrites(random, guild))
        if kind == CATEGORY:
            categories.append(place_id)
            continue
        hook = Hook(next(ids), place_id, f"token-of-{place_id}-{random.getrandbits(64):x}")
        guild.hooks[hook.id] = hook
        for _ in range(random.randint(2, 4)):
            said = _said(random, next(ids), place_id, guild, hook)
            guild.said[said.id] = said
        inviter = random.choice(list(guild.members))
        way = Way(f"way{place_id:x}", place_id, inviter, random.random() < 0.2)
        guild.ways[way.code] = way
    for _ in range(2):
        drawn = Drawn(next(ids), random.choice(list(guild.members)), _some(random, guild))
        guild.drawn[drawn.id] = drawn


def _some(random: Random, guild: Guild) -> frozenset[int]:
    given = [each for each in guild.roles if each != guild.id]
    return frozenset(random.sample(given, 1)) if random.random() < 0.5 else frozenset()


def _overwrites(random: Random, guild: Guild) -> tuple[Overwrite, ...]:
    targets = [(role, OF_ROLE) for role in guild.roles] + [(user, OF_MEMBER) for user in guild.members]
    chosen = random.sample(targets, random.randint(0, min(5, len(targets))))
    if random.random() < 0.4 and (guild.id, OF_ROLE) not in chosen:
        chosen.append((guild.id, OF_ROLE))
    return tuple(overwrite(random, target, kind) for target, kind in chosen)


def overwrite(random: Random, target: int, kind: int) -> Overwrite:
    """A random one, which often is about what is seen and said."""
    allow, deny = _mask(random, 0.15), _mask(random, 0.15)
    if random.random() < 0.5:
        if random.random() < 0.5:
            allow |= 1 << random.choice(_USUAL)
        else:
            deny |= 1 << random.choice(_USUAL)
    return Overwrite(target, kind, allow, deny)


def _said(random: Random, said_id: int, place_id: int, guild: Guild, hook: Hook) -> Said:
    members = list(guild.members)
    hooked = random.random() < 0.25
    return Said(
        said_id,
        place_id,
        author=hook.id if hooked else random.choice(members),
        pinned=random.random() < 0.4,
        notice=not hooked and random.random() < 0.15,
        reactors=tuple(sorted(random.sample(members, random.randint(0, 2)))),
    )
