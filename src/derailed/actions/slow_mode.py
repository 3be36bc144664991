"""Slow mode: how long one has to wait between two messages in a channel."""

from __future__ import annotations

from derailed.actions.places import Place
from derailed.model.errors import TooMany
from derailed.model.permissions import BYPASS_SLOWMODE, MANAGE_CHANNELS, MANAGE_MESSAGES
from derailed.store import Connection, slow_mode
from derailed.wire import limits

_EXEMPT = MANAGE_MESSAGES | MANAGE_CHANNELS | BYPASS_SLOWMODE


async def take_turn(tx: Connection, place: Place) -> None:
    """Raise TooMany("slow_mode") when it is too early for the member's next message, else count it.

    What is counted stays when the message is deleted, and is undone with a message that is refused.
    """
    interval_ms = place.channel.rate_limit_per_user * 1000
    if not interval_ms or place.permissions & _EXEMPT:
        return
    user_id = place.actor_id
    last_ms = await slow_mode.last(tx, place.channel.id, user_id)
    # One that was said an interval from now was said by a clock that was ahead: nobody waits for that.
    if last_ms is not None and last_ms - interval_ms < place.now_ms < last_ms + interval_ms:
        raise TooMany("slow_mode", (last_ms + interval_ms - place.now_ms) / 1000)
    longest_ms = limits.SLOW_MODE_S * 1000
    await slow_mode.spoke(tx, place.channel.id, user_id, place.now_ms, since_ms=place.now_ms - longest_ms)
