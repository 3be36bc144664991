"""What one session is owed: who it is, its seats, and the records it waits with until it may have them."""

from __future__ import annotations

import enum
from typing import NamedTuple, Protocol

from derailed.gateway import audience
from derailed.gateway.audience import Seat
from derailed.gateway.frames import Frame, FrameKey
from derailed.gateway.session_id import SessionId
from derailed.gateway.view import View
from derailed.presence import Client, Presence
from derailed.wire.gateway import Close
from derailed.wire.presences import ONLINE, Custom, Shown
from derailed.wire.records import Record

BACKLOG_MAX = 20_000
"""Records that a session may wait with. One that is not ready by then starts afresh: the log is the buffer."""


class Encoding(enum.IntEnum):
    """How frames are put on a socket."""

    PLAIN = 0
    ZLIB = 1
    ZSTD = 2


class Sink(Protocol):
    """Where a session's frames go: a socket, or a list in a test."""

    encoding: Encoding
    open: bool
    forsaken: bytes
    """The session that its client was refused, and begins afresh from; empty: none."""

    def write(self, data: bytes) -> None:
        """Hand over wire bytes of this sink's encoding; only while it is open."""
        ...

    def send(self, frame: Frame) -> None:
        """Hand over one frame, encoded as this sink wants it; nothing happens when it is closed."""
        ...

    def live(self) -> None:
        """The session has all it was owed: it is live."""
        ...

    def refuse(self) -> None:
        """Send op 9 `false`: the client starts afresh, on this socket if it likes."""
        ...

    def hang_up(self, code: Close, reason: str) -> None:
        """Close the socket."""
        ...


class Step(NamedTuple):
    """One record on its way to sessions, with the views around it (None: not of a guild, or before its view)."""

    offset: int
    topic: str
    record: Record
    before: View | None
    after: View | None
    barred: frozenset[int] = frozenset()
    """Users from whom a rule withholds it."""
    made: dict[FrameKey, Frame] | None = None
    """Where frames that are made of it are kept for others, if they are."""


class Stage(enum.Enum):
    """PREPARING and HELD sessions wait with what comes; LIVE ones get it; GONE ones are no more."""

    PREPARING = 0
    LIVE = 1
    HELD = 2
    GONE = 3


class Listed(NamedTuple):
    """A list of members that a session follows. `stale`: it changed while the session was not live."""

    guild_id: int
    channel_id: int
    ranges: tuple[tuple[int, int], ...]
    stale: bool = False


class Recipient:
    """One session on this node. Changed by the hub, its feeds and its own arrival only."""

    __slots__ = (
        "backlog", "client", "custom", "friends", "friends_rev", "id", "itself", "lists", "seats", "shown", "sink",
        "stage", "topics", "unseen", "user_floor",
    )  # fmt: skip

    def __init__(self, identity: SessionId, sink: Sink, shown: Shown = ONLINE, client: Client = "web") -> None:
        self.id = identity
        self.sink = sink
        self.shown = shown
        """What its client says that it shows."""
        self.custom: Custom | None = None
        """The custom status of its account, which it shows beside that."""
        self.client = client
        self.stage = Stage.PREPARING
        self.seats: dict[int, Seat] = {}
        self.user_floor = 0
        """The rev of `user:{id}` that READY told of."""
        self.friends: frozenset[int] = frozenset()
        """Of its account, at `friends_rev` of `user:{id}`: they hear of each other's presence."""
        self.friends_rev = 0
        self.topics: list[str] = []
        self.backlog: list[Step] = []
        """What came while it was not live, in order."""
        self.unseen: dict[int, set[int]] = {}
        """Whose presence, in which guild or as friends (under its own id), changed while it was not live."""
        self.itself: Presence | None = None
        """How it was shown itself with its guilds, which it need not be told again."""
        self.lists: dict[int, Listed] = {}
        """The lists of members that it follows, by number, the oldest first."""

    def ended(self) -> bool:
        """Whether nothing is owed to it any more."""
        return self.stage is Stage.GONE

    def converses(self, record: Record) -> bool:
        """Whether it hears a record of its account, if that is of a conversation: only the first shard does."""
        if record.guild or record.event not in audience.DIRECT:
            return True
        return self.serves(0) and audience.hears_directly(record, self.id.intents, bot=self.id.bot)

    def serves(self, guild_id: int) -> bool:
        """Whether the guild belongs to this session's shard."""
        shard = self.id.shard
        return shard is None or (guild_id >> 22) % shard[1] == shard[0]
