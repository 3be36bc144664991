"""What every verb is given: where to write, whom to tell, what time it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from derailed.actions.access import Shapes
from derailed.bus import Bus
from derailed.model.snowflakes import Snowflakes
from derailed.store import Store


@dataclass(frozen=True, slots=True)
class Context:
    """One per process. `clock` is Unix milliseconds; `bus` is for the ephemeral: the rest goes by the outbox."""

    store: Store
    bus: Bus
    ids: Snowflakes
    clock: Callable[[], int]
    shapes: Shapes = field(default_factory=Shapes)

    def new_id(self) -> int:
        """The next snowflake. Called inside the transaction that uses it, so that ids are in commit order."""
        return self.ids.next(self.clock())
