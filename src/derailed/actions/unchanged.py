"""Giving back a rev."""

from __future__ import annotations


class Unchanged(Exception):
    """Raised inside a `work` that lifted a topic and then found nothing to change, so that the lift is undone.

    Revs are dense: one that has no record would be a gap that every node waits behind. `answer` is the verb's.
    """

    def __init__(self, answer: bytes = b"") -> None:
        super().__init__()
        self.answer = answer
