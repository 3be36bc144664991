"""The words of a text, as they are found again: made here, so that every database finds the same.

Case, accents and width make no difference. An emoji is a word whatever its skin, a custom emoji is its name. Scripts
that put no spaces between words (Chinese, Japanese, Thai …) and Korean, whose endings stick to them, are kept as their
characters and as pairs of neighbours: what is asked for is found in the middle of a word, too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

LONGEST: Final = 64
"""Of a longer word its beginning counts."""
MOST: Final = 4000
"""Of one text: what a message can hold at all, in a script that is kept as pairs."""

_PLAIN: Final = re.compile(r"[a-z0-9]+").findall
_MENTION: Final = re.compile(r"<(?:@[!&]?|#)[0-9]+>")
_CUSTOM: Final = re.compile(r"<a?:(\w+):[0-9]+>")
_ACCENTS: Final = re.compile(r"[\u0300-\u036f\u0591-\u05c7\u064b-\u065f]")
_MARKS: Final = "".join(chr(each) for each in range(0x300, 0x3000) if unicodedata.category(chr(each)) in ("Mn", "Mc"))
_DENSE: Final = (
    "\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3005\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af\U00020000-\U0003ffff"
)
_RUN: Final = re.compile(
    rf"[{_DENSE}]+|(?:(?![{_DENSE}])[^\W_][{re.escape(_MARKS)}]*)+|[\U0001f1e6-\U0001f1ff]{{2}}|\S"
)
_IS_DENSE: Final = re.compile(f"[{_DENSE}]").match


def of_text(text: str) -> set[str]:
    """Every word that the text is found by."""
    if text.isascii():
        return {word[:LONGEST] for word in _PLAIN(_bare(text).lower())}
    words: set[str] = set()
    for word in _words(text):
        if _IS_DENSE(word):
            words.update(word)
            words.update(word[at : at + 2] for at in range(len(word) - 1))
        else:
            words.add(word)
        if len(words) > MOST:
            break
    return words


def asked(text: str) -> set[str]:
    """The words that a message must have, all of them, to be found by this text."""
    words: set[str] = set()
    for word in _words(text):
        if _IS_DENSE(word) and len(word) > 1:
            words.update(word[at : at + 2] for at in range(len(word) - 1))
        else:
            words.add(word)
    return words


def _words(text: str) -> Iterator[str]:
    folded = unicodedata.normalize("NFKD", _bare(text)).casefold()
    for word in _RUN.findall(unicodedata.normalize("NFKC", _ACCENTS.sub("", folded))):
        if len(word) > 1 or word.isalnum() or unicodedata.category(word) == "So":
            yield word if _IS_DENSE(word) else word[:LONGEST]


def _bare(text: str) -> str:
    """Without mentions, which are found as such; the name of a custom emoji stays."""
    return _CUSTOM.sub(r" \1 ", _MENTION.sub(" ", text)) if "<" in text else text
