"""What a record of an account's own topic is to one of its sessions; it may hold it (a join) or end it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from derailed.gateway.audience import Event
from derailed.gateway.recipient import Recipient, Stage
from derailed.wire import records
from derailed.wire.gateway import Close
from derailed.wire.records import Record

if TYPE_CHECKING:
    from derailed.gateway.hub import Hub


def own(hub: Hub, recipient: Recipient, record: Record) -> list[Event]:
    """The events that a live session is told."""
    if record.rev <= recipient.user_floor:
        return []
    if record.event == records.REVOKED:
        if record.id in (0, recipient.id.token_id):
            hub.registry.drop(recipient, gone=True)
            recipient.sink.hang_up(Close.AUTHENTICATION_FAILED, "This token has been revoked.")
        return []
    if not recipient.converses(record):
        return []
    seat = recipient.seats.get(record.guild)
    if record.event not in records.INTERNAL:
        if seat is not None and record.rev <= seat.account_floor:
            return []
        hub.feeds.heard(recipient, record)
        return [(record.event, record.data)]
    if seat is not None and record.id <= seat.floor:
        return []  # the guild's snapshot was of a later rev: the user had gone and come back by then
    if record.event == records.JOINED:
        if recipient.serves(record.guild):
            hub.registry.set_stage(recipient, Stage.HELD)
            hub.start(hub.joiner.join(recipient, record.guild), recipient)
        return []
    if record.event == records.LEFT:
        if seat is None:
            return []
        hub.registry.unfollow(recipient, records.guild_topic(record.guild))
        hub.feeds.moved(recipient)
        return [] if seat.told else [("GUILD_DELETE", record.data)]
    raise AssertionError(record.event)
