"""Answers that are no shape of a noun: a token, an address, and what is always empty here."""

from __future__ import annotations

from msgspec import Struct

from derailed.wire.shapes import Id


class TokenReply(Struct):
    """A new token, which is shown this once."""

    token: str


class LoginSettings(Struct):
    """Of one's settings, what a client needs before it has come in."""

    locale: str
    theme: str


class LoginReply(Struct):
    """A new token, and whose it is."""

    user_id: Id
    token: str
    user_settings: LoginSettings


class GatewayReply(Struct):
    """Where the Gateway is."""

    url: str


class SessionStartLimit(Struct, frozen=True):
    """How many sessions may start. Ours admits them at its own rate, so libraries need not hold them back."""

    total: int = 1000
    remaining: int = 1000
    reset_after: int = 0
    max_concurrency: int = 16


class BotGatewayReply(GatewayReply):
    """Where the Gateway is, and what a bot plans its start by."""

    shards: int = 1
    session_start_limit: SessionStartLimit = SessionStartLimit()


class LocationReply(Struct):
    """Where a browser goes next."""

    location: str


class NoEmojis(Struct):
    """The emojis of an application."""

    items: list[None] = []


class NoThreads(Struct):
    """The threads of a guild."""

    threads: list[None] = []
    members: list[None] = []


class NoStickers(Struct):
    """The packs of stickers."""

    sticker_packs: list[None] = []
