"""Routes of profiles and notes."""

from __future__ import annotations

from typing import Annotated

from litestar import get, patch, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET
from msgspec.structs import asdict

from derailed.actions.profiles import Known
from derailed.api.asking import Ask, Who
from derailed.api.declaring import refuses
from derailed.model import snowflakes
from derailed.model.user import Profile
from derailed.wire import rest
from derailed.wire.accounts import (
    EditNote,
    EditProfile,
    KnownUser,
    MutualGuild,
    NoteShape,
    ProfileShape,
    UserProfileShape,
)

_NOTE = "/users/@me/notes/{user_id:int}"
_Guild = Annotated[int | None, QueryParameter(ge=0, le=snowflakes.MAX)]


@get("/users/{user_id:int}/profile", opt=refuses("missing_access", "unknown_guild"))
async def one(
    verbs: Ask,
    actor: Who,
    user_id: FromPath[int],
    guild_id: _Guild = None,
    with_mutual_guilds: FromQuery[bool] = True,
    with_mutual_friends: FromQuery[bool] = False,
    with_mutual_friends_count: FromQuery[bool] = False,
) -> ProfileShape:
    """What somebody says of themselves, to those who share a guild, a friendship or a request with them."""
    known = await verbs.profiles.get(actor, user_id, guild_id)
    shown = _shape(known)
    if with_mutual_guilds:
        shown.mutual_guilds = [MutualGuild(id=str(each.guild_id), nick=each.nick) for each in known.mutual]
    if with_mutual_friends:
        shown.mutual_friends = [rest.user(each) for each in known.friends]
    if with_mutual_friends or with_mutual_friends_count:
        shown.mutual_friends_count = len(known.friends)
    if known.member is not None:
        shown.guild_member = rest.member(known.member, known.user)
    return shown


@patch("/users/@me/profile")
async def edit(verbs: Ask, actor: Who, data: JSONBody[EditProfile]) -> UserProfileShape:
    """Say something else of oneself."""
    return _said(await verbs.profiles.edit(actor, data))


@get("/users/@me/notes", opt=refuses("not_for_bots"))
async def notes(verbs: Ask, actor: Who) -> dict[str, str]:
    """All that one has written down about others, by their ids."""
    return {str(user_id): text for user_id, text in (await verbs.profiles.notes(actor)).items()}


@get(_NOTE, opt=refuses("not_for_bots"))
async def note(verbs: Ask, actor: Who, user_id: FromPath[int]) -> NoteShape:
    """What one has written down about somebody."""
    written = await verbs.profiles.note(actor, user_id)
    return NoteShape(note=written, note_user_id=str(user_id), user_id=str(actor.user_id))


@put(_NOTE, opt=refuses("not_for_bots", "too_many_notes"), status_code=204)
async def write(verbs: Ask, actor: Who, user_id: FromPath[int], data: JSONBody[EditNote]) -> None:
    """Write something down about somebody; nothing takes it away."""
    await verbs.profiles.write(actor, user_id, data.note or "")


def _shape(known: Known) -> ProfileShape:
    said = _said(known.profile)
    account = asdict(rest.user(known.user)) | {"accent_color": said.accent_color}
    return ProfileShape(user=KnownUser(**account, bio=said.bio), user_profile=said, mutual_guilds=UNSET)


def _said(of: Profile) -> UserProfileShape:
    return UserProfileShape(bio=of.bio, pronouns=of.pronouns, accent_color=of.accent_color)


ROUTES = (one, edit, notes, note, write)
