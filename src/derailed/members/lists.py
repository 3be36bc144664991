"""One list of members as people's clients show it: hoisted roles, online, offline, each by name; and who follows it.

Rows are counted over all groups, and each group that has members begins with a row of its own. A follower has ranges
of rows. What becomes of those rows it is told in ops, which hold for it one after the other: INSERT and DELETE shift
what is below them; a row that comes into a range over its edge is told with SYNC.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from derailed.members.ranked import Ranked
from derailed.model import permissions
from derailed.model.guild import Channel, Guild

RANGES_MAX: Final = 5
"""Ranges of one follower: people's clients show one or two, and keep the first."""
RANGE_ROWS: Final = 100
OPS_MAX: Final = 100
"""Ops that wait for one set of ranges; beyond them telling the ranges anew is shorter."""

Follower = Hashable
Range = tuple[int, int]
Told = tuple[Sequence[Follower], bytes]
"""Who is told what: ops, joined."""


class Place(NamedTuple):
    """Where a member stands: in which group, and under which key in it."""

    group: int
    key: bytes


class Sight(NamedTuple):
    """All that a list depends on beside its members: while it stays the same the list stays as it is."""

    id: str
    owner_id: int
    overwrites: tuple[tuple[int, int, bool], ...]
    roles: tuple[tuple[int, int, int], ...]


def sight(guild: Guild, channel: Channel) -> Sight:
    """Who may view the channel, and in which groups they stand. `id` is "everyone", or a digest of the overwrites."""
    view = permissions.VIEW_CHANNEL
    overwrites = tuple(
        sorted(
            (each.id, each.type, bool(each.allow & view))
            for each in channel.overwrites
            if (each.allow | each.deny) & view and (each.type == 1 or each.id in guild.roles)
        )
    )
    allowed = {each_id for each_id, _, allows in overwrites if allows}
    public = guild.roles[guild.id].permissions & (view | permissions.ADMINISTRATOR) or guild.id in allowed
    everyone = bool(public) and len(allowed) == len(overwrites)
    relevant = view | permissions.ADMINISTRATOR
    roles = tuple(
        (role.id, role.position if role.hoist else -1, 0 if everyone else role.permissions & relevant)
        for role in guild.roles.values()
        if role.hoist or (not everyone and role.permissions & relevant)
    )
    owner = 0 if everyone else guild.owner_id
    return Sight("everyone" if everyone else _digest(overwrites), owner, () if everyone else overwrites, roles)


def _digest(overwrites: Sequence[tuple[int, int, bool]]) -> str:
    named = ",".join(f"{'allow' if allows else 'deny'}:{each_id}" for each_id, _, allows in overwrites)
    return str(int.from_bytes(hashlib.blake2b(named.encode(), digest_size=6).digest()))


def trimmed(ranges: Sequence[Sequence[int]]) -> tuple[Range, ...]:
    """The ranges that we show of those asked for: in order, apart, of bounded number and length."""
    kept: list[Range] = []
    for first, last in sorted((each[0], each[1]) for each in ranges[:RANGES_MAX]):
        start = max(first, kept[-1][1] + 1 if kept else 0)
        end = min(last, start + RANGE_ROWS - 1)
        if start <= end:
            kept.append((start, end))
    return tuple(kept)


class Window:
    """Those who follow the same ranges, and what they have not been told yet."""

    __slots__ = ("ends", "followers", "fresh", "last", "ops", "ranges", "starts", "void")

    def __init__(self, ranges: tuple[Range, ...]) -> None:
        self.ranges = ranges
        firsts, lasts = {first for first, _ in ranges}, {last for _, last in ranges}
        self.starts = [first for first, _ in ranges if first - 1 not in lasts]
        self.ends = [last for _, last in ranges if last + 1 not in firsts]
        self.last = ranges[-1][1] if ranges else -1
        self.followers: dict[Follower, None] = {}
        self.fresh: dict[Follower, tuple[Range, ...]] = {}
        """Those of them who have not been told the rows as they are, each with ranges that they had and lose."""
        self.ops: list[bytes] = []
        self.void = False
        """The ops are too many: the ranges are told anew."""

    def holds(self, row: int) -> bool:
        """Whether it is in one of the ranges."""
        return any(first <= row <= last for first, last in self.ranges)


class MemberList:
    """The list of one `Sight`. `item` makes a member's row as JSON from its key."""

    def __init__(self, guild: Guild, channel: Channel, seen: Sight, item: Callable[[bytes], bytes]) -> None:
        self.id = seen.id
        self.complete = False
        """Every member has been placed; until then nobody is told of it."""
        self.windows: dict[tuple[Range, ...], Window] = {}
        self._reach = -1
        """The last row that anybody follows."""
        self._guild, self._channel, self._item = guild, channel, item
        hoisted = [role for role in guild.roles.values() if role.hoist and role.id != guild.id]
        hoisted.sort(key=lambda role: (-role.position, role.id))
        self._hoisted = {role.id: number for number, role in enumerate(hoisted)}
        self._names = [*(str(role.id) for role in hoisted), "online", "offline"]
        self._ranked = [Ranked() for _ in self._names]
        self._rows = [0] * len(self._names)
        """Of each group, its own row included; 0 for one without members."""
        personal = {each.id for each in channel.overwrites if each.type == 1}
        self._personal = personal | {guild.owner_id}
        self._alike: dict[tuple[int, tuple[int, ...]], int | None] = {}
        self._counts: tuple[object, ...] | None = None

    # --- who stands where

    def place(self, user_id: int, roles: tuple[int, ...], key: bytes, *, online: bool) -> Place | None:
        """Where a member with these roles stands; None when it may not view the channel."""
        alone = user_id if user_id in self._personal else 0
        group = self._alike.get((alone, roles), -1)
        if group == -1:
            group = self._alike[alone, roles] = self._group(user_id, roles)
        if group is None:
            return None
        return Place(group if online else len(self._names) - 1, key)

    def _group(self, user_id: int, roles: tuple[int, ...]) -> int | None:
        """The group of those with these roles when they are online."""
        bits = permissions.in_channel(self._guild, user_id, roles, self._channel)
        if not bits & permissions.VIEW_CHANNEL:
            return None
        hoisted = [self._hoisted[role_id] for role_id in roles if role_id in self._hoisted]
        return min(hoisted, default=len(self._names) - 2)

    # --- changes

    def move(self, before: Place | None, after: Place | None, *, changed: bool) -> None:
        """A member stood there, as far as the list knows, and stands here now; its row may have changed too."""
        if before is not None and before == after:
            rank = self._ranked[before.group].rank(before.key)
            if changed:
                self._update(self._first(before.group) + rank, before.key)
            return
        if before is not None:
            self._take(before)
        if after is not None:
            self.put(after)

    def put(self, place: Place) -> None:
        """A member stands here from now on, unless it does already."""
        group, key = place
        rank = self._ranked[group].add(key)
        if rank is None:
            return
        if not self._rows[group]:
            self._rows[group] = 1
            self._inserted(self._first(group) - 1)
        self._rows[group] += 1
        self._inserted(self._first(group) + rank)

    def _take(self, place: Place) -> None:
        group, key = place
        rank = self._ranked[group].remove(key)
        if rank is None:
            return
        self._rows[group] -= 1
        self._deleted(self._first(group) + rank)
        if self._rows[group] == 1:
            self._rows[group] = 0
            self._deleted(self._first(group) - 1)

    def _first(self, group: int) -> int:
        """The row of the group's first member."""
        return sum(self._rows[:group]) + 1

    def _inserted(self, row: int) -> None:
        for window in self._shown(row):
            window.ops.append(b'{"op":"INSERT","index":%d,"item":%b}' % (row, self._row(row)))
            window.ops += [self._sync(first, first) for first in window.starts if row < first < self.total]
            _bound(window)

    def _deleted(self, row: int) -> None:
        for window in self._shown(row):
            window.ops.append(b'{"op":"DELETE","index":%d}' % row)
            window.ops += [self._sync(last, last) for last in window.ends if row <= last < self.total]
            _bound(window)

    def _shown(self, row: int) -> Sequence[Window]:
        """The windows that a change in this row moves, and that are to be told so."""
        if not self.complete or row > self._reach:
            return ()
        return [window for window in self.windows.values() if row <= window.last and not window.void]

    def _update(self, row: int, key: bytes) -> None:
        for window in self._shown(row):
            if window.holds(row):
                window.ops.append(b'{"op":"UPDATE","index":%d,"item":%b}' % (row, self._item(key)))
                _bound(window)

    # --- rows

    @property
    def total(self) -> int:
        """Rows of all groups."""
        return sum(self._rows)

    def groups(self) -> list[tuple[str, int]]:
        """Those that have members, in order, with how many."""
        return [(name, rows - 1) for name, rows in zip(self._names, self._rows, strict=True) if rows]

    def rows(self, first: int, last: int) -> Iterator[bytes]:
        """These rows, as far as there are so many."""
        return (self._row(row) for row in range(first, min(last + 1, self.total)))

    def _row(self, row: int) -> bytes:
        for group, end in enumerate(accumulate(self._rows)):
            if row < end:
                place = row - (end - self._rows[group]) - 1
                if place >= 0:
                    return self._item(self._ranked[group].at(place))
                return b'{"group":{"id":"%b","count":%d}}' % (self._names[group].encode(), self._ranked[group].count)
        raise IndexError(row)

    def _sync(self, first: int, last: int) -> bytes:
        return b'{"op":"SYNC","range":[%d,%d],"items":[%b]}' % (first, last, b",".join(self.rows(first, last)))

    # --- followers

    def follow(self, follower: Follower, ranges: tuple[Range, ...], had: tuple[Range, ...]) -> None:
        """It follows these ranges from now on, and loses those of `had` that are not among them."""
        window = self.windows.get(ranges)
        if window is None:
            window = self.windows[ranges] = Window(ranges)
            self._reach = max(self._reach, window.last)
        window.followers[follower] = None
        window.fresh[follower] = tuple(each for each in had if each not in ranges)

    def leave(self, follower: Follower, ranges: tuple[Range, ...]) -> None:
        """It follows these ranges no more."""
        window = self.windows[ranges]
        window.followers.pop(follower)
        window.fresh.pop(follower, None)
        if not window.followers:
            del self.windows[ranges]
            self._reach = max((each.last for each in self.windows.values()), default=-1)

    def tell(self, online: int, count: int) -> list[Told]:
        """What followers have not been told since the last time; the ops are forgotten."""
        if not self.complete:
            return []
        counts = (online, count, *self._rows)
        recounted = counts != self._counts
        self._counts = counts
        return [told for window in self.windows.values() for told in self._tell(window, recounted)]

    def _tell(self, window: Window, recounted: bool) -> Iterator[Told]:
        known = [each for each in window.followers if each not in window.fresh]
        if known and window.void:
            yield known, self._anew(window, ())
        elif known and (window.ops or recounted):
            yield known, b",".join(window.ops)
        by_lost: dict[tuple[Range, ...], list[Follower]] = {}
        for follower, lost in window.fresh.items():
            by_lost.setdefault(lost, []).append(follower)
        for lost, followers in by_lost.items():
            yield followers, self._anew(window, lost)
        window.fresh.clear()
        window.ops.clear()
        window.void = False

    def _anew(self, window: Window, lost: tuple[Range, ...]) -> bytes:
        ops = [b'{"op":"INVALIDATE","range":[%d,%d]}' % each for each in lost]
        return b",".join(ops + [self._sync(*each) for each in window.ranges])


def _bound(window: Window) -> None:
    if len(window.ops) > OPS_MAX:
        window.ops.clear()
        window.void = True
