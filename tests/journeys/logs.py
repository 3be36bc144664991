"""What a process has written to its log, line by line, where it writes JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.journeys.server import Running, until


def lines(process: Running, **fits: object) -> Iterator[dict[str, Any]]:
    """Those lines of its log that say so, libraries' aside."""
    for text in process.log.splitlines():
        if text.startswith("{"):
            line: dict[str, Any] = json.loads(text)
            if line["logger"].startswith("derailed") and fits.items() <= line.items():
                yield line


def told_of(process: Running, event: str, **fits: object) -> dict[str, Any]:
    """The one line that tells of it: it may be written a moment after its cause was answered."""
    until(lambda: bool(list(lines(process, event=event, **fits))), f"the log tells of {event} {fits}")
    (line,) = lines(process, event=event, **fits)
    return line
