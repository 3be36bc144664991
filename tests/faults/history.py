"""What happened, as those outside saw it: what was asked for, what was heard, and when. One monotonic clock for all.

Nothing of it comes from the server's own books, so it can be held against the server.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from msgspec import Struct, field

NEVER: Final = math.inf


class Heard(NamedTuple):
    """One dispatch that a client was sent. `of` and `what` say what it is about, by `event`:

    MESSAGE_CREATE: the channel, the number of its post, and the message's `id`. WELCOME, said by the server: the same.
    What was done to a message: the channel, the `what` of its touch, and the message's `id`.
    READY: how many guilds are in it.
    CHANNEL_CREATE, CHANNEL_UPDATE, CHANNEL_DELETE, and SHOWN for a channel in READY or a GUILD_CREATE: the channel.
    PRESENCE_UPDATE, and HERE for one presence in a GUILD_CREATE: the user, and the status. The others: neither.
    """

    at: float
    s: int
    event: str
    of: int = 0
    what: int | str = ""
    id: int = 0


class Span(Struct):
    """One socket's time with a session: from READY or RESUMED until it was lost, or closed cleanly."""

    began: float
    node: int
    ended: float = NEVER
    clean: bool = False


class Life(Struct):
    """One session: from READY over its resumes until the client began afresh, was done with it, or the run ended."""

    user: int
    bot: bool
    session: str
    spans: list[Span] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    refused_at: float = NEVER
    """When op 9 came."""

    @property
    def began(self) -> float:
        """When READY came."""
        return self.spans[0].began

    @property
    def lasts(self) -> bool:
        """Whether it went on to the end of the run."""
        return self.spans[-1].ended == NEVER and self.refused_at == NEVER


class Post(Struct):
    """One message, tried until it was acknowledged or the run ended."""

    number: int
    author: int
    channel: int
    began: float
    acked: float = NEVER
    id: int = 0
    """The message, once acknowledged."""


class Touch(Struct):
    """What was done to one message: tried until it was acknowledged or the run ended, after what was done before it."""

    event: str
    """What tells of it."""
    channel: int
    message: int
    what: str
    """With event and message it is found again: the number of an edit, who reacted and how; nothing of a deletion."""
    began: float
    acked: float = NEVER
    tries: int = 0


class Deed(Struct):
    """A change of who may see what, done to one user: which channels are seen from then on."""

    user: int
    sees: frozenset[int]
    began: float
    acked: float = NEVER


class Overwritten(Struct):
    """An overwrite of a guild's channel was changed: sessions that miss it are not resumed."""

    channel: int
    began: float
    acked: float = NEVER
    tries: int = 0
    """It is told each time, also if nothing is changed by it."""
    veiled: bool | None = None
    """From then on it is hidden, or shown again, to all but those who see `unless`. None: one member is meant."""
    unless: int = 0


class Shown(NamedTuple):
    """A status that a client said it shows (op 3)."""

    at: float
    user: int
    status: str


class Fault(Struct):
    """What was broken, from when until everything was there again."""

    name: str
    began: float
    ended: float = NEVER
    forgets: bool = False
    """The bus lost its past: every session has to start afresh."""
    blinds: bool = False
    """The Presence Service, or a node's way to it, was not there: what it promises counts from when it is again."""


class Kept(NamedTuple):
    """A message as it is: the number of its post or last edit, and how many reacted, by emoji."""

    id: int
    number: int
    reactions: dict[str, int]


class History(Struct):
    """All of it. `sees` is what each user saw at the beginning."""

    sees: dict[int, frozenset[int]]
    lives: list[Life] = field(default_factory=list)
    posts: dict[int, Post] = field(default_factory=dict)
    touches: list[Touch] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    overwritten: list[Overwritten] = field(default_factory=list)
    conversations: frozenset[int] = frozenset()
    """The channels that are in no guild."""
    shown: list[Shown] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    ended: float = NEVER
    """All was quiet, and the clients were still connected."""
    counted: int = -1
    """How many the server said are here, when all was quiet."""
    pages: dict[int, list[Kept]] = field(default_factory=dict)
    """What the server said is in each channel, the newest first, when all was quiet."""
    listed: dict[int, frozenset[int]] = field(default_factory=dict)
    """Which channels it said that some users see, likewise."""
    stuck: list[int] = field(default_factory=list)
    """Users who wanted a session at the end and had none."""
    oddities: list[str] = field(default_factory=list)
    """What no server should ever send."""

    def sees_at_the_end(self, user: int) -> frozenset[int]:
        """The channels that the user sees when all is done; none: the user has left."""
        sees = self.sees[user]
        for deed in self.deeds:
            if deed.user == user:
                sees = deed.sees
        veiled = {each.channel: each for each in self.overwritten if each.veiled is not None}
        return sees - {each.channel for each in veiled.values() if each.veiled and each.unless not in sees}
