"""Coming into a guild and going out of it: what invites, authorized bots, leaving and kicks have in common."""

from __future__ import annotations

from collections.abc import Mapping

from derailed.actions import notices, user_settings
from derailed.actions.changes import Changes
from derailed.actions.roles import remove_role
from derailed.model.errors import Forbidden, Invalid, Unknown
from derailed.model.guild import Guild, Invite, Member
from derailed.model.user import User
from derailed.store import Connection, bans, guild_settings, guilds, invites, members, read_states, spoken, users
from derailed.wire import limits
from derailed.wire.records import guild_topic, user_topic


async def open_invite(tx: Connection, code: str, now_ms: int) -> Invite:
    """The invite, if it still leads anywhere. Raises Unknown("invite")."""
    invite = await invites.get(tx, code)
    if invite is None or is_over(invite, now_ms):
        raise Unknown("invite")
    return invite


async def by_invite(changes: Changes, code: str, account: User) -> Invite:
    """Let the account join by the code; to belong already is fine, and is not counted as a use.

    The invite is read again under the guild's lock, so of two who are last only one comes in.
    """
    guild_id = (await open_invite(changes.tx, code, changes.now_ms)).guild_id
    await changes.hold(guild_topic(guild_id))
    invite = await open_invite(changes.tx, code, changes.now_ms)
    if await guilds.member(changes.tx, guild_id, account.id) is None:
        await invites.count_use(changes.tx, code)
        await enter(changes, guild_id, account, temporary=invite.temporary)
    return invite


async def enter(
    changes: Changes, guild_id: int, account: User, roles: tuple[int, ...] = (), *, temporary: bool = False
) -> Member:
    """Make the account a member, which it is not yet. The guild's topic is held. Raises Forbidden("banned")."""
    if await bans.stands(changes.tx, guild_id, account.id):
        raise Forbidden("banned")
    await changes.hold(user_topic(account.id))
    account = await users.get(changes.tx, account.id) or account  # another process may have renamed it until now
    if len(await members.guilds_of(changes.tx, account.id)) >= limits.GUILDS:
        raise Invalid("too_many_guilds")
    member = Member(guild_id=guild_id, user_id=account.id, joined_at=changes.now_ms, roles=roles, temporary=temporary)
    await members.insert(changes.tx, member)
    rev = await changes.member("GUILD_MEMBER_ADD", member, account)
    await notices.joined(changes, await changes.guild(guild_id), member, account)
    await changes.joined(account.id, guild_id, rev)
    if not account.bot:
        await user_settings.restrict_new_guild(changes, account.id, guild_id)
    return member


async def exit_from(changes: Changes, guild: Guild, account: User) -> None:
    """End the account's membership, and the role that was made for a bot. The guild's topic is held."""
    _, rev = await take_out(changes, guild, account)
    await tell_left(changes, guild.id, {account.id: rev})


async def take_out(changes: Changes, guild: Guild, account: User) -> tuple[Guild, int]:
    """The guild's side of it: what the guild is then, and its rev, which `tell_left` tells the account."""
    for role in [each for each in guild.roles.values() if each.bot_id == account.id]:
        guild = await remove_role(changes, guild, role)
    await members.delete(changes.tx, guild.id, account.id)
    return guild, await changes.member_remove(guild.id, account)


async def tell_left(changes: Changes, guild_id: int, revs: Mapping[int, int]) -> None:
    """Tell each account that it does not belong to the guild since that rev: topics are begun in sorted order.

    What they had read there, and wanted to hear of it, is forgotten.
    """
    for user_id in sorted(revs, key=user_topic):
        await changes.left(user_id, guild_id, revs[user_id])
        await read_states.forget_guild(changes.tx, user_id, guild_id)
        await spoken.forget_guild(changes.tx, user_id, guild_id)
        await guild_settings.forget(changes.tx, user_id, guild_id)


def is_over(invite: Invite, now_ms: int) -> bool:
    """Whether it has run out or has been used up."""
    too_old = invite.max_age_s > 0 and now_ms >= invite.created_at + invite.max_age_s * 1000
    return too_old or 0 < invite.max_uses <= invite.uses
