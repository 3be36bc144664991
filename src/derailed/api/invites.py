"""Routes of invites."""

from __future__ import annotations

from litestar import delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from derailed.actions.invites import Opened
from derailed.api.asking import ANYBODY, Ask, Who
from derailed.api.declaring import refuses
from derailed.wire import rest
from derailed.wire.requests import CreateInvite
from derailed.wire.shapes import InviteShape


@post(
    "/channels/{channel_id:int}/invites",
    opt=refuses("wrong_channel_type", "too_many_invites", "direct_channel", "missing_access", "missing_permissions"),
    status_code=200,
)
async def create(verbs: Ask, actor: Who, channel_id: FromPath[int], data: JSONBody[CreateInvite]) -> InviteShape:
    """Make a way in."""
    return _shape(await verbs.invites.create(actor, channel_id, data), managed=True)


@get("/invites/{code:str}", opt=ANYBODY | refuses("unknown_guild", "unknown_invite"))
async def look_up(verbs: Ask, code: FromPath[str], with_counts: FromQuery[bool] = False) -> InviteShape:
    """What a code leads to."""
    opened = await verbs.invites.get(code, counted=with_counts)
    shape = _shape(opened)
    return rest.with_counts(shape, opened.member_count, opened.online) if with_counts else shape


@post(
    "/invites/{code:str}",
    opt=refuses("too_many_guilds", "not_for_bots", "banned", "unknown_guild", "unknown_invite"),
    status_code=200,
)
async def accept(verbs: Ask, actor: Who, code: FromPath[str]) -> InviteShape:
    """Come in by it."""
    return _shape(await verbs.invites.accept(actor, code))


@delete("/invites/{code:str}", opt=refuses("missing_permissions", "unknown_guild", "unknown_invite"), status_code=200)
async def close(verbs: Ask, actor: Who, code: FromPath[str]) -> InviteShape:
    """Let it lead nowhere."""
    return _shape(await verbs.invites.delete(actor, code))


@get("/guilds/{guild_id:int}/invites", opt=refuses("missing_permissions"))
async def of_guild(verbs: Ask, actor: Who, guild_id: FromPath[int]) -> list[InviteShape]:
    """All ways into a guild."""
    return [_shape(each, managed=True) for each in await verbs.invites.of_guild(actor, guild_id)]


@get(
    "/channels/{channel_id:int}/invites",
    opt=refuses("direct_channel", "missing_access", "missing_permissions", "unknown_guild"),
)
async def of_channel(verbs: Ask, actor: Who, channel_id: FromPath[int]) -> list[InviteShape]:
    """All ways in by a channel."""
    return [_shape(each, managed=True) for each in await verbs.invites.of_channel(actor, channel_id)]


def _shape(opened: Opened, *, managed: bool = False) -> InviteShape:
    return rest.invite(opened.invite, opened.guild, opened.inviter, managed=managed)


ROUTES = (create, look_up, accept, close, of_guild, of_channel)
