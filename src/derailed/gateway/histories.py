"""What was said while sessions were away: read from the log once for all who come back to a topic at the same time.

When a node dies, its sessions come together, and have missed almost the same. So one read is under way for a topic,
from where the one stands who was away longest, and whoever comes meanwhile waits for the next.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import NamedTuple

from derailed.bus import Bus, BusDown, Entry, Trimmed
from derailed.gateway.frames import Frame, FrameKey
from derailed.gateway.recipient import Recipient
from derailed.wire import records
from derailed.wire.records import Record

_RETRY_S = 0.05


class Said(NamedTuple):
    """One record of a topic, and the frames that were made of it and its like, for the next who is owed them."""

    offset: int
    topic: str
    record: Record
    made: dict[FrameKey, Frame]


class History:
    """A topic's records up to `head`, decoded once for all who asked."""

    __slots__ = ("_epoch", "_head", "_said")

    def __init__(self, epoch: str, head: int, entries: Sequence[Entry]) -> None:
        self._epoch = epoch
        self._head = head
        made: dict[FrameKey, Frame] = {}
        self._said = [Said(entry.offset, entry.topic, records.decode(entry.payload), made) for entry in entries]

    def reaches(self, epoch: str, position: int) -> bool:
        """Whether that position is one of this sequence, and not one that it has yet to come to."""
        return self._epoch == epoch and position <= self._head

    def after(self, position: int) -> Sequence[Said]:
        """Those above `position`, which is not below the one that was asked for."""
        return self._said[bisect_right(self._said, position, key=itemgetter(0)) :]


class _Asking:
    """Who asks for a topic's history together, and from where. Until the read begins others may join."""

    __slots__ = ("found", "position", "sessions")

    def __init__(self, position: int) -> None:
        self.position = position
        self.sessions: list[Recipient] = []
        self.found: asyncio.Future[History | None] = asyncio.get_running_loop().create_future()

    def join(self, recipient: Recipient, position: int) -> None:
        """Ask with the others."""
        self.sessions.append(recipient)
        self.position = min(self.position, position)

    def ended(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return all(each.ended() for each in self.sessions)


class Histories:
    """Reads them, for one node. While the bus is down, whoever asks waits for it."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._next: dict[str, _Asking] = {}
        self._latest: dict[str, _Asking] = {}

    async def alone(self, topic: str, position: int, recipient: Recipient) -> History | None:
        """The topic's history after `position`; None when it is trimmed, or when the session has ended."""
        return await self._read(topic, position, recipient.ended)

    async def together(self, topic: str, position: int, recipient: Recipient) -> History | None:
        """Like `alone`, with all others who ask for that topic's; it may hold more than was asked for."""
        asking = self._next.get(topic)
        if asking is not None:
            asking.join(recipient, position)
        else:
            asking = self._next[topic] = _Asking(position)
            asking.join(recipient, position)
            await self._lead(topic, asking)
        found = await asyncio.shield(asking.found)
        if found is None and position > asking.position:
            return await self.alone(topic, position, recipient)  # it was trimmed for one who was away longer
        return found

    async def _lead(self, topic: str, asking: _Asking) -> None:
        """The first who asks reads for all, when the read before it is over."""
        before = self._latest.get(topic)
        self._latest[topic] = asking
        try:
            if before is not None:
                await asyncio.wait([before.found])
            del self._next[topic]
            asking.found.set_result(await self._read(topic, asking.position, asking.ended))
        except Exception as error:  # noqa: BLE001  it is theirs as much as ours
            asking.found.set_exception(error)
        finally:
            asking.found.cancel()  # unless there is an answer
            if self._next.get(topic) is asking:
                del self._next[topic]
            if self._latest.get(topic) is asking:
                del self._latest[topic]

    async def _read(self, topic: str, position: int, ended: Callable[[], bool]) -> History | None:
        while not ended():
            try:
                return History(*await self._bus.history(topic, position))
            except Trimmed:
                return None
            except BusDown:
                await asyncio.sleep(_RETRY_S)
        return None
