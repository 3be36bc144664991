"""Chores: what a verb begins and is too long for one transaction. The sweeper does them a step at a time.

Each step is a transaction that also keeps how far the chore is, so that it goes on where it was after a crash.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from derailed.actions.changes import Changes
from derailed.model.user import Actor
from derailed.store import chores


class EndGuild(Struct, frozen=True, tag="end guild"):
    """Tell the members of a guild that it is gone since `rev` of its topic, and remove what is left of it."""

    rev: int


class DeleteMessages(Struct, frozen=True, tag="delete messages"):
    """Delete what these users said in a guild between two ids; everything up to a message of a channel is done."""

    user_ids: tuple[int, ...]
    since_id: int
    until_id: int
    channel_id: int = 0
    message_id: int = 0


class Prune(Struct, frozen=True, tag="prune"):
    """Remove who was last seen before `seen_before` and holds nothing but `role_ids`; done up to `user_id`."""

    actor: Actor
    seen_before: int
    role_ids: tuple[int, ...]
    user_id: int = 0


class TakeRole(Struct, frozen=True, tag="take role"):
    """Take a role that is gone from the members of a large guild; done up to `user_id`."""

    role_id: int
    user_id: int = 0


class TellLooks(Struct, frozen=True, tag="tell looks"):
    """Tell those who have an account among their relationships how it looks; done up to `user_id`. No guild's."""

    user_id: int = 0


class EndAccount(Struct, frozen=True, tag="end account"):
    """Leave the guilds of an account that was deleted, but for those that are `kept`, and end its friendships."""

    user_id: int
    kept: tuple[int, ...] = ()


Chore = EndGuild | DeleteMessages | Prune | TakeRole | TellLooks | EndAccount

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Chore).decode


async def begin(changes: Changes, chore_id: int, of_id: int, chore: Chore) -> None:
    """Leave it to the sweeper. `of_id` is the guild's, or the account's."""
    await chores.insert(changes.tx, chore_id, of_id, _encode(chore))


async def progress(changes: Changes, chore_id: int) -> Chore | None:
    """How far it is; None when another process has finished it."""
    body = await chores.get(changes.tx, chore_id)
    return None if body is None else _decode(body)


async def keep(changes: Changes, chore_id: int, chore: Chore | None) -> None:
    """It is this far now; None: done."""
    if chore is None:
        await chores.delete(changes.tx, chore_id)
    else:
        await chores.update(changes.tx, chore_id, _encode(chore))
