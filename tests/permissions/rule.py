"""Who may do what, told bit by bit as the protocol's documents tell it. It knows nothing of the server's own rule."""

from __future__ import annotations

from typing import Final

from tests.permissions.worlds import OF_MEMBER, OF_ROLE, Bit, Guild, Overwrite, Place, Role, World

_LEFT_IN_TIME_OUT: Final = (Bit.VIEW_CHANNEL, Bit.READ_MESSAGE_HISTORY)
_LOST_WITHOUT_SEND: Final = (Bit.MENTION_EVERYONE, Bit.SEND_TTS_MESSAGES, Bit.ATTACH_FILES, Bit.EMBED_LINKS)
_NAMED: Final = range(53)
_TOP: Final = (1 << 40, 0)


def is_all_powerful(guild: Guild, user: int) -> bool:
    """An owner, or one who holds ADMINISTRATOR by a role; no overwrite makes one."""
    if user not in guild.members:
        return False
    return user == guild.owner or any(role.bits >> Bit.ADMINISTRATOR & 1 for role in _held_roles(guild, user))


def may(guild: Guild, user: int, bit: int, place: Place | None = None, *, timed: bool = True) -> bool:
    """Whether the user holds the permission in the guild, or in one channel of it. `timed`: time-outs count."""
    if user not in guild.members:
        return False
    if is_all_powerful(guild, user):
        return True
    if timed and guild.members[user].timed_out and bit not in _LEFT_IN_TIME_OUT:
        return False
    held = any(role.bits >> bit & 1 for role in _held_roles(guild, user))
    if place is None:
        return held
    held = _overwritten(guild, user, bit, place, held=held)
    if bit != Bit.VIEW_CHANNEL and not may(guild, user, Bit.VIEW_CHANNEL, place, timed=timed):
        return False
    if bit in _LOST_WITHOUT_SEND and not may(guild, user, Bit.SEND_MESSAGES, place, timed=timed):
        return False
    return held


def number(guild: Guild, user: int) -> int:
    """All that the user holds in the guild, as one number on the wire."""
    if is_all_powerful(guild, user):
        return sum(1 << bit for bit in _NAMED)
    return sum(1 << bit for bit in range(63) if may(guild, user, bit))


def seen(guild: Guild, user: int) -> set[int]:
    """The channels that the user may view."""
    return {each.id for each in guild.places.values() if may(guild, user, Bit.VIEW_CHANNEL, each)}


def height(guild: Guild, user: int) -> tuple[int, int]:
    """Where the user stands: by the highest role; of two at one position the older is higher. The owner is on top."""
    if user == guild.owner:
        return _TOP
    held = [_rank(role) for role in _held_roles(guild, user) if role.id != guild.id]
    return max(held, default=(0, -guild.id))


def stands_above(guild: Guild, user: int, other: int) -> bool:
    """Whether the user may act on the other member."""
    return height(guild, user) > height(guild, other)


def stands_above_role(guild: Guild, user: int, role: Role) -> bool:
    """Whether the user may act on the role; @everyone is below all."""
    return role.id == guild.id or height(guild, user) > _rank(role)


def may_grant(guild: Guild, user: int, before: int, after: int) -> bool:
    """Whether the user holds every permission by which a role is changed."""
    changed = [bit for bit in _NAMED if (before ^ after) >> bit & 1]
    return all(may(guild, user, bit) for bit in changed)


def may_overwrite(
    guild: Guild, user: int, place: Place | None, before: tuple[Overwrite, ...], after: tuple[Overwrite, ...]
) -> bool:
    """Whether the user may turn the one list into the other.

    What changes must be held, in the guild or in the channel; who may manage roles is for the all-powerful to say.
    """
    return all(
        is_all_powerful(guild, user)
        or (bit != Bit.MANAGE_ROLES and (may(guild, user, bit) or (place is not None and may(guild, user, bit, place))))
        for bit in _NAMED
        if _marks(before, bit) != _marks(after, bit)
    )


def is_member(world: World, guild_id: int, user: int) -> bool:
    """Whether there is such a guild, with the user in it."""
    guild = world.guild(guild_id)
    return guild is not None and user in guild.members


def _overwritten(guild: Guild, user: int, bit: int, place: Place, *, held: bool) -> bool:
    """Everyone's overwrite, then all roles' together, then the member's own; in each what is allowed comes last."""
    roles = guild.members[user].roles
    for concerned in (
        [each for each in place.overwrites if each.kind == OF_ROLE and each.target == guild.id],
        [each for each in place.overwrites if each.kind == OF_ROLE and each.target in roles],
        [each for each in place.overwrites if each.kind == OF_MEMBER and each.target == user],
    ):
        if any(each.deny >> bit & 1 for each in concerned):
            held = False
        if any(each.allow >> bit & 1 for each in concerned):
            held = True
    return held


def _held_roles(guild: Guild, user: int) -> list[Role]:
    return [guild.roles[guild.id], *(guild.roles[role] for role in guild.members[user].roles)]


def _rank(role: Role) -> tuple[int, int]:
    return role.position, -role.id


def _marks(overwrites: tuple[Overwrite, ...], bit: int) -> set[tuple[int, int, int]]:
    """Of each overwrite that says something of the bit, what it says."""
    return {
        (each.target, each.allow >> bit & 1, each.deny >> bit & 1)
        for each in overwrites
        if (each.allow | each.deny) >> bit & 1
    }
