"""Who may see which channel when, as far as it is certain: of a change is known only from when to when it was made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TypeVar

from tests.faults.history import Deed, History, Overwritten

T = TypeVar("T")
Change = tuple[float, float, T]
"""From when to when it may have been made, and what is so from then on."""


class Sight:
    """Of all users and channels of one history."""

    def __init__(self, history: History) -> None:
        self._sees = history.sees
        self._deeds: dict[int, list[Deed]] = defaultdict(list)
        for deed in history.deeds:
            self._deeds[deed.user].append(deed)
        self._veils: dict[int, list[Overwritten]] = defaultdict(list)
        for each in history.overwritten:
            if each.veiled is not None:
                self._veils[each.channel].append(each)
        self._overwritten = history.overwritten

    def surely(self, user: int, channel: int, began: float, ended: float) -> bool:
        """Whether it was seen all that time."""
        return all(self._possible(user, channel, began, ended))

    def perhaps(self, user: int, channel: int, began: float, ended: float) -> bool:
        """Whether it may have been seen at some moment of it."""
        return any(self._possible(user, channel, began, ended))

    def moved(self, user: int, began: float, ended: float) -> bool:
        """Whether what the user sees may have changed in that time, by what was done to the user."""
        return any(deed.began <= ended and deed.acked >= began for deed in self._deeds[user])

    def overwritten(self, began: float, ended: float) -> int:
        """How often a guild's overwrites may have changed in that time."""
        return sum(each.tries for each in self._overwritten if each.began <= ended and each.acked >= began)

    def is_moved(self, user: int) -> bool:
        """Whether anything was done to the user."""
        return bool(self._deeds[user])

    def joined(self, user: int, by: float) -> float:
        """When the user may last have come into the guild."""
        joined, was_in = 0.0, bool(self._sees[user])
        for deed in self._deeds[user]:
            if deed.began <= by and deed.sees and not was_in:
                joined = deed.began
            was_in = bool(deed.sees)
        return joined

    def leaves(self, user: int, began: float, ended: float) -> int:
        """How often the user began to leave the guild in that time."""
        return sum(not deed.sees and began < deed.began <= ended for deed in self._deeds[user])

    def _possible(self, user: int, channel: int, began: float, ended: float) -> Iterator[bool]:
        veils = self._veils[channel]
        changes = [(each.began, each.acked, each.veiled) for each in veils]
        hidden = [each is True for each in _at_some_time(False, changes, began, ended)]
        deeds = [(each.began, each.acked, each.sees) for each in self._deeds[user]]
        for sees in _at_some_time(self._sees[user], deeds, began, ended):
            for veiled in hidden:
                yield channel in sees and (not veiled or veils[0].unless in sees)


def _at_some_time(first: T, changes: Sequence[Change[T]], began: float, ended: float) -> Iterator[T]:
    """What may have been so at some moment of that time."""
    before = first
    for start, end, value in changes:
        if end < began:
            before = value
        elif start <= ended:
            yield value
    yield before
