"""Whether a history is one that the product promises. A complaint is a line; none is the whole of the proof."""

from __future__ import annotations

from tests.faults import delivery, sightings
from tests.faults.history import History

SHOWN = 25


def check(history: History) -> list[str]:
    """Everything that is wrong."""
    return [*delivery.complaints(history), *sightings.complaints(history)]


def told(complaints: list[str]) -> str:
    """How many of each kind, and the first of them."""
    kinds = [line.partition(":")[0] for line in complaints]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    return "\n".join([f"{len(complaints)} complaints: {counts}", *complaints[:SHOWN]])
