"""A message as it is kept: who said it where, and the JSON of everything about it that does not change by itself.

What changes by itself (the author's name, mentioned users, reactions, the message it answers) is put before that
when somebody asks, so that reading history encodes nothing.
"""

from __future__ import annotations

import enum

import msgspec
from msgspec import Struct

_ids = msgspec.json.Decoder(tuple[int, ...]).decode
_HAS_FILES = b'"attachments":[{'  # in a text the quotes would be escaped


class MessageType(enum.IntEnum):
    """Numbers kept stable: they are Discord's."""

    DEFAULT = 0
    RECIPIENT_ADD = 1
    RECIPIENT_REMOVE = 2
    NAME_CHANGE = 4
    ICON_CHANGE = 5
    PINNED = 6
    JOINED = 7
    REPLY = 19


SYSTEM = frozenset(MessageType) - {MessageType.DEFAULT, MessageType.REPLY}
"""What nobody wrote: it can be deleted, and neither edited, answered nor pinned."""


class MessageFlag(enum.IntFlag):
    """Numbers kept stable: they are Discord's."""

    CROSSPOSTED = 1 << 0
    SUPPRESS_EMBEDS = 1 << 2
    SUPPRESS_NOTIFICATIONS = 1 << 12


class Message(Struct, frozen=True):
    """One row. `body` is the end of a JSON object; `reacted` says whether reactions may have rows for it."""

    channel_id: int
    id: int
    author_id: int
    reply_to: int | None
    mentions: str | None
    """JSON list of the ids of mentioned users; None for none, which is the common case and costs nothing."""
    reacted: int
    body: bytes
    webhook_author: bytes | None = None
    """What the webhook that sent it called itself, as JSON; `author_id` is then the webhook's."""

    @property
    def mentioned(self) -> tuple[int, ...]:
        """The ids of the users it mentions."""
        return () if self.mentions is None else _ids(self.mentions)

    @property
    def files(self) -> list[str]:
        """The keys of the blobs that it refers to."""
        return attached(self.channel_id, self.body)


class _Attachment(Struct):
    id: str


class _Attachments(Struct):
    attachments: list[_Attachment]


_attachments = msgspec.json.Decoder(_Attachments).decode


def attachment_key(channel_id: int, attachment_id: int) -> str:
    """The key of the blob that holds a file sent in a channel."""
    return f"attachments/{channel_id}/{attachment_id}"


def attached(channel_id: int, body: bytes) -> list[str]:
    """The keys of the blobs that the body of a message refers to."""
    if _HAS_FILES not in body:
        return []
    return [attachment_key(channel_id, int(each.id)) for each in _attachments(b"{" + body[1:]).attachments]
