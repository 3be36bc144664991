"""A case: one account asks one route for one thing. When a route refuses is told in tables of checks of cases.

A check says, by the code of the answer, why the case is to be refused, if it is. Of a rule's `gates` the first that
holds is the answer, whatever else is wrong: nobody learns what is behind. Of its `checks` any that holds may be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final, NamedTuple

from tests.permissions import rule
from tests.permissions.worlds import UNICODE, Bit, Guild, Place, Said, World

NO_EMOJI: Final = "nothing"
"""What is no emoji."""


class Case:
    """Who asks, and what for: the ids of a path by their names, and what is chosen for the body."""

    def __init__(self, world: World, actor: int, random: Random) -> None:
        self.world = world
        self.actor = actor
        self.random = random
        self.ids: dict[str, Any] = {}
        self.query = ""
        self.body: Any = None
        self.chosen: dict[str, Any] = {}

    @property
    def place(self) -> Place | None:
        """The channel that the path names."""
        return self.world.place(self.ids["channel_id"]) if "channel_id" in self.ids else None

    @property
    def there(self) -> Place:
        """The same, where there must be one."""
        assert self.place is not None
        return self.place

    @property
    def guild(self) -> Guild | None:
        """The guild that the path names, itself or by a channel in it."""
        if "guild_id" in self.ids:
            return self.world.guild(self.ids["guild_id"])
        return None if self.place is None else self.world.home_of(self.place)

    @property
    def inside(self) -> Guild:
        """The same, where there must be one."""
        assert self.guild is not None
        return self.guild

    @property
    def said(self) -> Said | None:
        """The message that the path names, if it is in the channel that it names."""
        found = self.inside.said.get(self.ids["message_id"])
        return found if found is not None and found.place == self.there.id else None

    @property
    def is_bot(self) -> bool:
        """Whether a bot asks."""
        return self.actor in self.world.bots

    def may(self, bit: Bit, place: Place | None = None) -> bool:
        """Whether the actor may, in that channel or in the guild that the path names."""
        guild = self.inside if place is None else self.world.home_of(place)
        return rule.may(guild, self.actor, bit, place)

    def may_here(self, bit: Bit) -> bool:
        """Whether the actor may, in the channel that the path names, or else in the guild."""
        return self.may(bit, self.place)

    def draw(self, name: str) -> Any:
        """Something that an id of that name could stand for: mostly what is there, sometimes nothing."""
        if self.random.random() < 0.04 and name not in ("emoji", "code", "token"):
            return self.world.nowhere
        return self.random.choice(_DRAWN[name](self))


Check = Callable[[Case], int | None]


class Rule(NamedTuple):
    """What one route is asked, and when it refuses. `shown` looks at an answer that was given."""

    gates: Sequence[Check] = ()
    checks: Sequence[Check] = ()
    body: Callable[[Case], Any] | None = None
    shown: Callable[[Case, Any], None] | None = None


def reasons(law: Rule, case: Case) -> set[int]:
    """The codes with which the case may be refused; it goes well when there are none."""
    for gate in law.gates:
        code = gate(case)
        if code is not None:
            return {code}
    return {code for check in law.checks if (code := check(case)) is not None}


def _of_both(case: Case, what: Callable[[Guild], Sequence[Any]]) -> Sequence[Any]:
    """What both guilds have, that of the one at home more often."""
    return [*what(case.world.home)] * 4 + [*what(case.world.away)]


def _messages(case: Case) -> Sequence[int]:
    """Those of the channel or of the webhook more often, and most often one's own there."""
    if "webhook_id" in case.ids:
        hook = case.world.hook(case.ids["webhook_id"])
        own = [] if hook is None else [each.id for each in case.world.messages() if each.author == hook.id]
        return own * 4 + [each.id for each in case.world.messages()]
    here = [each for each in case.world.messages() if case.place and each.place == case.place.id]
    own = [each.id for each in here if each.author == case.actor]
    return [*own * 8, *[each.id for each in here] * 8, *[each.id for each in case.world.messages()]]


def _places(case: Case) -> Sequence[int]:
    """With a guild in the path, those of that guild more often."""
    if "guild_id" in case.ids and case.guild is not None:
        return [*case.guild.places] * 6 + [*case.world.home.places]
    return _of_both(case, lambda guild: list(guild.places))


def _roles(case: Case) -> Sequence[int]:
    return [*(case.guild or case.world.home).roles] * 8 + [*case.world.away.roles]


def _tokens(case: Case) -> Sequence[str]:
    hook = case.world.hook(case.ids["webhook_id"])
    others = [each.token for each in case.world.home.hooks.values()]
    return [hook.token] * 3 * len(others) + others if hook is not None else others


def _emojis(case: Case) -> Sequence[str]:
    drawn = [f"e{each}:{each}" for guild in case.world.guilds() for each in guild.drawn]
    return [*[UNICODE] * 4, "\N{CAT FACE}", *drawn, NO_EMOJI]


def _overwritten(case: Case) -> list[int]:
    return [] if case.place is None else [each.target for each in case.place.overwrites]


def _own_bots(case: Case) -> list[int]:
    return [bot for bot, keeper in case.world.bots.items() if case.actor in (bot, keeper)]


_DRAWN: Final[dict[str, Callable[[Case], Sequence[Any]]]] = {
    "guild_id": lambda case: [case.world.home.id] * 8 + [case.world.away.id],
    "channel_id": _places,
    "message_id": _messages,
    "user_id": lambda case: [*case.world.everybody, *(case.guild or case.world.home).banned],
    "target_id": lambda case: [*_overwritten(case) * 4, *_roles(case), *case.world.everybody],
    "role_id": _roles,
    "webhook_id": lambda case: _of_both(case, lambda guild: list(guild.hooks)),
    "token": _tokens,
    "code": lambda case: [*_of_both(case, lambda guild: list(guild.ways)), "nothing"],
    "emoji": _emojis,
    "emoji_id": lambda case: [*(case.guild or case.world.home).drawn] * 3 + [*case.world.away.drawn],
    "application_id": lambda case: [*_own_bots(case) * 4, *case.world.bots],
    "command_id": lambda case: list(case.world.commands),
}


def there_is_a_channel(case: Case) -> int | None:
    """10003."""
    return 10003 if case.place is None else None


def sees(case: Case) -> int | None:
    """Nobody learns more of a channel that they may not view than that."""
    return None if case.place is not None and case.may_here(Bit.VIEW_CHANNEL) else 50001


def belongs(case: Case) -> int | None:
    """A guild is nothing to those who are not in it."""
    return None if rule.is_member(case.world, case.ids["guild_id"], case.actor) else 10004


def needs(*bits: Bit) -> Check:
    """All of them, in the channel or else in the guild."""
    return lambda case: None if all(case.may_here(bit) for bit in bits) else 50013


def needs_any(*bits: Bit) -> Check:
    """One of them."""
    return lambda case: None if any(case.may_here(bit) for bit in bits) else 50013


def finds(case: Case) -> int | None:
    """The message must be in that channel."""
    return 10008 if case.place is not None and case.said is None else None


def can_talk(case: Case) -> int | None:
    """Nobody talks in a category."""
    return 50024 if case.place is not None and case.place.kind == 4 else None


IN_CHANNEL: Final = (there_is_a_channel, sees)
TALKING: Final = (*IN_CHANNEL, can_talk)
