"""Profiles and notes: what people say of themselves to those who know them, and write down of others for themselves."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import UNSET, structs

from derailed.actions.changes import Changes, change
from derailed.actions.context import Context
from derailed.actions.forms import Form
from derailed.model.errors import Forbidden, Invalid, Unknown
from derailed.model.guild import Member
from derailed.model.user import Actor, Profile, User
from derailed.store import Connection, members, notes, profiles, relationships, users
from derailed.store.topics import Change
from derailed.wire import limits
from derailed.wire.accounts import NOTE_UPDATED, PROFILE_UPDATED, EditProfile, NoteUpdate, UserProfileShape, encode
from derailed.wire.records import Record, user_topic

_COLORS = (0, 0xFFFFFF)


class Known(NamedTuple):
    """Somebody's account as one knows it. `mutual` are memberships of theirs in guilds where one is too."""

    user: User
    profile: Profile
    mutual: list[Member]
    friends: list[User]
    member: Member | None


class Profiles:
    """The verbs of profiles and notes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def get(self, actor: Actor, user_id: int, guild_id: int | None) -> Known:
        """Somebody's profile: one's own, or of who shares a guild, a friendship or a request with oneself.

        Raises Unknown("user"), Forbidden("missing_access"), and Unknown("guild") for one that both are not in.
        """

        async def work(tx: Connection) -> Known:
            user = await users.get(tx, user_id)
            if user is None:
                raise Unknown("user")
            mutual = await _mutual(tx, actor.user_id, user_id)
            ours = await relationships.get(tx, actor.user_id, user_id)
            if user_id != actor.user_id and not mutual and (ours is None or ours.is_block):
                raise Forbidden("missing_access")
            member = next((each for each in mutual if each.guild_id == guild_id), None)
            if guild_id is not None and member is None:
                raise Unknown("guild")
            friends = await relationships.mutual_friends(tx, actor.user_id, user_id)
            found = await users.many(tx, friends if user_id != actor.user_id else ())
            return Known(user, await profiles.get(tx, user_id), mutual, list(found.values()), member)

        return await self._context.store.read(work)

    async def edit(self, actor: Actor, body: EditProfile) -> Profile:
        """Say something else of oneself; one's sessions are told."""
        form = Form()
        form.text("bio", body.bio or "", 0, limits.BIO)
        form.text("pronouns", body.pronouns or "", 0, limits.PRONOUNS)
        if body.accent_color not in (UNSET, None):
            form.number("accent_color", body.accent_color, *_COLORS)
        form.finish()

        async def work(changes: Changes) -> Profile:
            await changes.hold(user_topic(actor.user_id))
            before = await profiles.get(changes.tx, actor.user_id)
            after = structs.replace(
                before,
                bio=before.bio if body.bio is UNSET else body.bio or "",
                pronouns=before.pronouns if body.pronouns is UNSET else body.pronouns or "",
                accent_color=before.accent_color if body.accent_color is UNSET else body.accent_color,
            )
            if after != before:
                await profiles.put(changes.tx, actor.user_id, after)
                shown = UserProfileShape(bio=after.bio, pronouns=after.pronouns, accent_color=after.accent_color)
                await _tell(changes, actor.user_id, Record(event=PROFILE_UPDATED, data=encode(shown)))
            return after

        return await change(self._context, work)

    async def notes(self, actor: Actor) -> dict[int, str]:
        """All that one has written down."""
        _refuse_bots(actor)
        return await self._context.store.read(lambda tx: notes.of_user(tx, actor.user_id))

    async def note(self, actor: Actor, user_id: int) -> str:
        """What one has written down about somebody. Raises Unknown("user") when that is nothing."""
        _refuse_bots(actor)
        note = await self._context.store.read(lambda tx: notes.get(tx, actor.user_id, user_id))
        if note is None:
            raise Unknown("user")
        return note

    async def write(self, actor: Actor, user_id: int, note: str) -> None:
        """Write something down about somebody, in the place of what was; one's sessions are told."""
        _refuse_bots(actor)
        form = Form()
        form.text("note", note, 0, limits.NOTE)
        form.finish()

        async def work(changes: Changes) -> None:
            tx = changes.tx
            if await users.get(tx, user_id) is None:
                raise Unknown("user")
            await changes.hold(user_topic(actor.user_id))
            written = await notes.of_user(tx, actor.user_id)
            if written.get(user_id, "") == note:
                return
            if note and user_id not in written and len(written) >= limits.NOTES:
                raise Invalid("too_many_notes")
            await notes.put(tx, actor.user_id, user_id, note)
            told = encode(NoteUpdate(str(user_id), note))
            await _tell(changes, actor.user_id, Record(event=NOTE_UPDATED, id=user_id, data=told))

        await change(self._context, work)


async def _mutual(tx: Connection, user_id: int, other_id: int) -> list[Member]:
    """The other's memberships in guilds where the user is too."""
    shared = set(await members.guilds_of(tx, user_id)).intersection(await members.guilds_of(tx, other_id))
    found = [await members.get(tx, guild_id, other_id) for guild_id in sorted(shared)]
    return [pair[0] for pair in found if pair is not None]


async def _tell(changes: Changes, user_id: int, record: Record) -> None:
    await changes.emit(user_topic(user_id), Change.NOTHING, structs.replace(record, target=user_id))


def _refuse_bots(actor: Actor) -> None:
    if actor.bot:
        raise Forbidden("not_for_bots")
