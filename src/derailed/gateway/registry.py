"""Which sessions are on this node and which topics they follow. A topic without followers is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from derailed.bus import Subscription
from derailed.gateway.node import Topic
from derailed.gateway.recipient import Recipient, Stage
from derailed.wire.gateway import Close


class Registry:
    """Sessions and topics of one node. The subscription hears exactly the topics that are followed."""

    def __init__(self, stream: Subscription) -> None:
        self._stream = stream
        self._sessions: dict[bytes, Recipient] = {}
        self.topics: dict[str, Topic] = {}
        self.released = asyncio.Event()
        """Pulsed when some session moves on."""

    def __len__(self) -> int:
        return len(self._sessions)

    def everyone(self) -> list[Recipient]:
        """All sessions of this node."""
        return list(self._sessions.values())

    def drop(self, recipient: Recipient) -> None:
        """Owe this session nothing more."""
        if recipient.ended():
            return
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
            self.drop(recipient)
            recipient.sink.refuse()

    def claim(self, recipient: Recipient) -> None:
        """Make this the session's only socket here."""
        older = self._sessions.get(recipient.id.nonce)
        if older is not None:
            self.drop(older)
            older.sink.hang_up(Close.UNKNOWN_ERROR, "This session was taken up by another connection.")
        self._sessions[recipient.id.nonce] = recipient

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
        topic.followers[recipient] = None
        topic.changed()
        if name not in recipient.topics:
            recipient.topics.append(name)
        return topic

    def unfollow(self, recipient: Recipient, name: str) -> None:
        """Remove a follower; the last one ends the subscription."""
        if name in recipient.topics:
            recipient.topics.remove(name)
        topic = self.topics.get(name)
        if topic is None or recipient not in topic.followers:
            return
        del topic.followers[recipient]
        topic.changed()
        if not topic.followers:
            self._forget(topic)

    def _forget(self, topic: Topic) -> None:
        del self.topics[topic.name]
        topic.active()  # nobody waits for it in vain
        self._stream.unsubscribe([topic.name])

    def set_stage(self, recipient: Recipient, stage: Stage) -> None:
        """Move a session on; those who hear the topics it follows are others now."""
        recipient.stage = stage
        self.released.set()
        for name in recipient.topics:
            self.topics[name].changed()
