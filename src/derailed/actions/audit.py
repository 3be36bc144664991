"""Writing the audit log: every verb that Discord audits says what it did, in its own transaction."""

from __future__ import annotations

from typing import Final

import msgspec

from derailed.actions.context import Context
from derailed.model import snowflakes
from derailed.model.user import Actor
from derailed.store import Connection, audit
from derailed.wire import limits
from derailed.wire.audit import Entry, entry_shape
from derailed.wire.records import Record, guild_topic

_COUNT_EVERY: Final = 97
"""One entry in about as many looks whether the log has grown too long: counting costs more than writing."""
_FORGET_AT_ONCE: Final = 500

_encode = msgspec.json.Encoder().encode


async def write(context: Context, tx: Connection, actor: Actor, guild_id: int, entry: Entry) -> Record:
    """Keep the entry, whose record is to be emitted. The guild's topic is held."""
    now_ms = context.clock()
    entry_id = context.new_id_in(tx, guild_topic(guild_id))
    shape = entry_shape(entry_id, actor.user_id, actor.reason, entry)
    row = audit.Row(actor.user_id, entry.target_id, int(entry.action), _encode(shape))
    await audit.insert(tx, guild_id, entry_id, row)
    await audit.forget_old(tx, guild_id, snowflakes.at(now_ms - limits.AUDIT_LOG_MS))
    if snowflakes.time_ms(entry_id) % _COUNT_EVERY == 0:
        await audit.forget_beyond(tx, guild_id, limits.AUDIT_LOG_ENTRIES, _FORGET_AT_ONCE)
    shape.guild_id = str(guild_id)
    return Record(event="GUILD_AUDIT_LOG_ENTRY_CREATE", guild=guild_id, id=entry_id, data=_encode(shape), time=now_ms)
