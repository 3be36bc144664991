"""The door of a Presence Service, and what comes to it that should not: it is told so, and nobody else is harmed."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any, Final

import grpc
import grpc.aio
import pytest

from derailed.generated import presence_pb2 as proto
from derailed.generated import presence_pb2_grpc
from derailed.presence import Announced, Presences
from tests.contracts.presences import GUILD, OTHER_GUILD, Reader, client, services

HONEST: Final = (1, 2, 3)
LINK: Final = "/derailed.presence.v1.Presence/Link"


def play(story: Coroutine[Any, Any, None]) -> None:
    """Run it."""

    async def main() -> None:
        async with asyncio.timeout(20):
            await story

    asyncio.run(main())


class Door:
    """A service, an honest node, and a way in for others."""

    def __init__(self, address: str, channel: grpc.aio.Channel, presences: Presences) -> None:
        self.address = address
        self.channel = channel
        self.stub: Any = presence_pb2_grpc.PresenceStub(channel)
        self.presences = presences
        self.honest = Reader(presences.link("honest"))

    async def says(self, *said: proto.FromNode) -> tuple[grpc.StatusCode, str]:
        """Another node says this; how the service ends that link."""
        return await ended(self.stub.Link(iter((proto.FromNode(node="other"), *said))))

    async def is_well(self) -> None:
        """Honest nodes are heard, and hear what is true."""
        for shown in ("dnd", "online"):
            self.honest.link.change(id_of(1), shown, b"[]")
            await self.honest.until_shown(1, shown)
        assert {user: self.honest.status(user) for user in HONEST} == dict.fromkeys(HONEST, "online")
        assert all(set(self.honest.statuses(user)) <= {"online", "dnd"} for user in HONEST)


def id_of(user: int) -> bytes:
    """The id of an honest session."""
    return user.to_bytes(16)


async def ended(call: Any) -> tuple[grpc.StatusCode, str]:
    """How a link ends, and why."""
    with contextlib.suppress(grpc.aio.AioRpcError):
        while await call.read() is not grpc.aio.EOF:
            pass
    return await call.code(), await call.details()


@contextlib.asynccontextmanager
async def door() -> AsyncIterator[Door]:
    """Honest people are online behind it."""
    async with AsyncExitStack() as stack:
        (address,), _ = await stack.enter_async_context(services(1))
        presences = await stack.enter_async_context(client([address]))
        made = Door(address, await stack.enter_async_context(grpc.aio.insecure_channel(address)), presences)
        await made.honest.watch()
        for user in HONEST:
            made.honest.link.up(Announced(id_of(user), user, 1, (GUILD,)))
        await made.honest.until(lambda: len(made.honest.shown) == len(HONEST))
        yield made


def up(**fields: Any) -> proto.FromNode:
    """A session that would be fine, but for these fields."""
    fine: dict[str, Any] = {
        "session_id": b"s",
        "user_id": 9,
        "claim": 1,
        "guild_ids": [GUILD],
        "status": proto.STATUS_ONLINE,
        "activities": b"[]",
        "client": proto.CLIENT_WEB,
    }
    return proto.FromNode(reports=[proto.Report(up=proto.Session(**fine | fields))])


def change(**fields: Any) -> proto.FromNode:
    """A change that would be fine, but for these fields."""
    fine: dict[str, Any] = {"session_id": b"s", "status": proto.STATUS_IDLE, "activities": b"[]"}
    return proto.FromNode(reports=[proto.Report(change=proto.Change(**fine | fields))])


NONSENSE: Final = {
    "no status": (up(status=proto.STATUS_UNSPECIFIED), "no such status"),
    "a status that nobody knows": (up(status=99), "no such status"),
    "offline": (up(status=proto.STATUS_OFFLINE), "no such status"),
    "a change to offline": (change(status=proto.STATUS_OFFLINE), "no such status"),
    "no client": (up(client=proto.CLIENT_UNSPECIFIED), "no such client"),
    "a client that nobody knows": (up(client=-1), "no such client"),
    "no session id": (up(session_id=b""), "1 to 64 bytes"),
    "a long session id": (up(session_id=b"s" * 65), "1 to 64 bytes"),
    "too many guilds": (up(guild_ids=range(10_001)), "10000 guilds"),
    "belonging to too many": (
        proto.FromNode(reports=[proto.Report(belongs=proto.Belongs(session_id=b"s", guild_ids=range(10_001)))]),
        "10000 guilds",
    ),
    "no activities": (up(activities=b""), "no JSON"),
    "half of them": (up(activities=b'[{"name":'), "no JSON"),
    "more than them": (change(activities=b'[]],"status":"dnd"'), "no JSON"),
    "an object": (change(activities=b"{}"), "no JSON"),
    "no text": (change(activities=b'["\xff"]'), "no JSON"),
    "too long activities": (change(activities=b'["%s"]' % (b"x" * (1 << 16))), "bytes of activities"),
    "too many reports": (
        proto.FromNode(reports=[proto.Report(watch=proto.Watch(guild_id=GUILD))] * 501),
        "500 reports",
    ),
}


@pytest.mark.parametrize("what", NONSENSE)
def test_who_says_what_no_node_says_is_told_why_and_cut_off(what: str) -> None:
    async def story() -> None:
        said, why = NONSENSE[what]
        async with door() as at:
            code, reason = await at.says(up(), said)
            assert (code, why in reason) == (grpc.StatusCode.INVALID_ARGUMENT, True), reason
            await at.is_well()

    play(story())


@pytest.mark.parametrize("name", ["", "n" * 256])
def test_who_has_no_name_is_not_let_in(name: str) -> None:
    async def story() -> None:
        async with door() as at:
            call = at.stub.Link()
            await call.write(proto.FromNode(node=name))
            code, reason = await ended(call)
            assert (code, "name" in reason) == (grpc.StatusCode.INVALID_ARGUMENT, True)
            await at.is_well()

    play(story())


def test_space_around_activities_is_not_passed_on() -> None:
    async def story() -> None:
        async with door() as at:
            call = at.stub.Link()
            await call.write(proto.FromNode(node="other"))
            await call.write(up(activities=b'\n[ { "name": "x" } , {} ] '))
            await at.honest.until_shown(9, "online")
            assert at.honest.shown[GUILD, 9].activities == b'[{ "name": "x" },{}]'
            call.cancel()

    play(story())


def test_more_than_a_message_may_hold_ends_that_link_only() -> None:
    async def story() -> None:
        async with door() as at:
            code, _ = await at.says(up(activities=b"x" * (8 << 20)))
            assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
            await at.is_well()

    play(story())


def test_bytes_that_are_no_message_end_that_link_only() -> None:
    async def story() -> None:
        async with door() as at:
            chance, codes = random.Random(1), set()
            link: Any = at.channel.stream_stream(LINK)
            for _ in range(20):
                said = [proto.FromNode(node="other").SerializeToString(), b"\xff" + chance.randbytes(100)]
                codes |= {await ended(link(iter(said))), await ended(link(iter(said[1:])))}
            assert {code for code, _ in codes} == {grpc.StatusCode.INVALID_ARGUMENT}
            await at.is_well()

    play(story())


def test_strangers_who_speak_another_protocol_are_hung_up_on() -> None:
    async def story() -> None:
        async with door() as at:
            host, port = at.address.split(":")
            for said in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", random.Random(2).randbytes(4096)):
                reader, writer = await asyncio.open_connection(host, int(port))
                writer.write(said)
                with contextlib.suppress(ConnectionResetError):
                    await reader.read()  # to the end
                writer.close()
            await at.is_well()

    play(story())


def test_what_is_said_of_another_nodes_sessions_does_nothing() -> None:
    async def story() -> None:
        async with door() as at:
            call = at.stub.Link()
            await call.write(proto.FromNode(node="other"))
            reports = []
            for user in HONEST:
                session_id = id_of(user)
                reports += [
                    proto.Report(
                        change=proto.Change(session_id=session_id, status=proto.STATUS_IDLE, activities=b"[]")
                    ),
                    proto.Report(belongs=proto.Belongs(session_id=session_id, guild_ids=[OTHER_GUILD])),
                    proto.Report(detached=session_id),
                    proto.Report(gone=session_id),
                ]
            await call.write(proto.FromNode(reports=reports))
            await call.write(up())
            await at.honest.until_shown(9, "online")
            await at.is_well()
            assert await at.presences.counts([GUILD, OTHER_GUILD]) == {GUILD: 4, OTHER_GUILD: 0}
            call.cancel()

    play(story())


def test_an_older_claim_on_another_nodes_session_is_refused() -> None:
    async def story() -> None:
        async with door() as at:
            call = at.stub.Link()
            await call.write(proto.FromNode(node="other"))
            await call.write(up(session_id=id_of(2), user_id=2, claim=0, status=proto.STATUS_IDLE))
            while not (message := await call.read()).superseded:
                pass
            assert list(message.superseded) == [id_of(2)]
            await at.is_well()
            call.cancel()

    play(story())


@pytest.mark.parametrize("seed", range(3))
def test_whatever_nodes_say_the_honest_are_shown_as_they_are(seed: int) -> None:
    async def story() -> None:
        chance, codes = random.Random(seed), set()
        async with door() as at:
            for _ in range(30):
                said = [
                    babble(chance) for _ in range(chance.randrange(40))
                ]  # one message: nothing is said after the end
                codes.add((await at.says(proto.FromNode(reports=said)))[0])
            assert codes == {grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT}
            await at.is_well()

    play(story())


def babble(chance: random.Random) -> proto.Report:
    """Any report, mostly fine, of sessions that are its own or not, and of users who are not honest."""
    session_id = chance.choice((b"", b"s", b"t", id_of(1), chance.randbytes(70)))
    own_id = chance.choice((b"s", b"t", b"u"))
    guild_ids = [chance.choice((GUILD, OTHER_GUILD, 0, (1 << 64) - 1)) for _ in range(chance.randrange(5))]
    shows: dict[str, Any] = {
        "status": chance.choice((*[1, 2, 3, 4] * 5, 0, 5, 77)),
        "activities": chance.choice((*[b"[]", b"[1]"] * 5, b"", b"]", b"[ ]")),
    }
    user_id = chance.choice((0, 8, 9, (1 << 64) - 1))
    claim = chance.choice((0, 1, (1 << 64) - 1))
    said: list[Callable[[], proto.Report]] = [
        proto.Report,
        lambda: proto.Report(
            up=proto.Session(
                session_id=own_id,
                user_id=user_id,
                claim=claim,
                guild_ids=guild_ids,
                client=chance.choice((proto.CLIENT_WEB, proto.CLIENT_MOBILE)),
                **shows,
            )
        ),
        lambda: proto.Report(change=proto.Change(session_id=session_id, **shows)),
        lambda: proto.Report(belongs=proto.Belongs(session_id=session_id, guild_ids=guild_ids)),
        lambda: proto.Report(detached=session_id),
        lambda: proto.Report(gone=session_id),
        lambda: proto.Report(watch=proto.Watch(guild_id=chance.choice((GUILD, 0)))),
        lambda: proto.Report(unwatch=chance.choice((GUILD, 0))),
        lambda: proto.Report(told=True),
    ]
    return chance.choice(said)()
