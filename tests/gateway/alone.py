"""A link to a member storage for tests in which nobody asks for members: what the delivery of records needs of one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from derailed.members import Chunk, Down, Query, Signal


class Alone:
    """`members.Link` of a node that reaches no member storage."""

    def interest(self, guild_id: int) -> None:
        """Nobody hears it."""

    def release(self, guild_id: int) -> None:
        """Nobody hears it."""

    def find(self, guild_id: int, query: Query) -> AsyncIterator[Chunk]:
        """Down."""
        raise Down

    def follow(self, subscription: int, guild_id: int, channel_id: int, ranges: Sequence[tuple[int, int]]) -> None:
        """Nobody hears it."""

    def leave(self, subscription: int) -> None:
        """Nobody hears it."""

    def watch(self, guild_id: int) -> None:
        """Nobody hears it."""

    async def read(self) -> Sequence[Signal]:
        """Nothing."""
        return ()

    async def close(self) -> None:
        """Nothing is open."""
