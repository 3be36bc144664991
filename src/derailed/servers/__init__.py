"""Servers of somebody else's, from wheels: how PostgreSQL and Valkey are run where they are not installed.

`guard` runs one for as long as somebody holds its other end, and never longer. `derailed up --split` and the tests
start them so.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from signal import Signals
from typing import Protocol

_GUARD = Path(__file__).with_name("guard.py")


class Missing(Exception):
    """The wheel is not installed; says which."""


class Program(Protocol):
    """What can be guarded."""

    stop_signal: Signals
    uid: int | None
    """Whom it runs as, if not as we do."""

    def command(self) -> Sequence[str]:
        """What runs it."""
        ...


def guarded(program: Program, remove: Path | None = None) -> list[str]:
    """A command that runs the program until its own standard input is closed, and then removes a folder."""
    terms = [str(remove or ""), str(int(program.stop_signal)), str(program.uid or "")]
    return [sys.executable, "-S", str(_GUARD), *terms, *program.command()]
