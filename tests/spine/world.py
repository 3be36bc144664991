"""One schedule: API processes, nodes, a bus and clients, and what chance does to them.

Several API processes (verbs, a publisher, a store's handle) and two nodes (a hub, arrivals) work on one database and
one log. All is real but sockets and time. Between any two steps a process may die, a socket may be lost, the bus may
be killed, wiped or trimmed. When the faults end, everything must come to rest, and to one truth.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Coroutine, Iterator
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, TypeVar

from structlog.testing import capture_logs

from derailed.gateway import hub
from derailed.store import OutboxRow, sqlite
from derailed.store.sqlite_connection import connect
from derailed.wire import gateway as wire
from derailed.wire.gateway import Intent
from derailed.wire.records import user_topic
from tests.spine import cast as people
from tests.spine.cast import ANN, BEGINNING_MS, OLGA, TIM, Cast
from tests.spine.client import Client, Socket
from tests.spine.deeds import Deeds
from tests.spine.loop import ChanceLoop
from tests.spine.oracle import Oracle, Story, Viewer, truth
from tests.spine.parts import BusProcess
from tests.spine.processes import Api, Node

T = TypeVar("T")

_FEW: Final = Intent.GUILDS | Intent.GUILD_MESSAGES | Intent.MESSAGE_CONTENT | Intent.GUILD_MESSAGE_TYPING
_FAULTS: Final = ("socket", "api", "subscription", "node", "bus", "wipe", "roll", "trim")
_WEATHERS: Final = (
    (6, 3, 2, 1, 0, 0, 0, 0),
    (6, 3, 2, 1, 1, 1, 1, 1),
    (14, 2, 1, 1, 0, 0, 0.3, 0.3),
    (4, 1, 0, 0, 0, 0, 6, 6),
    (2, 1, 10, 1, 0, 0, 0, 0),
    (3, 1, 1, 1, 3, 4, 0, 0),
)
_IN_FLIGHT_S: Final = 0.05
"""Nothing is on its way for longer; so nothing is while a minute passes, which is the least before a trim."""
_QUIET_S: Final = 20.0
"""Of virtual time: a publisher comes back within a second, a session within less."""


class World:
    """Everything of one schedule."""

    def __init__(self, seed: int, place: Path, *, window: int = 0) -> None:
        self.rng = random.Random(seed)
        self.cast, file = people.template()
        self.database = place / "database"
        self.database.write_bytes(file)
        self.loop = ChanceLoop(seed)  # type: ignore[abstract]
        self.oracle = Oracle()
        self._count = 0
        self._resting = False
        self.loop.stalls = self.rng.choice((0.0, 0.01, 0.05))
        self.window = window or self.rng.choice((16, 64, 1 << 29))
        self.bus = BusProcess(self.loop, self.oracle, place, self.clock)
        self._tell_the_beginning()
        self.apis = [Api(self), Api(self)]
        self.nodes = [Node(self), Node(self)]
        self.clients = [self._client(*each) for each in _viewers(self.cast)]
        self.deeds = Deeds(self.rng, self.cast, self.oracle)

    def clock(self) -> int:
        """Unix milliseconds."""
        return BEGINNING_MS + int(self.loop.time() * 1000)

    def count(self) -> int:
        """A number that nothing else has."""
        self._count += 1
        return self._count

    def run(self, steps: int) -> str:
        """Faults for as many steps, then rest. The violation; empty when there was none."""
        with self.alive():
            self._stir(steps)
            self.settle()
        return self.oracle.violation

    @contextlib.contextmanager
    def alive(self) -> Iterator[None]:
        """As long as it lasts; at its end it is looked for what went wrong unseen."""
        real_time = sqlite.time  # type: ignore[attr-defined]
        sqlite.time = SimpleNamespace(monotonic=self.loop.time)  # type: ignore[assignment, attr-defined]
        looks = count()  # a slow processor: nodes give the loop a turn after every few records
        hub.time = SimpleNamespace(monotonic=lambda: next(looks) * hub.TURN_S / 2)  # type: ignore[assignment, attr-defined]
        try:
            with capture_logs() as logs:
                yield
                self._look_at(logs)
        finally:
            sqlite.time = hub.time = real_time  # type: ignore[attr-defined]
            self._close()

    # --- chance

    def _stir(self, steps: int) -> None:
        rng = self.rng
        verbs_left = rng.choice((4, 8, 16, 40, 80))
        faults, deeds = rng.choice((0.002, 0.005, 0.015, 0.03)), rng.choice((0.01, 0.03, 0.06))
        weights = rng.choice(_WEATHERS)
        warm = rng.choice((0, 100, 200))
        for step in range(steps):
            if self.oracle.violation:
                return
            chance = rng.random() * (0.1 if self.loop.idle else 1.0)
            if step >= warm and chance < faults:
                self._fault(weights)
            elif step >= warm and verbs_left and chance < faults + deeds:
                verbs_left -= 1
                kind, deed = self.deeds.choose()
                api = rng.choice(self.apis)
                self.loop.spawn(api.name, api.do(kind, deed))
            elif chance > 0.9 or (self.loop.idle and rng.random() < 0.9):
                self._advance(rng.choice(self.clients))
            else:
                self.loop.step()

    def _advance(self, client: Client) -> bool:
        socket = client.socket
        if socket is None:
            client.away -= 1
            if client.away < 0:
                self.connect(client, self.rng.choice(self.nodes))
            return True
        if socket.inbox and (socket.open or self._resting or self.rng.random() < 0.5):
            client.receive()
            if client.socket is None:
                self._lose(socket)
            return True
        if not socket.open:
            client.socket = None
            return True
        return False

    def connect(self, client: Client, node: Node) -> None:
        """Open a socket and say who one is."""
        socket = Socket(client.encoding)
        self.oracle.trace.append(
            (client.name, "RESUME" if client.session_id else "IDENTIFY", client.sequence, node.name)
        )
        client.attach(socket)
        node.sockets.append(socket)
        self.loop.spawn(node.name, node.take(client, socket))

    def _lose(self, socket: Socket) -> None:
        for node in self.nodes:
            if socket in node.sockets:
                node.sockets.remove(socket)
                node.lose(socket)

    def _fault(self, weights: tuple[float, ...]) -> None:
        kind = self.rng.choices(_FAULTS, weights)[0]
        self.oracle.trace.append(("fault", kind))
        match kind:
            case "socket":
                self.cut(self.rng.choice(self.clients))
            case "api":
                self._replace(self.apis)
            case "subscription":
                self.rng.choice(self.nodes).drop_subscription()
            case "node":
                self._replace(self.nodes)
            case "bus":
                self._restart_bus(machine=self.rng.random() < 0.3)
            case "wipe":
                self.bus.spawn(self.bus.wipe(self._no_deletion_is_due))
            case "roll":
                self.bus.roll()
            case "trim":
                self.loop.forward(_IN_FLIGHT_S)
                if not self.bus.holds(self.outbox()):
                    self.bus.trim()

    def cut(self, client: Client) -> None:
        """The client loses its socket; the server may hear of it much later, when another has taken its place."""
        socket, client.socket = client.socket, None
        client.away = self.rng.choice((0, 0, 10, 100))
        if socket is not None:
            delay = self.rng.choice((0.0, 0.0, 0.05))
            self.loop.call_later(delay, self._lose, socket)

    def _replace(self, processes: list[Any]) -> None:
        number = self.rng.randrange(2)
        kind = type(processes[number])
        processes[number].kill()
        processes[number] = kind(self)
        self._forget_sockets()

    def _restart_bus(self, *, machine: bool) -> None:
        """The bus's process dies, and the nodes that listen with it; API processes go on."""
        for node in self.nodes:
            node.kill()
        self.bus.kill(machine=machine and self._no_deletion_is_due())
        self.loop.forward(self.rng.choice((0.0, 0.1)))
        self.bus.start()
        self.nodes = [Node(self), Node(self)]
        self._forget_sockets()

    def restart_everything(self, *, machine: bool) -> None:
        """What runs in one process, or on one machine, dies with it."""
        for api in self.apis:
            api.kill()
        self.apis = []
        self._restart_bus(machine=machine)
        self.apis = [Api(self), Api(self)]

    def _no_deletion_is_due(self) -> bool:
        """No epoch ends between an acknowledgement and the deletion of its rows, some milliseconds later.

        What another process reads of them in the next epoch it publishes again: docs/decisions/0004 says what then.
        """
        present = {row.id for row in self.outbox()}
        return all(present == {row.id for row in at_once(api.store.outbox(0, 1000))} for api in self.apis)

    def _forget_sockets(self) -> None:
        """What a dead node had sent and nobody had read is lost."""
        for client in self.clients:
            if client.socket is not None and not client.socket.open:
                client.socket = None

    # --- rest

    def settle(self) -> None:
        """Let everything come to rest, and say what does not."""
        until = self.loop.time() + _QUIET_S
        self.oracle.trace.append(("rest",))
        self._resting = True
        self.loop.stalls = 0.0
        calm = 0
        while not self.oracle.violation and calm < 3:
            if self.loop.time() > until:
                self._say_what_is_wrong()
                return
            for client in self.clients:
                client.away = 0
                while self._advance(client) and client.socket is not None and not self.oracle.violation:
                    pass
            self.loop.forward(0.5)
            calm = 0 if self._unsettled() else calm + 1

    def _unsettled(self) -> str:
        if self.outbox():
            return f"wedged: the outbox was never drained: {[row[1:4] for row in self.outbox()]}"
        return next((wrong for client in self.clients if (wrong := client.unsettled())), "")

    def _say_what_is_wrong(self) -> None:
        kind, _, what = self._unsettled().partition(": ")
        self.oracle.fail(kind, what)

    def _look_at(self, logs: Any) -> None:
        lost = self.oracle.unpublished()
        if lost:
            self.oracle.fail("lost", f"no log has {lost}")
        for line in logs:
            if line["log_level"] == "error":
                self.oracle.fail("crash", f"{line}")
        for process in (*self.apis, *self.nodes):
            if process.task.done():
                self.oracle.fail("crash", f"{process.name} ended: {process.task}")

    # --- the beginning and the end

    def _tell_the_beginning(self) -> None:
        reader = connect(self.database, 0)

        async def tell(tx: Any) -> None:
            for topic, rev in await tx.fetch("SELECT topic, rev FROM topics"):
                number = int(topic.partition(":")[2])
                state = await truth(tx, number) if topic.startswith("guild") else None
                self.oracle.stories[topic] = Story(rev, state)

        reader.read(tell)
        reader.close()
        for user_id in (OLGA, ANN, TIM, self.cast.bot):
            self.oracle.stories.setdefault(user_topic(user_id), Story(0))

    def _client(self, name: str, user_id: int, intents: int) -> Client:
        client = Client(name, Viewer(user_id, int(intents)), self.cast.tokens[user_id], self.oracle)
        client.window = self.window
        return client

    def outbox(self) -> list[OutboxRow]:
        """What is in the table."""
        reader = connect(self.database, 0)
        rows = reader.outbox(0, 1000, ())
        reader.close()
        return rows

    def _close(self) -> None:
        for process in (*self.apis, *self.nodes):
            process.kill()
        self.loop.close()
        self.bus.stop()


def _viewers(cast: Cast) -> list[tuple[str, int, int]]:
    everything = wire.ALL_INTENTS
    return [
        ("ann 0", ANN, everything),
        ("ann 1", ANN, everything),
        ("bot", cast.bot, everything & ~Intent.MESSAGE_CONTENT),
        ("tim", TIM, int(_FEW)),
    ]


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """The result of what waits for nothing."""
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise AssertionError("it waits")
