"""The entrance: who asks, and whether they have not asked too often. Every request comes by it once.

What is taken, and from whom: `wire/rates.py`. Each answer tells how much is left, in the headers that libraries pace
themselves by, and a refused request says when to come back.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from derailed.actions.tokens import Tokens
from derailed.api.addresses import Network, address_of
from derailed.api.answers import Answer, Headers
from derailed.api.buckets import Bucket, Buckets, Route, scaled
from derailed.limits import Budget, Limits, Taken
from derailed.model.errors import Refusal, TooMany, Unauthenticated
from derailed.model.user import Actor
from derailed.wire import rates
from derailed.wire.rates import Rates

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_SHUT_OUT_KEPT: Final = 10_000
"""Addresses; each has sent ten thousand bad tokens to be one."""
_ASKED_KEPT: Final = 4096
"""Who asks what most, with what that takes from: some 3 MB. Each keeps what would be worked out for every request."""


class Limiting(NamedTuple):
    """How requests are limited. `scale` multiplies every rate; `clock` is Unix milliseconds."""

    limits: Limits | None
    scale: float
    proxies: Sequence[Network]
    clock: Callable[[], int]


UNLIMITED: Final = Limiting(None, 1.0, (), lambda: 0)
"""Whoever asks may ask as often as they like."""


class Caller:
    """Who sent a request, and what every answer tells them."""

    __slots__ = ("headers", "refusal", "who")

    def __init__(self, who: Actor | Refusal) -> None:
        self.who = who
        self.headers: Headers = []
        self.refusal: TooMany | None = None

    @property
    def actor(self) -> Actor:
        """On whose behalf they ask. Raises Unauthenticated, or why that can not be known now."""
        if isinstance(self.who, Refusal):
            raise self.who
        return self.who


class Entrance:
    """One per application."""

    def __init__(self, tokens: Tokens, routes: Iterable[Route], limiting: Limiting) -> None:
        self._tokens = tokens
        self._limits = limiting.limits
        self._scale = limiting.scale
        self._proxies = limiting.proxies
        self._buckets = Buckets(routes, limiting.scale)
        (self._account,) = scaled((rates.ACCOUNT,), limiting.scale)
        (self._address,) = scaled((rates.ADDRESS,), limiting.scale)
        (self._bad_tokens,) = scaled((rates.BAD_TOKENS,), limiting.scale)
        self._clock = limiting.clock
        self._shut_out: OrderedDict[str, int] = OrderedDict()
        """Addresses of too many bad tokens, until when."""
        self._budgets = lru_cache(_ASKED_KEPT)(self._budgets_of)

    async def admit(self, scope: Scope) -> Caller:
        """Find out who asks, and take from their budgets; with a `refusal` when nothing is left of one."""
        token = _header(scope, b"authorization")
        if self._shut_out and token:
            shut_out_ms = self._shut_out.get(address_of(scope, self._proxies), 0) - self._clock()
            if shut_out_ms > 0:
                caller = Caller(Unauthenticated())
                caller.refusal = TooMany(retry_after_s=shut_out_ms / 1000)
                return caller
        caller = Caller(await self._who(token))
        if self._limits is not None:
            await self._take(self._limits, caller, scope)
        return caller

    def outward(self, scope: Scope, caller: Caller, send: Send) -> Send:
        """The same `send`, by which each answer tells what is left."""
        limits = self._limits
        if limits is None:
            return send

        async def telling(event: MutableMapping[str, Any]) -> None:
            if event["type"] == "http.response.start":
                event["headers"] = [*event["headers"], *caller.headers]
                if event["status"] == 401:
                    await self._count_bad_token(limits, scope)
            await send(event)

        return telling

    async def tell(self, scope: Scope, caller: Caller, answer: Answer) -> Answer:
        """The same of an answer that is there as a whole."""
        limits = self._limits
        if limits is None:
            return answer
        status, headers, body = answer
        if status == 401:
            await self._count_bad_token(limits, scope)
        return Answer(status, headers + caller.headers, body)

    def path_of(self, method: str, path: str) -> str | None:
        """The path of the route that such a request is for, if there is one."""
        found = self._buckets.of(method, path)
        return None if found is None else found[0].path

    async def spend(self, subject: str, of: Rates) -> None:
        """Take from budgets that only the route knows of. Raises TooMany."""
        if self._limits is None:
            return
        budgets = [Budget(f"{subject}:{window_ms}", limit, window_ms) for limit, window_ms in scaled(of, self._scale)]
        taken = await self._limits.take(budgets)
        if not all(each.allowed for each in taken):
            raise TooMany(retry_after_s=_wait_s(taken))

    async def _who(self, token: bytes) -> Actor | Refusal:
        if not token:
            return Unauthenticated()
        try:
            return await self._tokens.authenticate(token.decode("latin-1").removeprefix("Bot "))
        except Refusal as error:
            return error  # not every route asks who it is

    async def _take(self, limits: Limits, caller: Caller, scope: Scope) -> None:
        method, path, who = scope["method"], scope["path"], caller.who
        asker = self._address_of(scope) if isinstance(who, Refusal) else f"u{who.user_id}"
        bucket, budgets = self._budgets(asker, method, path)
        if bucket is not None and bucket.by_address and asker[0] == "u":
            bucket, budgets = self._budgets(self._address_of(scope), method, path)
        taken = await limits.take(budgets)
        if bucket is not None:
            caller.headers = _headers(bucket, taken[1])
        for each in taken:
            if not each.allowed:
                caller.refusal = TooMany(retry_after_s=_wait_s(taken), everywhere=not taken[0].allowed)
                return

    def _budgets_of(self, asker: str, method: str, path: str) -> tuple[Bucket | None, list[Budget]]:
        """What a request of theirs takes from: first what is counted whatever is asked, then what its bucket counts."""
        bucket, major = self._buckets.of(method, path) or (None, "")
        budgets = [Budget(asker, *(self._account if asker[0] == "u" else self._address))]
        if bucket is not None:
            # A webhook is one sender, wherever its token is used from.
            budgets += bucket.budgets("w" if bucket.of_webhook else asker, major)
        return bucket, budgets

    def _address_of(self, scope: Scope) -> str:
        return f"a{address_of(scope, self._proxies)}"

    async def _count_bad_token(self, limits: Limits, scope: Scope) -> None:
        address = address_of(scope, self._proxies)
        (taken,) = await limits.take([Budget(f"bad:{address}", *self._bad_tokens)])
        if not taken.allowed:
            self._shut_out[address] = self._clock() + taken.reset_after_ms
            self._shut_out.move_to_end(address)
            if len(self._shut_out) > _SHUT_OUT_KEPT:
                self._shut_out.popitem(last=False)


Gate = NamedDependency[SkipValidation[Entrance]]
"""The entrance, for routes that limit by what is in a body."""


def secret_subject(kind: str, text: str) -> str:
    """A subject for text that somebody sends, of any length."""
    return f"{kind}:{hashlib.sha256(text.encode(errors='replace')).hexdigest()[:32]}"


def _wait_s(taken: Sequence[Taken]) -> float:
    return max(each.reset_after_ms for each in taken if not each.allowed) / 1000


def _headers(bucket: Bucket, taken: Taken) -> Headers:
    _, remaining, reset_ms, reset_after_ms = taken
    return [
        *bucket.told,
        (b"x-ratelimit-remaining", b"%d" % remaining),
        (b"x-ratelimit-reset", b"%.3f" % (reset_ms / 1000)),
        (b"x-ratelimit-reset-after", b"%.3f" % (reset_after_ms / 1000)),
    ]


def _header(scope: Scope, name: bytes) -> bytes:
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return b""
