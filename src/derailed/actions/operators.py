"""What those may do who run the instance: see how its processes are. They are named on the command line."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from derailed.actions.context import Context
from derailed.model.errors import Forbidden, Unknown
from derailed.model.user import Actor
from derailed.store import Connection, operators, users
from derailed.wire.operator import Instance

_ASKED_EVERY_MS: Final = 1_000
"""Presence services are asked no more often, however many look."""
_PROOF_MS: Final = 30_000
"""A proof is good for so long, and so much may clocks differ."""


class Operators:
    """The verbs of operators."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._asked_ms = 0

    async def promote(self, username: str) -> None:
        """Let an account of a person see how the instance is. Raises Unknown."""
        await self._context.store.write(lambda tx: _name(tx, username, is_one=True))

    async def demote(self, username: str) -> None:
        """Not any more. Raises Unknown."""
        await self._context.store.write(lambda tx: _name(tx, username, is_one=False))

    async def look(self, actor: Actor) -> Instance:
        """How the instance is. Raises Forbidden."""
        if actor.bot or not await self._context.store.read(lambda tx: operators.holds(tx, actor.user_id)):
            raise Forbidden
        return await self._gathered()

    async def show(self, proof: str) -> Instance:
        """The same for whoever has the secret, as `derailed top`. Raises Forbidden."""
        if not is_proof(proof, self._context.secret, self._context.clock()):
            raise Forbidden
        return await self._gathered()

    async def _gathered(self) -> Instance:
        board, presences, now_ms = self._context.board, self._context.presences, self._context.clock()
        if presences is not None and abs(now_ms - self._asked_ms) >= _ASKED_EVERY_MS:
            self._asked_ms = now_ms
            for told in await presences.pulses():
                board.read(told, now_ms)
        return board.look(now_ms)


def proof(secret: bytes, now_ms: int) -> str:
    """That one has the secret, now."""
    return f"{now_ms}.{hmac.new(secret, b'operator:%d' % now_ms, hashlib.sha256).hexdigest()}"


def is_proof(told: str, secret: bytes, now_ms: int) -> bool:
    """Whether somebody who has it made this a moment ago."""
    at, _, _ = told.partition(".")
    if not (at.isascii() and at.isdigit() and len(at) < 16) or abs(now_ms - int(at)) > _PROOF_MS:
        return False
    return hmac.compare_digest(told.encode(), proof(secret, int(at)).encode())


async def _name(tx: Connection, username: str, *, is_one: bool) -> None:
    found = await users.credentials_of_name(tx, username)
    if found is None or found.user.bot or found.user.deleted:
        raise Unknown("user")
    await (operators.add if is_one else operators.remove)(tx, found.user.id)
