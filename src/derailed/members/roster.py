"""One guild's members, in memory: kept fresh by records and presences, found by name, shown in lists. Pure.

Long work (filling a list, taking a deleted role from all who held it) is left to `work`, a few members at a time, so
that who runs the roster can let others have their turn.

Of a large guild only who is online is kept; whom it misses is in `wanted`, to be read from the store and `put`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import replace

from derailed.members.lists import Follower, MemberList, Place, Range, Sight, Told, sight
from derailed.members.packing import pack, unpack
from derailed.members.ranked import Ranked
from derailed.model.guild import Guild
from derailed.presence import Presence
from derailed.wire import reshaping
from derailed.wire.records import Record
from derailed.wire.shapes import MemberShape

_decode: Final = msgspec.json.Decoder(MemberShape).decode
OF_MEMBERS: Final = frozenset(("GUILD_MEMBER_ADD", "GUILD_MEMBER_UPDATE", "GUILD_MEMBER_REMOVE"))
_OF_ROLES: Final = frozenset(("GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE", "GUILD_ROLE_DELETE"))
_OF_SHAPE: Final = _OF_ROLES | {"GUILD_UPDATE", "CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE"}
OF_INTEREST: Final = OF_MEMBERS | _OF_SHAPE | {"GUILD_DELETE"}
"""Records that a roster is changed by; of the others it needs the rev alone."""


class Entry(Struct, gc=False):
    """What is kept of a member. Names are folded, with the id behind them: see `_key`."""

    packed: bytes
    name: bytes
    """The name it is shown by: nick, global name or username."""
    username: bytes
    roles: tuple[int, ...]


class _Seat(Struct, gc=False):
    """What one follower follows. `shown` is None while there is no such channel."""

    channel_id: int
    ranges: tuple[Range, ...]
    shown: MemberList | None


class Roster:
    """The members of one guild as of `rev` of its topic."""

    def __init__(self, guild: Guild, rev: int, member_count: int, *, large: bool) -> None:
        self.guild = guild
        self.rev = rev
        self.member_count = member_count
        self.large = large
        self.ended = False
        self.entries: dict[int, Entry] = {}
        self.presences: dict[int, Presence] = {}
        """Who is not offline; some may not be members, or not yet."""
        self.online = 0
        self.wanted: set[int] = set()
        """Who is online in a large guild and not kept."""
        self._names = Ranked()
        self._role_sets: dict[tuple[int, ...], tuple[int, ...]] = {}
        self._deleted_roles: set[int] = set()
        self._lists: dict[Sight, MemberList] = {}
        self._seats: dict[Follower, _Seat] = {}
        self._chores: deque[Iterator[None]] = deque()

    # --- what happens

    def apply(self, record: Record) -> None:
        """Move on by a record of interest. Those of one member or of one role come in their order."""
        if record.event in OF_MEMBERS:
            if record.event == "GUILD_MEMBER_REMOVE":
                self.member_count -= 1
                self.remove(record.target)
                return
            self.member_count += record.event == "GUILD_MEMBER_ADD"
            if not self.large or record.target in self.presences:
                self.put(_decode(record.data))
        elif record.event in _OF_SHAPE:
            self._reshape(reshaping.apply(self.guild, record))
            if record.event == "GUILD_ROLE_DELETE":
                self._deleted_roles.add(record.id)
                self._chores.append(self._strip(record.id))
        elif record.event == "GUILD_DELETE":
            self.ended = True

    def put(self, member: MemberShape) -> None:
        """This is how the member is now."""
        user = member.user
        assert user is not UNSET
        user_id = int(user.id)
        if self._deleted_roles.intersection(map(int, member.roles)):
            kept = [role_id for role_id in member.roles if int(role_id) not in self._deleted_roles]
            member = replace(member, roles=kept)
        self.wanted.discard(user_id)
        held = tuple(map(int, member.roles))
        name = _key(member.nick or user.global_name or user.username, user_id)
        username = _key(user.username, user_id)
        after = Entry(
            packed=pack(member),
            name=name,
            username=name if name == username else username,
            roles=self._role_sets.setdefault(held, held),
        )
        before = self.entries.get(user_id)
        if before is not None:
            self._forget_names(before)
        self._names.add(after.username)
        if member.nick is not None:
            self._names.add(after.name)
        self.entries[user_id] = after
        online = user_id in self.presences
        self._moved(user_id, (before, online), (after, online))

    def remove(self, user_id: int) -> None:
        """It is not a member any more. What is known of its presence stays, should it come back at once."""
        self.wanted.discard(user_id)
        before = self.entries.pop(user_id, None)
        if before is not None:
            self._forget_names(before)
            self._moved(user_id, (before, user_id in self.presences), (None, False))

    def show(self, presence: Presence) -> None:
        """A user's presence is this now."""
        user_id = presence.user_id
        before = user_id in self.presences
        after = presence.status != "offline"
        if after:
            self.presences[user_id] = presence
        elif before:
            del self.presences[user_id]
        entry = self.entries.get(user_id)
        if entry is None:
            (self.wanted.add if after and self.large else self.wanted.discard)(user_id)
        else:
            self._moved(user_id, (entry, before), (entry, after))
            if self.large and not after:
                self._forget_names(self.entries.pop(user_id))

    def show_all(self, presences: Iterable[Presence]) -> None:
        """These are all who are not offline."""
        shown = {presence.user_id: presence for presence in presences}
        for user_id in [each for each in self.presences if each not in shown]:
            self.show(Presence(user_id, "offline"))
        for presence in shown.values():
            self.show(presence)

    def _forget_names(self, entry: Entry) -> None:
        self._names.remove(entry.username)
        self._names.remove(entry.name)

    def _moved(self, user_id: int, before: tuple[Entry | None, bool], after: tuple[Entry | None, bool]) -> None:
        self.online += int(after[0] is not None and after[1]) - int(before[0] is not None and before[1])
        for shown in self._lists.values():
            shown.move(self._place(shown, user_id, *before), self._place(shown, user_id, *after), changed=True)

    def _place(self, shown: MemberList, user_id: int, entry: Entry | None, online: bool) -> Place | None:
        if entry is None or (self.large and not online):
            return None
        return shown.place(user_id, entry.roles, entry.name, online=online)

    # --- long work

    def work(self, steps: int) -> bool:
        """Take so many steps of what is to be done for all members; whether more are left."""
        while self._chores and steps:
            taken = sum(1 for _ in islice(self._chores[0], steps))
            if taken < steps:
                self._chores.popleft()
            steps -= taken
        return bool(self._chores)

    def _fill(self, shown: MemberList) -> Iterator[None]:
        for user_id in list(self.entries):
            if not shown.windows:
                return
            place = self._place(shown, user_id, self.entries.get(user_id), user_id in self.presences)
            if place is not None:
                shown.put(place)
            yield
        shown.complete = True

    def _strip(self, role_id: int) -> Iterator[None]:
        for user_id in list(self.entries):
            entry = self.entries.get(user_id)
            if entry is not None and role_id in entry.roles:
                self.put(_decode(unpack(entry.packed)))
            yield

    # --- finding

    def named(self, prefix: str, after: bytes, limit: int) -> list[bytes]:
        """The next `limit` keys, above `after`, of usernames and nicks that begin with `prefix`, whatever its case."""
        start = prefix.casefold().encode()
        keys = self._names.since(max(start, after + b"\0" if after else b""))
        found = []
        for key in islice(keys, limit):
            if not key.startswith(start):
                break
            found.append(key)
        return found

    def members_json(self, user_ids: Iterable[int]) -> bytes:
        """Those of these that are kept, as a JSON array."""
        kept = [entry.packed for user_id in user_ids if (entry := self.entries.get(user_id)) is not None]
        return b"[%b]" % unpack(b",".join(kept))

    def presences_json(self, user_ids: Iterable[int]) -> bytes:
        """The presences of those of these that are not offline, as a JSON array."""
        shown = [self.presences[user_id] for user_id in user_ids if user_id in self.presences]
        return b"[%b]" % b",".join(presence.json() for presence in shown)

    # --- lists

    def follow(self, follower: Follower, channel_id: int, ranges: tuple[Range, ...]) -> None:
        """Show these ranges of the list of those who may view the channel, and nothing else, to this follower."""
        shown = self._list(channel_id) if channel_id in self.guild.channels else None
        seat = self._seats.pop(follower, None)
        had: tuple[Range, ...] = ()
        if seat is not None and seat.shown is not None:
            seat.shown.leave(follower, seat.ranges)
            had = seat.ranges if seat.shown is shown else ()
        if shown is not None:
            shown.follow(follower, ranges, had)
        self._seats[follower] = _Seat(channel_id, ranges, shown)
        self._drop_unfollowed()

    def leave(self, follower: Follower) -> None:
        """It follows nothing any more."""
        seat = self._seats.pop(follower, None)
        if seat is not None and seat.shown is not None:
            seat.shown.leave(follower, seat.ranges)
            self._drop_unfollowed()

    def seats(self) -> list[tuple[Follower, int, tuple[Range, ...]]]:
        """What each of them follows: channel and ranges."""
        return [(follower, seat.channel_id, seat.ranges) for follower, seat in self._seats.items()]

    def tell(self) -> list[Told]:
        """The `d` of GUILD_MEMBER_LIST_UPDATE for each group of followers that has not been told of everything."""
        out: list[Told] = []
        for shown in self._lists.values():
            told = shown.tell(self.online, self.member_count)
            if told:
                head = self._head(shown)
                out += [(followers, b"%b%b]}" % (head, ops)) for followers, ops in told]
        return out

    def _head(self, shown: MemberList) -> bytes:
        groups = b",".join(b'{"id":"%b","count":%d}' % (name.encode(), count) for name, count in shown.groups())
        return b'{"id":"%b","guild_id":"%d","member_count":%d,"online_count":%d,"groups":[%b],"ops":[' % (
            shown.id.encode(),
            self.guild.id,
            self.member_count,
            self.online,
            groups,
        )

    def _list(self, channel_id: int) -> MemberList:
        channel = self.guild.channels[channel_id]
        seen = sight(self.guild, channel)
        shown = self._lists.get(seen)
        if shown is None:
            shown = self._lists[seen] = MemberList(self.guild, channel, seen, self._item)
            self._chores.append(self._fill(shown))
        return shown

    def _drop_unfollowed(self) -> None:
        for seen in [seen for seen, shown in self._lists.items() if not shown.windows]:
            del self._lists[seen]

    def _reshape(self, guild: Guild) -> None:
        self.guild = guild
        now: dict[int, MemberList | None] = {}
        for follower, seat in self._seats.items():
            channel_id = seat.channel_id
            if channel_id not in now:
                now[channel_id] = self._list(channel_id) if channel_id in guild.channels else None
            after = now[channel_id]
            if after is not seat.shown:
                if seat.shown is not None:
                    seat.shown.leave(follower, seat.ranges)
                if after is not None:
                    after.follow(follower, seat.ranges, ())
                seat.shown = after
        self._drop_unfollowed()

    def _item(self, key: bytes) -> bytes:
        user_id = int.from_bytes(key[-8:])
        presence = self.presences.get(user_id) or Presence(user_id, "offline")
        member = unpack(self.entries[user_id].packed)
        return b'{"member":%b,"presence":%b}}' % (member[:-1], presence.json())


def _key(name: str, user_id: int) -> bytes:
    """Sorts by name, whatever its case, and then by id. No name holds U+0000."""
    return name.casefold().encode() + b"\0" + user_id.to_bytes(8)
