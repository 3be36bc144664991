"""The service of members here and elsewhere, by name, as the tests open it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from derailed.members import Members
from derailed.members.local import LocalMembers
from derailed.members.remote import RemoteMembers
from derailed.members.server import MembersServer
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


@asynccontextmanager
async def server(town: Town, address: str = "127.0.0.1:0", **options: Any) -> AsyncIterator[MembersServer]:
    """One that listens."""
    async with local(town, **options) as members:
        serving = MembersServer(address, members)
        await serving.start()
        try:
            yield serving
        finally:
            await serving.stop()


@asynccontextmanager
async def client(*addresses: str) -> AsyncIterator[RemoteMembers]:
    """Of services there."""
    members = RemoteMembers(addresses)
    try:
        yield members
    finally:
        await members.close()


@asynccontextmanager
async def remote(town: Town, **options: Any) -> AsyncIterator[Members]:
    """Over gRPC."""
    async with server(town, **options) as serving, client(f"127.0.0.1:{serving.port}") as members:
        yield members


@asynccontextmanager
async def remote_of_two(town: Town, **options: Any) -> AsyncIterator[Members]:
    """Over gRPC, and two services."""
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(server(town, **options)) for _ in range(2)]
        yield await stack.enter_async_context(client(*(f"127.0.0.1:{each.port}" for each in servers)))


SERVICES = {"local": local, "remote": remote, "remote of two": remote_of_two}
