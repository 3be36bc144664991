"""The service of members, by name, as the tests open it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from derailed.members import Members
from derailed.members.local import LocalMembers
from tests.members.town import Town

Case = Callable[[Town, Members], Awaitable[None]]
Runner = Callable[..., None]


@asynccontextmanager
async def local(town: Town, **options: Any) -> AsyncIterator[Members]:
    """In this process."""
    members = LocalMembers(town.store, town.bus, town.presences, **options)
    try:
        yield members
    finally:
        await members.close()


SERVICES = {"local": local}
