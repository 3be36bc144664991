"""Pure checks: facts in, problems out. A finding is called as its function, whose docstring says what it is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from derailed.doctor.facts import Facts


class Check(NamedTuple):
    """One function of this folder, and what to do about what it finds. It finds each problem as a sentence."""

    look: Callable[[Facts], Iterable[str]]
    remedy: str

    @property
    def name(self) -> str:
        """What a finding is called."""
        return self.look.__name__.replace("_", "-")

    @property
    def when(self) -> str:
        """What it is about."""
        return (self.look.__doc__ or "").removesuffix(".")


class Finding(NamedTuple):
    """One problem of one installation."""

    name: str
    problem: str
    remedy: str
