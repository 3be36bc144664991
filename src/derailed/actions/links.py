"""The links in what somebody says that are worth looking at: not those in angle brackets, nor those in code."""

from __future__ import annotations

import re
from typing import Final

LINKS: Final = 5
"""Of one message: its cards fill a screen."""
_LONGEST: Final = 2048

_CODE: Final = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_LINK: Final = re.compile(r"(?<![<\w])https?://[^\s<>]+", re.IGNORECASE)
_AFTER: Final = ".,:;!?'\"*_~|]"
"""What ends the sentence around a link rather than the link."""


def in_content(content: str) -> list[str]:
    """The first few, each once."""
    found = (_trimmed(link) for link in _LINK.findall(_CODE.sub(" ", content)))
    return list(dict.fromkeys(link for link in found if len(link) <= _LONGEST))[:LINKS]


def _trimmed(link: str) -> str:
    link = link.rstrip(_AFTER)
    while link.endswith(")") and link.count(")") > link.count("("):
        link = link[:-1].rstrip(_AFTER)
    return link
