"""Paths: one form for all the ways they are written, and which noun an id in them stands for."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from derailed.model import snowflakes
from derailed.wire import limits

_PREFIX: Final = re.compile(r"/api(?:/v(?:9|10))?(?=/)")
_SECRET: Final = re.compile(r"(?<=/webhooks/)\d+/[^/]+")
"""A webhook's id and token."""
_NOUNS: Final = {
    "guilds": "guild",
    "channels": "channel",
    "messages": "message",
    "users": "user",
    "relationships": "user",
    "notes": "user",
    "members": "member",
    "roles": "role",
    "bans": "ban",
    "emojis": "guild_emoji",
    "permissions": "overwrite",
    "applications": "application",
    "webhooks": "webhook",
    "commands": "command",
}
"""What stands before an id."""


_NUMBER: Final = re.compile(r"[+-]?\d+")

_WITH_IMAGE: Final = re.compile(
    r"PATCH /api/v10/(?:users/@me|(?:channels|guilds)/\d+|guilds/\d+/members/@me|applications/(?:\d+|@me)"
    r"|webhooks/\d+(?:/[^/]+)?)"
    r"|POST /api/v10/(?:guilds|channels/\d+/webhooks)"
)

_WITH_FILES: Final = re.compile(
    r"/api/v10/(?:channels/\d+/messages(?:/\d+)?|webhooks/\d+/[^/]+(?:/messages/(?:\d+|@original))?)"
)


def normal(path: str) -> str | None:
    """`/api/v10/…` without a slash at the end, for any path of the API; None for another's."""
    prefix = _PREFIX.match(path)
    return None if prefix is None else "/api/v10/" + path[prefix.end() :].strip("/")


def unknown(path: str) -> str | None:
    """The reason why the first id in the path that is none names nothing, such as `unknown_guild`."""
    steps = path.split("/")
    for noun, value in pairwise(steps):
        if noun in _NOUNS and not is_id(value) and not value.startswith("@"):
            return f"unknown_{_NOUNS[noun]}"
    return None


def is_beyond(path: str) -> bool:
    """Whether a number in the path is below or beyond all ids."""
    return any(_NUMBER.fullmatch(step) and not is_id(step) for step in path.split("/"))


def is_id(text: str) -> bool:
    """Whether it is a number that an id could be."""
    return text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= snowflakes.MAX


def longest_body(method: str, path: str, *, form: bool) -> int:
    """How long a body may be there: longer where there can be a picture in it, and longest where there can be files."""
    if form and _WITH_FILES.fullmatch(path):
        return limits.BODY
    return limits.IMAGE_BODY if _WITH_IMAGE.fullmatch(f"{method} {path}") else limits.JSON_BODY


def shape(path: str) -> str:
    """The path with its ids and secrets left out, for the log."""
    return re.sub(r"\d+", "…", _SECRET.sub("…", path))
