"""Reactions on the wire."""

from __future__ import annotations

from typing import Annotated, Final, NamedTuple

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from derailed.model.emoji import custom
from derailed.wire.shapes import Id, MemberShape

MAX_KINDS: Final = 20  # of emoji on one message, as Discord has it
PAGE: Final = 25
MAX_PAGE: Final = 100


class ReactorsQuery(NamedTuple):
    """GET those who reacted: at most `limit`, above an id. `type` 1 asks for super reactions."""

    limit: Annotated[int, Meta(ge=1, le=MAX_PAGE)] = PAGE
    after: Annotated[int, Meta(ge=0)] = 0
    type: Annotated[int, Meta(ge=0)] = 0


class EmojiShape(Struct):
    """A Unicode emoji has no id; a guild's own says whether it moves."""

    name: str
    id: Id | None = None
    animated: bool | UnsetType = UNSET


class CountDetails(Struct):
    """How a count is made up; nobody has super reactions here."""

    normal: int
    burst: int = 0


class ReactionShape(Struct, kw_only=True):
    """One kind of reaction on a message, as one reader sees it."""

    count: int
    count_details: CountDetails
    me: bool
    me_burst: bool = False
    emoji: EmojiShape
    burst_colors: list[str] = []


class ReactionRemoveAll(Struct):
    """`d` of MESSAGE_REACTION_REMOVE_ALL, and where any change of reactions is."""

    channel_id: Id
    message_id: Id
    guild_id: Id | UnsetType


class ReactionRemoveEmoji(ReactionRemoveAll, kw_only=True):
    """`d` of MESSAGE_REACTION_REMOVE_EMOJI."""

    emoji: EmojiShape


class ReactionRemove(ReactionRemoveEmoji, kw_only=True):
    """`d` of MESSAGE_REACTION_REMOVE."""

    user_id: Id
    burst: bool = False
    type: int = 0


class ReactionAdd(ReactionRemove, kw_only=True):
    """`d` of MESSAGE_REACTION_ADD."""

    member: MemberShape | Raw | UnsetType
    message_author_id: Id
    burst_colors: list[str] = []


def emoji_shape(emoji: str) -> EmojiShape:
    """The emoji of a reaction."""
    own = custom(emoji)
    return EmojiShape(emoji) if own is None else EmojiShape(own.name, str(own.id), own.animated)


def reaction(emoji: str, count: int, *, me: bool) -> ReactionShape:
    """One kind of reaction."""
    return ReactionShape(count=count, count_details=CountDetails(count), me=me, emoji=emoji_shape(emoji))
