"""How it goes: what /readyz answers, and what the log says when something is lost and when it is found again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple

import structlog

_LOOK_EVERY_S: Final = 1.0

_log = structlog.stdlib.get_logger(__name__)


class _Part(NamedTuple):
    name: str
    is_there: Callable[[], bool]
    otherwise: str
    is_needed: bool


class Readiness:
    """What this process stands on. It is not ready before it has `begun`, nor while anything is gone that it needs."""

    def __init__(self) -> None:
        self.begun = False
        self._parts: list[_Part] = []

    def needs(self, name: str, is_there: Callable[[], bool], otherwise: str) -> None:
        """Without this, requests had better go elsewhere, for the reason `otherwise`."""
        self._parts.append(_Part(name, is_there, otherwise, is_needed=True))

    def likes(self, name: str, is_there: Callable[[], bool], otherwise: str) -> None:
        """Without this it goes on, worse: `otherwise` says how."""
        self._parts.append(_Part(name, is_there, otherwise, is_needed=False))

    def look(self) -> tuple[bool, str]:
        """Whether it is ready, and in lines what is missing or worse than usual."""
        if not self.begun:
            return False, "starting: the database or the bus can not be reached yet\n"
        gone = [part for part in self._parts if not part.is_there()]
        lines = "".join(f"{part.name}: {part.otherwise}\n" for part in gone)
        return not any(part.is_needed for part in gone), lines or "ok\n"

    async def watch(self) -> None:
        """Say once when something is lost, and once when it is found. What is gone for a moment is not lost."""
        gone: set[_Part] = set()
        lost: set[_Part] = set()
        while True:
            gone_before, gone = gone, {part for part in self._parts if not part.is_there()}
            for part in [part for part in self._parts if part in gone & gone_before - lost]:
                _log.warning(f"{part.name}: {part.otherwise}")
                lost.add(part)
            for part in [part for part in self._parts if part in lost - gone]:
                _log.info(f"{part.name}: found")
                lost.discard(part)
            await asyncio.sleep(_LOOK_EVERY_S)
