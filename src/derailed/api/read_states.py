"""Routes of read states: for people's clients."""

from __future__ import annotations

from litestar import delete, post
from litestar.params import FromPath, JSONBody

from derailed.api.asking import Ask, Who
from derailed.api.declaring import refuses
from derailed.wire.reading import Ack, AckReply, BulkAck


@post(
    "/channels/{channel_id:int}/messages/{message_id:int}/ack",
    opt=refuses("wrong_channel_type", "missing_access", "not_for_bots"),
    status_code=200,
)
async def ack(
    verbs: Ask, actor: Who, channel_id: FromPath[int], message_id: FromPath[int], data: JSONBody[Ack]
) -> AckReply:
    """Read a channel up to a message; `manual` also back, to mark what is after it as unread."""
    await verbs.reading.ack(actor, channel_id, message_id, manual=bool(data.manual))
    return AckReply()


@post(
    "/channels/{channel_id:int}/pins/ack",
    opt=refuses("wrong_channel_type", "missing_access", "not_for_bots"),
    status_code=204,
)
async def ack_pins(verbs: Ask, actor: Who, channel_id: FromPath[int]) -> None:
    """Look at the pins of a channel."""
    await verbs.reading.ack_pins(actor, channel_id)


@post("/guilds/{guild_id:int}/ack", opt=refuses("not_for_bots"), status_code=204)
async def ack_guild(verbs: Ask, actor: Who, guild_id: FromPath[int]) -> None:
    """Read all of a guild that one may see."""
    await verbs.reading.ack_guild(actor, guild_id)


@post("/read-states/ack-bulk", opt=refuses("not_for_bots"), status_code=204)
async def ack_many(verbs: Ask, actor: Who, data: JSONBody[BulkAck]) -> None:
    """Read up to a hundred channels; those that one may not see are passed over."""
    await verbs.reading.ack_many(actor, data.read_states)


@delete("/channels/{channel_id:int}/messages/ack", opt=refuses("not_for_bots"), status_code=204)
async def forget(verbs: Ask, actor: Who, channel_id: FromPath[int]) -> None:
    """Forget what one has acknowledged in a channel."""
    await verbs.reading.forget(actor, channel_id)


ROUTES = (ack, ack_pins, ack_guild, ack_many, forget)
