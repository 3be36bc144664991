"""A bar on the terminal for commands that take a while: how far, how fast, how long still."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class Bar:
    """One bar a step, on the standard error: what a command prints can be piped elsewhere."""

    def __init__(self) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}"),
        )
        self._shown = Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True))
        self._step: TaskID | None = None

    def begin(self, step: str, rows: int, unit: str = "rows") -> None:
        """A step begins, which will go over so many; 0: nobody knows."""
        self._shown.start()
        self._step = self._shown.add_task(step, total=rows or None, unit=unit)

    def advance(self, rows: int) -> None:
        """So many more are done."""
        assert self._step is not None
        self._shown.advance(self._step, rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._step is not None:  # it would print an empty line
            self._shown.stop()
