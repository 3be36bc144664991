"""A sorted set of byte strings that knows the rank of each: short sorted blocks beside one another.

A change moves at most one block's pointers, and a rank is the sum of some hundred sizes: microseconds at a million.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Final

_BLOCK: Final = 1000
"""A block is cut in two at twice this: longer ones move more at each change, shorter ones make more sizes to sum."""


class Ranked:
    """The set. Ranks count from 0."""

    __slots__ = ("_blocks", "_lasts", "_sizes", "count")

    def __init__(self, keys: Iterable[bytes] = ()) -> None:
        ordered = sorted(keys)
        self._blocks = [ordered[start : start + _BLOCK] for start in range(0, len(ordered), _BLOCK)]
        self._lasts = [block[-1] for block in self._blocks]
        self._sizes = [len(block) for block in self._blocks]
        self.count = len(ordered)

    def add(self, key: bytes) -> int | None:
        """Put it in; its rank, or None when it is there already."""
        if not self._blocks:
            self._blocks, self._lasts, self._sizes, self.count = [[key]], [key], [1], 1
            return 0
        number = min(bisect_left(self._lasts, key), len(self._lasts) - 1)
        block = self._blocks[number]
        place = bisect_left(block, key)
        if place < len(block) and block[place] == key:
            return None
        block.insert(place, key)
        self.count += 1
        self._sizes[number] += 1
        self._lasts[number] = block[-1]
        rank = sum(self._sizes[:number]) + place
        if len(block) >= 2 * _BLOCK:
            self._cut(number)
        return rank

    def remove(self, key: bytes) -> int | None:
        """Take it out; the rank it had, or None when it is not there."""
        number, place = self._find(key)
        if number == len(self._blocks) or self._blocks[number][place] != key:
            return None
        block = self._blocks[number]
        del block[place]
        self.count -= 1
        rank = sum(self._sizes[:number]) + place
        if block:
            self._sizes[number] -= 1
            self._lasts[number] = block[-1]
        else:
            del self._blocks[number], self._sizes[number], self._lasts[number]
        return rank

    def rank(self, key: bytes) -> int:
        """How many are below it."""
        number, place = self._find(key)
        return sum(self._sizes[:number]) + place

    def at(self, rank: int) -> bytes:
        """The one of that rank, which there must be."""
        for number, size in enumerate(self._sizes):
            if rank < size:
                return self._blocks[number][rank]
            rank -= size
        raise IndexError(rank)

    def since(self, key: bytes) -> Iterator[bytes]:
        """Those from `key` on, in order, while nothing is changed."""
        number, place = self._find(key)
        while number < len(self._blocks):
            block = self._blocks[number]
            while place < len(block):
                yield block[place]
                place += 1
            number, place = number + 1, 0

    def _find(self, key: bytes) -> tuple[int, int]:
        """The block and the place in it of the first that is not below the key; there may be no such block."""
        number = bisect_left(self._lasts, key)
        return number, bisect_left(self._blocks[number], key) if number < len(self._blocks) else 0

    def _cut(self, number: int) -> None:
        block = self._blocks[number]
        self._blocks[number : number + 1] = block[:_BLOCK], block[_BLOCK:]
        self._lasts[number : number + 1] = block[_BLOCK - 1], block[-1]
        self._sizes[number : number + 1] = _BLOCK, len(block) - _BLOCK
