"""Emoji that people react with, as clients send them: one Unicode emoji, or a guild's own as `name:id`."""

from __future__ import annotations

import re
from typing import NamedTuple

from derailed.model.snowflakes import MAX

_MAX_LENGTH = 35  # the longest in Unicode's lists, flags made of tags and families with skin tones, are under 20

_BASE = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf"
    "\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f004\U0001f0cf\U0001f170-\U0001f19a\U0001f201-\U0001f251"
    "\U0001f300-\U0001f3fa\U0001f400-\U0001faff]"
)
_ELEMENT = f"{_BASE}(?:\ufe0f|[\U0001f3fb-\U0001f3ff])?"
_KEYCAP = "[0-9#*]\ufe0f?\u20e3"
_COUNTRY = "[\U0001f1e6-\U0001f1ff]{2}"
_REGION = "\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f"
_SKIN_TONE = "[\U0001f3fb-\U0001f3ff]"

_ONE_EMOJI = re.compile(f"{_KEYCAP}|{_COUNTRY}|{_REGION}|{_SKIN_TONE}|{_ELEMENT}(?:\u200d{_ELEMENT})*")

_CUSTOM = re.compile(r"(a:)?([^\s:]{1,32}):([0-9]{1,19})")


class Custom(NamedTuple):
    """A guild's emoji. `name` is what it is or was called: people find it by its id."""

    id: int
    name: str
    animated: bool

    def __str__(self) -> str:
        return f"{'a:' if self.animated else ''}{self.name}:{self.id}"


def custom(text: str) -> Custom | None:
    """The guild's emoji that the text names, if it names one."""
    found = _CUSTOM.fullmatch(text)
    if found is None or int(found[3]) > MAX:
        return None
    return Custom(int(found[3]), found[2], found[1] is not None)


def is_emoji(text: str) -> bool:
    """Whether the text is one emoji and nothing else."""
    return len(text) <= _MAX_LENGTH and _ONE_EMOJI.fullmatch(text) is not None
