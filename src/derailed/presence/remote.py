"""The Presence Service elsewhere: one or more services, between which the users are divided."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import grpc
import grpc.aio

from derailed.generated import presence_pb2 as proto
from derailed.model.rendezvous import order
from derailed.presence import Down, Presence, messages
from derailed.presence.line import Line
from derailed.presence.questions import Services
from derailed.presence.remote_link import RemoteLink

_USERS_IN_A_QUESTION: Final = 5_000
_CONNECTED: Final = grpc.ChannelConnectivity.READY
_OPTIONS: Final = (
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 1_000),  # gRPC's own two minutes are longer than the grace
)


class RemotePresences:
    """See Presences. `addresses` are the services as every node and every API process lists them."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses
        self._channels = [grpc.aio.insecure_channel(address, options=_OPTIONS) for address in addresses]
        self._services = Services(self._channels)
        self._links: list[RemoteLink] = []

    @property
    def is_up(self) -> bool:
        """See Presences. Without a link it is what gRPC knows, which is asked to find out if it has not tried."""
        if self._links:
            return any(link.is_up for link in self._links)
        return any(channel.get_state(try_to_connect=True) is _CONNECTED for channel in self._channels)

    @property
    def lines(self) -> Sequence[Line]:
        """The streams to services."""
        return [line for link in self._links for line in link.lines]

    def link(self, node: str) -> RemoteLink:
        """See Presences."""
        link = RemoteLink(node, self._addresses, self._channels, self._services)
        self._links.append(link)
        return link

    async def counts(self, guild_ids: Iterable[int]) -> Mapping[int, int]:
        """See Presences. What a service that is down had counted is not in it."""
        asked = list(guild_ids)
        request = proto.CountRequest(guild_ids=asked)
        replies = await self._services.ask("Count", request)
        counted = [reply.counts for reply in replies if reply is not None]
        return {guild_id: sum(counts[at] for counts in counted) for at, guild_id in enumerate(asked)}

    async def of_users(self, guild_id: int, user_ids: Sequence[int]) -> Sequence[Presence]:
        """See Presences."""
        found: list[Presence] = []
        for at in range(0, len(user_ids), _USERS_IN_A_QUESTION):
            found += await self._find(guild_id, user_ids[at : at + _USERS_IN_A_QUESTION])
        return found

    async def pulses(self) -> Sequence[bytes]:
        """See Presences."""
        try:
            replies = await self._services.ask("Pulse", proto.PulseRequest())
        except Down:
            return ()
        return [reply.pulse for reply in replies if reply is not None and reply.pulse]

    async def absent(self, user_ids: Sequence[int]) -> Collection[int]:
        """See Presences. A user may be at any of the services, so all of them must know."""
        absent = set(user_ids)
        for at in range(0, len(user_ids), _USERS_IN_A_QUESTION):
            request = proto.AbsentRequest(user_ids=user_ids[at : at + _USERS_IN_A_QUESTION])
            for reply in await self._services.ask("Absent", request):
                if reply is None:
                    raise Down("a presence service does not answer")
                absent.difference_update(set(request.user_ids).difference(reply.user_ids))
        return absent

    async def close(self) -> None:
        """See Presences."""
        for link in self._links:
            await link.close()
        for channel in self._channels:
            await channel.close()

    async def _find(self, guild_id: int, user_ids: Sequence[int]) -> list[Presence]:
        request = proto.FindRequest(guild_id=guild_id, user_ids=user_ids)
        replies = await self._services.ask("Find", request)
        told = [{} if reply is None else {each.user_id: each for each in reply.presences} for reply in replies]
        believed = (
            next(
                (told[service][user_id] for service in order(user_id, self._addresses) if user_id in told[service]),
                None,
            )
            for user_id in user_ids
        )
        return [messages.presence_of(presence) for presence in believed if presence is not None]
