"""What sessions show: what their clients say, and where these say nothing, what the account's settings do.

A custom status of the settings is shown beside what a session does, until it is over: its end is waited for here, once
for all sessions of the account.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from derailed.gateway.recipient import Recipient
from derailed.presence import Link
from derailed.wire import presences as wire
from derailed.wire import user_settings
from derailed.wire.presences import Custom, Shown
from derailed.wire.records import Record, user_topic
from derailed.wire.user_settings import UserSettings

if TYPE_CHECKING:
    from derailed.gateway.hub import Hub


_REPLACED_MAX: Final = 64
"""Ends that are waited for in vain, and as many again as there are: who sets one after the other fills nothing."""


class Appearance:
    """Of one hub's sessions."""

    def __init__(self, hub: Hub, link: Link, clock: Callable[[], int]) -> None:
        """`clock` is Unix milliseconds."""
        self._hub = hub
        self._link = link
        self._clock = clock
        self._ends: list[tuple[int, int]] = []
        """When whose is over, the first in front; among them some that were replaced since."""
        self._awaited: dict[int, int] = {}
        """When each account's is."""
        self._timer: asyncio.TimerHandle | None = None

    def settle_in(self, recipient: Recipient, settings: UserSettings) -> None:
        """A session comes in: what its client has not said is as the account has set it."""
        shown = recipient.shown
        if shown.unsaid:
            recipient.shown = shown._replace(status=settings.status, unsaid=False)
        self._wear(recipient, wire.custom(settings.custom_status, self._clock()))

    def show(self, recipient: Recipient, shown: Shown) -> None:
        """The client says something else; a session that is not announced yet will be announced with it."""
        recipient.shown = shown
        self._tell(recipient)

    def restate(self, recipient: Recipient, record: Record) -> None:
        """The account's settings have changed: what they now say, all of its sessions do."""
        changed = user_settings.showing(record.data)
        if changed.status is UNSET and changed.custom_status is UNSET:
            return
        shown = self._seen(recipient)
        if changed.custom_status is not UNSET:
            shown = wire.picked(shown.status, shown.activities, custom_too=False)
            self._wear(recipient, wire.custom(changed.custom_status, self._clock()))
        recipient.shown = shown if changed.status is UNSET else shown._replace(status=changed.status)
        self._tell(recipient)

    def _seen(self, recipient: Recipient) -> Shown:
        """What the session itself shows. One that was resumed shows what it did, which only the service knew."""
        seen = self._link.shows(recipient.id.nonce)
        status, activities, *_ = wire.beside(recipient.shown, recipient.custom)
        if seen is None or seen == (status, activities):
            return recipient.shown
        return wire.picked(*seen, custom_too=recipient.custom is None)

    def _tell(self, recipient: Recipient) -> None:
        shown = wire.beside(recipient.shown, recipient.custom)
        self._link.change(recipient.id.nonce, shown.status, shown.activities)

    # --- the end of a custom status

    def _wear(self, recipient: Recipient, custom: Custom | None) -> None:
        recipient.custom = custom
        user_id, ends_ms = recipient.id.user_id, 0 if custom is None else custom.ends_ms
        if not ends_ms:
            self._awaited.pop(user_id, None)
        elif self._awaited.get(user_id) != ends_ms:
            self._awaited[user_id] = ends_ms
            if len(self._ends) > 2 * len(self._awaited) + _REPLACED_MAX:
                self._ends = [(at_ms, each) for each, at_ms in self._awaited.items() if each != user_id]
                heapify(self._ends)
            heappush(self._ends, (ends_ms, user_id))
            if self._ends[0][0] == ends_ms:
                self._wait()

    def _wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if self._ends:
            ends_ms = self._ends[0][0]
            after_s = max(0, ends_ms - self._clock()) / 1000
            self._timer = asyncio.get_running_loop().call_later(after_s, self._end, ends_ms)

    def _end(self, ends_ms: int) -> None:
        while self._ends and self._ends[0][0] <= ends_ms:
            over_ms, user_id = heappop(self._ends)
            if self._awaited.get(user_id) != over_ms:
                continue
            del self._awaited[user_id]
            topic = self._hub.registry.topics.get(user_topic(user_id))
            for recipient in () if topic is None else list(topic.followers):
                if recipient.custom is not None and recipient.custom.ends_ms == over_ms:
                    recipient.shown = self._seen(recipient)
                    recipient.custom = None
                    self._tell(recipient)
        self._wait()
