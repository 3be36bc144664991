"""Ids that grow with time: milliseconds, worker, increment, in 63 bits.

(ms - EPOCH_MS) << 22 | worker << 12 | increment
"""

from __future__ import annotations

from derailed.model.errors import Unavailable

EPOCH_MS = 1_420_070_400_000  # fixed in every client library
MAX = (1 << 63) - 1
_WORKERS = 1 << 10
_INCREMENTS = 1 << 12


def time_ms(snowflake: int) -> int:
    """Unix time in milliseconds at which the id was made."""
    return (snowflake >> 22) + EPOCH_MS


def at(ms: int) -> int:
    """The lowest id of that Unix millisecond: a bound to search with, never an id that is given out."""
    return max(0, ms - EPOCH_MS) << 22


class Snowflakes:
    """Makes ids that never repeat and never go back, also when the clock does.

    One per worker number (0–1023); two makers with the same number may collide.
    """

    def __init__(self, worker: int) -> None:
        self._ms = 0
        self._increment = 0
        self.use(worker, until_ms=time_ms(MAX))

    def use(self, worker: int, until_ms: int) -> None:
        """Go on under this number, and make none from that time on."""
        assert 0 <= worker < _WORKERS
        self._worker = worker << 12
        self._until_ms = until_ms

    def next(self, now_ms: int, above: int = 0) -> int:
        """The next id, above `above`, which may be another maker's whose clock is ahead of ours.

        Runs ahead of a clock that stands still for more than 4,096 ids. Raises Unavailable when the number is not ours.
        """
        if now_ms >= self._until_ms:
            raise Unavailable
        if now_ms > self._ms:
            self._ms, self._increment = now_ms, 0
        else:
            self._increment += 1
            if self._increment == _INCREMENTS:
                self._ms, self._increment = self._ms + 1, 0
        made = self._made()
        if made > above:
            return made
        self._ms, self._increment = time_ms(above) + 1, 0
        return self._made()

    def _made(self) -> int:
        return (self._ms - EPOCH_MS) << 22 | self._worker | self._increment
