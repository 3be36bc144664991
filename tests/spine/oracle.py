"""What is true: each guild at each of its revs, and so what each session is owed.

It listens where nothing can be missed: at the commit of the database and at the append of the log. States are kept
as a client keeps them, from JSON, and are compared with the tables after every verb. What breaks a promise of the
design is a *violation*; the first one is kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from derailed.model import permissions
from derailed.model.guild import Channel, Guild, Overwrite, Role
from derailed.store import Connection, guilds, members
from derailed.wire import records, rest
from derailed.wire.gateway import Intent
from derailed.wire.records import Record
from derailed.wire.shapes import GuildShape

Json = Any
Event = tuple[str, Json]

_APART: Final = ("roles", "emojis", "stickers")
_OWN_FIELDS: Final = [name for name in GuildShape.__struct_fields__ if name not in _APART]
_INTENT: Final = {
    "MESSAGE_REACTION": Intent.GUILD_MESSAGE_REACTIONS,
    "MESSAGE": Intent.GUILD_MESSAGES,
    "GUILD_MEMBER": Intent.GUILD_MEMBERS,
    "GUILD_AUDIT_LOG": Intent.GUILD_MODERATION,
    "INVITE": Intent.GUILD_INVITES,
}


class State:
    """A guild at one rev: what a client keeps of it. Never changed; `after` makes the next one."""

    __slots__ = ("_shape", "channels", "members", "own", "roles")

    def __init__(self, own: Json, roles: dict[str, Json], channels: dict[str, Json], people: dict[str, Json]) -> None:
        self.own = own
        self.roles = roles
        self.channels = channels
        self.members = people
        self._shape: Guild | None = None

    @classmethod
    def of(cls, create: Json) -> State:
        """What a GUILD_CREATE says."""
        return cls(
            {key: create.get(key) for key in _OWN_FIELDS},
            {role["id"]: role for role in create["roles"]},
            {channel["id"]: steady(channel) for channel in create["channels"]},
            {member["user"]["id"]: member for member in create["members"]},
        )

    def after(self, event: str, d: Json) -> State:
        """What it is after an event, as a client understands it."""
        own, roles, channels, people = self.own, self.roles, self.channels, self.members
        match event:
            case "GUILD_UPDATE":
                own, roles = {key: d.get(key) for key in _OWN_FIELDS}, {role["id"]: role for role in d["roles"]}
            case "CHANNEL_CREATE" | "CHANNEL_UPDATE":
                channels = channels | {d["id"]: steady(d)}
            case "CHANNEL_DELETE":
                channels = _without(channels, d["id"])
            case "GUILD_ROLE_CREATE" | "GUILD_ROLE_UPDATE":
                roles = roles | {d["role"]["id"]: d["role"]}
            case "GUILD_ROLE_DELETE":
                roles = _without(roles, d["role_id"])
                people = {key: _unroled(each, d["role_id"]) for key, each in people.items()}
            case "GUILD_MEMBER_ADD" | "GUILD_MEMBER_UPDATE":
                people = people | {d["user"]["id"]: _without(d, "guild_id")}
            case "GUILD_MEMBER_REMOVE":
                people = _without(people, d["user"]["id"])
            case _:
                return self
        return State(own, roles, channels, people)

    def differs(self, other: State) -> str:
        """The first thing in which the two are not alike; empty when there is none."""
        for name in ("own", "roles", "channels", "members"):
            mine, theirs = getattr(self, name), getattr(other, name)
            for key in sorted({*mine, *theirs}):
                if mine.get(key) != theirs.get(key):
                    return f"{name} {key}: {mine.get(key)} != {theirs.get(key)}"
        return ""

    def may(self, user_id: int, channel: str, bits: int) -> bool:
        """Whether a member holds a permission in a channel: by the one rule there is."""
        member, shape = self.members.get(str(user_id)), self.shape
        if member is None or int(channel) not in shape.channels:
            return False
        roles = tuple(map(int, member["roles"]))
        return bool(permissions.in_channel(shape, user_id, roles, shape.channels[int(channel)]) & bits)

    def may_view_log(self, user_id: int) -> bool:
        """Whether a member may view the audit log."""
        member = self.members.get(str(user_id))
        if member is None:
            return False
        held = permissions.in_guild(self.shape, user_id, tuple(map(int, member["roles"])))
        return bool(held & permissions.VIEW_AUDIT_LOG)

    def sees(self, user_id: int, channel: str) -> bool:
        """Whether a member may view a channel."""
        return self.may(user_id, channel, permissions.VIEW_CHANNEL)

    def as_seen_by(self, user_id: int) -> State:
        """What a member's client should have of it."""
        seen = {key: each for key, each in self.channels.items() if self.sees(user_id, key)}
        return State(self.own, self.roles, seen, self.members)

    @property
    def shape(self) -> Guild:
        """As much of the guild as permissions are decided from."""
        if self._shape is None:
            guild_id = int(self.own["id"])
            self._shape = Guild(
                id=guild_id,
                rev=0,
                name="",
                owner_id=int(self.own["owner_id"]),
                roles={int(key): _role(each) for key, each in self.roles.items()},
                channels={int(key): _channel(guild_id, each) for key, each in self.channels.items()},
            )
        return self._shape


class Viewer(NamedTuple):
    """Whose session it is, and what it asked to hear."""

    user_id: int
    intents: int

    def wants(self, event: str) -> bool:
        """Whether its intents cover the event; GUILDS is always among them here."""
        for prefix, intent in _INTENT.items():
            if event.startswith(prefix):
                return bool(self.intents & intent)
        return True


class Story:
    """One topic from the start of a schedule on: its records and, if it is a guild's, its states, by rev."""

    def __init__(self, rev: int, state: State | None = None) -> None:
        self.first = self.rev = rev
        self.records: dict[int, Record] = {}
        self.states: dict[int, State | None] = {rev: state}

    def ends(self) -> list[int]:
        """The rev at which the guild ended, if it did."""
        return [rev for rev, record in self.records.items() if record.event == "GUILD_DELETE"]

    def add(self, record: Record) -> None:
        """The next rev."""
        assert record.rev == self.rev + 1
        before = self.states[self.rev]
        self.rev = record.rev
        self.records[self.rev] = record
        self.states[self.rev] = _next(before, record)

    def owed(self, rev: int, viewer: Viewer) -> list[Event]:
        """What the record at that rev is to a session that is in the guild."""
        before, after, record = self.states[rev - 1], self.states[rev], self.records[rev]
        own = str(viewer.user_id)
        if before is None or after is None or own not in before.members or own not in after.members:
            return []
        about = str(record.target) == own and record.event.startswith("GUILD_MEMBER")
        data = msgspec.json.decode(record.data)
        out: list[Event] = []
        if about or record.event.startswith(("GUILD_UPDATE", "GUILD_ROLE")):
            out.append((record.event, data))
        elif record.event == "CHANNEL_UPDATE":
            channel = data["id"]
            if before.sees(viewer.user_id, channel) and after.sees(viewer.user_id, channel):
                out.append((record.event, steady(data)))
        elif not record.event.startswith("CHANNEL_") and _hears(after, record, viewer):
            out.append((record.event, _as_read(record, viewer)))
        return out + _difference(before, after, viewer.user_id)


class Oracle:
    """What was committed and what was appended, and whether it may be."""

    def __init__(self) -> None:
        self.violation = ""
        self.trace: list[tuple[object, ...]] = []
        self.stories: dict[str, Story] = {}
        self.typed: dict[int, Record] = {}
        """Ephemeral records, by the mark that was put on each."""
        self.offsets: dict[str, dict[tuple[str, int], int]] = defaultdict(dict)
        """Of each epoch: where a rev of a topic is."""
        self._last: dict[tuple[str, str], int] = {}

    def fail(self, kind: str, what: str) -> None:
        """Keep the first violation."""
        self.violation = self.violation or f"{kind}: {what}"

    def committed(self, rows: Sequence[tuple[str, int, bytes]], truth: Mapping[str, State | None]) -> None:
        """One verb is in the database, with what the tables say of each guild that it touched."""
        for topic, rev, payload in rows:
            record = records.decode(payload)
            story = self.stories.setdefault(topic, Story(0))
            self.trace.append(("commit", topic, rev, record.event, record.channel or record.target or record.id))
            if rev != story.rev + 1 or record.rev != rev:
                self.fail("dense", f"{topic} got rev {rev} after {story.rev}")
                return
            story.add(record)
        for topic, state in truth.items():
            story = self.stories[topic]
            if story.rev == 1:  # the record that founds a guild does not tell of its channel and its owner
                story.states[1] = state
            known = story.states[story.rev]
            difference = known.differs(state) if known and state else "" if known is state else "one is gone"
            if difference:
                self.fail("untold", f"the records of {topic} do not say what the tables say: {difference}")

    def appended(self, epoch: str, topic: str, rev: int, offset: int) -> None:
        """The log took a record that it did not have."""
        self.trace.append(("append", topic, rev, "at", offset))
        if rev <= self._last.get((epoch, topic), 0):
            self.fail("doubled", f"{topic} rev {rev} after {self._last[epoch, topic]}")
        self._last[epoch, topic] = rev
        self.offsets[epoch][topic, rev] = offset

    def lost(self, epoch: str, above: int) -> None:
        """What the log took above that offset is nowhere any more."""
        self.offsets[epoch] = {key: offset for key, offset in self.offsets[epoch].items() if offset <= above}

    def typing(self, record: Record) -> Record:
        """Remember an ephemeral record, and mark it so that its frame is known again."""
        mark = len(self.typed)
        self.typed[mark] = record
        data = msgspec.json.decode(record.data) | {"timestamp": mark}
        return msgspec.structs.replace(record, data=msgspec.json.encode(data))

    def unpublished(self) -> str:
        """A committed rev that no epoch's log has; empty when there is none."""
        for topic, story in self.stories.items():
            for rev in range(story.first + 1, story.rev + 1):
                if not any((topic, rev) in epoch for epoch in self.offsets.values()):
                    return f"{topic} rev {rev}"
        return ""


async def truth(tx: Connection, guild_id: int) -> State | None:
    """The guild as the tables have it."""
    shape = await guilds.shape(tx, guild_id, 0)
    if shape is None:
        return None
    people = await members.page(tx, guild_id, 0, 1000)
    create = msgspec.to_builtins(rest.guild(shape)) | {
        "channels": [msgspec.to_builtins(rest.channel(each)) for each in shape.channels.values()],
        "members": [msgspec.to_builtins(rest.member(*pair)) for pair in people],
    }
    assert await guilds.member_count(tx, guild_id) == len(people)
    return State.of(create)


def steady(channel: Json) -> Json:
    """A channel without what messages change, of which clients are told by the messages themselves."""
    return _without(channel, "last_message_id")


def _without(mapping: Mapping[str, Json], key: str) -> dict[str, Json]:
    return {each: value for each, value in mapping.items() if each != key}


def _unroled(member: Json, role: str) -> Json:
    return member | {"roles": [each for each in member["roles"] if each != role]}


def _next(before: State | None, record: Record) -> State | None:
    if record.event == "GUILD_DELETE":
        return None
    if not record.guild or record.event in records.INTERNAL:
        return before
    data = msgspec.json.decode(record.data)
    return None if before is None else before.after(record.event, data)


def _hears(state: State, record: Record, viewer: Viewer) -> bool:
    if not viewer.wants(record.event):
        return False
    if record.event.startswith("GUILD_AUDIT_LOG"):
        return state.may_view_log(viewer.user_id)
    if not record.channel:
        return True
    needs = permissions.MANAGE_CHANNELS if record.event.startswith("INVITE") else permissions.VIEW_CHANNEL
    return state.sees(viewer.user_id, str(record.channel)) and state.may(viewer.user_id, str(record.channel), needs)


def _as_read(record: Record, viewer: Viewer) -> Json:
    stripped = record.stripped is not None and not viewer.intents & Intent.MESSAGE_CONTENT
    if stripped and viewer.user_id not in (record.author, *record.mentions):
        assert record.stripped is not None
        return msgspec.json.decode(record.stripped)
    return msgspec.json.decode(record.data)


def _difference(before: State, after: State, user_id: int) -> list[Event]:
    seen = {key for key in before.channels if before.sees(user_id, key)}
    sees = {key for key in after.channels if after.sees(user_id, key)}
    lost: list[Event] = [("CHANNEL_DELETE", before.channels[key]) for key in sorted(seen - sees, key=int)]
    return lost + [("CHANNEL_CREATE", after.channels[key]) for key in sorted(sees - seen, key=int)]


def _role(role: Json) -> Role:
    return Role(id=int(role["id"]), name="", permissions=int(role["permissions"]), position=role["position"])


def _channel(guild_id: int, channel: Json) -> Channel:
    overwrites = tuple(
        Overwrite(int(each["id"]), each["type"], int(each["allow"]), int(each["deny"]))
        for each in channel["permission_overwrites"]
    )
    return Channel(id=int(channel["id"]), guild_id=guild_id, type=0, name="", overwrites=overwrites)
