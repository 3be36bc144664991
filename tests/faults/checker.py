"""Whether a history is one that the product promises. A complaint is a line; none is the whole of the proof."""

from __future__ import annotations

from itertools import chain

from tests.faults import convergence, delivery, sightings, touches
from tests.faults.history import History

SHOWN = 25


def check(history: History) -> list[str]:
    """Everything that is wrong."""
    found = (each.complaints(history) for each in (delivery, touches, convergence, sightings))
    return [*chain.from_iterable(found)]


def told(complaints: list[str], history: History) -> str:
    """How many of each kind, what broke when, and the first of them."""
    kinds = [line.partition(":")[0] for line in complaints]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    broke = [f"{fault.name} from {fault.began:.2f} to {fault.ended:.2f}" for fault in history.faults]
    return "\n".join([f"{len(complaints)} complaints: {counts}", *broke, *complaints[:SHOWN]])
