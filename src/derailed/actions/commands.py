"""Application commands, kept and given back: there are no interactions yet, so nobody is asked to answer one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from msgspec import UNSET

from derailed.actions.applications import require_kept
from derailed.actions.changes import Changes, change
from derailed.actions.command_forms import check
from derailed.actions.context import Context
from derailed.actions.forms import Form, refuse
from derailed.model.errors import Forbidden, Invalid, Unknown
from derailed.model.user import Actor
from derailed.store import Connection, commands, guilds
from derailed.store.commands import Key
from derailed.wire import limits
from derailed.wire.commands import CHAT_INPUT, CommandShape, CreateCommand, EditCommand, edited
from derailed.wire.records import user_topic

EVERYWHERE: Final = 0
"""In place of a guild's id."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(CommandShape).decode


class Commands:
    """What an application says that it can be asked for, everywhere or in one guild. Its bot's and its owner's."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def all(self, actor: Actor, application_id: int, guild_id: int) -> list[CommandShape]:
        """All of them, oldest first."""
        key = Key(application_id, guild_id)

        async def work(tx: Connection) -> list[CommandShape]:
            await _require(tx, actor, key)
            return [_decode(each) for each in await commands.of(tx, key)]

        return await self._context.store.read(work)

    async def get(self, actor: Actor, application_id: int, guild_id: int, command_id: int) -> CommandShape:
        """One of them."""
        key = Key(application_id, guild_id)

        async def work(tx: Connection) -> CommandShape:
            await _require(tx, actor, key)
            return await _existing(tx, key, command_id)

        return await self._context.store.read(work)

    async def create(
        self, actor: Actor, application_id: int, guild_id: int, body: CreateCommand
    ) -> tuple[CommandShape, bool]:
        """A command, in place of the one of that type and name if there is one; whether it is new."""
        key = Key(application_id, guild_id)

        async def work(changes: Changes) -> tuple[CommandShape, bool]:
            known = await self._held(changes, actor, key)
            named = {(each.type, each.name): each for each in known}
            before = named.get((body.type, body.name))
            after = self._made(key, body, before)
            _require_right(after)
            if before is not None:
                await commands.update(changes.tx, int(after.id), after.name, _encode(after))
                return after, False
            _require_room([*known, after])
            await _insert(changes.tx, key, after)
            return after, True

        return await change(self._context, work)

    async def replace(
        self, actor: Actor, application_id: int, guild_id: int, bodies: Sequence[CreateCommand]
    ) -> list[CommandShape]:
        """These and no others. One that is known by its id, or else by type and name, keeps its id."""
        key = Key(application_id, guild_id)

        async def work(changes: Changes) -> list[CommandShape]:
            known = await self._held(changes, actor, key)
            after = [self._made(key, body, before) for body, before in _replaced(known, bodies)]
            _require_all_right(after)
            _require_room(after)
            for each in known:
                await commands.delete(changes.tx, int(each.id))
            for each in after:
                await _insert(changes.tx, key, each)
            return after

        return await change(self._context, work)

    async def edit(
        self, actor: Actor, application_id: int, guild_id: int, command_id: int, body: EditCommand
    ) -> CommandShape:
        """Change what a command is called and asks for."""
        key = Key(application_id, guild_id)

        async def work(changes: Changes) -> CommandShape:
            known = await self._held(changes, actor, key)
            before = await _existing(changes.tx, key, command_id)
            after = edited(before, body, self._context.new_id())
            others = [each for each in known if each.id != before.id]
            if any((each.type, each.name) == (after.type, after.name) for each in others):
                raise refuse("name", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
            _require_right(after)
            await commands.update(changes.tx, command_id, after.name, _encode(after))
            return after

        return await change(self._context, work)

    async def delete(self, actor: Actor, application_id: int, guild_id: int, command_id: int) -> None:
        """Remove a command."""
        key = Key(application_id, guild_id)

        async def work(changes: Changes) -> None:
            await self._held(changes, actor, key)
            await _existing(changes.tx, key, command_id)
            await commands.delete(changes.tx, command_id)

        await change(self._context, work)

    async def _held(self, changes: Changes, actor: Actor, key: Key) -> list[CommandShape]:
        """What there is. The application's topic is held so that two changes of its commands are one after another."""
        await _require(changes.tx, actor, key)
        await changes.hold(user_topic(key.application_id))
        return [_decode(each) for each in await commands.of(changes.tx, key)]

    def _made(self, key: Key, body: CreateCommand, before: CommandShape | None) -> CommandShape:
        """The command that the body describes, with the id of the one in whose place it comes."""
        command_id = str(self._context.new_id())
        blank = CommandShape(
            id=command_id if before is None else before.id,
            application_id=str(key.application_id),
            guild_id=UNSET if key.guild_id == EVERYWHERE else str(key.guild_id),
            version=command_id,
            type=body.type,
            name=body.name,
            dm_permission=True if key.guild_id == EVERYWHERE else UNSET,
            integration_types=[0],
        )
        return edited(blank, body, int(command_id))


async def _require(tx: Connection, actor: Actor, key: Key) -> None:
    """Raise unless the application is the actor's, and its bot in the guild."""
    await require_kept(tx, actor, key.application_id)
    if key.guild_id == EVERYWHERE:
        return
    # Who was in a guild that has ended may be written down there for a while yet.
    if not await guilds.member_count(tx, key.guild_id) or not await guilds.member(tx, key.guild_id, key.application_id):
        raise Forbidden("missing_access")


async def _existing(tx: Connection, key: Key, command_id: int) -> CommandShape:
    body = await commands.get(tx, key, command_id)
    if body is None:
        raise Unknown("command")
    return _decode(body)


async def _insert(tx: Connection, key: Key, command: CommandShape) -> None:
    await commands.insert(tx, key, int(command.id), command.type, command.name, _encode(command))


def _replaced(
    known: Sequence[CommandShape], bodies: Sequence[CreateCommand]
) -> Iterator[tuple[CreateCommand, CommandShape | None]]:
    """Each body with the command in whose place it comes: the one with its id, else the one with its name."""
    left = {each.id: each for each in known}
    named = {(each.type, each.name): each.id for each in known}
    for body in bodies:
        own = left.get(str(body.id or ""))
        if own is None or own.type != body.type:
            own = left.get(named.get((body.type, body.name), ""))
        yield body, own
        if own is not None:
            del left[own.id]


def _require_right(command: CommandShape) -> None:
    form = Form()
    check(form, command)
    form.finish()


def _require_all_right(all_: Sequence[CommandShape]) -> None:
    form = Form()
    seen: set[tuple[int, str]] = set()
    for index, command in enumerate(all_):
        inner = form.at(str(index))
        check(inner, command)
        if (command.type, command.name) in seen:
            inner.add("name", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
        seen.add((command.type, command.name))
    form.finish()


def _require_room(all_: Sequence[CommandShape]) -> None:
    for kind in {each.type for each in all_}:
        limit = limits.COMMANDS if kind == CHAT_INPUT else limits.MENU_COMMANDS
        if sum(each.type == kind for each in all_) > limit:
            raise Invalid("too_many_commands")
