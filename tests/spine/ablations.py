"""Rules of the design, each switched off: what a schedule must then find out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import pytest
from msgspec.structs import replace

from derailed.actions.publisher import Publisher
from derailed.actions.sessions import Sessions
from derailed.broker.log import Log
from derailed.broker.reader import Reader
from derailed.bus.embedded import EmbeddedSubscription
from derailed.bus.syncer import Syncer
from derailed.gateway import audience, hub
from derailed.gateway.arrival import Addressed, Arrivals
from derailed.gateway.frames import dispatch
from derailed.gateway.hub import Hub
from derailed.gateway.recipient import Recipient, Stage
from derailed.gateway.registry import Registry
from derailed.gateway.session import Continue
from derailed.store import Connection, belonging, members

Ablation = Callable[[pytest.MonkeyPatch], None]


def odd_is_taken(patch: pytest.MonkeyPatch) -> None:
    """RESUME with an odd `s` is not refused: the client is taken for whole there."""
    resume = Arrivals.resume

    async def lenient(self: Arrivals, asked: Continue, sink: Addressed) -> Recipient | None:
        return await resume(self, replace(asked, sequence=asked.sequence + asked.sequence % 2), sink)

    patch.setattr(Arrivals, "resume", lenient)


def all_are_even(patch: pytest.MonkeyPatch) -> None:
    """Of several frames each says that the client is whole."""
    patch.setattr(hub, "dispatch", lambda event, sequence, data: dispatch(event, sequence + sequence % 2, data))


def no_fence(patch: pytest.MonkeyPatch) -> None:
    """A fence lets everybody pass."""

    async def fence(self: EmbeddedSubscription) -> int:
        return self._bus.head

    patch.setattr(EmbeddedSubscription, "fence", fence)


def no_outbox(patch: pytest.MonkeyPatch) -> None:
    """Whether the outbox still holds what a snapshot tells of is not asked."""

    async def pending(self: Sessions, revs: Mapping[str, int]) -> bool:
        return False

    patch.setattr(Sessions, "pending", pending)


def late_subscription(patch: pytest.MonkeyPatch) -> None:
    """Snapshots are read before the subscription is active."""
    subscribe = EmbeddedSubscription.subscribe

    async def later(self: EmbeddedSubscription, topics: Iterable[str]) -> None:
        names = list(topics)
        asyncio.get_running_loop().call_later(0.02, lambda: asyncio.create_task(subscribe(self, names)))

    patch.setattr(EmbeddedSubscription, "subscribe", later)


def no_hold(patch: pytest.MonkeyPatch) -> None:
    """A join does not hold the session's stream."""
    set_stage = Registry.set_stage

    def unheld(self: Registry, recipient: Recipient, stage: Stage) -> None:
        set_stage(self, recipient, Stage.LIVE if stage is Stage.HELD else stage)

    patch.setattr(Registry, "set_stage", unheld)


def todays_view(patch: pytest.MonkeyPatch) -> None:
    """What a session waited with is judged by the view of now."""
    release = Hub.release

    def judged_late(self: Hub, recipient: Recipient, events: Sequence[audience.Event]) -> None:
        for number, step in enumerate(recipient.backlog):
            topic = self.registry.topics.get(step.topic)
            if topic is not None and topic.view is not None:
                recipient.backlog[number] = step._replace(before=topic.view, after=topic.view)
        release(self, recipient, events)

    patch.setattr(Hub, "release", judged_late)


def nothing_forbids_resume(patch: pytest.MonkeyPatch) -> None:
    """RESUME goes on over changes of what the session may see."""
    patch.setattr(audience, "forbids_resume", lambda record, user_id: False)


def no_sweep(patch: pytest.MonkeyPatch) -> None:
    """Nobody publishes what another left."""

    async def drain_all(self: Publisher) -> None:
        pass

    async def tick(self: Publisher) -> None:
        pass

    patch.setattr(Publisher, "_drain_all", drain_all)
    patch.setattr(Publisher, "_tick", tick)


def anyone_starts(patch: pytest.MonkeyPatch) -> None:
    """Whoever holds any row of a topic may start it over a gap."""
    append = Log.append
    patch.setattr(Log, "append", lambda self, verbs, *, start=False: append(self, verbs, start=True))


def not_durable(patch: pytest.MonkeyPatch) -> None:
    """What was appended is acknowledged before it is on the disk."""

    async def durable(self: Any, offset: int) -> None:
        pass

    patch.setattr(Syncer, "durable", durable)


def same_epoch(patch: pytest.MonkeyPatch) -> None:
    """The log does not say that it can not vouch for its past."""
    patch.setattr(Log, "epoch", "always the same")


def any_typing(patch: pytest.MonkeyPatch) -> None:
    """An ephemeral record is delivered whatever its rev."""
    ephemeral = Hub._ephemeral

    async def careless(self: Hub, signal: Any) -> None:
        topic = self.registry.topics.get(signal.topic)
        if topic is None:
            return
        rev, sight_rev = topic.rev, topic.sight_rev
        topic.rev, topic.sight_rev = 1 << 60, 0
        await ephemeral(self, signal)
        topic.rev, topic.sight_rev = rev, sight_rev

    patch.setattr(Hub, "_ephemeral", careless)


def unsorted_catch_up(patch: pytest.MonkeyPatch) -> None:
    """After a lost connection topics are passed on one after the other."""
    missed = EmbeddedSubscription._missed

    async def by_topic(self: EmbeddedSubscription, upto: int) -> list[Any]:
        return sorted(await missed(self, upto), key=lambda each: str(each.topic))

    patch.setattr(EmbeddedSubscription, "_missed", by_topic)


def no_horizon(patch: pytest.MonkeyPatch) -> None:
    """History does not say that it was trimmed."""
    patch.setattr(Log, "read", _read_what_is_left)


def revoked_stands(patch: pytest.MonkeyPatch) -> None:
    """That a token was revoked while its session came in is not looked at."""
    look = belonging.of

    async def of(tx: Connection, user_id: int, token_id: int) -> belonging.Belonging:
        known = await look(tx, user_id, token_id)
        return known or belonging.Belonging(sorted(await members.guilds_of(tx, user_id)), [], frozenset(), None, b"")

    patch.setattr(belonging, "of", of)


def endless_s(patch: pytest.MonkeyPatch) -> None:
    """`s` may grow beyond what libraries can hold."""
    patch.setattr(Hub, "fits", lambda self, sequence: sequence > 0)


def _read_what_is_left(log: Log, topic: bytes, after: int, upto: int) -> Reader:
    return Reader(log._slice, topic, max(after, log.horizon), upto)


ABLATIONS: Final[tuple[Ablation, ...]] = (
    odd_is_taken,
    all_are_even,
    no_fence,
    no_outbox,
    late_subscription,
    no_hold,
    todays_view,
    nothing_forbids_resume,
    no_sweep,
    anyone_starts,
    not_durable,
    same_epoch,
    any_typing,
    unsorted_catch_up,
    no_horizon,
    revoked_stands,
    endless_s,
)
