"""How sessions come in: IDENTIFY, a guild joined while live, RESUME. Each ends whole, or refused.

The order in each: be subscribed, then read snapshots, then wait until the stream has passed them, then go live.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, Protocol, TypeVar

import structlog
from msgspec import Raw
from msgspec.structs import replace

from derailed.actions.sessions import AccountSnapshot, Belonging, GuildSnapshot, Place, Sessions
from derailed.bus import Bus
from derailed.gateway import audience, payloads, session_id
from derailed.gateway.audience import Event, Seat
from derailed.gateway.feeds import Feeds
from derailed.gateway.ferry import Ferry
from derailed.gateway.histories import Histories, History, Said
from derailed.gateway.hub import Hub
from derailed.gateway.node import Topic
from derailed.gateway.payloads import Opening
from derailed.gateway.pieces import Entered, Pieces
from derailed.gateway.recipient import Recipient, Sink, Step
from derailed.gateway.session import Begin, Continue
from derailed.gateway.session_id import SessionId
from derailed.gateway.view import View
from derailed.model.errors import Unauthenticated
from derailed.wire import records
from derailed.wire.gateway import MEMBERS_SENT_MAX, Close
from derailed.wire.records import guild_topic, user_topic

_GUILDS_AT_ONCE = 16
"""Guilds of one session likewise: a millisecond or two of the loop each time."""

Known = TypeVar("Known", AccountSnapshot, Belonging)
Seen = TypeVar("Seen", GuildSnapshot, Place)

_log: Final = structlog.stdlib.get_logger(__name__)


class Addressed(Sink, Protocol):
    """A sink that knows the address its client reached us by."""

    @property
    def gateway_url(self) -> str:
        """Where to resume."""
        ...


class Arrivals:
    """Brings sessions onto one hub."""

    def __init__(self, hub: Hub, bus: Bus, sessions: Sessions, feeds: Feeds, secret: bytes) -> None:
        self._hub = hub
        self._feeds = feeds
        self._histories = Histories(bus)
        self._sessions = sessions
        self._secret = secret
        self._gate, self._ferry = Ferry(), Ferry()
        """Where it is looked who comes, and where their snapshots are read: a reconnect storm waits here, and not in
        the database."""
        self._pieces = Pieces()
        hub.joiner = self

    # --- IDENTIFY

    async def identify(self, asked: Begin, sink: Addressed) -> Recipient | None:
        """Take a new session in; its READY comes by a task of its own. None when the token does not stand."""
        try:
            async with self._gate.crossing():
                actor = await self._sessions.authenticate(asked.token)
        except Unauthenticated:
            sink.hang_up(Close.AUTHENTICATION_FAILED, "This token does not stand.")
            return None
        identity = SessionId(
            user_id=actor.user_id,
            token_id=actor.token_id,
            intents=asked.intents,
            shard=asked.shard,
            large_threshold=asked.large_threshold,
            epoch="",
            base=0,
            bot=actor.bot,
            nonce=secrets.token_bytes(8),
        )
        recipient = Recipient(identity, sink, self._feeds.shown(asked.presence), asked.client)
        self._hub.registry.claim(recipient)
        self._hub.start(self._identify(recipient, sink.gateway_url, asked.capabilities), recipient)
        return recipient

    async def _identify(self, recipient: Recipient, gateway_url: str, capabilities: int) -> None:
        identity, hub = recipient.id, self._hub
        await hub.begun()
        async with self._ferry.crossing():
            account = await self._heard(recipient, self._sessions.account)
            if account is None:
                return
            own = user_topic(identity.user_id)
            revs = {own: account.rev}
            wanted = [guild_id for guild_id in account.guild_ids if recipient.serves(guild_id)]
            await hub.registry.follow(recipient, map(guild_topic, wanted))
            snapshots = await self._seated(recipient, wanted)
        revs |= {guild_topic(each.guild.id): each.rev for each in snapshots}
        revs[own] = max([revs[own], *(each.account_rev for each in snapshots)])
        online = {each.guild.id: await self._online(recipient, each) for each in snapshots}
        await self._feeds.presences.watch(recipient, [identity.user_id])
        await hub.settle(recipient, revs)
        await hub.between()
        if recipient.ended():
            return
        recipient.id = replace(identity, epoch=hub.epoch, base=hub.base())
        signed = session_id.sign(recipient.id, self._secret)
        self._feeds.presences.announce(recipient)
        entered = [self._entered(recipient, each, online[each.guild.id]) for each in snapshots]
        friends = self._feeds.presences.friends(recipient)
        hub.registry.traffic.identified += 1
        _log.debug("a session came in", user=identity.user_id, guilds=len(entered))
        opened = Opening(account, entered, friends, signed, gateway_url, capabilities)
        hub.release(recipient, payloads.opening(recipient, opened, self._pieces))

    async def _seated(self, recipient: Recipient, wanted: Sequence[int]) -> list[GuildSnapshot]:
        """Its seats in these guilds, some at a time: so that the database is asked at once, and the loop has turns."""
        reading = self._entering(recipient) if recipient.id.bot else self._reading
        snapshots: list[GuildSnapshot] = []
        for start in range(0, len(wanted), _GUILDS_AT_ONCE):
            part = wanted[start : start + _GUILDS_AT_ONCE]
            found = await asyncio.gather(*(self._take_seat(recipient, each, reading) for each in part))
            snapshots += [each for each in found if each is not None]
        for each in snapshots:
            seat = recipient.seats.get(each.guild.id)
            if seat is not None:
                seat.account_floor = each.account_rev
        return snapshots

    def _entering(self, recipient: Recipient) -> Callable[[int, int], Awaitable[GuildSnapshot | None]]:
        return partial(self._sessions.guild, members_up_to=recipient.id.large_threshold)

    async def _reading(self, guild_id: int, user_id: int) -> GuildSnapshot | None:
        return await self._sessions.guild(guild_id, user_id, members_up_to=0, reads=True)

    async def _online(self, recipient: Recipient, snapshot: GuildSnapshot) -> list[Raw]:
        """Of a guild that is not sent with everyone: those who are here, and the session's own member."""
        guild_id, own = snapshot.guild.id, recipient.id.user_id
        await self._feeds.presences.watch(recipient, [guild_id])
        asks = self._feeds.presences.asks(recipient, guild_id)
        if not asks or not len(snapshot.members) < snapshot.member_count <= MEMBERS_SENT_MAX:
            return []
        here = {presence.user_id for presence in self._feeds.presences.here(recipient, guild_id)}
        return await self._feeds.members.of(guild_id, [own, *here - {own}]) if here - {own} else []

    def _entered(self, recipient: Recipient, snapshot: GuildSnapshot, online: list[Raw]) -> Entered:
        """Only at the point at which it is sent: who is here is told as of now."""
        guild_id = snapshot.guild.id
        recipient.unseen.pop(guild_id, None)
        return Entered(snapshot, self._feeds.presences.here(recipient, guild_id), online)

    async def _heard(self, recipient: Recipient, read: Callable[[int, int], Awaitable[Known]]) -> Known | None:
        """Listen to the account's topic, then read it: a revocation before that is seen here, a later one there."""
        identity = recipient.id
        await self._hub.registry.follow(recipient, [user_topic(identity.user_id)])
        try:
            account = await read(identity.user_id, identity.token_id)
        except Unauthenticated:
            self._hub.registry.drop(recipient)
            recipient.sink.hang_up(Close.AUTHENTICATION_FAILED, "This token does not stand.")
            return None
        recipient.user_floor = account.rev
        if recipient.ended():
            return None
        self._hub.registry.topics[user_topic(identity.user_id)].reached(account.rev)
        self._feeds.settle_in(recipient, account)
        return None if recipient.ended() else account

    async def _take_seat(
        self, recipient: Recipient, guild_id: int, read: Callable[[int, int], Awaitable[Seen | None]]
    ) -> Seen | None:
        """The guild, read once it is heard, and the session's seat in it; None, and nothing followed, without one."""
        name = guild_topic(guild_id)
        topic = self._hub.registry.topics.get(name)
        if recipient.ended() or topic is None:
            return None
        snapshot = await self._view(topic, recipient, read)
        if recipient.ended():
            return None
        if snapshot is None or snapshot.member is None:
            self._hub.registry.unfollow(recipient, name)
            return None
        identity = recipient.id
        presences = audience.hears_presences(
            identity.intents,
            bot=identity.bot,
            member_count=snapshot.member_count,
            large_threshold=identity.large_threshold,
        )
        self._hub.registry.seat(recipient, guild_id, Seat(snapshot.rev, snapshot.member.roles, presences=presences))
        return snapshot

    async def _take_seat_again(self, recipient: Recipient, guild_id: int) -> Place | None:
        """The same of a session that was there already: what it had is told by offsets, not by a snapshot."""
        place = await self._take_seat(recipient, guild_id, self._sessions.place)
        if place is not None:
            recipient.seats[guild_id].floor = 0  # at once: it may end while others are read
        return place

    async def _view(
        self, topic: Topic, recipient: Recipient, read: Callable[[int, int], Awaitable[Seen | None]]
    ) -> Seen | None:
        """Read the guild. The first to do so has the topic's view begin: nobody's snapshot may be older than that."""
        if topic.view is None:
            assert topic.loading is not None
            async with topic.loading:
                if topic.view is None:
                    first = await read(topic.guild_id, recipient.id.user_id)
                    if first is not None:
                        topic.load(View(first.guild), first.rev)
                    return first
        return await read(topic.guild_id, recipient.id.user_id)

    # --- a guild joined while live

    async def join(self, recipient: Recipient, guild_id: int) -> None:
        """Bring a held session into a guild: one burst of its GUILD_CREATE and of what came meanwhile."""
        hub, name = self._hub, guild_topic(guild_id)
        await hub.registry.follow(recipient, [name])
        snapshot = await self._take_seat(recipient, guild_id, self._entering(recipient))
        online: list[Raw] = []
        if snapshot is not None:
            online = await self._online(recipient, snapshot)
            await hub.settle(recipient, {name: snapshot.rev})
        await hub.between()
        if recipient.ended():
            return
        created: list[Event] = []
        if snapshot is not None and guild_id in recipient.seats:
            entered = self._entered(recipient, snapshot, online)
            created = [payloads.guild_create(recipient, entered, joined_now=True)]
        self._feeds.presences.moved(recipient)
        hub.release(recipient, created)

    # --- RESUME

    async def resume(self, asked: Continue, sink: Addressed) -> Recipient | None:
        """Take a session up; whole, or refused. None when it was refused at once."""
        identity = session_id.verify(asked.session_id, self._secret)
        try:
            async with self._gate.crossing():
                actor = await self._sessions.authenticate(asked.token)
        except Unauthenticated:
            actor = None
        if (
            identity is None
            or actor is None
            or (actor.user_id, actor.token_id) != (identity.user_id, identity.token_id)
        ):
            self._hub.registry.traffic.resumes_refused += 1
            sink.refuse()
            return None
        recipient = Recipient(identity, sink)
        self._hub.registry.claim(recipient)
        self._hub.start(self._resume(recipient, asked.sequence), recipient)
        return recipient

    async def _resume(self, recipient: Recipient, sequence: int) -> None:
        hub, identity = self._hub, recipient.id
        await hub.begun()
        position = identity.base + sequence // 2
        if sequence % 2 or not hub.fits(sequence) or identity.epoch != hub.epoch:
            self._refuse(recipient)
            return
        async with self._ferry.crossing():
            histories = await self._missed(recipient, position)
        missed = None if histories is None else [said for history in histories for said in history.after(position)]
        withheld = await hub.judge.withheld(recipient, missed or ())
        if missed is not None:
            await self._feeds.presences.watch(recipient, (*recipient.seats, recipient.id.user_id))
            await self._feeds.presences.missed(recipient)
        await hub.between()
        if recipient.ended():
            return
        if missed is None or position > hub.cursor:
            self._refuse(recipient)
            return
        steps = self._replayable(recipient, [said for said in missed if said.offset not in withheld], position)
        if steps is None or not hub.fits(hub.sequence(recipient)):
            self._refuse(recipient)
            return
        self._feeds.presences.announce(recipient, resumed=True)
        hub.take_up(recipient, steps, payloads.RESUMED)
        hub.registry.traffic.resumed += 1
        _log.debug("a session was resumed", user=identity.user_id, missed=len(steps))

    def _refuse(self, recipient: Recipient) -> None:
        _log.debug("a session can not be resumed whole", user=recipient.id.user_id)
        self._hub.registry.traffic.resumes_refused += 1
        self._hub.registry.refuse(recipient)

    async def _missed(self, recipient: Recipient, position: int) -> list[History] | None:
        """Everything in the session's topics after `position`, and more; None when it can not be whole."""
        hub, identity = self._hub, recipient.id
        own = user_topic(identity.user_id)
        account = await self._heard(recipient, self._sessions.belonging)
        if account is None or account.ended:
            return None  # of the end of a guild it may have been told, or not: the log of that guild is not followed
        await hub.settle(recipient, {own: account.rev})
        histories = [await self._histories.alone(own, position, recipient)]
        wanted = [guild_id for guild_id in account.guild_ids if recipient.serves(guild_id)]
        await hub.registry.follow(recipient, map(guild_topic, wanted))
        revs = {}
        for start in range(0, len(wanted), _GUILDS_AT_ONCE):
            part = wanted[start : start + _GUILDS_AT_ONCE]
            places = await asyncio.gather(*(self._take_seat_again(recipient, each) for each in part))
            for guild_id, place in zip(part, places, strict=True):
                if place is None:
                    return None  # left since: not what the session was in any more
                revs[guild_topic(guild_id)] = place.rev
        recipient.user_floor = 0
        await hub.settle(recipient, revs)
        histories += [await self._histories.together(name, position, recipient) for name in revs]
        found = [each for each in histories if each is not None and each.reaches(identity.epoch, position)]
        return found if len(found) == len(histories) else None

    def _replayable(self, recipient: Recipient, missed: list[Said], position: int) -> list[Step] | None:
        """What the session is owed up to the cursor, under today's views; None if its sight may have changed since."""
        hub, user_id = self._hub, recipient.id.user_id
        found: dict[int, Said | Step] = {said.offset: said for said in missed}
        found |= {step.offset: step for step in recipient.backlog}
        for step in recipient.backlog:
            if user_id in step.barred:
                del found[step.offset]
        recipient.backlog.clear()
        steps = []
        for offset in sorted(found):
            if not position < offset <= hub.cursor:
                continue
            said = found[offset]
            name, record = said.topic, said.record
            if record.event in (records.JOINED, records.LEFT) or (
                record.guild and name.startswith("guild:") and audience.forbids_resume(record, user_id)
            ):
                return None
            topic = hub.registry.topics.get(name)
            view = topic.view if topic is not None else None
            before = view
            if view is not None and record.event == "CHANNEL_CREATE":
                channels = {key: each for key, each in view.guild.channels.items() if key != record.channel}
                before = View(replace(view.guild, channels=channels))
            steps.append(Step(offset, name, record, before, view, made=said.made))
        return steps
