"""A line to the PostgreSQL server: one connection, made again when it is lost.

Statements stay prepared on it, and the server is told how to treat it when it connects: a pooler between the two has
to give each of ours a connection of its own for as long as it lasts (PgBouncer: `pool_mode = session`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator
from functools import partial
from typing import Final, Generic, Self

import asyncpg  # type: ignore[import-untyped]
import structlog

from derailed.model.errors import Invalid, Unavailable
from derailed.store import Connection, T, Work, full_text
from derailed.store.postgres_seal import Sealing

_CONNECT_WITHIN_S: Final = 5.0
_ANSWER_WITHIN_S: Final = 20.0
"""Longer than the server itself allows a statement: who has not answered by then is not there."""
_RETRY_FROM_S: Final = 0.05
_RETRY_TO_S: Final = 1.0
_START_WITHIN_S: Final = 30.0
"""A server that is started together with us may take as long."""
_CLOSE_WITHIN_S: Final = 2.0
_STATEMENTS_KEPT: Final = 1024

_SETTINGS: Final = {
    "application_name": "derailed",
    "synchronous_commit": "on",
    "statement_timeout": "10s",
    "idle_in_transaction_session_timeout": "5s",  # a process that hangs lets go of its topics
    "lock_timeout": "8s",  # whatever a hanging process held is free by then
    "jit": "off",  # it costs more than the statements here, which are short
}

TROUBLE: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""Whatever a connection raises."""
_FATAL: Final = (
    OSError,  # a timeout is one too
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InternalClientError,  # it was lost at a moment that the library did not expect
)
_PASSING: Final = (
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
)
_NOT_YET: Final = (OSError, asyncpg.CannotConnectNowError)
_FOR_NOW: Final = (*_PASSING, asyncpg.PostgresConnectionError)

_log = structlog.stdlib.get_logger(__name__)


class Unreachable(Exception):
    """The server can not be reached, or does not let us in; says why, in one line without the password."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.is_final = is_final
        """It answers, and will not let us in later either."""


async def connect(url: str) -> asyncpg.Connection:
    """A connection, waited for as long as a server takes to start. Raises Unreachable."""
    give_up_at = time.monotonic() + _START_WITHIN_S
    while True:
        try:
            return await _connect(url)
        except _NOT_YET as error:
            if time.monotonic() > give_up_at:
                raise Unreachable(_reason(error)) from None
            _log.warning("waiting for the database", error=_reason(error))
            await asyncio.sleep(_RETRY_TO_S)
        except (*TROUBLE, ValueError) as error:
            raise Unreachable(_reason(error), is_final=not isinstance(error, _FOR_NOW)) from None


async def _connect(url: str) -> asyncpg.Connection:
    return await asyncpg.connect(
        url,
        timeout=_CONNECT_WITHIN_S,
        command_timeout=_ANSWER_WITHIN_S,
        statement_cache_size=_STATEMENTS_KEPT,
        max_cached_statement_lifetime=0,
        server_settings=_SETTINGS,
    )


def _reason(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__


def refusal(error: Exception) -> Exception:
    """What to tell the caller whom the server refuses for that reason."""
    if isinstance(error, asyncpg.CharacterNotInRepertoireError):
        return Invalid()  # U+0000, the one character that no text of PostgreSQL holds
    if isinstance(error, asyncpg.DiskFullError):
        return Unavailable("disk_full")
    if isinstance(error, _PASSING):
        return Unavailable()
    return error


class Line:
    """One connection. `is_up` says whether it can be used now."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._db: asyncpg.Connection | None = None
        self.sealing: Sealing
        """How groups are written on it."""
        self._making: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, url: str) -> Self:
        """Connect. Raises Unreachable."""
        line = cls(url)
        line._take(await connect(url))
        return line

    @property
    def is_up(self) -> bool:
        """Whether there is a connection, as far as we know."""
        return self._db is not None

    @property
    def db(self) -> asyncpg.Connection:
        """The connection. Raises Unavailable."""
        if self._db is None:
            raise Unavailable
        return self._db

    def is_lost(self, error: Exception) -> bool:
        """Whether that error means that the connection is of no use any more; it is made again then."""
        if self._db is None:
            return True
        if not isinstance(error, _FATAL) and not self._db.is_closed():
            return False
        _log.warning("lost a connection to the database", error=_reason(error))
        self.drop()
        return True

    def drop(self) -> None:
        """Give up the connection with whatever is open on it, and make another."""
        self._drop(self._db)

    async def close(self) -> None:
        """Hang up."""
        if self._making is not None:
            self._making.cancel()
            await asyncio.wait([self._making])
        if self._db is not None:
            self._db.remove_termination_listener(self._drop)
            await self._db.close(timeout=_CLOSE_WITHIN_S)

    def _drop(self, db: asyncpg.Connection) -> None:
        if self._db is not None and db is self._db:
            self._db = None
            db.terminate()
            self._making = asyncio.get_running_loop().create_task(self._connect_again())

    def _take(self, db: asyncpg.Connection) -> None:
        db.add_termination_listener(self._drop)
        self._db = db
        self.sealing = Sealing(db)

    async def _connect_again(self) -> None:
        retry_s = _RETRY_FROM_S
        while self._db is None:
            try:
                self._take(await _connect(self._url))
            except TROUBLE as error:
                _log.warning("the database can not be reached", error=_reason(error))
                await asyncio.sleep(retry_s)
                retry_s = min(2 * retry_s, _RETRY_TO_S)


class Statements(Connection):
    """What runs statements on a line, one at a time, and knows when it does."""

    full_text = full_text.POSTGRES
    is_asking = False


class Watched(Generic[T]):
    """A work on its way that awaits nothing but its tables, or it is our mistake."""

    def __init__(self, work: Work[T], tx: Statements) -> None:
        self._work = work
        self._tx = tx

    def __await__(self) -> Generator[object, None, T]:
        """Take its steps."""
        steps = self._work(self._tx).__await__()
        step: Callable[[], object] = partial(next, steps)
        while True:
            try:
                awaited = step()
            except StopIteration as end:
                result: T = end.value
                return result
            assert self._tx.is_asking, "a work awaits nothing but its tables"
            try:
                yield awaited
            except BaseException as error:  # noqa: BLE001  it is the work's, as what it awaited failed
                step = partial(steps.throw, error)
            else:
                step = partial(next, steps)
