"""Logins: the tokens of one's account that stand, and what they were given to."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from derailed.actions.changes import Changes, change
from derailed.actions.context import Context
from derailed.actions.tokens import Tokens, id_hash
from derailed.model.clients import Client
from derailed.model.errors import Forbidden
from derailed.model.user import Actor
from derailed.store import tokens
from derailed.wire.records import user_topic


class Login(NamedTuple):
    """One of them. `id_hash` names it, and nothing can be done with it but by who has a token of the account."""

    id_hash: str
    used_at: int
    client: Client


class Logins:
    """See them, and end those that one does not know."""

    def __init__(self, context: Context, own_tokens: Tokens) -> None:
        self._context = context
        self._tokens = own_tokens

    async def all(self, actor: Actor) -> list[Login]:
        """Those that stand, the one that was used last first."""
        _refuse_bots(actor)
        found = await self._context.store.read(lambda tx: tokens.of_user(tx, actor.user_id))
        logins = [Login(id_hash(each.hash), each.used_at, each.client) for each in found]
        return sorted(logins, key=lambda login: login.used_at, reverse=True)

    async def end(self, actor: Actor, id_hashes: Collection[str]) -> None:
        """End these, whose sockets are closed; who is none of them is passed over. It may be the one that asks."""
        _refuse_bots(actor)
        named = set(id_hashes)

        async def work(changes: Changes) -> None:
            await changes.hold(user_topic(actor.user_id))
            for each in await tokens.of_user(changes.tx, actor.user_id):
                if id_hash(each.hash) in named:
                    await self._tokens.revoke(changes.tx, each.id)
                    await changes.revoked(actor.user_id, each.id)

        await change(self._context, work)
        self._tokens.evict(actor.user_id)


def _refuse_bots(actor: Actor) -> None:
    if actor.bot:
        raise Forbidden("not_for_bots")
