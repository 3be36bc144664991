"""Rules as libraries of Lua in a folder, which the operator's commands change and a running server looks at."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

import msgspec
import structlog

from derailed.broker.filters import Attributes, Message, Standing
from derailed.broker.filters.clients import Connection
from derailed.broker.filters.libraries import Filters
from derailed.broker.filters.shelf import Shelf
from derailed.rules import JUDGED, Users
from derailed.wire.records import Record

SPACE: Final = ""
"""All rules are in one namespace."""
_LOOK_S: Final = 1.0


class _Said(msgspec.Struct):
    content: str = ""


_log = structlog.get_logger()
_decode = msgspec.json.Decoder(_Said).decode


class LuaRules:
    """See `derailed.rules.Rules`."""

    def __init__(self, filters: Filters, folder: Path) -> None:
        self._filters = filters
        self._folder = folder
        self._seen: object = None
        self.names: tuple[str, ...] = ()
        """Of the rules there are; whoever asked by others asks anew."""

    @classmethod
    async def open(cls, folder: Path) -> Self:
        """With the rules that are in the folder. One that does not load bars everybody from everything."""
        self = cls(await Filters.open(folder), folder)
        self._seen = self._fingerprint()
        self._name()
        return self

    @property
    def active(self) -> bool:
        """There are any."""
        return bool(self.names)

    def standings(self) -> list[Standing]:
        """How each is doing."""
        return self._filters.standings()

    def crowd(self) -> LuaCrowd:
        """Nobody yet."""
        return LuaCrowd(self, self._filters)

    async def withheld(self, user_id: int, records: Sequence[tuple[str, Record]], *, bot: bool) -> list[bool]:
        """Which of these records, each with its topic, one user may not hear."""
        judged = [record.event in JUDGED for _, record in records]
        if not self.active or not any(judged):
            return [False] * len(records)
        connection = self._filters.connect(SPACE, self.names)
        try:
            connection.set({str(user_id).encode(): _known(user_id, bot)})
            asked = [_message(*each) for each, is_judged in zip(records, judged, strict=True) if is_judged]
            bitmaps = iter(await self._filters.deliver(connection, asked))
        finally:
            self._filters.disconnect(connection)
        return [is_judged and next(bitmaps) != b"\1" for is_judged in judged]

    async def run(self) -> None:
        """Once a second: have rules come, gone or changed?"""
        while True:
            await asyncio.sleep(_LOOK_S)
            await self.look()

    async def look(self) -> None:
        """Take what the folder has now."""
        seen = await asyncio.to_thread(self._fingerprint)
        if seen != self._seen:
            self._seen = seen
            gone = await self._filters.refresh()
            self._name(without=gone)  # before they go: who asks one that is gone hears no
            for namespace, name in gone:
                await self._filters.delete(namespace, name)
            _log.info("rules_changed", rules=self.names)

    async def close(self) -> None:
        """End their processes."""
        await self._filters.close()

    def _name(self, without: Sequence[tuple[str, str]] = ()) -> None:
        rules = [rule for rule in self._filters.standings(SPACE) if (SPACE, rule.name) not in without]
        self.names = tuple(rule.name for rule in rules if "deliver" in rule.functions)

    def _fingerprint(self) -> object:
        return [(kept.namespace, kept.name, kept.source) for kept in Shelf(self._folder).all()]


class LuaCrowd:
    """See `derailed.rules.Crowd`."""

    def __init__(self, rules: LuaRules, filters: Filters) -> None:
        self._rules, self._filters = rules, filters
        self._users: Users = {}
        self._connection: Connection | None = None
        self._names: tuple[str, ...] = ()

    def are(self, users: Users) -> None:
        """These, and nobody else."""
        before, self._users = self._users, users
        if self._connection is not None:
            self._connection.drop(str(user).encode() for user in before.keys() - users.keys())
            self._connection.set(_all_known({user: users[user] for user in users.keys() - before.keys()}))

    async def barred(self, topic: str, record: Record) -> frozenset[int]:
        """Who of them may not hear it."""
        connection = self._asked_by_all()
        if connection is None:
            return frozenset()
        (bitmap,) = await self._filters.deliver(connection, [_message(topic, record)])
        return frozenset(map(int, connection.others(bitmap)))

    def close(self) -> None:
        """There is no such crowd any more."""
        if self._connection is not None:
            self._filters.disconnect(self._connection)
            self._connection = None

    def _asked_by_all(self) -> Connection | None:
        """A connection that is filtered by all the rules there are now."""
        names = self._rules.names
        if names != self._names:
            self.close()
            self._names = names
            if names:
                self._connection = self._filters.connect(SPACE, names)
                self._connection.set(_all_known(self._users))
        return self._connection


def _known(user_id: int, bot: bool) -> Attributes:
    return {"user": str(user_id), "bot": bot}


def _all_known(users: Users) -> dict[bytes, Attributes]:
    return {str(user).encode(): _known(user, bot) for user, bot in users.items()}


def _message(topic: str, record: Record) -> Message:
    """A record as a rule sees it. Ids are text: Lua's numbers can not hold them."""
    fields = (
        (b"event", record.event.encode()),
        (b"guild", b"%d" % record.guild),
        (b"channel", b"%d" % record.channel),
        (b"author", b"%d" % record.author),
        (b"id", b"%d" % record.id),
        (b"mentions", b" ".join(b"%d" % user for user in record.mentions)),
        (b"content", _decode(record.data).content.encode()),
    )
    return Message(topic.encode(), b"%d" % record.rev, record.time, fields)
