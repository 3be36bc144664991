"""Who is seen in which guild. Pure.

A guild keeps who came as eight bytes each, where a set takes ten times that. Those who left are taken out now and then,
and a count is kept beside.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Final

from derailed.presence.sessions import User

_STALE_AT_LEAST: Final = 8
"""Users who left and are not taken out of a guild's list, in the smallest ones."""
_AT_ONCE: Final = 500
"""Users of a list that are looked at in one go: half a millisecond."""


_NOBODY: Final[set[int]] = set()
"""For all that are not being swept, which are nearly all: nobody is ever added to it."""


class _Guild:
    """One that somebody is seen in."""

    __slots__ = ("count", "id", "kept", "unswept", "users")

    def __init__(self, guild_id: int) -> None:
        self.id = guild_id
        self.count = 0
        """How many are seen."""
        self.users = array("Q")
        """Who came."""
        self.unswept = 0
        """How many at the front of the list are yet to be looked at in this sweep, which moves those who stay back."""
        self.kept = _NOBODY
        """Who stays, in this sweep."""

    @property
    def is_stale(self) -> bool:
        """Whether too many in the list are not there."""
        return len(self.users) > 3 * self.count + _STALE_AT_LEAST


class Seen:
    """All guilds that anybody is seen in."""

    def __init__(self, users: Mapping[int, User]) -> None:
        """`users` know where they are seen: they are asked when a guild takes out those who left."""
        self._users = users
        self._guilds: dict[int, _Guild] = {}
        self._leaving: Counter[int] = Counter()
        """How many of those a guild counts have left."""
        self._sweeping: dict[int, None] = {}
        """Guilds whose lists are being gone through."""

    @property
    def idle(self) -> bool:
        """Whether there is nothing to `take_out`."""
        return not (self._leaving or self._sweeping)

    def count(self, guild_id: int) -> int:
        """How many are seen in it."""
        guild = self._guilds.get(guild_id)
        return 0 if guild is None else guild.count - self._leaving.get(guild_id, 0)

    def users(self, guild_id: int) -> Sequence[int]:
        """Everyone who is seen in it, perhaps more than once, and some who have left."""
        guild = self._guilds.get(guild_id)
        return () if guild is None else guild.users

    def same(self, guild_ids: Iterable[int]) -> tuple[int, ...]:
        """These ids, each once, as the objects that other sessions hold already: otherwise most of the memory."""
        find = self._guilds.get
        return tuple([each if (guild := find(each)) is None else guild.id for each in dict.fromkeys(guild_ids)])

    def enter(self, user_id: int, guild_ids: Iterable[int]) -> None:
        """A user is seen there now."""
        guilds = self._guilds
        for guild_id in guild_ids:
            guild = guilds.get(guild_id)
            if guild is None:
                guild = guilds[guild_id] = _Guild(guild_id)
            guild.count += 1
            guild.users.append(user_id)

    def leave(self, guild_ids: Iterable[int]) -> None:
        """A user is seen there no more, as is known of the user already."""
        for guild_id in guild_ids:
            self._less(self._guilds[guild_id], 1)

    def many_leave(self, all_guild_ids: Iterable[Iterable[int]]) -> None:
        """Many users are: counted at once, and taken out later."""
        self._leaving.update(chain.from_iterable(all_guild_ids))

    def take_out(self, limit: int) -> int:
        """Take those who left out; how many guilds and users were looked at: at most `limit` and a few hundred."""
        looked_at = 0
        while self._leaving and looked_at < limit:
            guild_id, left = self._leaving.popitem()
            looked_at += 1 + self._less(self._guilds[guild_id], left)
        while self._sweeping and looked_at < limit:
            guild_id = next(iter(self._sweeping))
            looked_at += self._sweep(self._guilds[guild_id])
        return looked_at

    def _less(self, guild: _Guild, left: int) -> int:
        """So many users fewer; how many had to be looked at for that."""
        guild.count -= left
        if not guild.count:
            del self._guilds[guild.id]
            self._sweeping.pop(guild.id, None)
        elif not guild.unswept and guild.is_stale:
            guild.unswept = len(guild.users)
            self._sweeping[guild.id] = None
            return self._sweep(guild)
        return 0

    def _sweep(self, guild: _Guild) -> int:
        """Go through some of its list; how many."""
        some = guild.users[: min(_AT_ONCE, guild.unswept)]
        del guild.users[: len(some)]
        guild.unswept -= len(some)
        stay = [each for each in dict.fromkeys(some) if each not in guild.kept and self._sees(guild.id, each)]
        guild.users.extend(stay)
        if guild.unswept:
            guild.kept = guild.kept or set()
            guild.kept.update(stay)
        else:
            guild.kept = _NOBODY
            guild.unswept = len(guild.users) if guild.is_stale else 0
            if not guild.unswept:
                del self._sweeping[guild.id]
        return len(some)

    def _sees(self, guild_id: int, user_id: int) -> bool:
        user = self._users.get(user_id)
        return user is not None and guild_id in user.seen_in
