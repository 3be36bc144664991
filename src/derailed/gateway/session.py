"""One socket's conversation, as a pure state machine: frames and the time go in, effects come out.

    hello ──IDENTIFY/RESUME──▶ identified ──READY/RESUMED──▶ live ──socket lost──▶ detached
      ▲                             │                          │
      └──────── op 9 ───────────────┴──────────────────────────┘      any ──closed for good──▶ gone

Detached costs a node nothing: the session lives on in its signed id and in the log.
"""

from __future__ import annotations

import enum
from typing import Final

import msgspec
from msgspec import UNSET, Struct

from derailed.presence import Client
from derailed.wire import gateway as wire
from derailed.wire.gateway import Close, Op
from derailed.wire.presences import SentPresence


class State(enum.Enum):
    """Where the conversation stands."""

    HELLO = "hello"
    IDENTIFIED = "identified"
    LIVE = "live"
    DETACHED = "detached"
    GONE = "gone"


MOVES: Final[dict[State, frozenset[State]]] = {
    State.HELLO: frozenset({State.IDENTIFIED, State.GONE}),
    State.IDENTIFIED: frozenset({State.LIVE, State.HELLO, State.DETACHED, State.GONE}),
    State.LIVE: frozenset({State.HELLO, State.DETACHED, State.GONE}),
    State.DETACHED: frozenset(),
    State.GONE: frozenset(),
}


class IllegalMove(Exception):
    """A bug of ours: the machine was asked for a move that its table does not have."""


class Hang(Struct, frozen=True):
    """Effect: close the socket."""

    code: Close
    reason: str


class Ack(Struct, frozen=True):
    """Effect: answer a heartbeat."""


class Begin(Struct, frozen=True):
    """Effect: prepare a new session."""

    token: str
    intents: int
    large_threshold: int
    shard: tuple[int, int] | None
    client: Client = "web"
    presence: SentPresence = SentPresence()
    capabilities: int = 0


class Continue(Struct, frozen=True):
    """Effect: take a session up where its client lost it."""

    token: str
    session_id: str
    sequence: int


class AskMembers(Struct, frozen=True):
    """Effect: answer with GUILD_MEMBERS_CHUNK."""

    guild_id: int
    query: str | None
    user_ids: tuple[int, ...]
    limit: int
    nonce: str | None
    presences: bool


class Show(Struct, frozen=True):
    """Effect: the session shows this from now on."""

    presence: SentPresence


class FollowLists(Struct, frozen=True):
    """Effect: show these ranges of the member lists of these channels; no ranges: no longer."""

    guild_id: int
    channels: tuple[tuple[int, tuple[tuple[int, int], ...]], ...]


Effect = Hang | Ack | Begin | Continue | AskMembers | Show | FollowLists

_MINUTE_S = 60.0
_MOBILE = frozenset({"android", "ios", "discord android", "discord ios"})
"""What clients on telephones call their system or browser; libraries pretend to be one by it."""


class Session:
    """The machine. `now` is any monotonic time in seconds."""

    __slots__ = ("_frames", "_minute", "_shown", "_shown_since", "deadline", "state")

    def __init__(self, now: float) -> None:
        self.state = State.HELLO
        self.deadline = now + wire.SILENCE_MAX_S
        """When silence becomes death."""
        self._minute = now
        self._frames = 0
        self._shown_since = now
        self._shown = 0

    def move(self, to: State) -> None:
        """Change state; refuses by name what the table does not have."""
        if to not in MOVES[self.state]:
            raise IllegalMove(f"{self.state.value} → {to.value}")
        self.state = to

    def receive(self, payload: bytes | str, now: float) -> Effect | None:
        """What one frame of the client asks for."""
        if self._over_rate(now):
            return Hang(Close.RATE_LIMITED, "More than 120 frames in a minute.")
        try:
            frame = wire.envelope(payload)
            return self._dispatch(frame.op, frame.d, now)
        except (msgspec.DecodeError, ValueError, RecursionError):  # 4,096 opening brackets are deep enough
            return Hang(Close.DECODE_ERROR, "That frame could not be read.")

    def expired(self, now: float) -> bool:
        """Whether the client has been silent too long."""
        return now >= self.deadline

    def _over_rate(self, now: float) -> bool:
        if now - self._minute >= _MINUTE_S:
            self._minute, self._frames = now, 0
        self._frames += 1
        return self._frames > wire.FRAMES_PER_MINUTE

    def _dispatch(self, op: int, d: msgspec.Raw, now: float) -> Effect | None:
        if op == Op.HEARTBEAT:
            if self.state is not State.HELLO:  # a heart alone is no reason to keep a socket
                self.deadline = now + wire.SILENCE_MAX_S
            return Ack()
        if op in (Op.IDENTIFY, Op.RESUME):
            if self.state is not State.HELLO:
                return Hang(Close.ALREADY_AUTHENTICATED, "This connection has identified already.")
            return self._identify(d) if op == Op.IDENTIFY else self._resume(d)
        if self.state is State.HELLO:
            return Hang(Close.NOT_AUTHENTICATED, "Identify first.")
        if op == Op.REQUEST_GUILD_MEMBERS:
            return _members(msgspec.json.decode(d, type=wire.RequestMembers))
        if op == Op.PRESENCE_UPDATE:
            return self._show(d, now)
        if op == Op.GUILD_SUBSCRIPTIONS:
            return _lists(msgspec.json.decode(d, type=wire.Subscribe))
        if op in wire.IGNORED_OPS:
            return None
        return Hang(Close.UNKNOWN_OPCODE, f"There is no opcode {op} for clients.")

    def _identify(self, d: msgspec.Raw) -> Effect:
        asked = msgspec.json.decode(d, type=wire.Identify)
        intents = wire.ALL_INTENTS if asked.intents is UNSET else asked.intents
        if intents < 0 or intents & ~wire.ALL_INTENTS:
            return Hang(Close.INVALID_INTENTS, "Those intents have a bit that means nothing.")
        shard = None
        if asked.shard is not None:
            if len(asked.shard) != 2 or not 0 <= asked.shard[0] < asked.shard[1] <= 1 << 16:
                return Hang(Close.INVALID_SHARD, "A shard is [number, count].")
            shard = (asked.shard[0], asked.shard[1])
        low, high = wire.LARGE_THRESHOLD
        self.move(State.IDENTIFIED)
        return Begin(
            token=_bare(asked.token),
            intents=int(intents),
            large_threshold=min(max(asked.large_threshold, low), high),
            shard=shard,
            client=_client(asked.properties),
            presence=asked.presence or SentPresence(),
            capabilities=asked.capabilities or 0,
        )

    def _resume(self, d: msgspec.Raw) -> Effect:
        asked = msgspec.json.decode(d, type=wire.Resume)
        self.move(State.IDENTIFIED)
        return Continue(_bare(asked.token), asked.session_id, asked.seq)

    def _show(self, d: msgspec.Raw, now: float) -> Effect | None:
        if now - self._shown_since >= wire.PRESENCES_SHOWN_S:
            self._shown_since, self._shown = now, 0
        self._shown += 1
        if self._shown > wire.PRESENCES_SHOWN:
            return None
        return Show(msgspec.json.decode(d, type=SentPresence))


def _client(properties: wire.Properties | None) -> Client:
    """Which of the three kinds it is."""
    said = properties or wire.Properties()
    names = {str(name).lower() for name in (said.os, said.browser)}
    if names & _MOBILE:
        return "mobile"
    return "desktop" if "discord client" in names else "web"


def _bare(token: str) -> str:
    return token.removeprefix("Bot ")


def _members(asked: wire.RequestMembers) -> AskMembers:
    guild = asked.guild_id[0] if isinstance(asked.guild_id, list) and asked.guild_id else asked.guild_id
    users = asked.user_ids if isinstance(asked.user_ids, list) else [] if asked.user_ids is None else [asked.user_ids]
    alone = not isinstance(asked.guild_id, list) or len(asked.guild_id) == 1
    if not alone or isinstance(guild, list) or len(users) > wire.ASKED_USERS or asked.limit > wire.ID_MAX:
        raise ValueError
    if asked.nonce is not None and len(asked.nonce.encode()) > wire.NONCE_BYTES:
        raise ValueError
    return AskMembers(
        guild_id=_id(guild),
        query=None if users else asked.query,  # hikari asks for ids with an empty query beside them
        user_ids=tuple(map(_id, users)),
        limit=asked.limit,
        nonce=asked.nonce,
        presences=bool(asked.presences),
    )


def _lists(asked: wire.Subscribe) -> FollowLists:
    channels = tuple((_id(channel_id), tuple(ranges)) for channel_id, ranges in (asked.channels or {}).items())
    if len(channels) > wire.LISTS_MAX or any(first < 0 for _, ranges in channels for first, _ in ranges):
        raise ValueError
    return FollowLists(_id(asked.guild_id), channels)


def _id(of: int | str) -> int:
    if isinstance(of, str) and not (of.isascii() and of.isdigit()):
        raise ValueError
    if not 0 <= int(of) <= wire.ID_MAX:  # what a store can hold
        raise ValueError
    return int(of)
