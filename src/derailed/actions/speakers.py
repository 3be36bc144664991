"""Who speaks in which channel, as this process has seen: of a minute one message is marked (`store/spoken`)."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from derailed.store.spoken import WINDOW

_KEPT: Final = 100_000


class Speakers:
    """Since which message each of them is known to speak. Bounded, oldest out first: who is forgotten is marked again.

    Other processes may have marked them later: then the minute that we count by is over before theirs.
    """

    def __init__(self) -> None:
        self._since: OrderedDict[tuple[int, int], int] = OrderedDict()

    def are_known(self, user_id: int, channel_id: int, message_id: int) -> bool:
        """Whether a new message needs no mark."""
        since = self._since.get((user_id, channel_id))
        return since is not None and message_id < since + WINDOW

    def know(self, user_id: int, channel_id: int, message_id: int) -> None:
        """The message was marked, for good."""
        self._since[user_id, channel_id] = message_id
        self._since.move_to_end((user_id, channel_id))
        if len(self._since) > _KEPT:
            self._since.popitem(last=False)
