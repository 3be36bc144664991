"""What people want to hear of a guild, of its channels, and of their direct messages. Told to all of their sessions.

What calls them counts by these, so a change tells anew how much that is where it is not what it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import UNSET, UnsetType, structs

from derailed.actions import unread
from derailed.actions.changes import Changes, change
from derailed.actions.context import Context
from derailed.actions.forms import refuse
from derailed.actions.unread import Reader
from derailed.model.errors import Forbidden, Unknown
from derailed.model.guild import Guild, Member
from derailed.model.user import Actor
from derailed.store import Connection, conversations, guild_settings, guilds, read_states
from derailed.store.topics import Change
from derailed.wire import guild_settings as wire
from derailed.wire import limits
from derailed.wire import reading as reading_wire
from derailed.wire.guild_settings import (
    DIRECT,
    ChannelOverride,
    EditChannelOverride,
    EditGuildSettings,
    GuildSettingsShape,
    ListedChannelOverride,
    MuteConfig,
    SentMute,
)
from derailed.wire.reading import Standing
from derailed.wire.records import Record, user_topic
from derailed.wire.requests import Snowflake, decode_hook
from derailed.wire.rest import timestamp


class GuildSettings:
    """The verbs of these settings. They are for people. Guild 0 is their direct messages."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def get(self, actor: Actor, guild_id: int) -> GuildSettingsShape:
        """Those of a guild. Raises Unknown("guild")."""
        _require_person(actor)

        async def work(tx: Connection) -> GuildSettingsShape:
            if guild_id != DIRECT:
                await self._guild(tx, actor, guild_id)
            return await unread.settings(tx, actor.user_id, guild_id)

        return await self._context.store.read(work)

    async def edit(self, actor: Actor, guild_id: int, body: EditGuildSettings) -> GuildSettingsShape:
        """Change those of a guild. Raises Unknown("guild")."""
        (changed,) = await self.edit_many(actor, {guild_id: body})
        return changed

    async def edit_many(self, actor: Actor, bodies: Mapping[int, EditGuildSettings]) -> list[GuildSettingsShape]:
        """Change those of several guilds, of all or of none. Raises Unknown("guild")."""
        _require_person(actor)

        async def look(tx: Connection) -> dict[int, Guild]:
            return {each: await self._guild(tx, actor, each) for each in sorted(bodies) if each != DIRECT}

        found = await self._context.store.read(look)

        async def work(changes: Changes) -> list[GuildSettingsShape]:
            await changes.hold(user_topic(actor.user_id))
            return [await _edit(changes, actor, each, found.get(each), body) for each, body in bodies.items()]

        return await change(self._context, work)

    async def _guild(self, tx: Connection, actor: Actor, guild_id: int) -> Guild:
        return (await self._context.shapes.in_guild(tx, actor, guild_id, self._context.clock(), lift=False)).guild


async def _edit(
    changes: Changes, actor: Actor, guild_id: int, guild: Guild | None, body: EditGuildSettings
) -> GuildSettingsShape:
    user_id = actor.user_id
    member = None if guild is None else await guilds.member(changes.tx, guild_id, user_id)
    if guild is not None and member is None:
        raise Unknown("guild")
    before = await unread.settings(changes.tx, user_id, guild_id)
    after = _changed(before, body, guild)
    if after == before:
        return before
    after.version = before.version + 1
    data = wire.encode(after)
    was = await _standings(changes, user_id, guild, member, before)
    await guild_settings.put(changes.tx, user_id, guild_id, data)
    record = Record(event="USER_GUILD_SETTINGS_UPDATE", guild=guild_id, target=user_id, data=data)
    version = await changes.emit(user_topic(user_id), Change.NOTHING, record)
    now = await _standings(changes, user_id, guild, member, after)
    await _tell_counts(changes, user_id, guild_id, was, now, version)
    return after


async def _standings(
    changes: Changes, user_id: int, guild: Guild | None, member: Member | None, settings: GuildSettingsShape
) -> list[Standing]:
    """Where somebody stands in the guild, or in their conversations, with these settings."""
    tx, now_ms = changes.tx, changes.now_ms
    if guild is not None and member is not None:
        heads = await read_states.heads(tx, guild.id)
        return await unread.standings(tx, Reader(guild, member, settings, now_ms), heads)
    heads = {each.conversation.id: each.last_message_id or 0 for each in await conversations.of_user(tx, user_id)}
    return await unread.in_conversations(tx, unread.correspondent(user_id, settings, now_ms), heads)


async def _tell_counts(
    changes: Changes, user_id: int, guild_id: int, was: Iterable[Standing], now: Iterable[Standing], version: int
) -> None:
    """Where somebody is called more or less often than they were told."""
    counted = {each.channel_id: each for each in was}
    told = {each.channel_id: each for each in now}
    for channel_id, known in counted.items():
        told.setdefault(channel_id, known._replace(mentions=0))
    for channel_id, stands in told.items():
        known_count = counted[channel_id].mentions if channel_id in counted else 0
        if stands.mentions != known_count:
            data = reading_wire.message_ack(stands, version, manual=False)
            record = Record(event="MESSAGE_ACK", guild=guild_id, channel=channel_id, target=user_id, data=data)
            await changes.emit(user_topic(user_id), Change.NOTHING, record)


def _changed(of: GuildSettingsShape, body: EditGuildSettings, guild: Guild | None) -> GuildSettingsShape:
    usual = wire.usual(0)
    fields = _given(body, usual, leave_out=("channel_overrides",))
    if body.channel_overrides is not UNSET:
        fields["channel_overrides"] = _overrides(of.channel_overrides, _named(body.channel_overrides), guild)
    return structs.replace(of, **fields)


def _given(
    body: EditGuildSettings | EditChannelOverride, usual: GuildSettingsShape | ChannelOverride, leave_out: Sequence[str]
) -> dict[str, object]:
    """What the body says, as it is kept; null is what is usual."""
    fields: dict[str, object] = {}
    for name in body.__struct_fields__:
        value = getattr(body, name)
        if value is UNSET or name in leave_out:
            continue
        fields[name] = _mute(value) if name == "mute_config" else getattr(usual, name) if value is None else value
    return fields


def _mute(sent: SentMute | None) -> MuteConfig | None:
    if sent is None:
        return None
    end = None if sent.end_time is None else timestamp(int(sent.end_time.timestamp() * 1000))
    return MuteConfig(end_time=end, selected_time_window=sent.selected_time_window)


def _named(
    sent: dict[str, EditChannelOverride] | list[ListedChannelOverride] | UnsetType | None,
) -> dict[int, EditChannelOverride]:
    if isinstance(sent, list):
        return {int(each.channel_id): each for each in sent}
    return {_id(name): each for name, each in (sent or {}).items()} if isinstance(sent, dict) else {}


def _overrides(
    before: Iterable[ChannelOverride], sent: Mapping[int, EditChannelOverride], guild: Guild | None
) -> list[ChannelOverride]:
    """Those of before with what was sent of them, without what says nothing, or is of channels that are gone."""
    kept = {int(each.channel_id): each for each in before}
    for channel_id, body in sent.items():
        known = kept.get(channel_id) or ChannelOverride(channel_id=str(channel_id))
        fields = _given(body, ChannelOverride(channel_id=""), leave_out=("channel_id",))
        kept[channel_id] = structs.replace(known, **fields)
    overrides = [
        each
        for channel_id, each in kept.items()
        if (guild is None or channel_id in guild.channels) and each != ChannelOverride(channel_id=each.channel_id)
    ]
    if len(overrides) > limits.CHANNEL_OVERRIDES:
        raise refuse("channel_overrides", "BASE_TYPE_MAX_LENGTH", f"Must be {limits.CHANNEL_OVERRIDES} or fewer.")
    return overrides


def guild_of(name: str) -> int:
    """The guild that a client means: an id, or `@me`. Raises Invalid."""
    return DIRECT if name == "@me" else _id(name)


def _id(name: str) -> int:
    try:
        return int(decode_hook(Snowflake, name))
    except ValueError:
        raise refuse(name[:20], "NUMBER_TYPE_COERCE", f'Value "{name[:20]}" is not snowflake.') from None


def _require_person(actor: Actor) -> None:
    if actor.bot:
        raise Forbidden("not_for_bots")
