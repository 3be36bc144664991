"""Owns the tasks of sockets and sessions: one that fails ends its own session and nothing else; none outlives us."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from derailed.telemetry import SESSION


class Supervisor:
    """Starts tasks, and hands what they raise to whoever can end the session they were for."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = True

    def start(self, work: Coroutine[Any, Any, None], failed: Callable[[Exception], None], session: str = "") -> None:
        """Run `work`; what it raises goes to `failed`. After `stop` nothing is run any more. `session` is a handle."""
        if not self._open:
            work.close()
            return
        task = asyncio.create_task(self._watch(work, failed, session))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch(self, work: Coroutine[Any, Any, None], failed: Callable[[Exception], None], session: str) -> None:
        SESSION.set(session)
        try:
            await work
        except Exception as error:  # noqa: BLE001  the one place that keeps a session's failure its own
            failed(error)

    async def stop(self) -> None:
        """Cancel what runs, and wait for it."""
        self._open = False
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
