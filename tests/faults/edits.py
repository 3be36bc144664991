"""What becomes of messages after they were sent: some are edited, reacted to, and deleted, one thing after the other.

Each thing is done to a message once, so that what tells of it can be found again.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from time import monotonic as now
from typing import Any, Final
from urllib.parse import quote

from tests.faults.client import Account
from tests.faults.history import History, Kept, Post, Touch
from tests.faults.rest import Rest

TOUCHES_A_SECOND: Final = 6
_WORKERS: Final = 4
_KEPT: Final = 60
_LONGEST: Final = 4
"""Things done to one message, before it may be deleted."""
_EMOJIS: Final = ("👍", "🚂", "🔥")
_PAGE: Final = 100
_OK: Final = (200, 204)
_GONE: Final = 404
"""What was asked for again, because no answer came, was done the first time."""

Offer = tuple[Post, Account, Sequence[Account]]


class Edits:
    """Messages are offered, by whom they are and who may react; the work is as many tasks."""

    def __init__(self, rest: Rest, history: History, chance: random.Random, numbers: Iterator[int]) -> None:
        self._rest, self._history, self._chance, self._numbers = rest, history, chance, numbers
        self._offers: deque[Offer] = deque(maxlen=_KEPT)

    def offer(self, post: Post, author: Account, others: Sequence[Account]) -> None:
        """Something may be done to it from now on."""
        self._offers.append((post, author, others))

    def work(self, goes_on: Callable[[float], Awaitable[bool]]) -> list[Coroutine[Any, Any, None]]:
        """What is to run while it goes on."""
        return [self._work(goes_on) for _ in range(_WORKERS)]

    async def page(self, channel: int, token: str) -> list[Kept]:
        """What the server says is there."""
        status, page = await self._rest.insist("GET", f"/channels/{channel}/messages?limit={_PAGE}", token)
        assert status in _OK, page
        said = [each for each in page if each["type"] == 0]
        return [
            Kept(
                int(each["id"]),
                int(each["content"].partition(" ")[0]),
                {of["emoji"]["name"]: of["count"] for of in each.get("reactions", ())},
            )
            for each in said
        ]

    async def _work(self, goes_on: Callable[[float], Awaitable[bool]]) -> None:
        pause_s = _WORKERS / TOUCHES_A_SECOND
        while await goes_on(pause_s):
            if not self._offers:
                continue
            at = self._chance.randrange(len(self._offers))
            offer = self._offers[at]
            del self._offers[at]
            await self._touch(offer, goes_on, pause_s)

    async def _touch(self, offer: Offer, goes_on: Callable[[float], Awaitable[bool]], pause_s: float) -> None:
        post, author, others = offer
        path = f"/channels/{post.channel}/messages/{post.id}"
        reacted: list[tuple[Account, str]] = []
        free = [(who, emoji) for who in others for emoji in _EMOJIS]
        self._chance.shuffle(free)
        for _ in range(self._chance.randint(1, _LONGEST)):
            draw = self._chance.random()
            if draw < 0.4:
                number = next(self._numbers)
                body = {"content": f"{number} mind the gap"}
                await self._do(
                    Touch("MESSAGE_UPDATE", post.channel, post.id, str(number), now()), "PATCH", path, author, body
                )
            elif draw < 0.75 or not reacted:
                reacted.append(free.pop())
                await self._react("PUT", "MESSAGE_REACTION_ADD", post, path, reacted[-1])
            else:
                taken = reacted.pop(self._chance.randrange(len(reacted)))
                await self._react("DELETE", "MESSAGE_REACTION_REMOVE", post, path, taken)
            if not await goes_on(pause_s):
                return
        if self._chance.random() < 0.3:
            await self._do(Touch("MESSAGE_DELETE", post.channel, post.id, "", now()), "DELETE", path, author)

    async def _react(self, method: str, event: str, post: Post, path: str, by: tuple[Account, str]) -> None:
        who, emoji = by
        touch = Touch(event, post.channel, post.id, f"{who.id} {emoji}", now())
        await self._do(touch, method, f"{path}/reactions/{quote(emoji)}/@me", who)

    async def _do(self, touch: Touch, method: str, path: str, who: Account, body: object = None) -> None:
        self._history.touches.append(touch)
        status, answer = await self._rest.insist(method, path, who.token, body, tried=touch)
        assert status in _OK or (status == _GONE and touch.tries > 1 and method == "DELETE"), (method, path, answer)
        touch.acked = now()
