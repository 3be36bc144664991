"""`derailed wss --workers 2`: two nodes on one port, and a parent that keeps them running."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.journeys.people import Account
from tests.journeys.place import Place, run
from tests.journeys.server import Running, derailed, until
from tests.journeys.sockets import Closed, Socket
from tests.journeys.split import Split

pytestmark = pytest.mark.slow

SOCKETS = 24
"""Enough that none of two workers is without: the kernel tosses a coin for each."""


class Crowd:
    """A place whose first node is two workers, and sockets of Ben's on them."""

    def __init__(self, split: Split, place: Place) -> None:
        self.split, self.place = split, place
        self.parent: Running = split.one

    def workers(self) -> list[int]:
        """The processes of the two."""
        children = Path(f"/proc/{self.parent.pid}/task/{self.parent.pid}/children").read_text().split()
        return [int(child) for child in children if "--worker" in _command(int(child))]

    async def come_in(self, stack: AsyncExitStack) -> list[Socket]:
        """Open the sockets."""
        sockets = [await stack.enter_async_context(self.place.socket(at=self.split.gateway)) for _ in range(SOCKETS)]
        for socket in sockets:
            await socket.identify(self.place.ben)
            await socket.whole(self.place.anna, self.place.guild.general)
        return sockets


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except FileNotFoundError:
        return ""


@pytest.fixture
def crowd(tmp_path: Path) -> Iterator[Crowd]:
    """All of it, running."""
    with Split(tmp_path / "data", workers=2) as split:
        place = Place(split)
        with place.anna, place.ben, place.bot:
            yield Crowd(split, place)


async def _hears_or_is_closed(socket: Socket, message: int) -> bool:
    try:
        await socket.until("MESSAGE_CREATE", lambda each: int(each["id"]) == message)
    except Closed:
        return False
    return True


async def _resume(place: Place, account: Account, lost: Socket, at: str) -> Socket:
    async with place.socket(at=at) as again:
        await again.resume(account, lost.ready["session_id"], lost.sequence)
        await again.until("RESUMED")
        return again


def test_who_was_on_a_worker_that_died_resumes_on_the_other_and_it_is_started_again(crowd: Crowd) -> None:
    place = crowd.place

    async def journey() -> None:
        async with AsyncExitStack() as stack:
            sockets = await crowd.come_in(stack)
            first, second = crowd.workers()
            os.kill(first, signal.SIGKILL)
            sent = place.say()
            went_on = await asyncio.gather(*(_hears_or_is_closed(socket, sent) for socket in sockets))
            assert set(went_on) == {True, False}
            for socket, still_there in zip(sockets, went_on, strict=True):
                if not still_there:
                    again = await _resume(place, place.ben, socket, crowd.split.gateway)
                    assert (socket.messages() + again.messages()).count(sent) == 1
            await asyncio.to_thread(until, lambda: len(crowd.workers()) == 2, "there are two again")
            assert second in crowd.workers()

    run(journey(), within_s=180)
    assert "worker 1 ended unexpectedly" in crowd.split.one.log or "worker 2 ended unexpectedly" in crowd.split.one.log


def test_a_stop_sends_everyone_away_and_leaves_nothing_running(crowd: Crowd) -> None:
    place = crowd.place

    async def journey() -> None:
        async with AsyncExitStack() as stack:
            sockets = await crowd.come_in(stack)
            workers = crowd.workers()
            ending = asyncio.create_task(asyncio.to_thread(crowd.parent.terminate))
            for socket in sockets:
                await socket.op(7)
                assert await socket.closed() == 1001
            assert await ending == 0
            assert not any(map(_command, workers))
            missed = place.say()
            again = await _resume(place, place.ben, sockets[0], f"ws://127.0.0.1:{crowd.split.other.port}/gateway")
            assert again.messages() == [missed]

    run(journey(), within_s=180)
    lines = [json.loads(line) for line in crowd.parent.log.splitlines()]
    assert {line.get("worker") for line in lines if line["logger"] != "derailed.app.workers"} == {1, 2}


def test_workers_end_with_a_parent_that_was_killed(crowd: Crowd) -> None:
    workers = crowd.workers()
    assert len(workers) == 2
    crowd.parent.kill()
    until(lambda: not any(map(_command, workers)), "they have ended")


def test_workers_that_can_not_start_end_all_of_it(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"short")
    with Split(tmp_path / "data") as split:
        more = {"DERAILED_GATEWAY_PORT": "0", "DERAILED_SECRET_FILE": str(tmp_path / "secret")}
        ended = derailed("wss", "--workers", "2", **split.settings | more)
    assert ended.returncode == 2
    assert "derailed: DERAILED_SECRET_FILE: " in ended.stderr
    assert ended.stderr.splitlines()[-1].startswith("derailed: worker ")


def test_workers_take_a_port_that_is_nobodys(tmp_path: Path) -> None:
    with Split(tmp_path / "data") as split:
        ended = derailed("wss", "--workers", "2", **split.settings)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert ended.stderr.startswith("derailed: DERAILED_GATEWAY_PORT: ")
