"""What verbs write into the audit log: one function a noun, from what it was to what it is.

None before is a thing that was made, None after one that was deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from derailed.model.guild import Channel, Emoji, Guild, Invite, Member, Overwrite, Role
from derailed.wire import rest
from derailed.wire.audit import Action, ChangedKey, Entry, changed, roles_changed

_CHANNEL: Final = (Action.CHANNEL_CREATE, Action.CHANNEL_UPDATE, Action.CHANNEL_DELETE)
_OVERWRITE: Final = (Action.OVERWRITE_CREATE, Action.OVERWRITE_UPDATE, Action.OVERWRITE_DELETE)
_EMOJI: Final = (Action.EMOJI_CREATE, Action.EMOJI_UPDATE, Action.EMOJI_DELETE)
_ROLE: Final = (Action.ROLE_CREATE, Action.ROLE_UPDATE, Action.ROLE_DELETE)


def guild(before: Guild, after: Guild) -> Entry:
    """The guild was changed."""
    return Entry(Action.GUILD_UPDATE, after.id, changed(rest.guild(before), rest.guild(after)))


def role(before: Role | None, after: Role | None) -> Entry:
    """A role was made, changed or deleted."""
    shapes = [None if each is None else rest.role(each) for each in (before, after)]
    return Entry(_which(_ROLE, before, after), _id(before, after), changed(*shapes))


def channel(guild: Guild, before: Channel | None, after: Channel | None) -> Iterator[Entry]:
    """A channel was made, changed or deleted; each overwrite that was changed has an entry of its own."""
    shown = before
    if before is not None and after is not None:
        shown = replace(before, overwrites=after.overwrites)
    shapes = [None if each is None else rest.channel(each) for each in (shown, after)]
    if shown != after:
        yield Entry(_which(_CHANNEL, before, after), _id(before, after), changed(*shapes))
    if before is not None and after is not None:
        yield from _overwrites(guild, before, after)


def emoji(before: Emoji | None, after: Emoji | None) -> Entry:
    """An emoji was added, changed or deleted."""
    shapes = [None if each is None else rest.emoji(each) for each in (before, after)]
    said = tuple(each for each in changed(*shapes) if each.key in ("name", "roles"))
    return Entry(_which(_EMOJI, before, after), _id(before, after), said)


def member(before: Member, after: Member) -> Entry:
    """What a member is called was changed, or whether it may speak."""
    shapes = [rest.member(each, None) for each in (replace(before, roles=after.roles), after)]
    return Entry(Action.MEMBER_UPDATE, after.user_id, changed(*shapes))


def member_roles(guild: Guild, before: Member, after: Member) -> Entry:
    """What a member holds was changed."""
    added, removed = set(after.roles) - set(before.roles), set(before.roles) - set(after.roles)
    return Entry(
        Action.MEMBER_ROLE_UPDATE,
        after.user_id,
        roles_changed(_roles(guild, added), _roles(guild, removed)),
    )


def invite(action: Action, of: Invite) -> Entry:
    """An invite was made or closed. It has no id, so the entry has no target: libraries make one from the changes."""
    values = {
        "code": of.code,
        "channel_id": str(of.channel_id),
        "inviter_id": str(of.inviter_id),
        "max_uses": of.max_uses,
        "uses": of.uses,
        "max_age": of.max_age_s,
        "temporary": of.temporary,
    }
    made = action is Action.INVITE_CREATE
    keys = (ChangedKey(key=key, new_value=v) if made else ChangedKey(key=key, old_value=v) for key, v in values.items())
    return Entry(action, None, tuple(keys))


def _overwrites(guild: Guild, before: Channel, after: Channel) -> Iterator[Entry]:
    old, new = ({each.id: each for each in of.overwrites} for of in (before, after))
    for target_id in sorted(old.keys() | new.keys()):
        was, now = old.get(target_id), new.get(target_id)
        if was != now:
            shapes = [None if each is None else rest.overwrite(each) for each in (was, now)]
            options = _overwritten(guild, was or now)
            yield Entry(_which(_OVERWRITE, was, now), after.id, changed(*shapes), options)


def _overwritten(guild: Guild, overwrite: Overwrite | None) -> dict[str, str]:
    assert overwrite is not None
    options = {"id": str(overwrite.id), "type": str(overwrite.type)}
    overwritten = guild.roles.get(overwrite.id)
    return options if overwritten is None else {**options, "role_name": overwritten.name}


def _which(actions: tuple[Action, Action, Action], before: object, after: object) -> Action:
    made, edited, deleted = actions
    return made if before is None else deleted if after is None else edited


def _id(before: Role | Channel | Emoji | None, after: Role | Channel | Emoji | None) -> int:
    either = before or after
    assert either is not None
    return either.id


def _roles(guild: Guild, ids: Iterable[int]) -> list[Role]:
    return [guild.roles[role_id] for role_id in sorted(ids) if role_id in guild.roles]
