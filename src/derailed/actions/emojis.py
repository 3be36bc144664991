"""Emojis: a guild's own images, which people use by name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from msgspec import UNSET
from msgspec.structs import replace

from derailed.actions import entries, images
from derailed.actions.access import Access
from derailed.actions.changes import Changes, change
from derailed.actions.context import Context
from derailed.actions.forms import Form, refuse
from derailed.model import permissions
from derailed.model.errors import Forbidden, Invalid, Unknown
from derailed.model.guild import Emoji, Guild
from derailed.model.user import Actor, User
from derailed.store import Connection, emojis, users
from derailed.wire import limits
from derailed.wire.requests import CreateEmoji, EditEmoji

_MAY_ADD: Final = permissions.CREATE_GUILD_EXPRESSIONS | permissions.MANAGE_GUILD_EXPRESSIONS
_NAME: Final = re.compile(r"[A-Za-z0-9_]*")


class Shown(NamedTuple):
    """An emoji, and who added it where the reader may know that."""

    emoji: Emoji
    adder: User | None


class Emojis:
    """To add one takes CREATE_GUILD_EXPRESSIONS, to change another's MANAGE_GUILD_EXPRESSIONS."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def all(self, actor: Actor, guild_id: int) -> list[Shown]:
        """All of a guild, oldest first."""

        async def work(tx: Connection) -> list[Shown]:
            access = await self._access(tx, actor, guild_id)
            return await _shown(tx, access, access.guild.emojis.values())

        return await self._context.store.read(work)

    async def get(self, actor: Actor, guild_id: int, emoji_id: int) -> Shown:
        """One of them."""

        async def work(tx: Connection) -> Shown:
            access = await self._access(tx, actor, guild_id)
            return (await _shown(tx, access, [_existing(access.guild, emoji_id)]))[0]

        return await self._context.store.read(work)

    async def create(self, actor: Actor, guild_id: int, body: CreateEmoji) -> Shown:
        """A new one, for everyone or for members with certain roles."""
        form = Form()
        _name(form, body.name)
        form.finish()
        emoji_id = self._context.new_id()
        image = await images.take(self._context, "image", body.image, images.EMOJI, str(emoji_id))

        async def work(changes: Changes) -> Shown:
            access = await changes.in_guild(actor, guild_id)
            if not access.permissions & _MAY_ADD:
                raise Forbidden
            _require_room(access.guild, animated=image.animated)
            emoji = Emoji(
                id=emoji_id,
                name=body.name,
                user_id=actor.user_id,
                animated=image.animated,
                roles=_roles(access.guild, body.roles or ()),
            )
            await images.keep(self._context, changes.tx, image)
            await emojis.insert(changes.tx, guild_id, emoji)
            await _tell(changes, actor, access.guild, None, emoji)
            return Shown(emoji, await users.get(changes.tx, actor.user_id))

        async with images.held(self._context, image):
            return await change(self._context, work)

    async def edit(self, actor: Actor, guild_id: int, emoji_id: int, body: EditEmoji) -> Shown:
        """Change what one is called, and who may use it."""
        form = Form()
        if body.name is not UNSET:
            _name(form, body.name)
        form.finish()

        async def work(changes: Changes) -> Shown:
            access = await changes.in_guild(actor, guild_id)
            before = _existing(access.guild, emoji_id)
            _require_managing(access, before)
            after = before if body.name is UNSET else replace(before, name=body.name)
            if body.roles is not UNSET:
                after = replace(after, roles=_roles(access.guild, body.roles or ()))
            if after != before:
                await emojis.update(changes.tx, after)
                await _tell(changes, actor, access.guild, before, after)
            return (await _shown(changes.tx, access, [after]))[0]

        return await change(self._context, work)

    async def delete(self, actor: Actor, guild_id: int, emoji_id: int) -> None:
        """Remove one; messages that show it still find its image for a while."""

        async def work(changes: Changes) -> None:
            access = await changes.in_guild(actor, guild_id)
            emoji = _existing(access.guild, emoji_id)
            _require_managing(access, emoji)
            await emojis.delete(changes.tx, emoji_id)
            await images.retire(self._context, changes.tx, images.EMOJI, str(emoji_id))
            await _tell(changes, actor, access.guild, emoji, None)

        await change(self._context, work)

    async def _access(self, tx: Connection, actor: Actor, guild_id: int) -> Access:
        return await self._context.shapes.in_guild(tx, actor, guild_id, self._context.clock(), lift=False)


def _name(form: Form, name: str) -> None:
    form.text("name", name, *limits.EMOJI_NAME)
    if not _NAME.fullmatch(name):
        form.add("name", "STRING_TYPE_REGEX", "Only letters, digits and _ can be in the name of an emoji.")


def _existing(guild: Guild, emoji_id: int) -> Emoji:
    emoji = guild.emojis.get(emoji_id)
    if emoji is None:
        raise Unknown("guild_emoji")
    return emoji


def _require_managing(access: Access, emoji: Emoji) -> None:
    own = emoji.user_id == access.member.user_id
    bits = _MAY_ADD if own else permissions.MANAGE_GUILD_EXPRESSIONS
    if not access.permissions & bits:
        raise Forbidden


def _require_room(guild: Guild, *, animated: bool) -> None:
    """Raise when there are as many of the kind, moving or not, as there may be."""
    if sum(each.animated == animated for each in guild.emojis.values()) < limits.EMOJIS:
        return
    if animated:
        raise Invalid("too_many_animated_emojis")
    raise Invalid("too_many_emojis")


def _roles(guild: Guild, role_ids: Iterable[int]) -> tuple[int, ...]:
    """Who may use it, ascending; @everyone is nobody in particular."""
    wanted = {int(role_id) for role_id in role_ids} - {guild.id}
    if wanted - guild.roles.keys():
        raise refuse("roles", "ROLE_INVALID", "There is no such role in this guild.")
    return tuple(sorted(wanted))


async def _shown(tx: Connection, access: Access, some: Iterable[Emoji]) -> list[Shown]:
    if not access.permissions & _MAY_ADD:
        return [Shown(each, None) for each in some]
    some = list(some)
    adders = await users.many(tx, {each.user_id for each in some})
    return [Shown(each, adders.get(each.user_id)) for each in some]


async def _tell(changes: Changes, actor: Actor, guild: Guild, before: Emoji | None, after: Emoji | None) -> None:
    kept = {each.id: each for each in guild.emojis.values() if each != before}
    if after is not None:
        kept[after.id] = after
    in_order = {emoji_id: kept[emoji_id] for emoji_id in sorted(kept)}
    await changes.emojis_update(replace(guild, emojis=in_order))
    await changes.audit(actor, guild.id, entries.emoji(before, after))
