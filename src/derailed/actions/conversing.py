"""Conversations as verbs find them, inside the transaction that acts on them.

Who is in one changes only under the lock of its own topic, and who of them has it closed under the lock of theirs.
Its own topic is locked first, then those of everybody in it, in sorted order: so verbs never wait in a ring.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from derailed.actions import acquaintance
from derailed.actions.changes import Changes
from derailed.model.conversation import Conversation, Shown
from derailed.model.errors import Forbidden, Unknown
from derailed.model.permissions import OF_RECIPIENT, OF_UNHEARD
from derailed.model.user import User
from derailed.store import Connection, conversations, topics
from derailed.store.topics import Change
from derailed.wire import conversations as wire
from derailed.wire.records import Record, channel_topic, user_topic

Told = tuple[tuple[str, int], ...]
"""Topics, and the rev that each is at: the new one, where something is about to change."""


class Entered(NamedTuple):
    """A conversation, what one of its recipients may do there, and the topics of all, lifted for a change."""

    conversation: Conversation
    permissions: int
    told: Told


async def enter(tx: Connection, user_id: int, channel_id: int, *, lift: bool) -> Entered:
    """The conversation as one who is in it finds it. Raises Unknown("channel"), Forbidden("missing_access")."""
    if lift:
        await topics.look(tx, channel_topic(channel_id))
    found = await existing(tx, user_id, channel_id)
    told: Told = ()
    if lift:
        names = sorted(map(user_topic, found.recipients))
        told = tuple([(name, (await topics.lift(tx, name)).rev) for name in names])
        found = await existing(tx, user_id, channel_id)  # who has it closed is sure only now
    return Entered(found, await _permissions(tx, found, user_id), told)


async def hold(changes: Changes, user_id: int, channel_id: int, more: Iterable[int] = ()) -> Conversation:
    """The same for who is in it to change, with the topics of `more` users held."""
    await topics.look(changes.tx, channel_topic(channel_id))
    found = await existing(changes.tx, user_id, channel_id)
    for topic in sorted(map(user_topic, {*found.recipients, *more})):
        await changes.hold(topic)
    return await existing(changes.tx, user_id, channel_id)


async def existing(tx: Connection, user_id: int, channel_id: int) -> Conversation:
    """The conversation. Raises Unknown("channel"), Forbidden("missing_access") to those who are not in it."""
    found = await conversations.get(tx, channel_id)
    if found is None:
        raise Unknown("channel")
    if user_id not in found.recipients:
        raise Forbidden("missing_access")
    return found


async def reopen(changes: Changes, of: Conversation) -> None:
    """It opens again for those who had closed it."""
    now = await conversations.get(changes.tx, of.id)
    assert now is not None
    shown = await conversations.shown(changes.tx, now)
    for user_id in of.hidden_from:
        await conversations.hide(changes.tx, of.id, user_id, hidden=False)
        await tell(changes, "CHANNEL_CREATE", shown, user_id)


async def tell(changes: Changes, event: str, shown: Shown, *user_ids: int) -> None:
    """Tell these users of the conversation itself, each as they see it."""
    for user_id in user_ids:
        await _say(changes, event, shown.conversation.id, user_id, wire.seen_by(shown, user_id))


async def tell_of(changes: Changes, event: str, of: Conversation, account: User, *user_ids: int) -> None:
    """Tell these users who came into it, or went."""
    data = wire.recipient(of.id, account)
    for user_id in user_ids:
        await _say(changes, event, of.id, user_id, data)


async def _say(changes: Changes, event: str, channel_id: int, user_id: int, data: bytes) -> None:
    record = Record(event=event, id=channel_id, channel=channel_id, data=data)
    await changes.emit(user_topic(user_id), Change.NOTHING, record)


async def _permissions(tx: Connection, of: Conversation, user_id: int) -> int:
    if of.is_group:
        return OF_RECIPIENT
    (other_id,) = [each for each in of.recipients if each != user_id]
    return OF_RECIPIENT if await acquaintance.may_write(tx, user_id, other_id) else OF_UNHEARD
