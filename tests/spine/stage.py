"""A world in which nothing happens by chance: for one rule at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from derailed.actions.verbs import Verbs
from derailed.model.user import Actor
from derailed.wire.messages import SendMessage
from tests.spine.cast import OLGA, folder
from tests.spine.client import Client
from tests.spine.deeds import Deed
from tests.spine.world import World

A_WHILE_S = 0.4
"""Of virtual time: long enough for all that needs no sweep."""


class Stage:
    """Two API processes, two nodes, a bus, and clients that come and go when they are told to."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.loop = world.loop
        self.garden, self.harbour = world.cast.guilds
        self.ann, self.twin, self.bot, self.tim = world.clients

    def channels(self, guild_id: int) -> tuple[int, int]:
        """#general, which everyone sees, and #staff, which mods see."""
        story = self.world.oracle.stories[f"guild:{guild_id}"]
        state = story.states[story.first]
        assert state is not None
        general, staff = sorted(map(int, state.channels))
        return general, staff

    def begin(self, deed: Deed, api: int = 0) -> None:
        """Begin a verb; it has not got far when this returns."""
        process = self.world.apis[api]
        self.loop.spawn(process.name, process.do("deed", deed))

    def do(self, *deeds: Deed, api: int = 0) -> None:
        """Verbs one after the other, each published and heard of."""
        for deed in deeds:
            self.begin(deed, api)
            self.wait()

    def say(self, guild_id: int, text: str = "hello") -> Deed:
        """Olga writes to #general."""
        general, _ = self.channels(guild_id)

        async def send(verbs: Verbs) -> None:
            await verbs.messages.send(actor(OLGA), general, SendMessage(content=text))

        return send

    def wait(self, seconds: float = A_WHILE_S) -> None:
        """Let everything happen that is under way."""
        self.loop.forward(seconds)

    def connect(self, *clients: Client, node: int = 0) -> None:
        """They come in, and read all that they get."""
        for client in clients:
            self.world.connect(client, self.world.nodes[node])
        self.wait()
        self.read(*clients)

    def read(self, *clients: Client) -> None:
        """They read what has come."""
        for client in clients:
            while client.socket is not None and client.socket.inbox:
                client.receive()

    def cut(self, *clients: Client) -> None:
        """They lose their sockets, with what they had not read; the node hears of it."""
        for client in clients:
            self.world.cut(client)
        self.loop.forward(0.01)

    def resume(self, client: Client, node: int = 1) -> list[str]:
        """It comes back with its session; what it is told then."""
        known = len(client.events)
        self.connect(client, node=node)
        return client.events[known:]

    def end(self) -> None:
        """All is well, and everyone is in sync with the store."""
        self.world.settle()
        assert self.world.oracle.violation == ""


@contextlib.contextmanager
def staged(*, window: int = 1 << 29, seed: int = 0) -> Iterator[Stage]:
    """A stage, at whose end everybody must have what is theirs."""
    with folder() as place:
        world = World(seed, place, window=window)
        world.loop.stalls = 0.0
        with world.alive():
            stage = Stage(world)
            stage.wait(0.01)
            yield stage
            stage.end()
        assert world.oracle.violation == ""


def actor(user_id: int) -> Actor:
    """On behalf of a person."""
    return Actor(user_id, 1, False)
