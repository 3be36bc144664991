"""Passwords as argon2id, hashed in two threads of their own so that the event loop never does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from derailed.model.errors import TooMany
from derailed.wire import limits

T = TypeVar("T")


class Passwords:
    """Hashes and checks passwords. A queue that is full refuses: a flood of logins costs us nothing else."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self._hasher = hasher
        self._threads = ThreadPoolExecutor(limits.PASSWORD_THREADS, "passwords")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """What is kept of a password. Raises TooMany."""
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, kept: str | None, password: str) -> bool:
        """Whether it is the password; takes as long for nobody, so that names can not be guessed. Raises TooMany."""
        if kept is None:
            await self.hash(password)  # the same work as checking it
            return False
        return await self._run(lambda: self._matches(kept, password))

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _matches(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except VerifyMismatchError:
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= limits.PASSWORD_QUEUE:
            raise TooMany
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1
