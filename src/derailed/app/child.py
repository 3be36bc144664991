"""A child: one process that is kept running, and that never outlives us.

It holds one end of a pipe of ours as its standard input: when that is closed, however we end, it stops by itself.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import structlog

from derailed.app.trouble import CannotStart

_AGAIN_FROM_S: Final = 0.25
_AGAIN_TO_S: Final = 10.0
_STEADY_S: Final = 30.0
"""One that ran for as long is started again at once: it did not fail at its start."""
_LINE_BYTES: Final = 1 << 20
_HOPELESS: Final = 2
"""The exit code of a `derailed` that needs another setting: it would end again."""

_log = structlog.stdlib.get_logger(__name__)


class Child:
    """`run` it in a task. What it writes goes where ours does, or line by line to `hear`."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        hear: Callable[[str], None] | None = None,
    ) -> None:
        self.name = name
        self._command = command
        self._environment = environment
        self._hear = hear
        self._process: Process | None = None
        self._stopping = asyncio.Event()
        self._gone = asyncio.Event()
        self._gone.set()

    async def run(self) -> None:
        """Keep it running until it is stopped. Raises CannotStart when it says that it can not."""
        again_s = _AGAIN_FROM_S
        while not self._stopping.is_set():
            began = asyncio.get_running_loop().time()
            code = await self._live()
            if self._stopping.is_set():
                return
            if code == _HOPELESS:
                raise CannotStart(f"{self.name} can not start: it says why above")
            lived_s = asyncio.get_running_loop().time() - began
            again_s = _AGAIN_FROM_S if lived_s > _STEADY_S else again_s
            _log.warning(f"{self.name} ended unexpectedly and is started again", exit_code=code, in_s=again_s)
            try:
                await asyncio.wait_for(self._stopping.wait(), again_s)
            except TimeoutError:
                again_s = min(2 * again_s, _AGAIN_TO_S)

    async def stop(self, within_s: float) -> None:
        """Have it stop, and wait until it has; end it when that takes too long."""
        self._stopping.set()
        if self._process is not None:
            self._close_input(self._process)
        try:
            await asyncio.wait_for(self._gone.wait(), within_s)
        except TimeoutError:
            _log.warning(f"{self.name} does not stop and is ended", after_s=within_s)
            self.kill()
            await self._gone.wait()

    def hurry(self) -> None:
        """Have it wait for nobody."""
        if self._process is not None:
            self._process.terminate()

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()

    async def _live(self) -> int:
        self._gone.clear()
        if self._hear is not None:
            self._hear("is started")
        try:
            process = self._process = await asyncio.create_subprocess_exec(
                *self._command,
                env=self._environment,
                stdin=PIPE,
                stdout=None if self._hear is None else DEVNULL,
                stderr=None if self._hear is None else PIPE,
                limit=_LINE_BYTES,
                start_new_session=True,  # Ctrl+C is for us: children are stopped in our order
            )
            if self._stopping.is_set():
                self._close_input(process)
            try:
                await self._listen(process)
                return await process.wait()
            finally:
                if process.returncode is None:  # we are cancelled
                    process.kill()
        finally:
            self._process = None
            self._gone.set()

    @staticmethod
    def _close_input(process: Process) -> None:
        assert process.stdin is not None
        process.stdin.close()

    async def _listen(self, process: Process) -> None:
        if process.stderr is not None and self._hear is not None:
            async for line in process.stderr:
                self._hear(line.decode(errors="replace").rstrip())


def derailed(*arguments: str) -> list[str]:
    """A command of ours, as a child."""
    return [sys.executable, "-m", "derailed", "--with-parent", *arguments]
