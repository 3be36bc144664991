"""Messages on the wire: what is sent, what is kept of it, and what a client reads.

All that does not change by itself is kept as the end of a JSON object, from a comma on; the rest goes before it:

    {"author":…,"mentions":[…]   +   ,"id":…,"content":… }
"""

from __future__ import annotations

from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from derailed.wire import limits
from derailed.wire.embeds import MAX_EMBEDS, Embed
from derailed.wire.reactions import ReactionShape
from derailed.wire.requests import Snowflake, decoder
from derailed.wire.shapes import Id, MemberShape, Timestamp, UserShape

MAX_CONTENT: Final = 2000
MAX_NONCE: Final = 25
MAX_ALLOWED: Final = 100  # no content is long enough to mention more
PAGE: Final = 50
MAX_PAGE: Final = 100

AnyId = Annotated[int, Meta(ge=0)]
"""As large as one likes: nothing is above it."""
Content = Annotated[str, Meta(max_length=MAX_CONTENT)]
Nonce = int | Annotated[str, Meta(max_length=MAX_NONCE)]
Embeds = Annotated[list[Embed], Meta(max_length=MAX_EMBEDS)]
Allowed = Annotated[list[Snowflake], Meta(max_length=MAX_ALLOWED)]


class AllowedMentions(Struct):
    """Which mentions in the content shall count."""

    parse: list[str] | None = None
    users: Allowed | None = None
    roles: Allowed | None = None
    replied_user: bool | None = None


class SentReference(Struct):
    """The message that is answered."""

    message_id: Snowflake
    type: int | None = None
    channel_id: Snowflake | None = None
    fail_if_not_exists: bool | None = None


class SentAttachment(Struct):
    """A file that comes as a part of the form, whose `files[n]` is `id`; or one that an edit keeps."""

    id: Snowflake
    filename: str | None = None
    description: Annotated[str, Meta(max_length=limits.FILE_DESCRIPTION)] | None = None


class SendMessage(Struct):
    """POST a message. `tts`, `components` and `sticker_ids` are accepted and mean nothing here."""

    content: Content | None = None
    nonce: Nonce | None = None
    enforce_nonce: bool | None = None
    embeds: Embeds | None = None
    allowed_mentions: AllowedMentions | None = None
    message_reference: SentReference | None = None
    attachments: list[SentAttachment] | None = None
    flags: int | None = None


class BulkDelete(Struct):
    """POST bulk-delete."""

    messages: list[Snowflake]


class EditMessage(Struct):
    """PATCH a message: an absent key leaves it as it is, null or [] clears."""

    content: Content | UnsetType | None = UNSET
    embeds: Embeds | UnsetType | None = UNSET
    allowed_mentions: AllowedMentions | None = None
    attachments: list[SentAttachment] | UnsetType | None = UNSET
    flags: int | UnsetType | None = UNSET


class PinsQuery(NamedTuple):
    """GET pins: at most `limit`, that were pinned before a moment in Unix milliseconds."""

    limit: Annotated[int, Meta(ge=1, le=limits.PINS_PAGE)] = limits.PINS_PAGE
    before: Annotated[int, Meta(extra_json_schema={"type": "string", "format": "date-time"})] | None = None


class PageQuery(NamedTuple):
    """GET messages: at most `limit`, beside one id at most."""

    limit: Annotated[int, Meta(ge=1, le=MAX_PAGE)] = PAGE
    before: AnyId | None = None
    after: AnyId | None = None
    around: AnyId | None = None


class Reference(Struct):
    """Which message a reply answers."""

    message_id: Id
    channel_id: Id
    guild_id: Id | UnsetType = UNSET
    type: int = 0


class AttachmentShape(Struct, kw_only=True):
    """A file. `url` is signed, and needs no token; width and height are those of a picture."""

    id: Id
    filename: str
    size: int
    url: str
    proxy_url: str
    content_type: str
    description: str | UnsetType = UNSET
    width: int | UnsetType = UNSET
    height: int | UnsetType = UNSET


class Body(Struct, kw_only=True):
    """What is kept of a message, encoded."""

    id: Id
    type: int
    channel_id: Id
    content: str
    timestamp: Timestamp
    edited_timestamp: Timestamp | None = None
    tts: bool = False
    mention_everyone: bool
    mention_roles: list[Id]
    attachments: list[AttachmentShape] = []
    embeds: list[Embed]
    components: list[None] = []
    pinned: bool = False
    flags: int
    webhook_id: Id | UnsetType = UNSET
    message_reference: Reference | UnsetType = UNSET


class MentionedUser(UserShape, kw_only=True):
    """A user in `mentions`; in events with their membership beside them."""

    member: MemberShape | UnsetType = UNSET


class MessageShape(Body, kw_only=True):
    """A message as a client reads it; `guild_id`, `member` and `channel_type` in events only."""

    author: UserShape
    mentions: list[MentionedUser]
    nonce: int | str | UnsetType = UNSET
    reactions: list[ReactionShape] | UnsetType = UNSET
    referenced_message: MessageShape | UnsetType | None = UNSET
    guild_id: Id | UnsetType = UNSET
    member: MemberShape | UnsetType = UNSET
    channel_type: int | UnsetType = UNSET


class MessageDelete(Struct):
    """`d` of MESSAGE_DELETE."""

    id: Id
    channel_id: Id
    guild_id: Id | UnsetType


class MessageDeleteBulk(Struct):
    """`d` of MESSAGE_DELETE_BULK."""

    ids: list[Id]
    channel_id: Id
    guild_id: Id | UnsetType


class ChannelPinsUpdate(Struct):
    """`d` of CHANNEL_PINS_UPDATE."""

    guild_id: Id | UnsetType
    channel_id: Id
    last_pin_timestamp: Timestamp | None


class PinShape(Struct):
    """A pinned message."""

    pinned_at: Timestamp
    message: MessageShape | Raw


class PinsShape(Struct):
    """A page of a channel's pins, the latest first."""

    items: list[PinShape]
    has_more: bool


class TypingStart(Struct):
    """`d` of TYPING_START. `timestamp` is in seconds, here alone."""

    channel_id: Id
    guild_id: Id | UnsetType
    user_id: Id
    timestamp: int
    member: MemberShape | Raw | UnsetType


decode_send: Final = decoder(SendMessage).decode
encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Body).decode


def end_of(body: Body) -> bytes:
    """The body as it is kept: put after any unfinished object that has a key, it makes a whole one."""
    return b"," + encode(body)[1:]


def bare(body: Body) -> bytes | None:
    """The same for those without MESSAGE_CONTENT; None when it makes no difference."""
    if not body.content and not body.embeds and not body.attachments:
        return None
    return end_of(msgspec.structs.replace(body, content="", embeds=[], attachments=[]))


def body_of(end: bytes) -> Body:
    """The body that `end_of` made these bytes of."""
    return _decode(b"{" + end[1:])
