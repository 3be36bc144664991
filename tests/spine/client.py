"""A client as a real one would be: it knows frames, a token, a session id and the last `s`, and nothing else.

What it gets is checked frame by frame against what the oracle says it is owed.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final

import msgspec

from derailed.gateway import session_id
from derailed.gateway.frames import Frame
from derailed.gateway.recipient import Encoding, Recipient
from derailed.wire.gateway import Close
from derailed.wire.records import JOINED, LEFT, REVOKED, guild_topic, user_topic
from tests.spine.cast import Token
from tests.spine.oracle import Event, Oracle, State, Viewer, steady
from tests.wires import payloads

SECRET: Final = b"the secret of every node"
_OF_CHANNELS: Final = ("CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE")


class Socket:
    """A `Sink` that collects frames; the far end reads them when it gets to it."""

    gateway_url = "ws://nowhere/gateway"

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self.open = True
        self.forsaken = b""
        self.inbox: deque[Any] = deque()
        self.recipient: Recipient | None = None

    def write(self, data: bytes) -> None:
        """Wire bytes."""
        self.inbox.extend(payloads(data))

    def send(self, frame: Frame) -> None:
        """A frame."""
        if self.open:
            self.inbox.append(frame.payload)

    def live(self) -> None:
        """The session is live."""

    def refuse(self) -> None:
        """Op 9."""
        self.recipient = None
        if self.open:
            self.inbox.append(None)

    def hang_up(self, code: Close, reason: str) -> None:
        """The server closes."""
        if self.open:
            self.open = False
            self.inbox.append(code)


class Seen:
    """How far a client has followed one guild."""

    __slots__ = ("begun", "owed", "rev", "state")

    def __init__(self, rev: int, state: State) -> None:
        self.begun = self.rev = rev
        self.state = state
        self.owed: deque[Event] = deque()


class Client:
    """One session of one account."""

    def __init__(self, name: str, viewer: Viewer, tokens: tuple[Token, ...], oracle: Oracle) -> None:
        self.name = name
        self.viewer = viewer
        self.encoding = Encoding.PLAIN if name.endswith("0") else Encoding.ZSTD
        self.window = 0
        self.tokens = deque(tokens)
        self.socket: Socket | None = None
        self.away = 0
        """Turns to let pass before it connects again."""
        self.events: list[str] = []
        """What it was told of the log, by name."""
        self._oracle = oracle
        self._user = user_topic(viewer.user_id)
        self.begin_afresh()

    def begin_afresh(self) -> None:
        """Know nothing."""
        self.session_id = ""
        self.sequence = self._socket_sequence = 0
        self.guilds: dict[str, Seen] = {}
        self._own_rev = 0

    def attach(self, socket: Socket) -> None:
        """Go on over this socket."""
        self.socket = socket
        self._socket_sequence = 0

    @property
    def token(self) -> Token:
        """The login it uses."""
        return self.tokens[0]

    def receive(self) -> None:
        """Take the next frame in."""
        assert self.socket is not None
        message = self.socket.inbox.popleft()
        if message is None:
            self._hear("op 9")
            self.begin_afresh()
            self.socket = None
        elif isinstance(message, Close):
            self._hear(f"closed {int(message)}")
            if message is Close.AUTHENTICATION_FAILED:
                self.tokens.rotate(-1)
                self.begin_afresh()
            self.socket = None
        else:
            frame = msgspec.json.decode(message)
            self._dispatch(frame["s"], frame["t"], frame["d"])

    # --- frames

    def _dispatch(self, sequence: int, event: str, d: Any) -> None:
        self._hear(event, "s", sequence, _gist(d))
        if event == "READY":
            self._ready(d)
        self._count(sequence)
        if event == "GUILD_CREATE":
            self._enter(d)
        elif event == "GUILD_DELETE":
            self._leave(d["id"])
        elif event == "TYPING_START":
            self._typing(d)
        elif event == "PRESENCE_UPDATE":
            self._presence(sequence, d)
        elif event == "USER_UPDATE":
            self._renamed(d)
        elif event not in ("READY", "RESUMED"):
            self._follow(event, d)
        if sequence % 2 == 0:
            self._check_whole(sequence)

    def _count(self, sequence: int) -> None:
        if sequence < max(self.sequence, self._socket_sequence):
            self._fail("back", f"s went from {max(self.sequence, self._socket_sequence)} to {sequence}")
        if not 0 < sequence < 4 * self.window:
            self._fail("range", f"s = {sequence}")
        self.sequence = self._socket_sequence = sequence

    def _ready(self, d: Any) -> None:
        self.begin_afresh()
        self.session_id = d["session_id"]
        said = session_id.verify(self.session_id, SECRET)
        assert said is not None
        self._base, self._epoch = said.base, said.epoch
        self._own_rev = int(d["user"]["email"])
        for guild in d["guilds"]:
            if "roles" in guild:
                self._enter(guild, ready=True)

    def _enter(self, d: Any, *, ready: bool = False) -> None:
        """A person's READY has of a guild's members themselves, and who is here: the others it would ask for."""
        rev = int(d["description"])
        truth = self._oracle.stories[guild_topic(int(d["id"]))].states[rev]
        state = State.of(d | {"description": None})
        if truth is None or str(self.viewer.user_id) not in truth.members:
            self._fail("leak", f"GUILD_CREATE of {d['id']} at rev {rev} to one who is no member")
            return
        if ready and str(self.viewer.user_id) in state.members:
            state = State(state.own, state.roles, state.channels, truth.members | state.members)
        difference = state.differs(truth.as_seen_by(self.viewer.user_id))
        if difference:
            self._fail("leak", f"GUILD_CREATE of {d['id']} is not the guild at rev {rev}: {difference}")
        self.guilds[d["id"]] = Seen(rev, state)

    def _leave(self, guild: str) -> None:
        story = self._oracle.stories[self._user]
        seen = self.guilds.pop(guild, None)
        if seen is None:
            self._fail("dup", f"GUILD_DELETE of {guild}, which it does not have")
            return
        left = [each.id for each in story.records.values() if each.event == LEFT and each.guild == int(guild)]
        ends = self._oracle.stories[guild_topic(int(guild))].ends()  # told there; the account is told later
        after = [rev for rev in (*left, *ends) if rev > seen.begun]
        owed = self._next_owed(guild, seen)
        if not after:
            self._fail("leak", f"GUILD_DELETE of {guild}, which it is in")
        elif owed and seen.rev < after[0]:
            self._fail("missing", f"{guild} rev {seen.rev} {owed} before GUILD_DELETE at rev {after[0]}")

    def _typing(self, d: Any) -> None:
        record = self._oracle.typed[d["timestamp"]]
        state = self._oracle.stories[guild_topic(record.guild)].states[record.rev]
        if state is None or not state.sees(self.viewer.user_id, d["channel_id"]):
            self._fail("leak", f"typing in {d['channel_id']}, hidden at rev {record.rev}")
        known = self.guilds.get(d["guild_id"])
        if known is None or d["channel_id"] not in known.state.channels:
            self._fail("order", f"typing in {d['channel_id']}, which it does not have")

    def _presence(self, sequence: int, d: Any) -> None:
        """It is not from the log: told where the client is whole, and only of guilds that it has."""
        if sequence % 2 or d["guild_id"] not in self.guilds:
            self._fail("order", f"a presence in {d['guild_id']} at {sequence}, where it is not whole")

    def _renamed(self, d: Any) -> None:
        story = self._oracle.stories[self._user]
        own = [rev for rev, each in story.records.items() if each.event == "USER_UPDATE" and rev > self._own_rev]
        if not own or msgspec.json.decode(story.records[own[0]].data) != d:
            self._fail("missing" if own else "dup", f"USER_UPDATE after rev {self._own_rev} is not the next: {d}")
            return
        self._own_rev = own[0]

    def _follow(self, event: str, d: Any) -> None:
        guild = str(d.get("guild_id") or d["id"])
        frame = (event, steady(d) if event in _OF_CHANNELS else d)
        seen = self.guilds.get(guild)
        if seen is None:
            self._fail("missing", f"{event} of {guild} without its GUILD_CREATE")
            return
        owed = self._next_owed(guild, seen)
        if owed != frame:
            self._unexpected(guild, seen, frame, owed)
            return
        seen.owed.popleft()
        seen.state = seen.state.after(event, d)

    def _unexpected(self, guild: str, seen: Seen, frame: Event, owed: Event | None) -> None:
        story = self._oracle.stories[guild_topic(int(guild))]
        told = [rev for rev in story.records if frame in story.owed(rev, self.viewer)]
        what = f"{guild} {frame[0]} {_gist(frame[1])}"
        if not told:
            self._fail("leak", f"{what} is for nobody like it")
        elif owed is None or max(told) < seen.rev or max(told) <= seen.begun:
            self._fail("dup", f"{what} of rev {told}, has all up to rev {seen.rev}")
        else:
            self._fail("missing", f"{what} of rev {told}, owed rev {seen.rev} {owed[0]} {_gist(owed[1])}")

    # --- what it is owed

    def _next_owed(self, guild: str, seen: Seen) -> Event | None:
        story = self._oracle.stories[guild_topic(int(guild))]
        while not seen.owed and seen.rev < story.rev:
            seen.rev += 1
            seen.owed.extend(story.owed(seen.rev, self.viewer))
        return seen.owed[0] if seen.owed else None

    def _check_whole(self, sequence: int) -> None:
        """`s` is even: the client must have everything up to that offset, and nothing beyond."""
        offset, offsets = self._base + sequence // 2, self._oracle.offsets[self._epoch]
        for guild, seen in self.guilds.items():
            topic = guild_topic(int(guild))
            if offsets.get((topic, seen.begun), 0) > offset:
                self._fail("dup", f"{guild} is whole at {offset}, but its GUILD_CREATE is of rev {seen.begun}")
            owed = self._next_owed(guild, seen)
            if owed and offsets.get((topic, seen.rev), offset + 1) <= offset:
                self._fail("missing", f"s = {sequence} says whole at {offset}, owed {guild} rev {seen.rev} {owed[0]}")
        self._check_membership(offset, offsets)

    def _check_membership(self, offset: int, offsets: dict[tuple[str, int], int]) -> None:
        joined: dict[int, bool] = {}
        story = self._oracle.stories[self._user]
        for rev, record in story.records.items():
            passed = rev <= self._own_rev or offsets.get((self._user, rev), offset + 1) <= offset
            if record.event == JOINED and passed:
                joined[record.guild] = True
            elif record.event == LEFT:  # one that is still to come explains a guild that was not sent any more
                joined.pop(record.guild, None)
            elif record.event == REVOKED and passed and record.id in (0, self.token.id):
                self._fail("leak", f"a frame at {offset} after its token was revoked")
        stories = self._oracle.stories
        missing = [
            guild for guild in joined if str(guild) not in self.guilds and not stories[guild_topic(guild)].ends()
        ]
        if missing:
            self._fail("missing", f"s says whole at {offset}, but there was no GUILD_CREATE of {missing}")

    def unsettled(self) -> str:
        """What it lacks when all is quiet; empty when it is in sync."""
        if self.socket is None or not self.session_id:
            return f"stuck: {self.name} has no session"
        for guild, seen in self.guilds.items():
            owed = self._next_owed(guild, seen)
            if owed:
                return f"missing: {self.name} is owed {guild} rev {seen.rev} {owed[0]}"
        member_of = {}
        for topic, story in self._oracle.stories.items():
            state = story.states[story.rev]
            if state is not None and str(self.viewer.user_id) in state.members:
                member_of[topic.partition(":")[2]] = state.as_seen_by(self.viewer.user_id)
        if member_of.keys() != self.guilds.keys():
            return f"sync: {self.name} is in {sorted(member_of)}, and has {sorted(self.guilds)}"
        if self.viewer.wants("GUILD_MEMBER"):
            for guild, state in member_of.items():
                difference = self.guilds[guild].state.differs(state)
                if difference:
                    return f"sync: {self.name} in {guild}: {difference}"
        return ""

    def _hear(self, what: str, *more: object) -> None:
        if what != "PRESENCE_UPDATE":
            self.events.append(what)
        self._oracle.trace.append((self.name, what, *more))

    def _fail(self, kind: str, what: str) -> None:
        self._oracle.fail(kind, f"{self.name}: {what}")


def _gist(d: Any) -> str:
    keys = ("id", "channel_id", "role_id", "content")
    return " ".join(f"{key}={d[key]}" for key in keys if isinstance(d, dict) and key in d)
