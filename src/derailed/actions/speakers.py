"""Who speaks in which channel, as this process has seen: of a minute one message is marked (`store/spoken`)."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from derailed.store.spoken import WINDOW

_KEPT: Final = 100_000


class Speakers:
    """Until which message each of them is known to speak. Bounded, oldest out first: who is forgotten is marked again.

    Other processes may have marked them later: then the minute that we count by is over before theirs.
    """

    def __init__(self) -> None:
        self.until: OrderedDict[tuple[int, int], int] = OrderedDict()
        """By user and channel: the first id that needs a mark again. Looked up for every message."""

    def know(self, user_id: int, channel_id: int, message_id: int) -> None:
        """The message was marked, for good."""
        self.until[user_id, channel_id] = message_id + WINDOW
        self.until.move_to_end((user_id, channel_id))
        if len(self.until) > _KEPT:
            self.until.popitem(last=False)
