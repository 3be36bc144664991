"""Requests, counted by route. What is counted is a few plain numbers: the busiest routes are answered in 50 µs."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Final

from derailed.telemetry import Spread

OTHER: Final = "other"
"""What no route is for."""


class Counted(Spread):
    """One route's: a histogram of how long answers took, and how many had which status."""

    __slots__ = ("statuses",)

    def __init__(self) -> None:
        super().__init__()
        self.statuses: defaultdict[int, int] = defaultdict(int)

    def answered(self, status: int, seconds: float) -> None:
        """One request was answered."""
        self.statuses[status] += 1
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.sum += seconds

    @property
    def by_class(self) -> Mapping[str, int]:
        """How many there were of each class of statuses, such as `2xx`."""
        classes: Counter[str] = Counter()
        for status, count in self.statuses.items():
            classes[f"{status // 100}xx"] += count
        return classes


class Meter:
    """One an API."""

    def __init__(self) -> None:
        self.routes: dict[tuple[str, str], Counted] = {}
        """By method and path."""

    def of(self, method: str, path: str) -> Counted:
        """Where requests of this route are counted; there are as many as routes, and no more."""
        found = self.routes.get((method, path))
        if found is None:
            found = self.routes[method, path] = Counted()
        return found
