"""What can break, by name. Each breaks it, mends what does not mend itself, and waits until all is well."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, cast

from tests.faults.run import Run
from tests.faults.small_broker import SmallBroker
from tests.journeys.server import Running
from tests.servers.broker import Broker

DEAD_S: Final = 3.0
"""How long what was killed stays dead: long enough to be missed, and shorter than anybody waits."""
HELD_S: Final = 8.0
"""Longer than a lease (4 s), shorter than lease and grace: nobody may be seen to go."""

SET_BY_S: Final = (2, -2, 0, 3600, 0, -3600, 0)
AS_SET_S: Final = 1.5
NARROW_BYTES_S: Final = 200_000
LATE_MS: Final = 40
"""A line that is busy, to the other side of an ocean."""

Story = Callable[[Run], Awaitable[None]]


async def node_killed(run: Run) -> None:
    """A WSS node dies; its clients resume on the other."""
    await _kill(run, run.split.one)


async def other_node_killed(run: Run) -> None:
    """The other one."""
    await _kill(run, run.split.other)


async def node_drained(run: Run) -> None:
    """A WSS node is told to stop, and sends its clients elsewhere."""
    async with run.breaking("node drained"):
        await run.do(run.split.one.terminate)
        await run.steady(DEAD_S)
        await run.do(run.split.one.start)


async def node_stopped(run: Run) -> None:
    """A WSS node does nothing for longer than its leases, and does not know."""
    async with run.breaking("node stopped", blinds=True):
        run.split.one.pause()
        await run.steady(HELD_S)
        run.split.one.go_on()


async def api_killed(run: Run) -> None:
    """The API dies with requests in flight and rows in the outbox."""
    await _kill(run, run.split.front)


async def presence_killed(run: Run) -> None:
    """The Presence Service dies: nobody is seen to come or go until it is back."""
    async with run.breaking("presence killed", blinds=True):
        await run.do(run.split.presence.kill)
        for node in run.split.nodes:
            await run.until_says(node, "presence: no service answers", 200)
        await run.steady(DEAD_S)
        await run.do(run.split.presence.start)


async def presence_stopped(run: Run) -> None:
    """The Presence Service does nothing for less than its lease, and answers nobody."""
    async with run.breaking("presence stopped", blinds=True):
        run.split.presence.pause()
        await run.steady(DEAD_S)
        run.split.presence.go_on()


async def members_killed(run: Run) -> None:
    """The Supreme Member Storage dies: members are read from the database."""
    async with run.breaking("members killed"):
        await run.do(run.split.members.kill)
        for node in run.split.nodes:
            await run.until_says(node, "members: no service answers", 200)
        await run.steady(DEAD_S)
        await run.do(run.split.members.start)


async def bus_killed(run: Run) -> None:
    """The bus's server dies and comes back with its data. Valkey can not vouch for the last of it; our broker can."""
    async with run.breaking("bus killed", forgets=not isinstance(run.split.bus, Broker)):
        await run.do(run.split.bus.kill)
        for part in (*run.split.nodes, run.split.front):
            await run.until_says(part, "can not be reached", 503)
        await run.steady(DEAD_S)
        await run.do(run.split.bus.start)


async def bus_lost(run: Run) -> None:
    """The bus's server comes back empty: everybody starts afresh."""
    async with run.breaking("bus lost", forgets=True):
        await run.do(run.split.bus.lose_everything)


async def bus_full(run: Run) -> None:
    """The disk of our broker is full: what is said waits in the outbox, and the log is opened again when there is room.

    Then nobody vouches for its end: everybody starts afresh, once.
    """
    disk = cast(SmallBroker, run.split.bus).disk
    async with run.breaking("bus full", forgets=True, blinds=True):
        await run.do(disk.fill)
        await run.until_says(run.split.front, "bus: can not be reached, or its log has failed", 503)
        await run.steady(DEAD_S)
        await run.do(disk.make_room)


async def database_killed(run: Run) -> None:
    """PostgreSQL dies and recovers."""
    async with run.breaking("database killed"):
        await run.do(run.split.postgres.kill)
        for part in (*run.split.nodes, run.split.front):
            await run.until_says(part, "can not be reached", 503)
        await run.steady(DEAD_S)
        await run.do(run.split.postgres.start)


async def bus_cut(run: Run) -> None:
    """A node's connection to the bus is reset, and none comes about for a while."""
    await _cut(run, "bus", DEAD_S)


async def bus_hushed(run: Run) -> None:
    """A node's connection to the bus is there, and nothing comes."""
    await _hush(run, "bus", blinds=True)


async def presence_cut(run: Run) -> None:
    """A node's stream to the Presence Service is reset, and none comes about for a while."""
    await _cut(run, "presence", DEAD_S, blinds=True)


async def presence_hushed(run: Run) -> None:
    """The same stream is there, and nothing comes: both ends find out by their leases."""
    await _hush(run, "presence", blinds=True)


async def members_hushed(run: Run) -> None:
    """A node's stream to the Supreme Member Storage is there, and nothing comes."""
    await _hush(run, "members", blinds=False)


async def bus_slow(run: Run) -> None:
    """A node's way to the bus is narrow and long: what is said comes late, and whole."""
    await _slow(run, "bus")


async def presence_slow(run: Run) -> None:
    """Its way to the Presence Service likewise."""
    await _slow(run, "presence")


async def members_slow(run: Run) -> None:
    """Its way to the Supreme Member Storage likewise."""
    await _slow(run, "members")


async def api_clock(run: Run) -> None:
    """The API's clock is set, by seconds and by an hour, and set right again."""
    await _set_clocks(run, "api", run.split.front)


async def node_clock(run: Run) -> None:
    """A node's, so that it is not the other's."""
    await _set_clocks(run, "node", run.split.one)


async def presence_clock(run: Run) -> None:
    """The Presence Service's."""
    await _set_clocks(run, "presence", run.split.presence)


async def clocks(run: Run) -> None:
    """All of them at once: the machine's."""
    await _set_clocks(run, "machine", *run.split.parts)


async def _set_clocks(run: Run, name: str, *parts: Running) -> None:
    async with run.breaking(f"{name} clock set"):
        for seconds in SET_BY_S:
            for part in parts:
                run.split.clocks[part].set_by(seconds)
            await run.steady(AS_SET_S)


async def _slow(run: Run, wire: str) -> None:
    async with run.breaking(f"{wire} slow", blinds=True):
        await run.do(lambda: run.split.wires.say(f"slow {wire} {NARROW_BYTES_S} {LATE_MS}"))
        await run.steady(HELD_S)
        await run.do(lambda: run.split.wires.say(f"mend {wire}"))


async def _cut(run: Run, wire: str, seconds: float, *, blinds: bool = False) -> None:
    async with run.breaking(f"{wire} cut", blinds=blinds):
        await run.do(lambda: run.split.wires.say(f"cut {wire}"))
        await run.steady(seconds)
        await run.do(lambda: run.split.wires.say(f"mend {wire}"))


async def _hush(run: Run, wire: str, *, blinds: bool) -> None:
    async with run.breaking(f"{wire} hushed", blinds=blinds):
        await run.do(lambda: run.split.wires.say(f"hush {wire}"))
        await run.steady(HELD_S)
        await run.do(lambda: run.split.wires.say(f"mend {wire}"))


async def _kill(run: Run, part: Running) -> None:
    async with run.breaking(f"{part.command[-1]} killed"):
        await run.do(part.kill)
        await run.steady(DEAD_S)
        await run.do(part.start)


FAULTS: Final[dict[str, Story]] = {
    story.__name__: story
    for story in (
        node_killed, other_node_killed, node_drained, node_stopped, api_killed, presence_killed, presence_stopped,
        members_killed, bus_killed, bus_lost, database_killed, bus_cut, bus_hushed, presence_cut, presence_hushed,
        members_hushed, bus_slow, presence_slow, members_slow, api_clock, node_clock, presence_clock, clocks,
    )
}  # fmt: skip
"""Whatever the bus is."""
OF_BROKER: Final[dict[str, Story]] = FAULTS | {"bus_full": bus_full}
"""When it is our broker."""
