"""Requests that are insisted on: whoever does not hear that something was done asks for it again."""

from __future__ import annotations

import asyncio
import random
from typing import Any, Final, Protocol

import aiohttp
import msgspec

ANSWERED_WITHIN_S: Final = 5.0
AGAIN_S: Final = (0.05, 0.3)
_SERVER_ERROR: Final = 500


class Tried(Protocol):
    """What is asked for until it is answered."""

    tries: int


class Rest:
    """Everybody's connection to the API. As a context it is open."""

    def __init__(self, api: str, chance: random.Random) -> None:
        self._api = api
        self._chance = chance

    async def __aenter__(self) -> Rest:
        self._http = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=ANSWERED_WITHIN_S), connector=aiohttp.TCPConnector(limit=0)
        )
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._http.close()

    async def insist(
        self, method: str, path: str, token: str, body: object = None, *, tried: Tried | None = None
    ) -> tuple[int, Any]:
        """The status and the body of an answer that is no failure of the server's. `tried` counts."""
        while True:
            if tried is not None:
                tried.tries += 1
            try:
                headers = {"Authorization": token}
                async with self._http.request(method, self._api + path, json=body, headers=headers) as answer:
                    content = await answer.read()
                    if answer.status < _SERVER_ERROR:
                        return answer.status, msgspec.json.decode(content) if content else None
            except (aiohttp.ClientError, OSError, TimeoutError):
                pass
            await asyncio.sleep(self._chance.uniform(*AGAIN_S))
