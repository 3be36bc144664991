"""Services of members that die and come again, and guilds that are in use or not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from derailed.generated import members_pb2 as proto
from derailed.members import Down, Query
from derailed.members.attendance import Attendance
from derailed.members.kept import Kept
from derailed.members.local import LocalMembers
from derailed.members.server import NAME
from derailed.model.rendezvous import order
from tests.contracts.member_services import client, local, server
from tests.members.town import GUILD, OPEN, OTHER, Node, Town, found, names, town

EVERYONE = Query("")


def in_town(folder: Path, story: Callable[[Town], Awaitable[None]], count: int = 5) -> None:
    """Play it, for half a minute at most."""

    async def main() -> None:
        async with asyncio.timeout(30), town(folder, count) as place:
            await story(place)

    asyncio.run(main())


async def until(true: Callable[[], bool]) -> None:
    """Let others go on until it holds."""
    while not true():  # noqa: ASYNC110  what is waited for is not ours to announce
        await asyncio.sleep(0.01)


# Use


def test_a_guild_is_in_memory_from_the_first_interest_until_a_while_after_the_last(tmp_path: Path) -> None:
    async def story(place: Town) -> None:
        async with local(place, linger_s=0.05) as members:
            assert isinstance(members, LocalMembers)
            one, two = members.link("one"), members.link("two")
            one.interest(GUILD)
            two.interest(GUILD)
            await found(one, EVERYONE)
            assert members.keeper.in_use(GUILD)
            one.release(GUILD)
            await two.close()
            assert members.keeper.in_use(GUILD)
            await until(lambda: not members.keeper.in_use(GUILD))

    in_town(tmp_path, story)


def test_interest_before_the_while_is_over_keeps_it(tmp_path: Path) -> None:
    async def story(place: Town) -> None:
        async with local(place, linger_s=0.05) as members:
            assert isinstance(members, LocalMembers)
            link = members.link("one")
            link.interest(OTHER)
            link.interest(GUILD)
            link.release(GUILD)
            link.interest(GUILD)
            link.release(OTHER)
            await until(lambda: not members.keeper.in_use(OTHER))
            assert members.keeper.in_use(GUILD)

    in_town(tmp_path, story)


def test_guilds_that_nobody_asks_for_make_room(tmp_path: Path) -> None:
    async def story(place: Town) -> None:
        async with local(place, members_max=5) as members:
            assert isinstance(members, LocalMembers)
            link = members.link("one")
            link.interest(OTHER)
            link.interest(GUILD)
            await found(link, EVERYONE, OTHER)
            await found(link, EVERYONE)
            assert members.keeper.in_use(GUILD)
            assert not members.keeper.in_use(OTHER)
            assert (await found(link, EVERYONE, OTHER))[0] == [0]

    in_town(tmp_path, story)


def test_questions_at_once_load_a_guild_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loads = []
    load = Kept._load

    def counted(self: Kept) -> Awaitable[bool]:
        loads.append(self.guild_id)
        return load(self)

    monkeypatch.setattr(Kept, "_load", counted)

    async def story(place: Town) -> None:
        async with local(place) as members:
            await asyncio.gather(*(found(members.link(str(number)), EVERYONE) for number in range(10)))
            assert loads == [GUILD]

    in_town(tmp_path, story)


def test_what_the_bus_can_not_vouch_for_is_loaded_again(tmp_path: Path) -> None:
    async def story(place: Town) -> None:
        async with local(place) as members:
            node = Node(members.link("one"))
            screen = node.follow(1, OPEN, (0, 99))
            await node.until(lambda: bool(screen.ops))
            await place.bus.wipe()
            await place.joins(8)
            assert (await found(node.link, EVERYONE))[0] == [0, 1, 2, 3, 4, 8]
            await node.until(lambda: names(screen) == ["offline", "0", "1", "2", "3", "4", "8"])
            await node.close()

    in_town(tmp_path, story)


# Elsewhere


def test_a_service_that_is_not_there_is_down_and_lists_wait_for_it(tmp_path: Path) -> None:
    async def story(place: Town) -> None:
        address = f"unix:{tmp_path}/sms"
        async with client(address) as members:
            node = Node(members.link("one"))
            screen = node.follow(1, OPEN, (0, 99))
            with pytest.raises(Down):
                await found(node.link, EVERYONE)
            async with server(place, address):
                await node.until(lambda: len(names(screen)) == 6)
                assert len((await found(node.link, EVERYONE))[0]) == 5
            await node.close()

    in_town(tmp_path, story)


def test_whether_a_service_is_there_is_known(tmp_path: Path) -> None:
    async def story(place: Town) -> None:
        address = f"unix:{tmp_path}/sms"
        async with client(address) as asks, client(address) as serves:
            link = serves.link("one")
            with pytest.raises(Down):
                await found(link, EVERYONE)
            assert [asks.is_up, serves.is_up] == [False, False]
            async with server(place, address):
                await until(lambda: asks.is_up and serves.is_up)
            await until(lambda: not asks.is_up and not serves.is_up)

    in_town(tmp_path, story)


def test_lists_are_lost_with_the_service_and_shown_again_by_the_next(tmp_path: Path) -> None:
    async def story(place: Town) -> None:
        async with AsyncExitStack() as stack:
            addresses = [f"unix:{tmp_path}/{number}" for number in range(2)]
            first = order(GUILD, addresses)[0]
            dying = AsyncExitStack()
            await dying.enter_async_context(server(place, addresses[first]))
            await stack.enter_async_context(server(place, addresses[1 - first]))
            members = await stack.enter_async_context(client(*addresses))
            node = Node(members.link("one"))
            node.link.interest(GUILD)
            screen = node.follow(1, OPEN, (0, 99))
            await node.until(lambda: len(names(screen)) == 6)
            await dying.aclose()
            await node.until(lambda: node.lost == [1])
            again = node.follow(1, OPEN, (0, 99))
            await place.joins(8)
            await node.until(lambda: len(names(again)) == 7)
            assert len((await found(node.link, EVERYONE))[0]) == 6
            await stack.enter_async_context(server(place, addresses[first]))
            await node.until(lambda: node.lost == [1, 1])
            back = node.follow(1, OPEN, (0, 99))
            await node.until(lambda: len(names(back)) == 7)
            await node.close()

    in_town(tmp_path, story)


def test_a_question_fails_when_its_service_dies(tmp_path: Path) -> None:
    async def story(place: Town) -> None:
        async with client(f"unix:{tmp_path}/sms") as members:
            async with server(place, f"unix:{tmp_path}/sms"):
                link = members.link("one")
                asking = link.find(GUILD, EVERYONE)
                assert (await anext(asking)).count == 10
            with pytest.raises(Down):
                async for _ in asking:
                    pass

    in_town(tmp_path, story, 9001)


def test_a_node_that_ends_holds_nothing(tmp_path: Path) -> None:
    async def story(place: Town) -> None:
        address, topic = f"unix:{tmp_path}/sms", f"guild:{GUILD}"
        async with server(place, address, linger_s=0.0):
            async with client(address) as members:
                members.link("one").interest(GUILD)
                await until(lambda: topic in place.bus.listeners)
            await until(lambda: topic not in place.bus.listeners)

    in_town(tmp_path, story)


def test_the_service_tells_its_health_and_what_it_serves(tmp_path: Path) -> None:
    async def story(place: Town) -> None:
        async with server(place) as serving, grpc.aio.insecure_channel(f"127.0.0.1:{serving.port}") as channel:
            asked = health_pb2.HealthCheckRequest(service=NAME)
            answer = await health_pb2_grpc.HealthStub(channel).Check(asked)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
            stub = reflection_pb2_grpc.ServerReflectionStub(channel)
            listing = stub.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
            listed = [each.name async for reply in listing for each in reply.list_services_response.service]
            assert NAME in listed

    in_town(tmp_path, story)


def test_a_stream_that_ends_twice_at_once_holds_nothing(tmp_path: Path) -> None:
    """As gRPC does it: the node says no more, and the call is cancelled, and cancelled once more while it tidies up."""

    async def story(place: Town) -> None:
        said: asyncio.Queue[proto.FromNode] = asyncio.Queue()
        said.put_nowait(proto.FromNode(requests=[proto.Request(interest=GUILD)]))

        async def messages() -> AsyncIterator[proto.FromNode]:
            while True:
                yield await said.get()

        async def write(_: proto.FromService) -> None: ...

        async with local(place, linger_s=0.0) as members:
            assert isinstance(members, LocalMembers)
            serving = asyncio.create_task(Attendance(members.link("one"), write).run(messages()))
            await until(lambda: members.keeper.in_use(GUILD))
            serving.cancel()
            await asyncio.sleep(0)
            serving.cancel()
            await asyncio.wait([serving])
            await until(lambda: not members.keeper.in_use(GUILD))

    in_town(tmp_path, story)
