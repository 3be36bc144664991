"""Conversations from two processes at once: one DM a pair, ids and revs in one order, nothing to who has gone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from derailed.actions.conversations import Conversations
from derailed.actions.faces import Faces
from derailed.actions.messages import Messages
from derailed.model.errors import Refusal
from derailed.model.snowflakes import Snowflakes
from derailed.model.user import Actor
from derailed.store import OutboxRow
from derailed.wire import records
from derailed.wire.messages import SendMessage
from derailed.wire.records import Record
from derailed.wire.requests import OpenConversation, Snowflake
from tests import databases
from tests.api.door import Door, Person, opened
from tests.api.talks import met

_ROUNDS = 6


class Process(NamedTuple):
    """The verbs of one, which has the database open for itself."""

    conversations: Conversations
    messages: Messages

    async def dm(self, one: int, other: int) -> int:
        """Open the DM of two."""
        body = OpenConversation(recipient_id=Snowflake(other))
        return (await self.conversations.open(Actor(one, 0, False), body)).conversation.id

    async def say(self, one: int, channel_id: int) -> None:
        """Say something, if one is there."""
        with contextlib.suppress(Refusal):
            await self.messages.send(Actor(one, 0, False), channel_id, SendMessage(content="hello"))


class Scene(NamedTuple):
    """Two processes, what both have told, and people who hear each other."""

    door: Door
    told: list[tuple[str, Record]]
    processes: tuple[Process, Process]
    people: list[Person]

    @property
    def ids(self) -> list[int]:
        """Theirs."""
        return [int(each.id) for each in self.people]


@contextlib.asynccontextmanager
async def raced(folder: Path) -> AsyncIterator[Scene]:
    """Two processes on one database."""
    told: list[tuple[str, Record]] = []

    def keep(rows: Sequence[OutboxRow]) -> None:
        told.extend((row.topic, records.decode(row.payload)) for row in rows)

    async with opened(folder) as door:
        people = await met(door, "anna", "ben", "cleo", "dora")
        store = await databases.open_store(folder, lambda: 0)
        store.committed = door.store.committed = keep
        other = replace(door.context, store=store, ids=Snowflakes(1), shapes=type(door.context.shapes)())
        processes = [Process(Conversations(each), Messages(each, Faces())) for each in (door.context, other)]
        try:
            yield Scene(door, told, (processes[0], processes[1]), people)
        finally:
            await store.close()


def test_two_who_open_their_dm_at_once_in_two_processes_have_one(tmp_path: Path) -> None:
    async def run() -> None:
        async with raced(tmp_path) as scene:
            here, there = scene.processes
            pairs = [(one, other) for one in scene.ids for other in scene.ids if one < other]
            for one, other in pairs:
                found = await asyncio.gather(here.dm(one, other), there.dm(other, one), there.dm(one, other))
                assert len(set(found)) == 1
            _assert_in_order(scene.told)

    asyncio.run(run())


def test_who_is_in_a_group_is_one_thing_to_all_processes(tmp_path: Path) -> None:
    async def run() -> None:
        async with raced(tmp_path) as scene:
            here, there = scene.processes
            anna, ben, cleo, dora = scene.ids
            owner = Actor(anna, 0, False)
            body = OpenConversation(recipients=[Snowflake(ben), Snowflake(cleo)])
            group = (await here.conversations.open(owner, body)).conversation.id
            for _ in range(_ROUNDS):
                await asyncio.gather(
                    *(process.say(each, group) for process in scene.processes for each in (anna, ben, dora)),
                    here.conversations.add(owner, group, dora),
                    there.say(cleo, group),
                )
                await asyncio.gather(
                    *(process.say(each, group) for process in scene.processes for each in (anna, cleo, dora)),
                    there.conversations.remove(owner, group, dora),
                    here.say(ben, group),
                )
            assert (await there.conversations.get(owner, group)).conversation.recipients == tuple(
                sorted((anna, ben, cleo))
            )
            _assert_in_order(scene.told)

    asyncio.run(run())


def _assert_in_order(told: Sequence[tuple[str, Record]]) -> None:
    """Revs are dense, ids grow with them, and nothing is told of what one is not in."""
    by_topic: dict[str, list[Record]] = {}
    for topic, record in told:
        by_topic.setdefault(topic, []).append(record)
    for topic, heard in by_topic.items():
        heard.sort(key=lambda record: record.rev)
        assert [record.rev for record in heard] == list(range(heard[0].rev, heard[0].rev + len(heard))), topic
        said: dict[int, int] = {}
        inside = set[int]()
        for record in heard:
            if record.event == "CHANNEL_CREATE":
                inside.add(record.channel)
            assert record.channel in inside, (topic, record)
            if record.event == "CHANNEL_DELETE":
                inside.remove(record.channel)
            if record.event == "MESSAGE_CREATE":
                assert record.id > said.get(record.channel, 0)
                said[record.channel] = record.id
