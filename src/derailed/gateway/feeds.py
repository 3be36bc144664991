"""What sessions are told that is not in the log: who is here, and who belongs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from derailed import members, presence
from derailed.actions.sessions import AccountSnapshot, Belonging, Sessions
from derailed.gateway.appearance import Appearance
from derailed.gateway.hub import Hub
from derailed.gateway.member_feed import MemberFeed
from derailed.gateway.presence_feed import PresenceFeed
from derailed.gateway.recipient import Recipient
from derailed.wire import presences as wire
from derailed.wire import relationships, user_settings
from derailed.wire.presences import SentPresence, Shown
from derailed.wire.records import Record


class Feeds:
    """All of one hub. `run` it in a task."""

    def __init__(
        self,
        hub: Hub,
        presences: presence.Link,
        belonging: members.Link,
        sessions: Sessions,
        clock: Callable[[], int],
    ) -> None:
        """`clock` is Unix milliseconds."""
        self.appearance = Appearance(hub, presences, clock)
        self.presences = PresenceFeed(hub, presences, sessions, clock)
        self.members = MemberFeed(hub, belonging, sessions)
        self._hub = hub
        self._clock = clock
        hub.feeds = self

    async def run(self) -> None:
        """Read both links until they are closed."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.presences.run())
            tasks.create_task(self.members.run())

    def shown(self, sent: SentPresence) -> Shown:
        """What a client says that it shows, as others are told."""
        return wire.shown(sent, self._clock())

    def show(self, recipient: Recipient, sent: SentPresence) -> None:
        """A session shows something else."""
        self.appearance.show(recipient, self.shown(sent))

    def settle_in(self, recipient: Recipient, account: Belonging | AccountSnapshot) -> None:
        """What is known of the account that a session is of, whose topic it follows."""
        self.appearance.settle_in(recipient, account.settings)
        self._hub.registry.befriended(recipient, account.friends, account.rev)

    def heard(self, recipient: Recipient, record: Record) -> None:
        """Something has happened to the account of a session."""
        if record.event == user_settings.UPDATED:
            self.appearance.restate(recipient, record)
        elif record.event in relationships.OF_FRIENDS:
            self.presences.related(recipient, record)

    def catch_up(self, recipient: Recipient) -> None:
        """The session is live (again): tell it what it could not be told before."""
        if recipient.unseen:
            self._hub.start(self.presences.catch_up(recipient), recipient)
        if recipient.lists:
            self.members.catch_up(recipient)

    def recheck(self, recipient: Recipient) -> None:
        """What the session may see has changed."""
        self.members.recheck(recipient)

    def moved(self, recipient: Recipient) -> None:
        """The session is in other guilds now."""
        self.presences.moved(recipient)
