"""Slow mode: how long one has to wait between two messages in a channel."""

from __future__ import annotations

from collections import OrderedDict

from derailed.actions.access import Access
from derailed.model.errors import TooMany
from derailed.model.guild import Channel
from derailed.model.permissions import BYPASS_SLOWMODE, MANAGE_CHANNELS, MANAGE_MESSAGES

_KEPT = 100_000


class SlowMode:
    """Who last sent when in slowed channels. Kept in memory: a restart forgives, a deleted message does not."""

    def __init__(self) -> None:
        self._sent: OrderedDict[tuple[int, int], int] = OrderedDict()

    def check(self, access: Access, channel: Channel, now_ms: int) -> None:
        """Raise TooMany("slow_mode") when it is too early for the member's next message."""
        if not _applies(access, channel):
            return
        last_ms = self._sent.get((channel.id, access.member.user_id), 0)
        wait_ms = last_ms + channel.rate_limit_per_user * 1000 - now_ms
        if wait_ms > 0:
            raise TooMany("slow_mode", wait_ms / 1000)

    def sent(self, access: Access, channel: Channel, now_ms: int) -> None:
        """Count a message."""
        if not _applies(access, channel):
            return
        key = (channel.id, access.member.user_id)
        self._sent[key] = now_ms
        self._sent.move_to_end(key)
        if len(self._sent) > _KEPT:
            self._sent.popitem(last=False)


def _applies(access: Access, channel: Channel) -> bool:
    free = MANAGE_MESSAGES | MANAGE_CHANNELS | BYPASS_SLOWMODE
    return channel.rate_limit_per_user > 0 and not access.permissions & free
