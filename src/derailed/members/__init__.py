"""Members: everyone who belongs to a guild in use, kept in memory so that the store is not asked.

A guild is *in use* from the first node's interest until a while after the last one's. It is loaded from the store once,
and kept fresh by the guild's topic on the bus and by presence. It answers who is in it (all, by prefix, by id), and
shows the member list that people see: ranges of it, with changes as they happen.

Of a large guild (over 75,000 members by default) the offline ones are not kept: its list has no offline group, only
the count, and searches that need them read through to the store.

`local` is the service in this process, `remote` a connection to one or more services over gRPC; `roster` is one guild,
and is pure. `tests/contracts/test_members.py` holds both to this.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct

LARGE = 75_000
"""Members from which on a guild's offline ones are not kept."""
CHUNK = 1000
"""Members in one answer."""


class Query(Struct, frozen=True):
    """Which members: those whose username or nick begins with `prefix` ("" is all), or, when it is None, these ids."""

    prefix: str | None
    user_ids: tuple[int, ...] = ()
    limit: int = 0
    """0: all."""
    presences: bool = False


class Chunk(Struct, frozen=True):
    """A part of an answer, ready to be spliced. `members` and `presences` are JSON arrays."""

    members: bytes
    presences: bytes = b"[]"
    not_found: tuple[int, ...] = ()
    index: int = 0
    count: int = 1


class ListUpdate(NamedTuple):
    """What becomes of a list that a session follows: the `d` of GUILD_MEMBER_LIST_UPDATE as JSON."""

    subscription: int
    data: bytes


class ListLost(NamedTuple):
    """The list is not followed any more, because the service restarted or moved, or was not read: ask for it again."""

    subscription: int


class MemberChanged(NamedTuple):
    """In a guild that this node watches: how a member is now, as JSON; None is one who is not a member any more."""

    guild_id: int
    user_id: int
    member: bytes | None


Signal = ListUpdate | ListLost | MemberChanged


class Down(Exception):
    """The service can not be reached now. Members can be read from the store instead; lists wait."""


class Link(Protocol):
    """One node's end."""

    def interest(self, guild_id: int) -> None:
        """Sessions of this node serve the guild: it is in use."""
        ...

    def release(self, guild_id: int) -> None:
        """None does any more."""
        ...

    def find(self, guild_id: int, query: Query) -> AsyncIterator[Chunk]:
        """The members asked for, in chunks of at most `CHUNK`; at least one chunk.

        Raises Down, which may also be after some of the chunks.
        They are as of now or later: whatever was told of the guild before is in the answer.
        """
        ...

    def follow(self, subscription: int, guild_id: int, channel_id: int, ranges: Sequence[tuple[int, int]]) -> None:
        """Show these ranges of the list of those who may view the channel, from now on.

        `subscription` is a number of the node's choosing; following again with it changes the ranges. The first
        update has op SYNC for each range; later ones INSERT, UPDATE and DELETE with indices.
        """
        ...

    def leave(self, subscription: int) -> None:
        """Follow it no more."""
        ...

    def watch(self, guild_id: int) -> None:
        """Hear of each change to the guild's members from now on, as long as there is interest in it."""
        ...

    async def read(self) -> Sequence[Signal]:
        """Wait for, and return, the next signals. Nothing when it is closed."""
        ...

    async def close(self) -> None:
        """Release everything."""
        ...


class Members(Protocol):
    """The service, as everyone in this process uses it."""

    @property
    def is_up(self) -> bool:
        """Whether questions can be answered now, as far as is known. Asks nobody."""
        ...

    def link(self, node: str) -> Link:
        """This node's link, which keeps itself up."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...
