"""What a store has done, counted where it is done in numbers that cost next to nothing, and read when somebody asks."""

from __future__ import annotations

from typing import Final

from derailed.telemetry import Spread

_WRITES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Meter:
    """One a store. A group is what one commit makes durable."""

    __slots__ = ("commits", "reads", "refused", "writes")

    def __init__(self) -> None:
        self.commits = Spread()
        """Seconds from the beginning of a group until it is durable."""
        self.writes = Spread(_WRITES)
        """Verbs in a group."""
        self.reads = Spread()
        """Seconds of a read, with its wait for its turn."""
        self.refused = 0
        """Groups that the database refused."""
