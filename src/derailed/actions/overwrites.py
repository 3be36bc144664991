"""What roles and members are denied or allowed in single channels: grant only what one has."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from derailed.actions import entries
from derailed.actions.access import Access
from derailed.actions.changes import Changes, change
from derailed.actions.context import Context
from derailed.actions.forms import Form, refuse
from derailed.model import permissions
from derailed.model.errors import Forbidden, Unknown
from derailed.model.guild import Channel, Overwrite
from derailed.model.user import Actor
from derailed.store import channels, guilds
from derailed.wire import limits
from derailed.wire.requests import OverwriteEntry, SetOverwrite


class Overwrites:
    """One overwrite at a time; a channel's whole list is changed with the channel."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def set(self, actor: Actor, channel_id: int, target_id: int, body: SetOverwrite) -> None:
        """Deny and allow in a channel."""
        form = Form()
        form.choice("type", body.type, (0, 1))
        form.finish()

        async def work(changes: Changes) -> None:
            access = await changes.in_channel(actor, channel_id)
            access.require(permissions.MANAGE_ROLES)
            channel = access.guild.channels[channel_id]
            await _require_target(changes, access, target_id, body.type)
            new = Overwrite(target_id, body.type, int(body.allow or 0), int(body.deny or 0))
            await self._write(changes, actor, access, (*_without(channel, target_id), new))

        await change(self._context, work)

    async def delete(self, actor: Actor, channel_id: int, target_id: int) -> None:
        """Take one away."""

        async def work(changes: Changes) -> None:
            access = await changes.in_channel(actor, channel_id)
            access.require(permissions.MANAGE_ROLES)
            channel = access.guild.channels[channel_id]
            left = _without(channel, target_id)
            if len(left) == len(channel.overwrites):
                raise Unknown("overwrite")
            await self._write(changes, actor, access, left)

        await change(self._context, work)

    async def _write(self, changes: Changes, actor: Actor, access: Access, overwrites: tuple[Overwrite, ...]) -> None:
        channel = access.channel
        assert channel is not None
        require_grantable(access, channel, channel.overwrites, overwrites, changes.now_ms)
        if len(overwrites) > limits.OVERWRITES:
            raise refuse("permission_overwrites", "BASE_TYPE_MAX_LENGTH", f"Must be {limits.OVERWRITES} or fewer.")
        changed = replace(channel, overwrites=overwrites)
        await channels.update(changes.tx, changed)
        await changes.channel("CHANNEL_UPDATE", changed)
        for entry in entries.channel(access.guild, channel, changed):
            await changes.audit(actor, access.guild.id, entry)


def from_entries(entries: Sequence[OverwriteEntry]) -> tuple[Overwrite, ...]:
    """The overwrites that a channel's body lists; of two for one target the last."""
    form = Form()
    form.number("permission_overwrites", len(entries), 0, limits.OVERWRITES)
    for each in entries:
        form.choice("permission_overwrites", each.type, (0, 1))
    form.finish()
    made = {int(e.id): Overwrite(int(e.id), e.type, int(e.allow or 0), int(e.deny or 0)) for e in entries}
    return tuple(made.values())


def require_grantable(
    access: Access, where: Channel | None, before: Sequence[Overwrite], after: Sequence[Overwrite], now_ms: int
) -> None:
    """Raise Forbidden unless every bit that changes is one the actor holds, in the guild or in the channel `where`.

    What one has in the guild counts, so that who has shut a channel to everybody can open it again. To say who may
    manage roles takes an administrator. Roles must be the guild's.
    """
    in_guild = permissions.of_member(access.guild, access.member, None, now_ms)
    held = in_guild | permissions.of_member(access.guild, access.member, where, now_ms)
    if in_guild != permissions.ALL:
        held &= ~permissions.MANAGE_ROLES
    old = {each.id: each for each in before}
    for each in after:
        was = old.pop(each.id, Overwrite(each.id, each.type, 0, 0))
        if each.type == 0 and each.id not in access.guild.roles and each != was:
            raise refuse("permission_overwrites", "OVERWRITE_INVALID", "There is no such role in this guild.")
        _require_held(held, (each.allow ^ was.allow) | (each.deny ^ was.deny))
    for gone in old.values():
        _require_held(held, gone.allow | gone.deny)


def _require_held(held: int, changed: int) -> None:
    # Bits we have no name for are kept for who sets them; nobody gains anything by them.
    if changed & permissions.ALL & ~held:
        raise Forbidden


async def _require_target(changes: Changes, access: Access, target_id: int, kind: int) -> None:
    if kind == 0:
        if target_id not in access.guild.roles:
            raise Unknown("role")
    elif await guilds.member(changes.tx, access.guild.id, target_id) is None:
        raise Unknown("member")


def _without(channel: Channel, target_id: int) -> tuple[Overwrite, ...]:
    return tuple(each for each in channel.overwrites if each.id != target_id)
