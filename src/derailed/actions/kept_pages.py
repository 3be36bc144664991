"""Pages of messages as they were last read, for all who read the same ones: bots and people who open a busy channel.

Never stale: a page is kept with the rev of the guild's topic that it was read at, and given out only where the reader's
own snapshot says the same rev. So only what a change of raises that rev may be in it: plain messages of people who are
members, whose every change is told to their guilds; not reactions, which look different to each reader.
Whether the reader may see it is decided before, each time.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from derailed.wire.messages import PageQuery

_BYTES_MAX: Final = 32 << 20
"""A thousand pages of fifty. Beyond it those go that were not asked for longest."""
_PAGE_BYTES_MAX: Final = 1 << 20
"""A larger page is read each time: a few of them would push out all others."""

_Key = tuple[int, PageQuery]


class KeptPages:
    """Pages by channel and query, each at one rev."""

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, tuple[int, bytes]] = OrderedDict()
        self._bytes = 0

    def get(self, channel_id: int, query: PageQuery, rev: int) -> bytes | None:
        """The page as it is at that rev of its guild."""
        key = (channel_id, query)
        kept = self._kept.get(key)
        if kept is None or kept[0] != rev:
            return None
        self._kept.move_to_end(key)
        return kept[1]

    def keep(self, channel_id: int, query: PageQuery, rev: int, page: bytes) -> None:
        """Remember a page that was read in a snapshot of that rev, and in which nothing can change under the rev."""
        if len(page) > _PAGE_BYTES_MAX:
            return
        key = (channel_id, query)
        before = self._kept.pop(key, None)
        self._kept[key] = (rev, page)
        self._bytes += len(page) - (0 if before is None else len(before[1]))
        while self._bytes > _BYTES_MAX:
            _, (_, dropped) = self._kept.popitem(last=False)
            self._bytes -= len(dropped)
