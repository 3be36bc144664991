"""Guilds: make, see, change and delete them, and leave."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import UNSET
from msgspec.structs import replace

from derailed.actions import chores, counting, entries, guild_edits, images, joining
from derailed.actions.access import Access
from derailed.actions.changes import Changes, change
from derailed.actions.chores import EndGuild
from derailed.actions.context import Context
from derailed.actions.forms import Form
from derailed.model import permissions
from derailed.model.errors import Forbidden, Invalid, Unauthenticated
from derailed.model.guild import Channel, ChannelType, Guild, Member, Role
from derailed.model.user import Actor, User
from derailed.store import Connection, channels, guilds, members, roles, users
from derailed.store.topics import Change
from derailed.wire import limits
from derailed.wire.records import guild_topic
from derailed.wire.requests import CreateGuild, EditGuild


class Belonging(NamedTuple):
    """One of one's guilds, what one may do there, how many belong to it and, if that was asked, are there now."""

    guild: Guild
    permissions: int
    member_count: int
    online: int = 0


class Guilds:
    """What one does with a guild as a whole."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def create(self, actor: Actor, body: CreateGuild) -> Guild:
        """A guild of one's own, with @everyone and a #general."""
        form = Form()
        form.text("name", body.name, *limits.GUILD_NAME)
        form.finish()
        if actor.bot:
            raise Forbidden("not_for_bots")
        icon = await images.taken(self._context, "icon", body.icon, images.ICON)

        async def work(changes: Changes) -> Guild:
            guild_id, channel_id = self._context.new_id(), self._context.new_id()
            await changes.hold(guild_topic(guild_id))
            owner = await users.get(changes.tx, actor.user_id)
            if owner is None:
                raise Unauthenticated
            if len(await members.guilds_of(changes.tx, owner.id)) >= limits.GUILDS:
                raise Invalid("too_many_guilds")
            guild = _new_guild(guild_id, channel_id, body.name.strip(), owner)
            guild = replace(guild, icon=await images.replace(self._context, changes.tx, images.ICON, None, icon))
            await _insert(changes, guild)
            rev = await changes.guild_update(guild, Change.SHAPE | Change.MEMBERS)
            await changes.joined(owner.id, guild_id, rev)
            return guild

        async with images.held(self._context, icon):
            return await change(self._context, work)

    async def get(self, actor: Actor, guild_id: int) -> Guild:
        """A guild that one belongs to."""
        return (await self._context.store.read(lambda tx: self._access(tx, actor, guild_id))).guild

    async def counted(self, actor: Actor, guild_id: int) -> Belonging:
        """The same, and how many do and are there now."""
        found = await self._context.store.read(lambda tx: self._belonging(tx, actor, guild_id))
        return (await self._counted([found]))[0]

    async def channels(self, actor: Actor, guild_id: int) -> list[tuple[Channel, int | None]]:
        """The channels that one may see, each with its newest message's id."""

        async def work(tx: Connection) -> list[tuple[Channel, int | None]]:
            now_ms = self._context.clock()
            access = await self._access(tx, actor, guild_id)
            seen = [each for each in access.guild.channels.values() if access.sees(each, now_ms)]
            last = await channels.last_message_ids(tx, [each.id for each in seen])
            return [(each, last.get(each.id)) for each in seen]

        return await self._context.store.read(work)

    async def roles(self, actor: Actor, guild_id: int) -> list[Role]:
        """All its roles."""
        access = await self._context.store.read(lambda tx: self._access(tx, actor, guild_id))
        return list(access.guild.roles.values())

    async def own(self, actor: Actor, *, before: int | None, after: int, limit: int, counted: bool) -> list[Belonging]:
        """One's guilds by id: those next above `after`, or those next below `before`, always ascending."""

        async def work(tx: Connection) -> list[Belonging]:
            ids = [each for each in await members.guilds_of(tx, actor.user_id) if each > after]
            if before is not None:
                ids = [each for each in ids if each < before][-limit:]
            return [await self._belonging(tx, actor, guild_id) for guild_id in ids[:limit]]

        found = await self._context.store.read(work)
        return await self._counted(found) if counted else found

    async def edit(self, actor: Actor, guild_id: int, body: EditGuild) -> Guild:
        """Change what a guild is called and how it behaves; its owner may give it away."""
        guild_edits.check(body)
        brought = await guild_edits.offered(self._context, body)

        async def work(changes: Changes) -> Guild:
            access = await changes.in_guild(actor, guild_id)
            access.require(permissions.MANAGE_GUILD)
            guild = guild_edits.edited(access.guild, body)
            guild = await guild_edits.with_images(self._context, changes.tx, guild, brought)
            if body.owner_id is not UNSET and body.owner_id != guild.owner_id:
                guild = await guild_edits.with_owner(changes.tx, access, guild, int(body.owner_id))
            if guild != access.guild:
                await guilds.update(changes.tx, guild)
                await changes.guild_update(guild)
                await changes.audit(actor, guild_id, entries.guild(access.guild, guild))
            return guild

        async with images.held(self._context, *brought.values()):
            return await change(self._context, work)

    async def delete(self, actor: Actor, guild_id: int) -> None:
        """End a guild, for everyone in it. Its owner's alone. It is gone at once; each member is told soon after."""

        async def work(changes: Changes) -> None:
            access = await changes.in_guild(actor, guild_id)
            if access.guild.owner_id != actor.user_id:
                raise Forbidden
            await guild_edits.retire_images(self._context, changes.tx, access.guild)
            await guilds.delete(changes.tx, guild_id)
            rev = await changes.guild_delete(guild_id)
            await chores.begin(changes, self._context.new_id(), guild_id, EndGuild(rev))

        await change(self._context, work)

    async def leave(self, actor: Actor, guild_id: int) -> None:
        """Go. An owner can not: a guild is given away or deleted."""

        async def work(changes: Changes) -> None:
            access = await changes.in_guild(actor, guild_id)
            if access.guild.owner_id == actor.user_id:
                raise Invalid("invalid_owner")
            account = await users.get(changes.tx, actor.user_id)
            assert account is not None
            await joining.exit_from(changes, access.guild, account)

        await change(self._context, work)

    async def _access(self, tx: Connection, actor: Actor, guild_id: int) -> Access:
        return await self._context.shapes.in_guild(tx, actor, guild_id, self._context.clock(), lift=False)

    async def _counted(self, found: list[Belonging]) -> list[Belonging]:
        online = await counting.online(self._context, [each.guild.id for each in found])
        return [each._replace(online=online[each.guild.id]) for each in found]

    async def _belonging(self, tx: Connection, actor: Actor, guild_id: int) -> Belonging:
        access = await self._access(tx, actor, guild_id)
        return Belonging(access.guild, access.permissions, await guilds.member_count(tx, guild_id))


def _new_guild(guild_id: int, channel_id: int, name: str, owner: User) -> Guild:
    everyone = Role(id=guild_id, name="@everyone", permissions=permissions.EVERYONE_DEFAULT, position=0)
    general = Channel(id=channel_id, guild_id=guild_id, type=ChannelType.TEXT, name="general")
    return Guild(
        id=guild_id,
        rev=0,
        name=name,
        owner_id=owner.id,
        roles={guild_id: everyone},
        channels={channel_id: general},
        system_channel_id=channel_id,
    )


async def _insert(changes: Changes, guild: Guild) -> None:
    await guilds.insert(changes.tx, guild)
    for role in guild.roles.values():
        await roles.insert(changes.tx, guild.id, role)
    for channel in guild.channels.values():
        await channels.insert(changes.tx, channel)
    owner = Member(guild_id=guild.id, user_id=guild.owner_id, joined_at=changes.now_ms)
    await members.insert(changes.tx, owner)
