"""The one process on a disk that is full for a while.

What it took it has, what it can not take it refuses and says why, and when there is room it goes on by itself.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic as now

import httpx
import pytest

from tests.faults import checker
from tests.faults.client import Account, Client
from tests.faults.edits import Edits
from tests.faults.history import Fault, History, Post
from tests.faults.rest import Rest
from tests.faults.town import TALK
from tests.journeys import people
from tests.journeys.people import Guild
from tests.journeys.server import Server
from tests.servers.disk import Disk

pytestmark = pytest.mark.slow

Files = dict[str, tuple[str | None, bytes]]
NO_FILES: Files = {"nothing": (None, b"")}
FILE: Files = {"files[0]": ("a.bin", bytes(100_000))}
DISK_MIB = 96
POSTS = 60
TEXT = "departures on the left, arrivals on the right " * 30
FULL = {"message": "503: Service Unavailable: the server's disk is full", "code": 0}


@pytest.fixture(params=[True, False], ids=["with everything on it", "with the log on it"])
def full(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Server, Disk]]:
    """The server, and the disk of its data folder, or of the log in it."""
    data = tmp_path / "disk" / "data"
    with Disk(data.parent if request.param else data / "log", DISK_MIB) as disk:
        made = Server(data)
        made._log_path = tmp_path / "log"
        made.command = disk.within(made.command)
        with made:
            yield made, disk


class Talk:
    """Somebody who talks and listens."""

    def __init__(self, server: Server, disk: Disk) -> None:
        self.server, self.disk = server, disk
        self.has_log_alone = disk.folder.name == "log"
        with people.register(server, "owner") as owner:
            self.channel = Guild(owner).general
            self.token, self.user = owner.token, owner.id
        self.history = History({self.user: frozenset({self.channel})})
        account = Account(self.user, self.token, False, TALK)
        self.client = Client(account, [server.port], self.history, random.Random(1))
        self.refused: list[object] = []

    async def live(self) -> None:
        """Before, while it is full, after, and after a kill."""
        running = asyncio.create_task(self.client.run())
        async with httpx.AsyncClient(headers={"Authorization": self.token}, timeout=30) as http:
            self.http = http
            await self.until(lambda: self.client.is_up)
            await self.say(POSTS)
            fault = Fault("disk full", now(), forgets=True)
            self.disk.fill()
            await (self.live_without_log() if self.has_log_alone else self.live_without_room())
            assert (await http.get(self.path)).status_code == 200  # what is there can be read
            self.disk.make_room()
            await self.until_ready()
            fault.ended = now()
            assert self.server.log.count("log_opened_again") == self.server.log.count("log_failed")
            if self.server.log.count("log_failed"):
                self.history.faults.append(fault)
            await self.say(POSTS, refused=False)
            await self.until_heard()
            await self.say(1, refused=False, files=FILE)
            self.server.restart()
            await self.until(lambda: self.client.is_up)
            await self.say(POSTS, refused=False)
            await self.until_heard()
            async with Rest(self.server.api, random.Random(1)) as rest:
                edits = Edits(rest, self.history, random.Random(1), iter(()))
                self.history.pages[self.channel] = await edits.page(self.channel, self.token)
        self.history.ended = now()
        assert checker.check(self.history) == []
        self.client.leave()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    async def live_without_room(self) -> None:
        """What has room in the files that are there is taken, and nothing else."""
        deadline = now() + 60
        while not self.refused:
            assert now() < deadline
            await self.say(20)
        assert self.server.readiness()[0] == 503
        before = len(self.refused)
        await self.say(1, files=FILE)
        assert len(self.refused) == before + 1

    async def live_without_log(self) -> None:
        """All is taken, and told later."""
        deadline = now() + 60
        while not self.server.log.count("log_failed"):
            assert now() < deadline
            await self.say(20, refused=False)
        status, said = self.server.readiness()
        assert (status, "its log has failed" in said) == (503, True)
        await self.say(5, refused=False)

    @property
    def path(self) -> str:
        return f"{self.server.api}/channels/{self.channel}/messages"

    async def say(self, count: int, *, refused: bool = True, files: Files | None = None) -> None:
        """Each once; what is refused is refused for the disk."""
        for _ in range(count):
            post = Post(len(self.history.posts) + 1, self.user, self.channel, now())
            self.history.posts[post.number] = post
            said = {"payload_json": json.dumps({"content": f"{post.number} {TEXT}"})}
            answer = await self.http.post(self.path, data=said, files=files or NO_FILES)
            if answer.status_code == 200:
                post.acked, post.id = now(), int(answer.json()["id"])
            else:
                assert refused, answer.text
                assert (answer.status_code, answer.json()) == (503, FULL)
                self.refused.append(post)

    async def until_ready(self) -> None:
        """It finds out by itself, or by being asked."""
        deadline = now() + 60
        while (await asyncio.to_thread(self.server.readiness))[0] != 200:
            assert now() < deadline
            await asyncio.sleep(0.1)

    async def until_heard(self) -> None:
        """Everything that was said and taken."""
        last = max(post.id for post in self.history.posts.values())
        await self.until(lambda: self.client.is_up and self.client.latest.get(self.channel, 0) >= last)

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for what is about to be true."""
        deadline = now() + 60
        while not true():
            assert now() < deadline
            await asyncio.sleep(0.05)


def test_a_full_disk_loses_nothing_and_is_found_to_have_room_again(full: tuple[Server, Disk]) -> None:
    asyncio.run(Talk(*full).live())
