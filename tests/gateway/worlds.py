"""Random guilds, what happens in them, and a plain-spoken oracle of who must hear it.

The oracle asks one bit of one channel at a time, layer by layer, from the documented words; it shares nothing
with the rule that it judges but the values.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from derailed.model import permissions
from derailed.model.guild import Channel, ChannelType, Guild, Member, Overwrite, Role
from derailed.model.user import User
from derailed.wire import events, rest
from derailed.wire.gateway import ALL_INTENTS, Intent
from derailed.wire.records import Record

GUILD = 10_000_000_000_000_001
_BITS = (
    *(permissions.VIEW_CHANNEL, permissions.MANAGE_CHANNELS, permissions.SEND_MESSAGES, permissions.ADMINISTRATOR),
    permissions.VIEW_AUDIT_LOG,
)

IN_CHANNEL = {
    "MESSAGE_CREATE": Intent.GUILD_MESSAGES,
    "MESSAGE_UPDATE": Intent.GUILD_MESSAGES,
    "MESSAGE_DELETE": Intent.GUILD_MESSAGES,
    "MESSAGE_DELETE_BULK": Intent.GUILD_MESSAGES,
    "MESSAGE_REACTION_ADD": Intent.GUILD_MESSAGE_REACTIONS,
    "MESSAGE_REACTION_REMOVE": Intent.GUILD_MESSAGE_REACTIONS,
    "MESSAGE_REACTION_REMOVE_ALL": Intent.GUILD_MESSAGE_REACTIONS,
    "MESSAGE_REACTION_REMOVE_EMOJI": Intent.GUILD_MESSAGE_REACTIONS,
    "CHANNEL_PINS_UPDATE": Intent.GUILDS,
    "WEBHOOKS_UPDATE": Intent.GUILD_WEBHOOKS,
    "INVITE_CREATE": Intent.GUILD_INVITES,
    "INVITE_DELETE": Intent.GUILD_INVITES,
}
IN_GUILD = {
    "GUILD_BAN_ADD": Intent.GUILD_MODERATION,
    "GUILD_BAN_REMOVE": Intent.GUILD_MODERATION,
    "GUILD_AUDIT_LOG_ENTRY_CREATE": Intent.GUILD_MODERATION,
    "GUILD_EMOJIS_UPDATE": Intent.GUILD_EXPRESSIONS,
    "GUILD_MEMBER_ADD": Intent.GUILD_MEMBERS,
    "GUILD_MEMBER_UPDATE": Intent.GUILD_MEMBERS,
    "GUILD_MEMBER_REMOVE": Intent.GUILD_MEMBERS,
}
SHAPE = (
    *("CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_UPDATE", "CHANNEL_UPDATE", "CHANNEL_DELETE"),
    *("GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE", "GUILD_ROLE_UPDATE", "GUILD_ROLE_DELETE", "GUILD_UPDATE"),
)


class Listener(NamedTuple):
    """One session of the world: `number` tells two sessions of one account apart."""

    number: int
    user_id: int
    intents: int


def may(guild: Guild, member: Member, channel: Channel, bit: int) -> bool:
    """Whether the member has the bit in the channel, one bit at a time."""
    if member.user_id == guild.owner_id:
        return True
    held = [guild.roles[guild.id], *(guild.roles[each] for each in member.roles if each in guild.roles)]
    if any(role.permissions & permissions.ADMINISTRATOR for role in held):
        return True
    verdict = any(role.permissions & bit for role in held)
    of_roles = {role.id for role in held} - {guild.id}
    layers = (
        [each for each in channel.overwrites if each.type == 0 and each.id == guild.id],
        [each for each in channel.overwrites if each.type == 0 and each.id in of_roles],
        [each for each in channel.overwrites if each.type == 1 and each.id == member.user_id],
    )
    for layer in layers:
        if any(each.allow & bit for each in layer):
            verdict = True
        elif any(each.deny & bit for each in layer):
            verdict = False
    return verdict and (bit == permissions.VIEW_CHANNEL or may(guild, member, channel, permissions.VIEW_CHANNEL))


def may_view_log(guild: Guild, member: Member) -> bool:
    """Whether the member may view the audit log: a thing of roles, in no channel."""
    held = [guild.roles[guild.id], *(guild.roles[each] for each in member.roles if each in guild.roles)]
    enough = permissions.ADMINISTRATOR | permissions.VIEW_AUDIT_LOG
    return member.user_id == guild.owner_id or any(role.permissions & enough for role in held)


class World:
    """A guild that changes. `happen` makes the next record and says who must hear what of it."""

    def __init__(self, seed: int, listeners: int = 14) -> None:
        self.random = Random(seed)
        self._last_id = GUILD
        self.rev = 1
        everyone = Role(id=GUILD, name="@everyone", permissions=self._bits(), position=0)
        self.guild = Guild(id=GUILD, rev=1, name="world", owner_id=self._id(), roles={GUILD: everyone}, channels={})
        for _ in range(self.random.randrange(6)):
            self._put_role(self._new_role())
        self.members: dict[int, Member] = {self.guild.owner_id: self._member(self.guild.owner_id)}
        for _ in range(listeners):
            user_id = self._id()
            self.members[user_id] = self._member(user_id)
        for _ in range(self.random.randrange(1, 8)):
            self._put_channel(self._new_channel())
        users = list(self.members)
        self.listeners = [Listener(number, self.random.choice(users), self._intents()) for number in range(listeners)]

    # --- what happens

    def happen(self) -> tuple[Record, dict[Listener, list[tuple[str, bytes]]]]:
        """One record, and the events that each listener must get of it."""
        before, belonged = self.guild, dict(self.members)
        event = self.random.choice((*IN_CHANNEL, *IN_GUILD, *SHAPE, "MESSAGE_CREATE", "GUILD_MEMBER_UPDATE"))
        self.rev += 1
        record = self._shaped(event) if event in SHAPE else self._told(event)
        due = {each: self._due(record, each, before, belonged) for each in self.listeners}
        return record, due

    def _told(self, event: str) -> Record:
        channel = self.random.choice(list(self.guild.channels)) if event in IN_CHANNEL and self.guild.channels else 0
        if event in IN_CHANNEL and not channel:
            event = "GUILD_EMOJIS_UPDATE"
        target, data, stripped = 0, b'{"told":%d}' % self.rev, None
        if event == "CHANNEL_PINS_UPDATE":
            data = self._pinned(channel)
        if event.startswith("GUILD_MEMBER_"):
            target, data = self._changed_member(event)
        if event in ("MESSAGE_CREATE", "MESSAGE_UPDATE") and self.random.random() < 0.8:
            stripped = b'{"bare":%d}' % self.rev
        return Record(
            event=event,
            rev=self.rev,
            guild=GUILD,
            channel=channel,
            author=self._someone(),
            mentions=tuple(self._someone() for _ in range(self.random.randrange(3))),
            target=target,
            data=data,
            stripped=stripped,
        )

    def _pinned(self, channel_id: int) -> bytes:
        channel = replace(self.guild.channels[channel_id], last_pin_at=self.rev)
        self._put_channel(channel)
        return b'{"last_pin_timestamp":"%b"}' % rest.timestamp(self.rev).encode()

    def _changed_member(self, event: str) -> tuple[int, bytes]:
        account = User(id=self._id() if event == "GUILD_MEMBER_ADD" else self._someone(), username="u")
        if event == "GUILD_MEMBER_REMOVE":
            self.members.pop(account.id, None)
            return account.id, events.member_remove(GUILD, account)
        changed = self._member(account.id)
        if account.id in self.members or event == "GUILD_MEMBER_ADD":
            self.members[account.id] = changed
        return account.id, events.member(changed, account)

    def _shaped(self, event: str) -> Record:
        if event.startswith("CHANNEL_"):
            return self._channel_changed(event if self.guild.channels else "CHANNEL_CREATE")
        if event == "GUILD_UPDATE":
            owner = self._someone() if self.random.random() < 0.3 else self.guild.owner_id
            self.guild = replace(self.guild, owner_id=owner, name=f"world {self.rev}")
            return self._record(event, 0, events.guild_update(self.guild))
        return self._role_changed(event)

    def _channel_changed(self, event: str) -> Record:
        old = self.random.choice(list(self.guild.channels.values())) if event != "CHANNEL_CREATE" else None
        if event == "CHANNEL_DELETE":
            assert old is not None
            self.guild = replace(self.guild, channels={k: v for k, v in self.guild.channels.items() if k != old.id})
            return replace(self._record(event, old.id, events.channel(old)), channel=old.id)
        new = self._new_channel() if old is None else replace(old, overwrites=self._overwrites(), name=f"c{self.rev}")
        self._put_channel(new)
        return replace(self._record(event, new.id, events.channel(new)), channel=new.id)

    def _role_changed(self, event: str) -> Record:
        others = [role for role in self.guild.roles.values() if role.id != GUILD]
        if event == "GUILD_ROLE_DELETE" and others:
            gone = self.random.choice(others)  # its members and overwrites still name it
            self.guild = replace(self.guild, roles={k: v for k, v in self.guild.roles.items() if k != gone.id})
            return self._record(event, gone.id, events.role_delete(GUILD, gone.id))
        if event == "GUILD_ROLE_UPDATE":
            changed = replace(self.random.choice(list(self.guild.roles.values())), permissions=self._bits())
        else:
            event, changed = "GUILD_ROLE_CREATE", self._new_role()
        self._put_role(changed)
        return self._record(event, changed.id, events.role(GUILD, changed))

    # --- who must hear it

    def _due(
        self, record: Record, listener: Listener, before: Guild, belonged: dict[int, Member]
    ) -> list[tuple[str, bytes]]:
        was, is_now = belonged.get(listener.user_id), self.members.get(listener.user_id)
        if was is None or is_now is None:
            return []
        out = [(record.event, self._data(record, listener))] if self._told_of(record, listener, before, was) else []
        if listener.intents & Intent.GUILDS and record.event not in IN_CHANNEL:
            seen = {each.id for each in before.channels.values() if may(before, was, each, permissions.VIEW_CHANNEL)}
            now = self.guild.channels
            sees = {each.id for each in now.values() if may(self.guild, is_now, each, permissions.VIEW_CHANNEL)}
            out += [("CHANNEL_DELETE", _body(before.channels[each])) for each in sorted(seen - sees)]
            out += [("CHANNEL_CREATE", _body(now[each])) for each in sorted(sees - seen)]
        return out

    def _told_of(self, record: Record, listener: Listener, before: Guild, was: Member) -> bool:
        """Whether the record itself is theirs to hear."""
        if record.event in IN_CHANNEL:
            channel = self.guild.channels[record.channel]
            bit = permissions.MANAGE_CHANNELS if record.event.startswith("INVITE_") else permissions.VIEW_CHANNEL
            return bool(listener.intents & IN_CHANNEL[record.event]) and may(self.guild, was, channel, bit)
        if record.event == "GUILD_AUDIT_LOG_ENTRY_CREATE" and not may_view_log(self.guild, was):
            return False
        if record.event in IN_GUILD:
            return bool(listener.intents & IN_GUILD[record.event]) or record.target == listener.user_id
        if not listener.intents & Intent.GUILDS or record.event in ("CHANNEL_CREATE", "CHANNEL_DELETE"):
            return False  # a channel that comes or goes is told by what one sees
        if record.event != "CHANNEL_UPDATE":
            return True
        return all(may(at, was, at.channels[record.channel], permissions.VIEW_CHANNEL) for at in (before, self.guild))

    def _data(self, record: Record, listener: Listener) -> bytes:
        reads = (
            bool(listener.intents & Intent.MESSAGE_CONTENT)
            or listener.user_id == record.author
            or listener.user_id in record.mentions
        )
        return record.data if reads or record.stripped is None else record.stripped

    # --- chance

    def _id(self) -> int:
        self._last_id += self.random.randrange(1, 9)
        return self._last_id

    def _bits(self) -> int:
        weights = (0.5, 0.2, 0.3, 0.03, 0.2)
        return sum(bit for bit, weight in zip(_BITS, weights, strict=True) if self.random.random() < weight)

    def _intents(self) -> int:
        return ALL_INTENTS if self.random.random() < 0.3 else self.random.getrandbits(26) & ALL_INTENTS

    def _someone(self) -> int:
        return self.random.choice(list(self.members))

    def _member(self, user_id: int) -> Member:
        roles = [each for each in self.guild.roles if each != GUILD and self.random.random() < 0.4]
        return Member(guild_id=GUILD, user_id=user_id, joined_at=1, roles=tuple(roles))

    def _new_role(self) -> Role:
        return Role(id=self._id(), name="role", permissions=self._bits(), position=1)

    def _new_channel(self) -> Channel:
        kind = self.random.choice((ChannelType.TEXT, ChannelType.TEXT, ChannelType.CATEGORY))
        return Channel(
            id=self._id(), guild_id=GUILD, type=int(kind), name=f"c{self._last_id}", overwrites=self._overwrites()
        )

    def _overwrites(self) -> tuple[Overwrite, ...]:
        whom = [(each, 0) for each in self.guild.roles] + [(each, 1) for each in self.members]
        self.random.shuffle(whom)
        made = []
        for target, kind in whom[: self.random.randrange(6)]:
            allow = self._bits()
            made.append(Overwrite(target, kind, allow, self._bits() & ~allow))
        return tuple(made)

    def _put_role(self, role: Role) -> None:
        self.guild = replace(self.guild, roles=self.guild.roles | {role.id: role})

    def _put_channel(self, channel: Channel) -> None:
        self.guild = replace(self.guild, channels=self.guild.channels | {channel.id: channel})

    def _record(self, event: str, about: int, data: bytes) -> Record:
        return Record(event=event, rev=self.rev, guild=GUILD, id=about, data=data)


def _body(channel: Channel) -> bytes:
    return msgspec.json.encode(rest.channel(channel))
