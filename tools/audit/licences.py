"""What licences allow: those that ask for no more than to be named, and changes to a file to be shared."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

ALLOWED: Final = {
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0", "CC0-1.0", "CNRI-Python", "HPND"),
    *("ISC", "MIT", "MIT-0", "MIT-CMU", "PSF-2.0", "Python-2.0", "Unlicense", "Zlib"),
    "MPL-2.0",  # only for the files that are under it, and we change none of them
}

SPELLINGS: Final = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mit style": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}
"""How packages from before there were expressions say it."""

_TOKEN: Final = re.compile(r"\(|\)|[^\s()]+")


def known_as(text: str) -> str:
    """The expression for what a package says of itself."""
    return SPELLINGS.get(text.strip().lower(), text.strip())


def is_allowed(expression: str) -> bool:
    """Whether an SPDX expression lets us use it: of an OR one side is enough, of an AND both must be."""
    tokens = _TOKEN.findall(expression)
    if not tokens:
        return False
    try:
        allowed = _either(tokens)
    except IndexError:
        return False
    return allowed and not tokens


def _either(tokens: list[str]) -> bool:
    return _joined(tokens, "OR", _both, any)


def _both(tokens: list[str]) -> bool:
    return _joined(tokens, "AND", _one, all)


def _joined(tokens: list[str], word: str, part: Callable[[list[str]], bool], of: Callable[[list[bool]], bool]) -> bool:
    found = [part(tokens)]
    while tokens and tokens[0].upper() == word:
        tokens.pop(0)
        found.append(part(tokens))
    return of(found)


def _one(tokens: list[str]) -> bool:
    token = tokens.pop(0)
    if token != "(":
        return token in ALLOWED
    allowed = _either(tokens)
    return tokens.pop(0) == ")" and allowed
