"""Conditions and ranges of a request for a file, as far as HTTP lets one choose which to serve."""

from __future__ import annotations

import re
from typing import Final

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class Unsatisfiable(Exception):
    """The range lies outside of the file."""


def part(header: str, size: int) -> tuple[int, int] | None:
    """Start and length of what is asked for; None for all of it, which is also the answer to what we do not serve.

    Raises Unsatisfiable.
    """
    found = _RANGE.fullmatch(header.strip())
    if found is None or found[0] == "bytes=-":
        return None  # several ranges, other units, nonsense: to be answered as if it were not there
    first, last = found.groups()
    if not first:
        length = min(int(last), size)
        start = size - length
    else:
        start = int(first)
        if last and int(last) < start:
            return None
        length = min(int(last) + 1 if last else size, size) - start
    if length <= 0:
        raise Unsatisfiable
    return start, length


def matches(header: str, tag: str) -> bool:
    """Whether `If-None-Match` names this tag."""
    return any(each.strip().removeprefix("W/") in (tag, "*") for each in header.split(","))
