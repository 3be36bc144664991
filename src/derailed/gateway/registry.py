"""Which sessions are on this node, and what they follow: topics, presences, lists of members.

What nobody follows any more is forgotten, and the services that told of it are told so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from derailed import members, presence
from derailed.bus import Subscription
from derailed.gateway.audience import Seat
from derailed.gateway.node import Topic
from derailed.gateway.recipient import BACKLOG_MAX, Listed, Recipient, Stage, Step
from derailed.gateway.traffic import Traffic
from derailed.wire.gateway import Close
from derailed.wire.records import guild_topic, user_topic


class Registry:
    """Sessions and topics of one node. The subscription hears exactly the topics that are followed."""

    def __init__(self, stream: Subscription, presences: presence.Link, belonging: members.Link) -> None:
        self._stream = stream
        self._presences = presences
        self._members = belonging
        self._sessions: dict[bytes, Recipient] = {}
        self.topics: dict[str, Topic] = {}
        self.traffic = Traffic()
        self.lists: dict[int, Recipient] = {}
        """Who follows which list of members."""
        self.released = asyncio.Event()
        """Pulsed when some session moves on."""

    def __len__(self) -> int:
        return len(self._sessions)

    def seen(self, name: str) -> int:
        """The last rev of the topic that the stream has shown; 0: none, or nobody follows it."""
        topic = self.topics.get(name)
        return 0 if topic is None else topic.seen

    def everyone(self) -> list[Recipient]:
        """All sessions of this node."""
        return list(self._sessions.values())

    def drop(self, recipient: Recipient, *, gone: bool = False) -> None:
        """Owe this session nothing more. `gone`: it is over; else it, or another of its user, may soon be back."""
        if recipient.ended():
            return
        (self._presences.gone if gone else self._presences.detached)(recipient.id.nonce)
        recipient.stage = Stage.GONE
        recipient.backlog.clear()
        self.released.set()
        if self._sessions.get(recipient.id.nonce) is recipient:
            del self._sessions[recipient.id.nonce]
        for name in list(recipient.topics):
            self.unfollow(recipient, name)

    def refuse(self, recipient: Recipient) -> None:
        """End a session that can not be kept whole: its client starts afresh."""
        if not recipient.ended():
            self.traffic.refused += 1
            self.drop(recipient)
            recipient.sink.refuse()

    def hold_back(self, topic: Topic, step: Step) -> None:
        """Have those who wait with what comes to a topic wait with this too."""
        for recipient in list(topic.waiting()):
            if len(recipient.backlog) >= BACKLOG_MAX:
                self.refuse(recipient)
            else:
                recipient.backlog.append(step)

    def claim(self, recipient: Recipient) -> None:
        """Make this the session's only socket here."""
        self.supersede(recipient.id.nonce)
        self._sessions[recipient.id.nonce] = recipient

    def supersede(self, session_id: bytes) -> None:
        """Another socket has the session."""
        older = self._sessions.get(session_id)
        if older is not None:
            self.drop(older)
            older.sink.hang_up(Close.UNKNOWN_ERROR, "This session was taken up by another connection.")

    async def follow(self, recipient: Recipient, names: Iterable[str]) -> None:
        """Make the session a follower of topics; return when their subscriptions are active."""
        if recipient.ended():
            return
        names = list(names)
        new = {name for name in names if name not in self.topics}
        topics = [self._add(recipient, name) for name in names]
        fresh = [topic for topic in topics if topic.name in new]
        if fresh:
            await self._stream.subscribe([topic.name for topic in fresh])
            for topic in fresh:
                topic.active()
        for topic in topics:
            if topic.activation is not None:
                await topic.activation.wait()

    def _add(self, recipient: Recipient, name: str) -> Topic:
        topic = self.topics.get(name)
        if topic is None:
            kind, _, number = name.partition(":")
            topic = self.topics[name] = Topic(name, int(number) if kind == "guild" else 0)
            if topic.guild_id:
                self._members.interest(topic.guild_id)
        topic.followers[recipient] = None
        topic.changed()
        if name not in recipient.topics:
            recipient.topics.append(name)
        return topic

    def seat(self, recipient: Recipient, guild_id: int, seat: Seat) -> None:
        """The session has a place in a guild whose topic it follows."""
        self._unseat(recipient, guild_id)
        recipient.seats[guild_id] = seat
        self.topics[guild_topic(guild_id)].onlookers += seat.presences

    def _unseat(self, recipient: Recipient, guild_id: int) -> None:
        seat = recipient.seats.pop(guild_id, None)
        topic = self.topics.get(guild_topic(guild_id))
        if seat is not None and topic is not None and seat.presences:
            self._look_away(topic)

    def befriended(self, recipient: Recipient, friends: frozenset[int], rev: int) -> None:
        """These are the account's friends since that rev of its topic, which the session follows."""
        topic = self.topics[user_topic(recipient.id.user_id)]
        before, recipient.friends, recipient.friends_rev = recipient.friends, friends, rev
        topic.onlookers += bool(friends) and not before
        if before and not friends:
            self._look_away(topic)

    def _look_away(self, topic: Topic) -> None:
        """One session less hears who is here."""
        topic.onlookers -= 1
        if not topic.onlookers:
            topic.watch = None
            self._presences.unwatch(topic.group_id)

    def unfollow(self, recipient: Recipient, name: str) -> None:
        """Remove a follower, and its seat; the last one ends the subscription."""
        if name in recipient.topics:
            recipient.topics.remove(name)
        topic = self.topics.get(name)
        if topic is None or recipient not in topic.followers:
            return
        if topic.guild_id:
            self._unseat(recipient, topic.guild_id)
            for number in [number for number, each in recipient.lists.items() if each.guild_id == topic.guild_id]:
                self.leave_list(recipient, number)
        elif recipient.friends:
            self.befriended(recipient, frozenset(), recipient.friends_rev)
        del topic.followers[recipient]
        topic.changed()
        if not topic.followers:
            self._forget(topic)

    def _forget(self, topic: Topic) -> None:
        del self.topics[topic.name]
        topic.active()  # nobody waits for it in vain
        self._stream.unsubscribe([topic.name])
        if topic.guild_id:
            self._members.release(topic.guild_id)

    def list_of(self, recipient: Recipient, number: int, listed: Listed) -> None:
        """The session follows a list of members, under this number."""
        recipient.lists[number] = listed
        self.lists[number] = recipient

    def leave_list(self, recipient: Recipient, number: int) -> None:
        """It does no longer."""
        del recipient.lists[number], self.lists[number]
        self._members.leave(number)

    def set_stage(self, recipient: Recipient, stage: Stage) -> None:
        """Move a session on; those who hear the topics it follows are others now."""
        recipient.stage = stage
        self.released.set()
        for name in recipient.topics:
            self.topics[name].changed()
