"""Harvests on the wire: archives of what is one's own."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from msgspec import Struct

from derailed.wire.shapes import Id, Timestamp

AGAIN_MS: Final = 24 * 3600 * 1000
"""After as long another one is made."""
KEPT_MS: Final = 7 * 24 * 3600 * 1000
MESSAGES: Final = 500_000
"""The newest that one has written: half a gigabyte that packs well."""
MESSAGES_A_FILE: Final = 1000


class State(IntEnum):
    """How far it is."""

    IN_PROGRESS = 1
    COMPLETED = 2
    EXPIRED = 3


class HarvestShape(Struct, kw_only=True):
    """One that was asked for. `url` is where its archive is, for its owner's token alone, until it expires."""

    harvest_id: Id
    user_id: Id
    state: int
    created_at: Timestamp
    completed_at: Timestamp | None
    expires_at: Timestamp | None
    url: str | None
