"""Limits counted on a server of the Redis protocol, by its clock, so that several processes share one budget.

One script takes for everybody who waits, so that a busy process asks as rarely as the server answers. Windows are
keys that expire, all under one hash tag because one call may need any of them together. A server that is away is no
outage: this process counts alone until it is back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from derailed.limits import Budget, Taken
from derailed.limits.local import LocalLimits

_PREFIX: Final = "{derailed:limits}:"
_ANSWER_WITHIN_S: Final = 0.25
"""Every request waits for this answer; a healthy server gives it in a millisecond."""
_LOOKED_FOR_EVERY_S: Final = 0.5
_AT_ONCE: Final = 500
"""Calls in one script: some two milliseconds of the server, which does nothing else meanwhile."""

# ARGV: the number of calls; for each its number of budgets; then limit and window of each budget, as in KEYS.
# The answer: now, then for each budget what was left, 1 if one was taken, and when its window is over.
_SCRIPT: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local answer, calls = {now}, tonumber(ARGV[1])
local at = 0
for call = 1, calls do
  local count = tonumber(ARGV[1 + call])
  local taken, windows = 1, {}
  for i = 1, count do
    local limit = tonumber(ARGV[calls + 2 * (at + i)])
    local length = tonumber(ARGV[calls + 2 * (at + i) + 1])
    local kept = redis.call('HMGET', KEYS[at + i], 'used', 'reset')
    local used, reset = tonumber(kept[1]) or 0, tonumber(kept[2]) or 0
    if reset <= now or reset > now + length then used, reset = 0, now + length end
    if used >= limit then taken = 0 end
    windows[i] = {limit, used, reset}
  end
  for i = 1, count do
    local limit, used, reset = windows[i][1], windows[i][2], windows[i][3]
    if taken == 1 then
      redis.call('HSET', KEYS[at + i], 'used', used + 1, 'reset', reset)
      redis.call('PEXPIREAT', KEYS[at + i], reset)
    end
    answer[#answer + 1] = math.max(limit - used, 0)
    answer[#answer + 1] = taken
    answer[#answer + 1] = reset
  end
  at = at + count
end
return answer
"""

_log: Final = structlog.stdlib.get_logger(__name__)
_Call = tuple[Sequence[Budget], asyncio.Future[list[Taken]]]


class SharedLimits:
    """The counts of all processes that use the same server. `clock` is for the time that it is away."""

    def __init__(self, url: str, clock: Callable[[], int]) -> None:
        self._redis = Redis.from_url(
            url,
            max_connections=1,
            socket_timeout=_ANSWER_WITHIN_S,
            socket_connect_timeout=_ANSWER_WITHIN_S,
            retry=Retry(NoBackoff(), 0),
        )
        self._script = self._redis.register_script(_SCRIPT)
        self._alone = LocalLimits(clock)
        self._waiting: list[_Call] = []
        self._asking: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        """While the server is away: looks whether it is back."""

    async def take(self, budgets: Sequence[Budget]) -> list[Taken]:
        """See Limits."""
        if self._looking is not None:
            return await self._alone.take(budgets)
        future: asyncio.Future[list[Taken]] = asyncio.get_running_loop().create_future()
        self._waiting.append((budgets, future))
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        return await future

    async def close(self) -> None:
        """See Limits."""
        if self._asking is not None:
            await self._asking
        if self._looking is not None:
            self._looking.cancel()
        await self._redis.aclose()

    async def _ask(self) -> None:
        """Answer all who wait, and who come meanwhile."""
        while self._waiting:
            calls, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
            wanted = [budgets for budgets, _ in calls]
            answers = await self._alone_for(wanted) if self._looking is not None else await self._together(wanted)
            for (_, future), answer in zip(calls, answers, strict=True):
                if not future.done():  # whoever asked may be gone
                    future.set_result(answer)
        self._asking = None

    async def _together(self, wanted: list[Sequence[Budget]]) -> list[list[Taken]]:
        keys = [_PREFIX + budget.key for budgets in wanted for budget in budgets]
        numbers = [value for budgets in wanted for budget in budgets for value in (budget.limit, budget.window_ms)]
        try:
            answer = await self._script(keys=keys, args=[len(wanted), *map(len, wanted), *numbers])
        except (RedisError, OSError) as error:
            _log.warning("limits are counted by this process alone: their server is away", error=str(error))
            self._looking = asyncio.create_task(self._look())
            return await self._alone_for(wanted)
        return _read(answer, wanted)

    async def _alone_for(self, wanted: list[Sequence[Budget]]) -> list[list[Taken]]:
        return [await self._alone.take(budgets) for budgets in wanted]

    async def _look(self) -> None:
        """Until the server is back."""
        while True:
            await asyncio.sleep(_LOOKED_FOR_EVERY_S)
            try:
                await self._redis.ping()
            except (RedisError, OSError):
                continue
            _log.info("limits are shared again: their server is back")
            self._looking = None
            return


def _read(answer: list[Any], calls: list[Sequence[Budget]]) -> list[list[Taken]]:
    now, *numbers = answer
    budgets = iter(zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True))
    return [
        [Taken(left > 0, left - taken, reset, reset - now) for left, taken, reset in (next(budgets) for _ in call)]
        for call in calls
    ]
