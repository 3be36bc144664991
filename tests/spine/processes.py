"""The processes that can die: those that serve the API, and nodes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from derailed.actions.context import Context
from derailed.actions.publisher import Publisher
from derailed.actions.sweeper import Sweeper
from derailed.actions.verbs import Verbs
from derailed.blobs.folder import FolderBlobs
from derailed.bus import BusDown
from derailed.gateway.arrival import Arrivals
from derailed.gateway.feeds import Feeds
from derailed.gateway.hub import Hub
from derailed.gateway.recipient import Recipient
from derailed.gateway.session import Begin, Continue
from derailed.model.errors import Refusal
from derailed.model.snowflakes import Snowflakes
from derailed.presence.local import LocalPresences
from derailed.store.sqlite import SqliteStore
from derailed.store.sqlite_connection import connect
from tests.gateway.alone import Alone
from tests.spine.cast import passwords
from tests.spine.client import SECRET, Client, Socket
from tests.spine.deeds import Deed
from tests.spine.parts import EarTransaction, StampedSessions

if TYPE_CHECKING:
    from tests.spine.world import World


class Process:
    """An incarnation of something that has a handle on the database."""

    task: asyncio.Task[None]
    """What it does all its life."""

    def __init__(self, world: World, kind: str) -> None:
        self.world = world
        self.name = f"{kind} {world.count()}"
        self._reader = connect(world.database, 1000)
        self._writer = EarTransaction(world.database, world.oracle)
        self._searcher = connect(world.database, 1000)
        self.store = SqliteStore(self._reader, self._writer, self._searcher, world.clock)
        self.context = context = Context(
            self.store, world.bus, Snowflakes(world.count()), world.clock, FolderBlobs(world.database), b""
        )
        self.store.rolled_back = context.shapes.clear
        self.verbs = Verbs.of(context, passwords(), "open")
        self.sessions = StampedSessions(context, self.verbs.tokens)

    def kill(self) -> None:
        """End it as kill -9 does; the system takes its locks away."""
        self.world.loop.kill(self.name)
        self._writer.kill()
        self._reader.close()
        self._searcher.close()


class Api(Process):
    """Verbs, a publisher, and a sweeper that finishes what verbs begin."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "api")
        publisher = Publisher(self.store, world.bus, world.clock)
        self.store.committed = publisher.take
        self.task = world.loop.spawn(self.name, publisher.run())
        world.loop.spawn(self.name, Sweeper(self.context).run())

    async def do(self, kind: str, deed: Deed) -> None:
        """One verb."""
        oracle = self.world.oracle
        try:
            await deed(self.verbs)
        except (Refusal, BusDown) as refusal:
            oracle.trace.append((self.name, kind, "refused", str(refusal)))
        except Exception as error:  # noqa: BLE001  a verb must not fail
            oracle.fail("crash", f"{kind}: {error!r}")


class Node(Process):
    """A hub and its arrivals."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "node")
        presences, members = LocalPresences(world.clock).link(self.name), Alone()
        self.hub = Hub(world.bus, self.sessions, presences, members, window=world.window)
        self._subscription = world.bus.subscriptions[-1]
        feeds = Feeds(self.hub, presences, members, self.sessions, world.clock)
        self._arrivals = Arrivals(self.hub, world.bus, self.sessions, feeds, SECRET)
        self.task = world.loop.spawn(self.name, self.hub.run())
        world.loop.spawn(self.name, feeds.run())
        self.sockets: list[Socket] = []

    async def take(self, client: Client, socket: Socket) -> None:
        """A socket with its first frame, as `Connection` does it."""
        asked: Begin | Continue
        arrival: Awaitable[Recipient | None]
        if client.session_id:
            asked = Continue(client.token.text, client.session_id, client.sequence)
            arrival = self._arrivals.resume(asked, socket)
        else:
            asked = Begin(client.token.text, client.viewer.intents, 50, None)
            arrival = self._arrivals.identify(asked, socket)
        recipient = await arrival
        if recipient is not None and not socket.open:
            self.hub.registry.drop(recipient)
        elif recipient is not None and not recipient.ended():
            socket.recipient = recipient

    def lose(self, socket: Socket) -> None:
        """It hears that the socket is gone."""
        socket.open = False
        if socket.recipient is not None:
            self.hub.registry.drop(socket.recipient)
            socket.recipient = None

    def drop_subscription(self) -> None:
        """Its connection to the bus is lost, with all that was on its way."""
        self._subscription.drop()

    def kill(self) -> None:
        """The bus hears of it in a moment; the clients lose their sockets."""
        super().kill()
        if self._subscription in self.world.bus.subscriptions:
            self.world.bus.subscriptions.remove(self._subscription)
            self.world.bus.spawn(self._subscription.close())
        for socket in self.sockets:
            socket.open = False
