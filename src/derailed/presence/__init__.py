"""Presence: who is here. The Presence Service tracks sessions; nodes announce theirs and hear of everyone they serve.

A *node* (one running WebSocket Service) holds one `Link`. Over it it says which sessions it has and what becomes of
them, and which guilds it wants to hear about; it reads what changes. One lease stands for all of a node's sessions.

`local` is the service in this process, `remote` a link to one or more services over gRPC; `tracker` decides, and is
pure. `tests/contracts/test_presence.py` holds both to this.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

from msgspec import Struct

Status = Literal["online", "idle", "dnd", "invisible"]
Client = Literal["desktop", "mobile", "web"]


class Presence(Struct, frozen=True, gc=False):
    """A user as others see them: never `invisible`, which is `offline` to everyone else."""

    user_id: int
    status: Literal["online", "idle", "dnd", "offline"]
    activities: bytes = b"[]"
    """JSON, rebuilt from what clients sent: it can be spliced into an event."""
    client_status: bytes = b"{}"
    """JSON: `{"desktop": "online"}`, live clients only."""

    def json(self, guild_id: int = 0) -> bytes:
        """The presence as it is sent; in an event of its own with the guild that it is told in."""
        return b'{"user":{"id":"%d"},%b"status":"%b","activities":%b,"client_status":%b}' % (
            self.user_id,
            b'"guild_id":"%d",' % guild_id if guild_id else b"",
            self.status.encode(),
            self.activities,
            self.client_status,
        )


class Announced(Struct, frozen=True, gc=False):
    """One session as its node announces it."""

    session_id: bytes
    """The nonce of the signed session id: the same on whichever node it is resumed."""
    user_id: int
    claim: int
    """When this socket took the session, Unix milliseconds; of equal ones the one that is announced later wins."""
    guild_ids: tuple[int, ...]
    status: Status = "online"
    activities: bytes = b"[]"
    client: Client = "desktop"
    resumed: bool = False
    """Resumed here: if its status and activities are still known, they stay as they were."""
    reached: int = 0
    """How far the node had read the log then. It goes before the claim: clocks of nodes differ."""


class Changed(NamedTuple):
    """A user's presence in these guilds, all watched by this node, is now this."""

    presence: Presence
    guild_ids: tuple[int, ...]


class Superseded(NamedTuple):
    """Another node has taken this session: hang up on the socket here. Nothing to do if there is none any more."""

    session_id: bytes


class Lost(Struct, frozen=True):
    """Nothing is known of presences for now: what is shown stays as it is. They are told again when it is over."""


class Found(Struct, frozen=True):
    """Presences are known again. Of every guild watched, `Changed` before this told what had changed meanwhile."""


Signal = Changed | Superseded | Lost | Found


class Recent(NamedTuple):
    """Whose presence may have changed since a session last heard of it. What it is now, `Link.here` knows."""

    users: Mapping[int, Sequence[int]]
    """Of each guild asked about. Who is not there now is offline."""
    whole: bool
    """Whether that is everyone. If not, anyone who is there may be new to the session, and others may have gone."""


class Down(Exception):
    """The service can not be reached now. Whoever asked does without: presences are empty, counts are 0."""


class Link(Protocol):
    """One node's end. What does not say `async` never waits; what is announced is sent when it can be.

    What is said of a session that this node has not announced, or that expired or was taken by another node since,
    does nothing.
    """

    def up(self, session: Announced) -> None:
        """A session is here: a new one, or one that was resumed here.

        If this node had it already, its new socket has taken it from its old one, of which nothing is read.
        """
        ...

    def change(self, session_id: bytes, status: Status, activities: bytes) -> None:
        """Its person or bot shows something else now."""
        ...

    def shows(self, session_id: bytes) -> tuple[Status, bytes] | None:
        """The status and activities of a session here: of one that was resumed, those of before, once they are known.

        None as long as they are not.
        """
        ...

    def belongs(self, session_id: bytes, guild_ids: tuple[int, ...]) -> None:
        """Its user is in these guilds now."""
        ...

    def detached(self, session_id: bytes) -> None:
        """Its socket was lost; it may be resumed, here or elsewhere."""
        ...

    def gone(self, session_id: bytes) -> None:
        """It was closed for good."""
        ...

    async def watch(self, guild_id: int) -> Sequence[Presence]:
        """Everyone who is not offline in the guild; what changes from then on is read.

        Raises Down: the guild is watched all the same, and who is there will be read once that is known again.
        """
        ...

    def here(self, guild_id: int, user_ids: Iterable[int] | None = None) -> Sequence[Presence]:
        """Those of the users (None: all) who are not offline in a watched guild, as far as is known at this moment.

        Nobody in a guild that is not watched, or of which nothing was told yet. What is yet to be read may be in it.
        """
        ...

    async def recent(self, session_id: bytes, guild_ids: Sequence[int]) -> Recent:
        """What a session that is about to be resumed may have missed. To be asked before it is `up` here.

        That is since it was last certain to have a socket; for one that nothing is known of (any more), since the
        longest that it may have been away. Who changed a little before may be in it too. It is not whole for what
        was before the service started, nor when more has changed than is kept (64 MiB) or fits an answer (50,000).
        Of several services those that are down are left out. At most 10,000 guilds. Raises Down.
        """
        ...

    def unwatch(self, guild_id: int) -> None:
        """Hear no more of this guild; what is on its way may still be read."""
        ...

    async def read(self) -> Sequence[Signal]:
        """Wait for, and return, the next signals. Nothing when it is closed."""
        ...

    async def close(self) -> None:
        """Say that this node ends on purpose: its sessions are detached now. Hear nothing more."""
        ...


class Presences(Protocol):
    """The service, as everyone in this process uses it.

    What it promises:

    - A session that closed for good is offline within 5 s. One whose socket was lost is *detached*: it stays as it
      was for the grace (10 s), so that a resume anywhere is no flap.
    - When a node's link breaks, or its lease (4 s, renewed every second) runs out, all its sessions are detached at
      that moment and expire together, unless it or another node announces them again.
    - After the service starts, nobody goes offline by its word until nodes had the grace to announce again.
    - A user's presence is told at most once in 200 ms, and only to nodes that watch a guild of theirs. Once it is
      quiet, counts are exact.
    - Of two sockets that claim one session, the later claim wins; the node of the earlier one is told.
    - What changed in the last minutes (the resume window and a little more) can be asked for by who was away.
    """

    @property
    def is_up(self) -> bool:
        """Whether questions can be answered now, as far as is known. Asks nobody."""
        ...

    def link(self, node: str) -> Link:
        """This node's link, which keeps itself up. `node` is a name that no other running node has."""
        ...

    async def counts(self, guild_ids: Iterable[int]) -> Mapping[int, int]:
        """How many users of each guild (at most 10,000) are not offline. Raises Down."""
        ...

    async def of_users(self, guild_id: int, user_ids: Sequence[int]) -> Sequence[Presence]:
        """Those of the users that are in the guild and not offline. Raises Down."""
        ...

    async def pulses(self) -> Sequence[bytes]:
        """How the services are that are processes of their own and answer, each as `wire.operator` has it."""
        ...

    async def absent(self, user_ids: Sequence[int]) -> Collection[int]:
        """Those who certainly have no session, not even one that may be resumed: who is invisible is not among them.

        It is nobody while a service that started has yet to be told who is there. Raises Down, also if that is so of
        only one of several services.
        """
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...
