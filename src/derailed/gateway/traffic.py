"""What a node has done so far, counted where it is done, and read when somebody asks.

Fan-out counts once a slice of sockets, not once a socket: a delivery costs no more than it did.
"""

from __future__ import annotations


class Traffic:
    """One a node. Of frames only events count, not what keeps a socket alive."""

    __slots__ = ("bytes", "cut", "deliveries", "events", "identified", "refused", "resumed", "resumes_refused")

    def __init__(self) -> None:
        self.events = 0
        """Records that the bus gave it for sessions here."""
        self.deliveries = 0
        """Frames with an event, each to one socket."""
        self.bytes = 0
        """Of all frames."""
        self.identified = 0
        self.resumed = 0
        self.resumes_refused = 0
        self.refused = 0
        """Sessions that were told to start afresh because they could not be kept whole."""
        self.cut = 0
        """Sockets cut off because their clients did not read."""
