"""Which of several services something is at: rendezvous hashing.

Each id has an order of its own of all services, and is at the first that is there. When one ends, what it had spreads
over the others, and nothing else moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

_ID_BYTES = 8


def order(about: int, services: Sequence[str]) -> Sequence[int]:
    """The indices of the services in this id's order."""
    if len(services) == 1:
        return (0,)
    key = about.to_bytes(_ID_BYTES)
    weights = [blake2b(service.encode(), key=key, digest_size=_ID_BYTES).digest() for service in services]
    return sorted(range(len(services)), key=weights.__getitem__, reverse=True)
