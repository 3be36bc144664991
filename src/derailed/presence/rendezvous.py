"""Which of several services a user is at: rendezvous hashing. Pure.

Each user has an order of their own of all services, and is at the first that is there. When one ends, its users spread
over the others, and nobody else moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

_ID_BYTES = 8


def order(user_id: int, services: Sequence[str]) -> Sequence[int]:
    """The indices of the services in this user's order."""
    if len(services) == 1:
        return (0,)
    key = user_id.to_bytes(_ID_BYTES)
    weights = [blake2b(service.encode(), key=key, digest_size=_ID_BYTES).digest() for service in services]
    return sorted(range(len(services)), key=weights.__getitem__, reverse=True)
