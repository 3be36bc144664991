"""Tokens: `base64(decimal user id).base64url(32 random bytes)`, kept as SHA-256, checked without the store.

A token that was checked is taken for good for a second, then the store is asked again: so a revocation acts
everywhere within a second, and here at once.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from itertools import islice
from typing import Final

from derailed.model.clients import NOBODY, Client
from derailed.model.errors import Unauthenticated, Unavailable
from derailed.model.user import Actor
from derailed.store import Connection, Store, lists, tokens
from derailed.store.tokens import Bearer
from derailed.wire import limits

_NOTE_EVERY_S: Final = 0.25
_LOOKED_AT: Final = 2
"""Of the tokens remembered longest, at each that is remembered: so there are never many that nobody asks for."""


class Tokens:
    """Makes tokens and says whom they speak for."""

    def __init__(self, store: Store, clock: Callable[[], int]) -> None:
        self._store = store
        self._clock = clock
        self._kept: OrderedDict[bytes, tuple[Actor, int]] = OrderedDict()
        self._used: set[int] = set()
        self._seen: set[int] = set()
        """Tokens and accounts of which that is to be written down."""
        self._is_noted = asyncio.Event()

    async def issue(self, tx: Connection, token_id: int, user_id: int, client: Client = NOBODY) -> str:
        """A new token for the account, which stands once the transaction is committed."""
        token = f"{_first_segment(user_id)}.{secrets.token_urlsafe(32)}"
        await tokens.insert(tx, token_id, _hash(token), user_id, self._clock(), client)
        return token

    async def revoke(self, tx: Connection, token_id: int) -> None:
        """The token does not stand once the transaction is committed; `evict` then."""
        await tokens.delete(tx, token_id)

    async def revoke_all(self, tx: Connection, user_id: int) -> None:
        """No token of the account stands once the transaction is committed; `evict` then."""
        await tokens.delete_all(tx, user_id)

    async def authenticate(self, token: str) -> Actor:
        """Whom the token speaks for. Raises Unauthenticated."""
        key = _hash(token)
        actor = self._remembered(key)
        if actor is None:
            bearer = await self._store.read(lambda tx: tokens.by_hash(tx, key))
            if bearer is None or not _names(token, bearer.actor.user_id):
                raise Unauthenticated("invalid_token")
            actor = bearer.actor
            self._remember(key, actor)
            self._see(bearer)
        return actor

    def evict(self, user_id: int) -> None:
        """Ask the store again about every token of the account: some do not stand any more."""
        for key in [key for key, (actor, _) in self._kept.items() if actor.user_id == user_id]:
            del self._kept[key]

    async def run(self) -> None:
        """Write down who was seen, for as long as the process lives: at once, and at most every `_NOTE_EVERY_S`.

        So thousands who come back at the same time are a few writes, for which none of them waits.
        """
        while True:
            await self._is_noted.wait()
            await self.note()
            await asyncio.sleep(_NOTE_EVERY_S)

    async def note(self) -> None:
        """Write down now who was seen since."""
        of_tokens, of_users = sorted(self._used), sorted(self._seen)
        self._used.clear()
        self._seen.clear()
        self._is_noted.clear()
        if not (of_tokens or of_users):
            return
        now_ms = self._clock()

        async def work(tx: Connection) -> None:
            for start in range(0, len(of_tokens), lists.BULK):
                await tokens.used(tx, of_tokens[start : start + lists.BULK], now_ms)
            for start in range(0, len(of_users), lists.BULK):
                await tokens.saw(tx, of_users[start : start + lists.BULK], now_ms)

        with contextlib.suppress(Unavailable):  # nobody is refused for that; the next look sees them again
            await self._store.write(work)

    def _see(self, bearer: Bearer) -> None:
        """Keep to the day when the account was last here, which a prune goes by, and to the hour by which token."""
        now_ms = self._clock()
        if now_ms - bearer.used_at >= limits.USED_MS:
            self._used.add(bearer.actor.token_id)
            self._is_noted.set()
        if now_ms - bearer.seen_at >= limits.SEEN_MS:
            self._seen.add(bearer.actor.user_id)
            self._is_noted.set()

    def _remembered(self, key: bytes) -> Actor | None:
        kept = self._kept.get(key)
        # A clock that was set back must not keep a revoked token alive, so the distance counts both ways.
        if kept is None or abs(self._clock() - kept[1]) >= limits.TOKEN_MS:
            return None
        return kept[0]

    def _remember(self, key: bytes, actor: Actor) -> None:
        now_ms = self._clock()
        self._kept[key] = (actor, now_ms)
        self._kept.move_to_end(key)
        for oldest in list(islice(self._kept, _LOOKED_AT)):  # what is not asked for again is not kept for long
            if len(self._kept) > limits.TOKENS_KEPT or abs(now_ms - self._kept[oldest][1]) >= limits.TOKEN_MS:
                del self._kept[oldest]


def id_hash(token_hash: bytes) -> str:
    """What names a login: nothing can be done with it but by who has a token of the account."""
    return base64.b64encode(hashlib.sha256(b"session:" + token_hash).digest()).decode()


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _first_segment(user_id: int) -> str:
    return base64.b64encode(str(user_id).encode()).decode().rstrip("=")


def _names(token: str, user_id: int) -> bool:
    return token.partition(".")[0] == _first_segment(user_id)
