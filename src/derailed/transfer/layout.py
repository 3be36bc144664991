"""What stands in an archive: one JSON object a line, told apart by `t`. Kept stable: docs/export.md describes it.

Names are those of the API where it has one. Ids are whole numbers, times Unix milliseconds.
"""

from __future__ import annotations

from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from derailed.model import snowflakes

FORMAT: Final = "derailed guild"
VERSION: Final = 1
LINE_MAX: Final = 1 << 20
"""Ten times what the longest message with its embeds can come to."""
PAGE_MAX: Final = 8 << 20
"""What a page may come to when it is unpacked: so much of an archive is in memory at a time."""
SHAPE_MAX: Final = 20_000
"""Roles, channels, emojis, webhooks and invites together: they are written in one transaction."""

Id = Annotated[int, Meta(ge=1, le=snowflakes.MAX)]
Number = Annotated[int, Meta(ge=-(1 << 62), le=1 << 62)]
Small = Annotated[int, Meta(ge=0, le=(1 << 31) - 1)]
Name = Annotated[str, Meta(max_length=256)]
Text = Annotated[str, Meta(max_length=8192)]
Picture = Annotated[str, Meta(pattern="^(a_)?[0-9a-f]{1,32}$")]
Key = Annotated[
    str,
    Meta(
        pattern="^(attachments/[0-9]{1,19}/[0-9]{1,19}|emojis/[0-9]{1,19}"
        "|(avatars|banners|icons|splashes|role-icons)/(a_)?[0-9a-f]{1,32})$"
    ),
]
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Overwrites = list[tuple[Id, Small, Number, Number]]


class Line(Struct, frozen=True, kw_only=True, tag_field="t", forbid_unknown_fields=True):
    """One line of a page."""


class Page(Line, frozen=True, kw_only=True, tag="page"):
    """The first line of each page. After a `whole` one, an export that was killed can go on."""

    section: Name
    channel_id: Annotated[int, Meta(ge=0, le=snowflakes.MAX)] = 0
    after: Annotated[int, Meta(ge=0, le=snowflakes.MAX)] = 0
    whole: bool = True


class Blob(Line, frozen=True, kw_only=True, tag="blob"):
    """A file that stands before this page, and the key under which the store keeps it."""

    key: Key
    size: Annotated[int, Meta(ge=0)]
    sha256: Digest


class UserLine(Line, frozen=True, kw_only=True, tag="user"):
    """An account as others see it: whoever is named below it, at least once before."""

    id: Id
    username: Annotated[str, Meta(min_length=1, max_length=64)]
    global_name: Name | None = None
    avatar: Picture | None = None
    banner: Picture | None = None
    bot: bool = False
    flags: Number = 0


class GuildLine(Line, frozen=True, kw_only=True, tag="guild"):
    """The guild itself."""

    id: Id
    name: Name
    owner_id: Id
    icon: Picture | None = None
    banner: Picture | None = None
    splash: Picture | None = None
    description: Text | None = None
    system_channel_id: Id | None = None
    rules_channel_id: Id | None = None
    public_updates_channel_id: Id | None = None
    afk_channel_id: Id | None = None
    afk_timeout: Number = 300
    verification_level: Small = 0
    default_message_notifications: Small = 0
    explicit_content_filter: Small = 0
    preferred_locale: Name = "en-US"
    system_channel_flags: Number = 0


class RoleLine(Line, frozen=True, kw_only=True, tag="role"):
    """A role; @everyone's id is the guild's."""

    id: Id
    name: Name
    permissions: Number
    position: Number
    color: Number = 0
    secondary_color: Number | None = None
    tertiary_color: Number | None = None
    hoist: bool = False
    mentionable: bool = False
    managed: bool = False
    bot_id: Id | None = None
    flags: Number = 0
    icon: Picture | None = None
    unicode_emoji: Name | None = None


class ChannelLine(Line, frozen=True, kw_only=True, tag="channel"):
    """A channel; its overwrites are lists of id, type, allow, deny."""

    id: Id
    type: Small
    name: Name
    position: Number = 0
    topic: Text | None = None
    nsfw: bool = False
    parent_id: Id | None = None
    rate_limit_per_user: Number = 0
    flags: Number = 0
    default_auto_archive_duration: Number | None = None
    last_pin_at: Number | None = None
    deleted_message_id: Id | None = None
    overwrites: Overwrites = []


class EmojiLine(Line, frozen=True, kw_only=True, tag="emoji"):
    """A guild's own emoji."""

    id: Id
    name: Name
    user_id: Id
    animated: bool = False
    roles: list[Id] = []


class WebhookLine(Line, frozen=True, kw_only=True, tag="webhook"):
    """A webhook, without its token."""

    id: Id
    channel_id: Id
    user_id: Id | None = None
    name: Name
    avatar: Picture | None = None


class InviteLine(Line, frozen=True, kw_only=True, tag="invite"):
    """A way in."""

    code: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$")]
    channel_id: Id
    inviter_id: Id
    created_at: Number
    max_age_s: Number = 0
    max_uses: Number = 0
    uses: Number = 0
    temporary: bool = False


class BanLine(Line, frozen=True, kw_only=True, tag="ban"):
    """Who may not come in."""

    user_id: Id
    reason: Text | None = None
    created_at: Number


class AuditLine(Line, frozen=True, kw_only=True, tag="audit"):
    """An entry of the audit log; `entry` is what the API shows of it."""

    id: Id
    user_id: Id | None = None
    target_id: Id | None = None
    action_type: Small
    entry: Raw


class MemberLine(Line, frozen=True, kw_only=True, tag="member"):
    """A membership."""

    user_id: Id
    joined_at: Number
    roles: list[Id] = []
    nick: Name | None = None
    timed_out_until: Number | None = None
    flags: Number = 0


class MessageLine(Line, frozen=True, kw_only=True, tag="message"):
    """A message; `body` is all of it that the API shows and that does not change by itself.

    `webhook_author` is null, or what the webhook that sent it called itself.
    """

    @property
    def said_by_webhook(self) -> bytes | None:
        """What it called itself, if one sent it."""
        return None if bytes(self.webhook_author) == b"null" else bytes(self.webhook_author)

    channel_id: Id
    id: Id
    author_id: Id
    reply_to: Id | None = None
    mentions: list[Id] = []
    webhook_author: Raw = Raw(b"null")
    body: Raw


class ReactionLine(Line, frozen=True, kw_only=True, tag="reaction"):
    """One account's reaction to a message of an earlier page."""

    channel_id: Id
    message_id: Id
    emoji: Annotated[str, Meta(min_length=1, max_length=64)]
    user_id: Id
    created_at: Number


class PinLine(Line, frozen=True, kw_only=True, tag="pin"):
    """A message that is pinned in its channel."""

    channel_id: Id
    message_id: Id
    pinned_at: Number


T = TypeVar("T")
LineT = TypeVar("LineT", bound=Line)
Shape = GuildLine | RoleLine | ChannelLine | EmojiLine | WebhookLine | InviteLine
AnyLine = Shape | Page | Blob | UserLine | BanLine | AuditLine | MemberLine | MessageLine | ReactionLine | PinLine


class Manifest(Struct, frozen=True, kw_only=True):
    """The first file of an archive."""

    format: str
    version: int
    guild_id: Id
    made_at: Number
    """When the export began: what was said later is not in it."""
    made_by: Name


class End(Struct, frozen=True, kw_only=True):
    """The last file of an archive: without it the export is not over."""

    pages: int
    sha256: Digest
    """Over the names of all pages, a line each: each name holds the checksum of its page."""


encode: Final = msgspec.json.Encoder().encode
decode_line: Final = msgspec.json.Decoder(AnyLine).decode
decode_manifest: Final = msgspec.json.Decoder(Manifest).decode
decode_end: Final = msgspec.json.Decoder(End).decode
