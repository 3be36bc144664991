"""The logical clients of one connection: who is in which slot of its bitmaps, and what filters know of them.

A message is judged for all of them at once, and the connection gets one copy with the list of those it is for. A slot
that somebody left is not given to another while an answer is under way that still means the one who left.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from derailed.broker.filters import MAX_CLIENTS, Attributes, FilterError, frames

_TOLD_AT_ONCE: Final = 512
"""Clients in one request: a process reads that many in a millisecond."""


class Connection:
    """One connection's. Made by `Filters.connect`, which gives it whom to tell."""

    def __init__(self, number: int, namespace: str, libraries: tuple[str, ...], tell: Callable[[bytes], None]) -> None:
        self.number, self.namespace, self.libraries = number, namespace, libraries
        self._tell = tell
        self._slots: dict[bytes, int] = {}
        self._names: list[bytes | None] = []
        self._attributes: dict[int, bytes] = {}
        self._free: list[int] = []
        self._left: deque[tuple[int, int]] = deque()
        """Slots that become free when all questions up to that one are answered."""
        self._questions, self._answers = 0, 0

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def slots(self) -> int:
        """How many slots a bitmap has."""
        return len(self._names)

    def set(self, clients: Mapping[bytes, Attributes]) -> None:
        """They come, or their attributes change. All or none: raises FilterError."""
        encoded = {name: frames.attributes(values) for name, values in clients.items()}
        if len(self._slots) + sum(name not in self._slots for name in encoded) > MAX_CLIENTS:
            raise FilterError(f"a connection has at most {MAX_CLIENTS} clients")
        changed = []
        for name, attributes in encoded.items():
            slot = self._slot(name)
            self._attributes[slot] = attributes
            changed.append((slot, attributes))
        self._announce(changed)

    def drop(self, clients: Iterable[bytes]) -> int:
        """They go; how many were there."""
        slots = [self._slots.pop(name) for name in dict.fromkeys(clients) if name in self._slots]
        for slot in slots:
            self._names[slot] = None
            del self._attributes[slot]
            self._left.append((self._questions, slot))
        if slots:
            self._tell(frames.gone(self.number, slots))
        return len(slots)

    def names(self, bitmap: bytes) -> list[bytes]:
        """Whom a message is for. Ask before the next message is judged."""
        return self._in(int.from_bytes(bitmap, "little"))

    def others(self, bitmap: bytes) -> list[bytes]:
        """Whom it is not for."""
        return self._in(int.from_bytes(bitmap, "little") ^ ((1 << len(self._names)) - 1))

    def _in(self, bits: int) -> list[bytes]:
        found = []
        while bits:
            lowest = bits & -bits
            if (name := self._names[lowest.bit_length() - 1]) is not None:
                found.append(name)
            bits ^= lowest
        return found

    def state(self) -> Iterator[bytes]:
        """What a process has to be told to know them all."""
        clients = list(self._attributes.items())
        for first in range(0, len(clients), _TOLD_AT_ONCE):
            yield frames.come(self.number, clients[first : first + _TOLD_AT_ONCE])

    def asks(self) -> None:
        """A message is being judged."""
        self._questions += 1

    def hears(self) -> None:
        """It has been. Questions are answered in their order."""
        self._answers += 1

    def _slot(self, name: bytes) -> int:
        slot = self._slots.get(name)
        if slot is None:
            while self._left and self._left[0][0] <= self._answers:
                self._free.append(self._left.popleft()[1])
            slot = self._free.pop() if self._free else len(self._names)
            if slot == len(self._names):
                self._names.append(None)
            self._names[slot] = name
            self._slots[name] = slot
        return slot

    def _announce(self, clients: list[tuple[int, bytes]]) -> None:
        for first in range(0, len(clients), _TOLD_AT_ONCE):
            self._tell(frames.come(self.number, clients[first : first + _TOLD_AT_ONCE]))
