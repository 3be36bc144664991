"""The command: which of it, with a bar while it goes on, and a table of each."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from derailed.broker.bench import alone, many, versus
from derailed.broker.bench.page import Report
from derailed.broker.bench.programs import Missing

__all__ = ["Missing", "run"]

PARTS: Final = ("versus", "memory", "tails", "topics")
_columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())


def run(parts: list[str], topics: int, rounds: int, folder: Path, level: str, page: Path | None) -> None:
    """Measure. Raises Missing for what must be there first."""
    for part in parts:
        if part not in PARTS:
            raise Missing(f"there is no {part!r} to be measured; there is {', '.join(PARTS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers are stopped
    report = Report(Console(), page)
    errors = Console(stderr=True)
    with errors.status("…") as status:
        told = status.update
        if "versus" in parts:
            report.versus(list(versus.run(told, rounds)))
        if "memory" in parts:
            report.memory(alone.subscriptions(told), alone.SUBSCRIPTIONS)
        if "tails" in parts:
            report.tails(*alone.cold_tails(told))
    if "topics" in parts:
        many.require_room(folder, topics)
        errors.print(f"Into {folder}, which stays: stopped, it is gone on with by the same command.")
        with Progress(*_columns, TimeRemainingColumn(), console=errors) as progress:
            task = progress.add_task(f"{topics:,} topics", total=topics)
            filled = many.fill(folder, topics, level, lambda done, total: progress.update(task, completed=done))
        report.many(filled)
