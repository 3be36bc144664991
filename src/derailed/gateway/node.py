"""What this node knows of one topic: how far it has read, the view, and which sessions follow it."""

from __future__ import annotations

from asyncio import Event, Lock, Task

from derailed.gateway import audience
from derailed.gateway.audience import Class
from derailed.gateway.recipient import Encoding, Recipient, Sink, Stage
from derailed.gateway.view import View
from derailed.wire import reshaping
from derailed.wire.records import Record

Key = tuple[int, Encoding]
"""Sessions with one base and one encoding get the very same bytes."""


class Audience:
    """Who hears one class of records, by the bytes they get."""

    __slots__ = ("everyone", "without_content")

    def __init__(self) -> None:
        self.everyone: dict[Key, list[Sink]] = {}
        self.without_content: dict[Key, list[Recipient]] = {}


class Gap(Exception):
    """A rev is missing: what this node knows of the topic is void."""


class Topic:
    """One topic that sessions of this node follow. Small, because there is one for every account that is here."""

    __slots__ = (
        "_audiences", "_early", "_live", "_waiting", "activation", "followers", "guild_id", "loading", "name",
        "onlookers", "rev", "seen", "sight_rev", "view", "watch",
    )  # fmt: skip

    def __init__(self, name: str, guild_id: int) -> None:
        self.name = name
        self.guild_id = guild_id
        """0 for an account's own topic."""
        self.seen = 0
        """The last rev that the stream has shown."""
        self.rev = 0
        """The rev that `view` stands at; of an account's topic, that which it is known to have come to."""
        self.view: View | None = None
        self.sight_rev = 0
        """The last rev that may have changed who sees what, as far as is known."""
        self.followers: dict[Recipient, None] = {}
        self.activation: Event | None = Event()
        """Waits for the bus to say that the subscription is active; None once it has."""
        self.loading = Lock() if guild_id else None
        """Held while the snapshot is read that the view starts from: no other snapshot may be older than the view."""
        self.onlookers = 0
        """Sessions that hear who is here."""
        self.watch: Task[None] | None = None
        """Ends when this node has been told who is here, or that this can not be known now."""
        self._early: list[Record] | None = None
        self._audiences: dict[Class, Audience] | None = None
        self._waiting: list[Recipient] | None = None
        self._live: list[Recipient] | None = None

    @property
    def group_id(self) -> int:
        """What the Presence Service knows its followers by: the guild's id, or the account's for its friends."""
        return self.guild_id or int(self.name.partition(":")[2])

    def active(self) -> None:
        """The subscription is active."""
        if self.activation is not None:
            self.activation.set()
            self.activation = None

    def load(self, loaded: View, rev: int) -> None:
        """Start from a snapshot's shape, and move on by the records that came while it was read.

        Whoever waits with one of those that is not in the snapshot is to judge it by the views around it.
        """
        self.view, self.rev = loaded, rev
        early, self._early = self._early, None
        around = {record.rev: self._apply(record) for record in early or ()}
        for recipient in self.waiting() if around else ():
            recipient.backlog = [
                step._replace(before=around[step.record.rev][0], after=around[step.record.rev][1])
                if step.topic == self.name and step.before is None
                else step
                for step in recipient.backlog
            ]

    def advance(self, record: Record) -> tuple[View | None, View | None]:
        """Move on by one record; the views before and after it. Raises Gap."""
        if self.seen and record.rev != self.seen + 1:
            raise Gap
        self.seen = record.rev
        if self.guild_id:
            return self._apply(record)
        self.rev = max(self.rev, record.rev)
        if record.event in audience.OF_CONVERSATIONS:
            self.sight_rev = max(self.sight_rev, record.rev)
        return None, None

    def reached(self, rev: int) -> None:
        """An account's topic has come to this rev, by the snapshot of one who came in. From there the stream tells."""
        if not self.rev:
            self.rev = self.sight_rev = rev

    def _apply(self, record: Record) -> tuple[View | None, View | None]:
        before = self.view
        if before is None:
            if self._early is None:
                self._early = []
            self._early.append(record)
            return None, None
        if record.rev <= self.rev:
            return before, before  # in the snapshot already, and below the floor of everyone here
        if record.rev != self.rev + 1:
            raise Gap
        self.rev = record.rev
        if record.event in audience.OF_MEMBERS:
            self.sight_rev = record.rev
        if record.event == "CHANNEL_PINS_UPDATE":
            self.view = View(reshaping.apply(before.guild, record))  # what the channel says of itself, not who sees it
        if record.event not in audience.RESHAPING:
            return before, before
        self.sight_rev = record.rev
        self.view = View(reshaping.apply(before.guild, record))
        self.changed()
        return before, self.view

    def changed(self) -> None:
        """Who hears what has to be worked out again."""
        self._audiences = None
        self._waiting = self._live = None

    def waiting(self) -> list[Recipient]:
        """The followers that wait with what comes."""
        if self._waiting is None:
            self._waiting = [each for each in self.followers if each.stage in (Stage.PREPARING, Stage.HELD)]
        return self._waiting

    def live(self) -> list[Recipient]:
        """The followers that get what comes."""
        if self._live is None:
            self._live = [each for each in self.followers if each.stage is Stage.LIVE]
        return self._live

    def audience(self, kind: Class) -> Audience:
        """The live followers that hear this class of records."""
        if self._audiences is None:
            self._audiences = {}
        found = self._audiences.get(kind)
        if found is None:
            found = self._audiences[kind] = self._gather(kind)
        return found

    def hearing(self, record: Record) -> list[Recipient]:
        """The live followers that hear this record, one by one."""
        if not self.guild_id:
            return [each for each in self.live() if each.converses(record)]
        return self._hearing(audience.class_of(record))

    def _hearing(self, kind: Class) -> list[Recipient]:
        assert self.view is not None
        heard = []
        for follower in self.live():
            seat = follower.seats.get(self.guild_id)
            if seat and audience.hears(self.view, follower.id.user_id, follower.id.intents, seat, kind):
                heard.append(follower)
        return heard

    def _gather(self, kind: Class) -> Audience:
        heard = Audience()
        for follower in self._hearing(kind):
            key = (follower.id.base, follower.sink.encoding)
            heard.everyone.setdefault(key, []).append(follower.sink)
            if not follower.id.intents & audience.CONTENT:
                heard.without_content.setdefault(key, []).append(follower)
        return heard
