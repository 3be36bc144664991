"""What every verb is given: where to write, whom to tell, what time it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from derailed.actions.access import Shapes
from derailed.actions.board import Board
from derailed.blobs import Blobs
from derailed.model.snowflakes import Snowflakes
from derailed.presence import Presences
from derailed.store import Connection, Store, topics


class Ephemerals(Protocol):
    """The one thing that verbs ask of the bus themselves; an operator's command has no bus at hand."""

    async def publish(self, topic: str, payload: bytes) -> None:
        """Deliver an ephemeral record to the subscribers of now."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """One per process. `clock` is Unix milliseconds; `bus` is for the ephemeral: the rest goes by the outbox.

    `secret` signs the addresses of attachments: it is the same in all processes. `presences` is None where there is
    nobody to ask, as for an operator's command.
    """

    store: Store
    bus: Ephemerals
    ids: Snowflakes
    clock: Callable[[], int]
    blobs: Blobs
    secret: bytes
    shapes: Shapes = field(default_factory=Shapes)
    presences: Presences | None = None
    board: Board = field(default_factory=Board)
    """What the instance's processes say of themselves, as far as this one hears it."""

    def new_id(self) -> int:
        """The next snowflake, for what has no place in an order that others add to."""
        return self.ids.next(self.clock())

    def new_id_in(self, tx: Connection, topic: str) -> int:
        """The next snowflake in a topic that this verb has lifted: above all that other processes drew there before."""
        return topics.draw(tx, topic, lambda last_id: self.ids.next(self.clock(), last_id))
