"""Nodes, their sessions and the users these belong to, as the tracker keeps them. Pure.

There are a million sessions and users, so they are small and garbage collection does not walk over them. What refers
in a circle (a node and its sessions) is taken apart by the tracker when it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from msgspec import Struct

from derailed.presence import Client, Presence, Status
from derailed.presence.merging import Showing


class Census(NamedTuple):
    """How many there are now, and what happened so far: sessions that came back in time, and users who changed."""

    nodes: int
    sessions: int
    users: int
    flaps: int
    changes: int


class Node:
    """One link of a node. A node that lost its link and came again has a new one."""

    __slots__ = ("heard_at_ms", "lost_at_ms", "name", "pending", "sessions", "superseded", "wake", "watched")

    def __init__(self, name: str, wake: Callable[[], None], heard_at_ms: int | None = None) -> None:
        """`wake` is called when there is something to take; `heard_at_ms` is None for one that needs no lease."""
        self.name = name
        self.wake = wake
        self.heard_at_ms = heard_at_ms
        self.lost_at_ms: int | None = None
        self.sessions: dict[bytes, Session] = {}
        self.watched: set[int] = set()
        self.pending: dict[int, Sequence[int]] = {}
        """Of whom it has yet to hear, and in which guilds, among them some that it does not watch."""
        self.superseded: list[bytes] = []

    @property
    def lost(self) -> bool:
        """Whether the link is gone."""
        return self.lost_at_ms is not None


class Session(Struct, gc=False, eq=False):
    """One session, at the node that said last that it has it."""

    id: bytes
    user_id: int
    node: Node
    claim: int
    guild_ids: tuple[int, ...]
    status: Status
    activities: bytes
    client: Client
    reached: int = 0
    detached_until_ms: int | None = None

    @property
    def live(self) -> bool:
        """Whether its node has a socket for it, as far as we know."""
        return self.detached_until_ms is None and self.node.lost_at_ms is None

    @property
    def showing(self) -> Showing:
        """Its part of what its user shows."""
        return Showing(self.status, self.activities, self.client)


class User(Struct, gc=False, eq=False):
    """Somebody with sessions. `presence` is None while others see nothing of them."""

    id: int
    first: Session | None = None
    """Most have only this one: there is no list for it, which would be walked over."""
    others: tuple[Session, ...] = ()
    guild_ids: tuple[int, ...] = ()
    presence: Presence | None = None

    @property
    def sessions(self) -> list[Session]:
        """All of them, in the order in which they came."""
        return [] if self.first is None else [self.first, *self.others]

    @sessions.setter
    def sessions(self, sessions: list[Session]) -> None:
        self.first, self.others = (sessions[0], tuple(sessions[1:])) if sessions else (None, ())

    @property
    def seen_in(self) -> tuple[int, ...]:
        """The guilds in which others see them."""
        return () if self.presence is None else self.guild_ids
