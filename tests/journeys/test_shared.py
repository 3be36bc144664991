"""Two servers on one PostgreSQL and one bus, on Valkey or our broker: to the people on them they are one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.journeys.people import Account, Guild, register
from tests.journeys.place import run
from tests.journeys.server import Server
from tests.journeys.sockets import Socket
from tests.journeys.split import Bus
from tests.servers import postgres
from tests.servers.broker import Broker
from tests.servers.valkey import Valkey

pytestmark = pytest.mark.slow


class Pair:
    """Two servers, and a guild of Anna's, who uses the one, to which Ben belongs, who uses the other."""

    def __init__(self, one: Server, other: Server, bus: Bus) -> None:
        self.one, self.other, self.bus = one, other, bus
        self.anna = register(one, "anna")
        self.guild = Guild(self.anna)
        self.ben = Account(other, register(one, "ben").token)
        self.guild.admit(self.ben)

    def ben_at(self, server: Server) -> Account:
        """Ben as a client of that server."""
        return Account(server, self.ben.token)


@pytest.fixture(params=[Valkey, Broker])
def pair(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Pair]:
    """Started, and gone at the end."""
    url = postgres.shared().database()
    with ExitStack() as stack:
        stack.callback(postgres.shared().drop, url)
        bus: Bus = stack.enter_context(request.param())
        shared = {
            "DERAILED_DATABASE_URL": url,
            "DERAILED_BUS_URL": bus.url,
            "DERAILED_SECRET_FILE": str(tmp_path / "secret"),
        }
        one = stack.enter_context(Server(tmp_path / "one" / "data", **shared))
        other = stack.enter_context(Server(tmp_path / "other" / "data", **shared))
        made = Pair(one, other, bus)
        stack.enter_context(made.anna)
        stack.enter_context(made.ben)
        yield made


async def talk(by: Account, channel_id: int, count: int, name: str) -> list[int]:
    """Send one message after the other; their ids."""
    return [await asyncio.to_thread(by.send, channel_id, f"{name} {number}") for number in range(count)]


async def hear(socket: Socket, count: int) -> list[int]:
    """The ids of so many messages, in the order in which they came."""
    while len(socket.messages()) < count:
        await socket.receive()
    return socket.messages()


def test_what_is_said_on_both_at_once_is_heard_on_both_once_and_in_one_order(pair: Pair) -> None:
    async def journey() -> None:
        async with Socket(pair.one) as here, Socket(pair.other, "zlib-stream") as there:
            await here.identify(pair.anna)
            await there.identify(pair.ben)
            await here.whole(pair.anna, pair.guild.general)
            await there.whole(pair.ben, pair.guild.general)
            said = await asyncio.gather(
                talk(pair.anna, pair.guild.general, 60, "one"), talk(pair.ben, pair.guild.general, 60, "other")
            )
            heard = await hear(here, 120)
            assert heard == await hear(there, 120)
            assert sorted(heard) == heard == sorted(said[0] + said[1])

    run(journey())


def test_a_killed_server_is_a_resume_on_the_other(pair: Pair) -> None:
    async def journey() -> None:
        async with Socket(pair.one) as it:
            ready = await it.identify(pair.ben_at(pair.one))
            sent = await talk(pair.anna, pair.guild.general, 1, "heard")
            await hear(it, 1)
            pair.one.kill()
            await it.closed()
        sent += await talk(pair.ben, pair.guild.general, 20, "missed")
        async with Socket(pair.other) as again:
            await again.resume(pair.ben, ready["session_id"], it.sequence)
            await again.until("RESUMED")
            assert it.messages() + again.messages() == sent

    run(journey())


def test_what_a_killed_server_had_acknowledged_is_published_by_the_other(pair: Pair) -> None:
    async def journey() -> None:
        async with Socket(pair.other) as there:
            await there.identify(pair.ben)
            await there.whole(pair.ben, pair.guild.general)
            pair.bus.pause()  # what is acknowledged now is in the outbox alone
            sent = await talk(pair.anna, pair.guild.general, 5, "acknowledged")
            pair.one.kill()
            pair.bus.go_on()
            assert await hear(there, 5) == sent

    run(journey())


def test_a_bus_that_lost_its_past_has_everyone_start_afresh_and_loses_nothing(pair: Pair) -> None:
    async def journey() -> None:
        async with Socket(pair.one) as here, Socket(pair.other) as there:
            for socket, account in ((here, pair.anna), (there, pair.ben)):
                await socket.identify(account)
                await socket.whole(account, pair.guild.general)
            await asyncio.to_thread(pair.bus.lose_everything)
            for socket, account in ((here, pair.anna), (there, pair.ben)):
                assert (await socket.op(9))["d"] is False
                await socket.send(2, {"token": account.token, "properties": {"os": "linux"}})
                await socket.until("READY")
                await socket.whole(account, pair.guild.general)
            sent = await talk(pair.anna, pair.guild.general, 10, "afterwards")
            assert await hear(here, 10) == await hear(there, 10) == sent

    run(journey())


def test_who_is_removed_on_one_is_cut_off_on_the_other(pair: Pair) -> None:
    async def journey() -> None:
        async with Socket(pair.other) as there:
            await there.identify(pair.ben)
            await there.whole(pair.ben, pair.guild.general)
            pair.anna.call("DELETE", f"/guilds/{pair.guild.id}/members/{pair.ben.id}")
            gone = await there.until("GUILD_DELETE")
            assert int(gone["id"]) == pair.guild.id

    run(journey())
