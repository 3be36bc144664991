"""What is unread for one person in a guild, and how much of it calls them: a function of what is kept, and no counter.

So a message to a hundred thousand costs its sender one row, who was called counts when they look, and whatever
happens at once, all of their sessions are told the same. What counts is what one is now: one's roles, what one may
see, and what one wants to hear of. A muted place calls by one's own name only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from derailed.model import permissions, snowflakes
from derailed.model.guild import Channel, ChannelType, Guild, Member
from derailed.store import Connection, bookmarks, conversations, guild_settings, mentions, messages, read_states, spoken
from derailed.store.read_states import ReadState
from derailed.wire import guild_settings as wire
from derailed.wire import limits
from derailed.wire.guild_settings import ChannelOverride, GuildSettingsShape
from derailed.wire.reading import Standing

UNKNOWN: Final = wire.usual(0)
"""What a reader wants to hear, as long as nobody has looked: nothing calls in most guilds."""


class Reader(Struct, frozen=True):
    """A member who reads a guild, with what they want to hear of it."""

    guild: Guild
    member: Member
    settings: GuildSettingsShape
    now_ms: int

    def targets(self, channel: Channel) -> Sequence[int]:
        """What calls them in the channel: the ids that a mention may name."""
        calls = [self.member.user_id]
        if _is_muted(self, channel):
            return calls
        if not self.settings.suppress_roles:
            calls += self.member.roles
        if not self.settings.suppress_everyone:
            calls.append(self.guild.id)
        return calls

    def reads(self, channel: Channel) -> bool:
        """Whether people talk there, and the member may see it."""
        if channel.type == ChannelType.CATEGORY:
            return False
        held = permissions.of_member(self.guild, self.member, channel, self.now_ms)
        return bool(held & permissions.VIEW_CHANNEL)


async def reader(tx: Connection, guild: Guild, member: Member, now_ms: int) -> Reader:
    """The member with what they want to hear."""
    return Reader(guild, member, await settings(tx, member.user_id, guild.id), now_ms)


def correspondent(user_id: int, settings: GuildSettingsShape, now_ms: int) -> Reader:
    """Somebody who reads conversations: as in a guild that has nothing."""
    nowhere = Guild(id=0, rev=0, name="", owner_id=0, roles={}, channels={})
    return Reader(nowhere, Member(guild_id=0, user_id=user_id, joined_at=0), settings, now_ms)


async def settings(tx: Connection, user_id: int, guild_id: int) -> GuildSettingsShape:
    """What somebody wants to hear of a guild."""
    kept = await guild_settings.get(tx, user_id, guild_id)
    return wire.usual(guild_id) if kept is None else wire.decode(kept)


class Stance(Struct, frozen=True):
    """What is kept of somebody in a channel: what they acknowledged, and the newest that they said themselves."""

    state: ReadState
    own: int

    @property
    def position(self) -> int:
        """Up to where they have read."""
        return self.state.position(self.own)


async def stance(tx: Connection, reader: Reader, channel_id: int) -> Stance:
    """The reader's in one channel."""
    user_id, guild_id = reader.member.user_id, reader.guild.id
    state = await read_states.get(tx, user_id, guild_id, channel_id)
    return await _stance(tx, user_id, state, await spoken.of_channel(tx, user_id, guild_id, channel_id))


async def stances(tx: Connection, reader: Reader) -> dict[int, Stance]:
    """The reader's in each channel of the guild in which they ever read or spoke."""
    user_id, guild_id = reader.member.user_id, reader.guild.id
    states = await read_states.of_guild(tx, user_id, guild_id)
    return await _stances(tx, user_id, states, await spoken.of_guild(tx, user_id, guild_id))


async def _stances(
    tx: Connection, user_id: int, states: Mapping[int, ReadState], began: Mapping[int, int]
) -> dict[int, Stance]:
    known = {each: states.get(each) or ReadState(each) for each in (*states, *began)}
    return {each: await _stance(tx, user_id, state, began.get(each, 0)) for each, state in known.items()}


async def _stance(tx: Connection, user_id: int, state: ReadState, began: int) -> Stance:
    """Of what they said it does not matter which was the newest, where they acknowledged more than that."""
    if not began or began + spoken.WINDOW <= max(state.last_message_id, state.own_id):
        return Stance(state, began)
    return Stance(state, await spoken.newest(tx, user_id, state.channel_id, began))


async def standing(tx: Connection, reader: Reader, channel: Channel, stands: Stance, last: int) -> Standing:
    """Where the reader stands in a channel that they may see, and whose newest message is `last`."""
    position = stands.position
    called = 0
    if last > position and not channel.guild_id:
        called = await _said_to(tx, reader, channel, position)
    elif last > position:
        called = await mentions.count(
            tx,
            reader.guild.id,
            channel.id,
            max(position, snowflakes.at(reader.member.joined_at) - 1),
            reader.member.user_id,
            reader.targets(channel),
            limits.MENTIONS_COUNTED,
        )
    return Standing(channel.id, position, called, stands.state.last_pin_at)


async def _said_to(tx: Connection, reader: Reader, channel: Channel, position: int) -> int:
    """How much was said to the reader of a conversation: each message calls, unless it is muted."""
    if _is_muted(reader, channel):
        return 0
    user_id = reader.member.user_id
    after = max(position, await conversations.since(tx, channel.id, user_id))
    return await messages.count_of_others(tx, channel.id, after, user_id, limits.MENTIONS_COUNTED)


async def standings(tx: Connection, reader: Reader, heads: Mapping[int, int]) -> list[Standing]:
    """Where the reader stands in each channel in which they ever read or spoke, or are called."""
    guild, member = reader.guild, reader.member
    at = await bookmarks.of_guild(tx, guild.id, member.user_id, [guild.id, *member.roles])
    known, called = await _stances(tx, member.user_id, at.states, at.began), at.called
    if called and reader.settings is UNKNOWN:
        reader = replace(reader, settings=await settings(tx, member.user_id, guild.id))
    found = []
    for channel in guild.channels.values():
        stands = known.get(channel.id)
        if (stands is None and channel.id not in called) or not reader.reads(channel):
            continue
        stands = stands or Stance(ReadState(channel.id), 0)
        last = heads.get(channel.id, 0) if channel.id in called else 0
        shown = await standing(tx, reader, channel, stands, last)
        if shown.position or shown.mentions or shown.last_pin_at:
            found.append(shown)
    return found


async def in_conversations(tx: Connection, reader: Reader, heads: Mapping[int, int]) -> list[Standing]:
    """Where somebody stands in each of these conversations of theirs, whose newest messages these are."""
    known = await stances(tx, reader)
    found = []
    for channel_id, last in heads.items():
        channel = Channel(id=channel_id, guild_id=0, type=ChannelType.DM, name="")
        stands = known.get(channel_id) or Stance(ReadState(channel_id), 0)
        found.append(await standing(tx, reader, channel, stands, last))
    return [each for each in found if each.position or each.mentions or each.last_pin_at]


def _is_muted(of: Reader, channel: Channel) -> bool:
    if wire.is_muted(of.settings, of.now_ms):
        return True
    overrides = _overrides(of.settings, (channel.id, channel.parent_id))
    return any(wire.is_muted(each, of.now_ms) for each in overrides)


def _overrides(settings: GuildSettingsShape, channel_ids: Iterable[int | None]) -> list[ChannelOverride]:
    names = {str(channel_id) for channel_id in channel_ids if channel_id}
    return [each for each in settings.channel_overrides if each.channel_id in names]
