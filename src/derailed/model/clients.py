"""What a User-Agent says of the client that sent it, in two words that people know. It may say anything."""

from __future__ import annotations

from typing import Final, NamedTuple

_SYSTEMS: Final = (
    ("android", "Android"),
    ("iphone", "iOS"),
    ("ipad", "iOS"),
    ("windows", "Windows"),
    ("cros", "ChromeOS"),
    ("mac os", "Mac OS X"),
    ("darwin", "Mac OS X"),
    ("linux", "Linux"),
)
_PLATFORMS: Final = (
    ("edg/", "Edge"),
    ("opr/", "Opera"),
    ("firefox/", "Firefox"),
    ("chrome/", "Chrome"),
    ("crios/", "Chrome"),
    ("safari/", "Safari"),
    ("discordbot", "Library"),
    ("aiohttp", "Library"),
    ("curl/", "curl"),
    ("python", "Python"),
)
"""The first that is in it counts: browsers name those before them."""


class Client(NamedTuple):
    """What a token was given to; None is what was not said."""

    os: str | None = None
    platform: str | None = None


NOBODY: Final = Client()


def of(user_agent: str) -> Client:
    """The client of a User-Agent."""
    said = user_agent.lower()
    return Client(
        next((name for word, name in _SYSTEMS if word in said), None),
        next((name for word, name in _PLATFORMS if word in said), None),
    )
