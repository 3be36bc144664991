"""Conversations: open, list, name, close and leave them, and let people into groups."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from msgspec import UNSET
from msgspec.structs import replace

from derailed.actions import acquaintance, conversing, images, notices
from derailed.actions.changes import Changes, change
from derailed.actions.context import Context
from derailed.actions.forms import Form
from derailed.actions.notices import Notice
from derailed.model.conversation import Conversation, Shown
from derailed.model.errors import Forbidden, Invalid
from derailed.model.guild import ChannelType
from derailed.model.message import MessageType
from derailed.model.user import Actor, User
from derailed.store import Connection, channels, conversations, read_states, spoken, topics, users
from derailed.wire import limits
from derailed.wire.records import channel_topic, user_topic
from derailed.wire.requests import EditChannel, OpenConversation

_DM: Final = int(ChannelType.DM)
_GROUP: Final = int(ChannelType.GROUP_DM)


class Conversations:
    """What people, and bots in their DMs, do with conversations themselves; what is said there: see `messages`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def listed(self, actor: Actor) -> list[Shown]:
        """Those that one is in and has not closed, the one with the newest message first. A bot is told of none."""
        if actor.bot:
            return []
        return await self._context.store.read(lambda tx: conversations.of_user(tx, actor.user_id))

    async def open(self, actor: Actor, body: OpenConversation) -> Shown:
        """A DM, the same one each time, or a new group. Raises Invalid, Forbidden("not_for_bots")."""
        wanted = {int(each) for each in body.recipients or ()}
        if body.recipient_id is not None:
            return await self._direct(actor, int(body.recipient_id))
        if len(wanted) == 1:
            return await self._direct(actor, wanted.pop())
        if actor.bot:
            raise Forbidden("not_for_bots")
        return await self._group(actor, wanted - {actor.user_id})

    async def get(self, actor: Actor, channel_id: int) -> Shown:
        """One that one is in. Raises Unknown("channel"), Forbidden("missing_access")."""

        async def work(tx: Connection) -> Shown:
            return await conversations.shown(tx, await conversing.existing(tx, actor.user_id, channel_id))

        return await self._context.store.read(work)

    async def edit(self, actor: Actor, channel_id: int, body: EditChannel) -> Shown:
        """Call a group otherwise, or show it otherwise; whoever is in it may."""
        form = Form()
        if body.name is not UNSET:
            form.text("name", body.name or "", 0, limits.CHANNEL_NAME[1])
        form.finish()
        icon = await images.taken(self._context, "icon", body.icon, images.CHANNEL_ICON)

        async def work(changes: Changes) -> Shown:
            before = await _held_group(changes, actor, channel_id)
            after = before if body.name is UNSET else replace(before, name=(body.name or "").strip() or None)
            named = await images.replace(self._context, changes.tx, images.CHANNEL_ICON, before.icon, icon)
            after = replace(after, icon=named)
            if after == before:
                return await conversations.shown(changes.tx, after)
            await _write(changes, after)
            if after.name != before.name:
                await _notice(changes, after, actor, Notice(MessageType.NAME_CHANGE, after.name or ""))
            if after.icon != before.icon:
                await _notice(changes, after, actor, Notice(MessageType.ICON_CHANGE))
            return await conversations.shown(changes.tx, after)

        async with images.held(self._context, icon):
            return await change(self._context, work)

    async def end(self, actor: Actor, channel_id: int) -> Shown:
        """Close a DM, for oneself and until the next message, or leave a group."""

        async def work(changes: Changes) -> Shown:
            found = await conversing.existing(changes.tx, actor.user_id, channel_id)
            if not found.is_group:
                return await _close(changes, actor, found)
            found = await conversing.hold(changes, actor.user_id, channel_id)
            account = await _account(changes.tx, actor.user_id)
            return await take_out(changes, actor, found, account)

        return await change(self._context, work)

    async def add(self, actor: Actor, channel_id: int, user_id: int) -> None:
        """Let somebody into a group; who is in it already stays."""

        async def work(changes: Changes) -> None:
            before = await self._held(changes, actor, channel_id, user_id)
            if user_id in before.recipients:
                return
            account = await self._admitted(changes.tx, actor, user_id)
            if len(before.recipients) >= limits.RECIPIENTS:
                raise Invalid("too_many_recipients")
            await conversations.add(changes.tx, channel_id, user_id, changes.new_id_in(channel_topic(channel_id)))
            after = replace(before, recipients=(*before.recipients, user_id))
            await conversing.tell_of(changes, "CHANNEL_RECIPIENT_ADD", after, account, *before.recipients)
            shown = await conversations.shown(changes.tx, after)
            await conversing.tell(changes, "CHANNEL_CREATE", shown, user_id)
            await _notice(changes, after, actor, Notice(MessageType.RECIPIENT_ADD, mentioned=account))

        await change(self._context, work)

    async def remove(self, actor: Actor, channel_id: int, user_id: int) -> None:
        """Take somebody out of a group that one owns, or leave it."""

        async def work(changes: Changes) -> None:
            before = await self._held(changes, actor, channel_id)
            if user_id != actor.user_id and before.owner_id != actor.user_id:
                raise Forbidden
            if user_id not in before.recipients:
                raise Invalid("invalid_recipients")
            await take_out(changes, actor, before, await _account(changes.tx, user_id))

        await change(self._context, work)

    async def _held(self, changes: Changes, actor: Actor, channel_id: int, *more: int) -> Conversation:
        """A group, for people to come and go. Raises Invalid for a guild's channel."""
        shapes = self._context.shapes
        guild_id = await shapes.guild_of(changes.tx, channel_id)
        if guild_id:
            await shapes.of_guild(changes.tx, actor, (guild_id, channel_id), changes.now_ms, lift=False)
            raise Invalid("wrong_channel_type")
        return await _held_group(changes, actor, channel_id, *more)

    async def _direct(self, actor: Actor, other_id: int) -> Shown:
        """The DM of two; it opens for whoever asks, and for the other one with the first message."""

        async def work(changes: Changes) -> Shown:
            tx, own = changes.tx, actor.user_id
            if other_id == own or await users.get(tx, other_id) is None:
                raise Invalid("invalid_recipients")
            for topic in sorted(map(user_topic, (own, other_id))):
                await topics.look(tx, topic)
            channel_id = await conversations.direct(tx, own, other_id)
            if channel_id is None:
                made = Conversation(
                    id=self._context.new_id(), type=_DM, recipients=(own, other_id), hidden_from=(own, other_id)
                )
                await conversations.insert(tx, made)
                channel_id = made.id
            found = await conversations.get(tx, channel_id)
            assert found is not None  # a DM does not end
            if own in found.hidden_from:
                await conversing.reopen(changes, replace(found, hidden_from=(own,)))
            return await conversations.shown(tx, found)

        return await change(self._context, work)

    async def _group(self, actor: Actor, others: Collection[int]) -> Shown:
        if not others:
            raise Invalid("invalid_recipients")
        if len(others) >= limits.RECIPIENTS:
            raise Invalid("too_many_recipients")

        async def work(changes: Changes) -> Shown:
            for topic in sorted(map(user_topic, {actor.user_id, *others})):
                await changes.hold(topic)
            await _require_room(changes.tx, actor.user_id)
            for user_id in others:
                await self._admitted(changes.tx, actor, user_id)
            people = tuple(sorted({actor.user_id, *others}))
            made = Conversation(id=self._context.new_id(), type=_GROUP, recipients=people, owner_id=actor.user_id)
            await conversations.insert(changes.tx, made)
            shown = await conversations.shown(changes.tx, made)
            await conversing.tell(changes, "CHANNEL_CREATE", shown, *people)
            return shown

        return await change(self._context, work)

    async def _admitted(self, tx: Connection, actor: Actor, user_id: int) -> User:
        """The account of somebody who can come into a group. Its topic is held. Raises Invalid."""
        account = await users.get(tx, user_id)
        if account is None or account.bot or not await acquaintance.may_write(tx, actor.user_id, user_id):
            raise Invalid("invalid_recipients")
        await _require_room(tx, user_id)
        return account


async def take_out(changes: Changes, actor: Actor, before: Conversation, account: User) -> Shown:
    """Somebody goes: those who stay are told who inherits the group, the last one takes it along."""
    tx = changes.tx
    gone = await conversations.shown(tx, before)
    await conversations.remove(tx, before.id, account.id)
    await read_states.forget(tx, account.id, 0, before.id)
    await spoken.forget_channel(tx, account.id, 0, before.id)
    stay = tuple(each for each in before.recipients if each != account.id)
    await conversing.tell(changes, "CHANNEL_DELETE", gone, account.id)
    if not stay:
        await channels.delete(tx, before.id)
        return gone
    after = replace(before, recipients=stay, owner_id=stay[0] if before.owner_id == account.id else before.owner_id)
    await conversing.tell_of(changes, "CHANNEL_RECIPIENT_REMOVE", after, account, *stay)
    if after.owner_id != before.owner_id:
        await _write(changes, after)
    await _notice(changes, after, actor, Notice(MessageType.RECIPIENT_REMOVE, mentioned=account))
    return gone


async def _held_group(changes: Changes, actor: Actor, channel_id: int, *more: int) -> Conversation:
    found = await conversing.hold(changes, actor.user_id, channel_id, more)
    if not found.is_group:
        raise Forbidden("direct_channel")
    return found


async def _close(changes: Changes, actor: Actor, found: Conversation) -> Shown:
    """Nobody else is told, and who has closed it is not told again."""
    await changes.hold(user_topic(actor.user_id))
    shown = await conversations.shown(changes.tx, await conversing.existing(changes.tx, actor.user_id, found.id))
    if actor.user_id not in shown.conversation.hidden_from:
        await conversations.hide(changes.tx, found.id, actor.user_id, hidden=True)
        await conversing.tell(changes, "CHANNEL_DELETE", shown, actor.user_id)
    return shown


async def _write(changes: Changes, of: Conversation) -> None:
    await conversations.update(changes.tx, of)
    shown = await conversations.shown(changes.tx, of)
    await conversing.tell(changes, "CHANNEL_UPDATE", shown, *of.recipients)


async def _notice(changes: Changes, of: Conversation, actor: Actor, notice: Notice) -> None:
    """Say in the group what the actor, who may be gone by now, has done."""
    await notices.in_group(changes, of, await _account(changes.tx, actor.user_id), notice)


async def _require_room(tx: Connection, user_id: int) -> None:
    if await conversations.groups_of(tx, user_id) >= limits.GROUPS:
        raise Invalid("too_many_groups")


async def _account(tx: Connection, user_id: int) -> User:
    account = await users.get(tx, user_id)
    assert account is not None  # whoever is in a conversation is an account
    return account
