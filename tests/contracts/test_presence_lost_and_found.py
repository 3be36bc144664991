"""What nodes show while Presence Services are away, and when they are back."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from derailed.generated import presence_pb2 as proto
from derailed.generated import presence_pb2_grpc
from derailed.model.rendezvous import order
from derailed.presence import Announced, Down, Found, Lost, messages
from derailed.presence.server import NAME, PresenceServer
from tests.contracts.presences import GUILD, Reader, client, services

USERS = range(1, 41)


def play(story: Coroutine[Any, Any, None], within_s: float = 20) -> None:
    """Run it."""

    async def main() -> None:
        async with asyncio.timeout(within_s):
            await story

    asyncio.run(main())


def session(user: int, claim: int = 1) -> Announced:
    """The one session of a user."""
    return Announced(user.to_bytes(16), user, claim, (GUILD,))


async def restarted(server: PresenceServer, settles_in_ms: int) -> PresenceServer:
    """Another process at the same address."""
    again = PresenceServer(f"127.0.0.1:{server.port}", settles_in_ms=settles_in_ms)
    await again.start()
    return again


async def ended(call: Any) -> grpc.StatusCode:
    """How a stream ends, after all that was said on it."""
    try:
        while await call.read() is not grpc.aio.EOF:
            pass
    except grpc.aio.AioRpcError as error:
        return error.code()
    return await call.code()


@contextlib.contextmanager
def silent() -> Iterator[str]:
    """Where one is let in, and never hears a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"127.0.0.1:{server.getsockname()[1]}"


async def until(true: Callable[[], bool]) -> None:
    """Ask until it holds."""
    while not true():  # noqa: ASYNC110
        await asyncio.sleep(0.02)


async def counted(server: PresenceServer, users: int) -> None:
    """Ask until the service sees so many: nothing is told when users move."""
    async with client([f"127.0.0.1:{server.port}"]) as presences:
        while await presences.counts([GUILD]) != {GUILD: users}:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def crowd(node: Reader, *readers: Reader) -> None:
    """Everyone comes, and is seen."""
    for reader in (node, *readers):
        await reader.watch()
    for user in USERS:
        node.link.up(session(user))
    for reader in (node, *readers):
        while len(reader.shown) < len(USERS):
            await reader.next()


def test_a_service_that_is_not_there_at_the_start_is_no_outage() -> None:
    async def story() -> None:
        async with services(1) as (addresses, (server,)):
            await server.stop()
            async with client(addresses) as presences:
                reader = Reader(presences.link("a"))
                reader.link.up(session(1))
                with pytest.raises(Down):
                    await reader.link.watch(GUILD)
                with pytest.raises(Down):
                    await presences.counts([GUILD])
                with pytest.raises(Down):
                    await presences.of_users(GUILD, [1])
                with pytest.raises(Down):
                    await reader.link.recent(session(1).session_id, [GUILD])
                await until(lambda: not presences.is_up)
                assert reader.signals == [Lost()]
                again = await restarted(server, settles_in_ms=0)
                await reader.until(lambda: Found() in reader.signals)
                await until(lambda: presences.is_up)
                assert reader.status(1) == "online"
                await again.stop()

    play(story())


@pytest.mark.slow
def test_while_a_service_restarts_everything_is_shown_as_it_was_and_then_what_changed() -> None:
    async def story() -> None:
        async with services(1) as (addresses, (server,)), client(addresses) as stays, client(addresses) as ends:
            reader, other = Reader(stays.link("a")), Reader(ends.link("b"))
            await crowd(reader)
            other.link.up(session(100))
            other.link.up(session(101))
            await reader.until_shown(101, "online")
            await server.stop()
            await reader.until(lambda: Lost() in reader.signals)
            other.link.gone(session(101).session_id)
            reader.link.gone(session(1).session_id)
            reader.link.change(session(2).session_id, "dnd", b"[]")
            assert {reader.status(user) for user in (*USERS, 100, 101)} == {"online"}
            again = await restarted(server, settles_in_ms=1500)
            await reader.until(lambda: Found() in reader.signals)
            assert reader.signals[-1] == Found()
            assert (reader.status(1), reader.status(2)) == ("offline", "dnd")
            assert (reader.status(100), reader.status(101)) == ("online", "offline")
            assert all(reader.statuses(user) == ["online"] for user in (*range(3, 41), 100))
            assert await stays.counts([GUILD]) == {GUILD: len(USERS)}
            await other.close()
            await again.stop()

    play(story())


def test_until_a_service_has_settled_nobody_is_offline_by_its_word() -> None:
    async def story() -> None:
        async with services(1, settles_in_ms=300) as (addresses, _), client(addresses) as presences:
            reader = Reader(presences.link("a"))
            await reader.watch()
            reader.link.up(session(1))
            await reader.until_shown(1, "online")
            reader.link.gone(session(1).session_id)
            reader.link.up(session(2))
            await reader.until_shown(2, "online")
            assert reader.status(1) == "online"
            await reader.until_shown(1, "offline")

    play(story())


@pytest.mark.slow
def test_when_one_of_two_services_ends_its_users_move_and_nobody_flaps() -> None:
    async def story() -> None:
        async with services(2) as (addresses, (first, second)), client(addresses) as presences:
            node, reader = Reader(presences.link("a")), Reader(presences.link("b"))
            await crowd(node, reader)
            await first.stop()
            await counted(second, len(USERS))
            assert await presences.counts([GUILD]) == {GUILD: len(USERS)}
            node.link.change(session(1).session_id, "dnd", b"[]")
            await reader.until_shown(1, "dnd")
            assert all(set(reader.statuses(user)) == {"online"} for user in USERS[1:])
            assert Lost() not in reader.signals
            assert len(await presences.of_users(GUILD, USERS)) == len(USERS)

    play(story())


@pytest.mark.slow
def test_users_move_back_to_a_service_that_is_back_and_are_counted_once() -> None:
    async def story() -> None:
        async with services(2) as (addresses, (first, second)), client(addresses) as presences:
            node, reader = Reader(presences.link("a")), Reader(presences.link("b"))
            await crowd(node, reader)
            divided = sum(1 for user in USERS if order(user, addresses)[0] == 0)
            assert 0 < divided < len(USERS)
            await first.stop()
            await counted(second, len(USERS))
            again = await restarted(first, settles_in_ms=10_000)
            await counted(second, len(USERS) - divided)
            assert await presences.counts([GUILD]) == {GUILD: len(USERS)}
            node.link.gone(session(1).session_id)
            await reader.until_shown(1, "offline")
            assert all(set(reader.statuses(user)) == {"online"} for user in USERS[1:])
            await again.stop()

    play(story(), 40)


@pytest.mark.slow
def test_what_a_dead_service_told_is_not_believed_for_ever() -> None:
    async def story() -> None:
        async with services(2) as (addresses, (first, _)), client(addresses) as stays, client(addresses) as ends:
            reader, other = Reader(stays.link("a")), Reader(ends.link("b"))
            await crowd(other, reader)
            await first.stop()
            await ends.close()
            await reader.until(lambda: not reader.shown)

    play(story(), 40)


@pytest.mark.slow
def test_a_node_whose_stream_breaks_is_offline_within_15_seconds_and_together() -> None:
    async def story() -> None:
        async with services(1) as (addresses, _), client(addresses) as stays, client(addresses) as ends:
            reader, other = Reader(stays.link("a")), Reader(ends.link("b"))
            await crowd(other, reader)
            await ends.close()
            async with asyncio.timeout(15):
                await reader.until(lambda: len(reader.shown) < len(USERS))
            async with asyncio.timeout(1):
                await reader.until(lambda: not reader.shown)

    play(story(), 40)


@pytest.mark.slow
def test_a_node_that_says_nothing_is_offline_within_15_seconds() -> None:
    async def story() -> None:
        async with services(1) as (addresses, _), client(addresses) as presences:
            reader = Reader(presences.link("a"))
            await reader.watch()
            async with grpc.aio.insecure_channel(addresses[0]) as channel:
                stub: Any = presence_pb2_grpc.PresenceStub(channel)
                silent = stub.Link()
                await silent.write(proto.FromNode(node="b", reports=[messages.report_up(session(1))]))
                async with asyncio.timeout(15):
                    await reader.until_shown(1, "online")
                    await reader.until_shown(1, "offline")

    play(story(), 40)


@pytest.mark.slow
def test_a_node_that_does_not_listen_is_cut_off() -> None:
    async def story() -> None:
        async with services(1) as (addresses, _), client(addresses) as presences:
            reader = Reader(presences.link("a"))
            await crowd(reader)
            async with grpc.aio.insecure_channel(addresses[0]) as channel:
                stub: Any = presence_pb2_grpc.PresenceStub(channel)
                deaf = stub.Link()
                await deaf.write(proto.FromNode(node="b", reports=[proto.Report(watch=proto.Watch(guild_id=GUILD))]))
                for _ in range(30):  # it says that it is there, but reads nothing
                    for user in USERS:
                        reader.link.change(session(user).session_id, "idle", b'["%s"]' % (b"x" * 50_000))
                        reader.link.change(session(user).session_id, "dnd", b'["%s"]' % (b"y" * 50_000))
                    await deaf.write(proto.FromNode())
                    await asyncio.sleep(0.3)
                assert await ended(deaf) == grpc.StatusCode.RESOURCE_EXHAUSTED

    play(story(), 60)


def test_a_second_link_of_the_same_name_ends_the_first() -> None:
    async def story() -> None:
        async with services(1) as (addresses, _), grpc.aio.insecure_channel(addresses[0]) as channel:
            stub: Any = presence_pb2_grpc.PresenceStub(channel)
            first, second = stub.Link(), stub.Link()
            await first.write(proto.FromNode(node="a"))
            await first.read()
            await second.write(proto.FromNode(node="a"))
            await second.read()
            assert await ended(first) == grpc.StatusCode.OK

    play(story())


def test_who_only_asks_knows_whether_a_service_is_there() -> None:
    async def story() -> None:
        async with services(1) as (addresses, (server,)), client(addresses) as presences:
            await until(lambda: presences.is_up)
            await server.stop()
            await until(lambda: not presences.is_up)
            again = await restarted(server, settles_in_ms=0)
            await until(lambda: presences.is_up)
            await again.stop()

    play(story())


def test_nobody_is_absent_by_the_word_of_a_service_that_has_not_settled() -> None:
    async def story() -> None:
        async with services(1, settles_in_ms=300) as (addresses, _), client(addresses) as presences:
            assert set(await presences.absent([1])) == set()
            while not await presences.absent([1]):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    play(story())


def test_nobody_is_absent_while_one_of_the_services_is_down() -> None:
    async def story() -> None:
        async with services(2) as (addresses, (server, _)), client(addresses) as presences:
            assert set(await presences.absent([1])) == {1}
            await server.stop()
            with pytest.raises(Down):
                await presences.absent([1])
            assert await presences.counts([GUILD]) == {GUILD: 0}

    play(story())


@pytest.mark.slow
def test_who_does_not_answer_in_time_is_not_waited_for_again_at_once() -> None:
    async def story() -> None:
        with silent() as address:
            async with client([address]) as presences:
                for _ in range(1000):  # one after the other: each would take a second
                    with pytest.raises(Down):
                        await presences.counts([GUILD])

    play(story(), 15)


def test_what_was_before_a_service_started_is_not_known_to_it() -> None:
    async def story() -> None:
        async with services(1) as (addresses, (server,)), client(addresses) as presences:
            reader = Reader(presences.link("a"))
            await crowd(reader)
            await server.stop()
            await reader.until(lambda: Lost() in reader.signals)
            again = await restarted(server, settles_in_ms=0)
            await reader.until(lambda: Found() in reader.signals)
            users, whole = await reader.link.recent(session(1).session_id, [GUILD])
            assert (set(users[GUILD]), whole) == (set(USERS), False)
            await again.stop()

    play(story())


@pytest.mark.parametrize(
    "said",
    [
        [proto.FromNode()],
        [proto.FromNode(node="a"), proto.FromNode(reports=[proto.Report(up=proto.Session(session_id=b"s"))])],
        [proto.FromNode(node="a"), proto.FromNode(reports=[proto.Report(change=proto.Change(session_id=b"s"))])],
    ],
)
def test_what_no_node_says_is_refused(said: list[proto.FromNode]) -> None:
    async def story() -> None:
        async with services(1) as (addresses, _), grpc.aio.insecure_channel(addresses[0]) as channel:
            stub: Any = presence_pb2_grpc.PresenceStub(channel)
            call = stub.Link()
            for message in said:
                await call.write(message)
            assert await ended(call) == grpc.StatusCode.INVALID_ARGUMENT

    play(story())


def test_a_question_about_too_many_is_refused() -> None:
    async def story() -> None:
        async with services(1) as (addresses, _), grpc.aio.insecure_channel(addresses[0]) as channel:
            stub: Any = presence_pb2_grpc.PresenceStub(channel)
            with pytest.raises(grpc.aio.AioRpcError, match="more than 10000 users"):
                await stub.Find(proto.FindRequest(guild_id=GUILD, user_ids=range(10_001)))
            with pytest.raises(grpc.aio.AioRpcError, match="more than 10000 guilds"):
                await stub.Count(proto.CountRequest(guild_ids=range(10_001)))
            with pytest.raises(grpc.aio.AioRpcError, match="more than 10000 guilds"):
                await stub.Recent(proto.RecentRequest(guild_ids=range(10_001)))

    play(story())


def test_a_service_says_that_it_is_well() -> None:
    async def story() -> None:
        async with services(1) as (addresses, _), grpc.aio.insecure_channel(addresses[0]) as channel:
            health: Any = health_pb2_grpc.HealthStub(channel)
            for name in ("", NAME):
                answer = await health.Check(health_pb2.HealthCheckRequest(service=name))
                assert answer.status == health_pb2.HealthCheckResponse.SERVING

    play(story())
