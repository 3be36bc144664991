"""Relationships: ask, accept, decline, end, block, give nicknames. Bots have none.

Each verb holds the topics of both accounts before it reads what they are to each other, and tells each side what that
side may know: of a block only that what was before is no more.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from derailed.actions import acquaintance
from derailed.actions.changes import Changes, change
from derailed.actions.context import Context
from derailed.actions.forms import Form
from derailed.model.errors import Forbidden, Invalid, Unknown
from derailed.model.relationship import Relationship, RelationshipType
from derailed.model.user import Actor, User
from derailed.store import Connection, relationships, users
from derailed.store.topics import Change
from derailed.wire import limits
from derailed.wire.records import user_topic
from derailed.wire.relationships import ADDED, REMOVED, UPDATED, AskByName, told


class Two(NamedTuple):
    """Two accounts, and what each is to the other as that side knows it."""

    own: User
    other: User
    ours: Relationship | None
    theirs: Relationship | None


class Relationships:
    """What people are to each other."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def all(self, actor: Actor) -> list[Relationship]:
        """All of one's own."""
        _refuse_bots(actor)
        return await self._context.store.read(lambda tx: relationships.of_user(tx, actor.user_id))

    async def ask_by_name(self, actor: Actor, body: AskByName) -> None:
        """Ask whoever has that name to be a friend. Raises Invalid("unknown_name") where nobody has."""
        _refuse_bots(actor)
        name = body.username.strip()
        if "\0" in name or body.discriminator not in (None, "", "0", 0):  # no database looks for a null character
            raise Invalid("unknown_name")
        found = await self._context.store.read(lambda tx: users.credentials_of_name(tx, name))
        if found is None:
            raise Invalid("unknown_name")
        await self.ask(actor, found.user.id)

    async def ask(self, actor: Actor, user_id: int) -> None:
        """Ask somebody to be a friend, or accept that they asked."""
        _refuse_bots(actor)
        if user_id == actor.user_id:
            raise Invalid("request_to_self")

        async def work(changes: Changes) -> None:
            two = await _hold(changes, actor, user_id)
            if two.other.bot:
                raise Invalid("bots_have_no_friends")
            if (two.ours and two.ours.is_block) or (two.theirs and two.theirs.is_block):
                raise Invalid("request_blocked")
            if two.ours is None:
                await _request(changes, two)
            elif two.ours.is_friendship:
                raise Invalid("friends_already")
            elif two.ours.type is RelationshipType.INCOMING:
                await _befriend(changes, two)

        await change(self._context, work)

    async def block(self, actor: Actor, user_id: int) -> None:
        """Block somebody, which ends whatever was between the two."""
        _refuse_bots(actor)
        if user_id == actor.user_id:
            raise Invalid("request_to_self")

        async def work(changes: Changes) -> None:
            two = await _hold(changes, actor, user_id)
            if two.ours is not None and two.ours.is_block:
                return
            if (await relationships.counts(changes.tx, actor.user_id))[RelationshipType.BLOCKED] >= limits.BLOCKED:
                raise Invalid("too_many_blocked")
            if two.theirs is not None and not two.theirs.is_block:
                await _end(changes, two.other.id, two.theirs)
            await _become(changes, two.own.id, two.other, RelationshipType.BLOCKED)

        await change(self._context, work)

    async def rename(self, actor: Actor, user_id: int, nickname: str | None) -> None:
        """Call a friend something, which only oneself sees. Raises Unknown("user") for who is no friend."""
        _refuse_bots(actor)
        form = Form()
        form.text("nickname", nickname or "", 0, limits.FRIEND_NICKNAME)
        form.finish()

        async def work(changes: Changes) -> None:
            two = await _hold(changes, actor, user_id)
            if two.ours is None or not two.ours.is_friendship:
                raise Unknown("user")
            renamed = replace(two.ours, nickname=(nickname or "").strip() or None)
            if renamed != two.ours:
                await relationships.put(changes.tx, actor.user_id, renamed)
                await tell(changes, actor.user_id, UPDATED, renamed)

        await change(self._context, work)

    async def end(self, actor: Actor, user_id: int) -> None:
        """End a friendship, decline or take back a request, or block somebody no longer."""
        _refuse_bots(actor)

        async def work(changes: Changes) -> None:
            two = await _hold(changes, actor, user_id)
            if two.ours is None:
                return
            await _end(changes, two.own.id, two.ours)
            if not two.ours.is_block and two.theirs is not None:
                await _end(changes, two.other.id, two.theirs)

        await change(self._context, work)


async def tell(changes: Changes, user_id: int, event: str, of: Relationship) -> None:
    """Put the event into the account's topic."""
    await changes.emit(user_topic(user_id), Change.NOTHING, replace(told(event, of), target=user_id))


def _refuse_bots(actor: Actor) -> None:
    if actor.bot:
        raise Forbidden("not_for_bots")


async def _hold(changes: Changes, actor: Actor, user_id: int) -> Two:
    """Both accounts, between whom nobody else changes anything until this is over. Raises Unknown("user")."""
    if await users.get(changes.tx, user_id) is None:
        raise Unknown("user")
    for topic in sorted({user_topic(actor.user_id), user_topic(user_id)}):
        await changes.hold(topic)
    tx = changes.tx
    own, other = await users.get(tx, actor.user_id), await users.get(tx, user_id)
    if own is None or other is None or other.deleted:
        raise Unknown("user")
    ours, theirs = await _between(tx, actor.user_id, user_id), await _between(tx, user_id, actor.user_id)
    return Two(own, other, ours, theirs)


async def _between(tx: Connection, user_id: int, other_id: int) -> Relationship | None:
    return await relationships.get(tx, user_id, other_id)


async def _request(changes: Changes, two: Two) -> None:
    """The one asks the other, unless the other would not be asked, or one of them has too much open."""
    if not await acquaintance.may_ask(changes.tx, two.own.id, two.other.id):
        raise Invalid("requests_refused")
    await _require_room(changes, two.own.id)
    if (await relationships.counts(changes.tx, two.own.id))[RelationshipType.OUTGOING] >= limits.REQUESTS_SENT:
        raise Invalid("too_many_requests")
    received = (await relationships.counts(changes.tx, two.other.id))[RelationshipType.INCOMING]
    if received >= limits.REQUESTS_RECEIVED:
        raise Invalid("requests_refused")
    await _become(changes, two.own.id, two.other, RelationshipType.OUTGOING)
    await _become(changes, two.other.id, two.own, RelationshipType.INCOMING)


async def _befriend(changes: Changes, two: Two) -> None:
    for user_id in (two.own.id, two.other.id):
        await _require_room(changes, user_id)
    await _become(changes, two.own.id, two.other, RelationshipType.FRIEND)
    await _become(changes, two.other.id, two.own, RelationshipType.FRIEND)


async def _require_room(changes: Changes, user_id: int) -> None:
    if (await relationships.counts(changes.tx, user_id))[RelationshipType.FRIEND] >= limits.FRIENDS:
        raise Invalid("too_many_friends")


async def _become(changes: Changes, user_id: int, other: User, kind: RelationshipType) -> None:
    """One side of it, whatever that was before."""
    now = Relationship(other, kind, None, changes.now_ms)
    await relationships.put(changes.tx, user_id, now)
    await tell(changes, user_id, ADDED, now)


async def _end(changes: Changes, user_id: int, of: Relationship) -> None:
    """One side of it."""
    await relationships.delete(changes.tx, user_id, of.user.id)
    await tell(changes, user_id, REMOVED, of)
