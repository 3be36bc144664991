"""Patterns of names, as Redis has them.

`*` is any bytes, `?` one, `[a-z]` one of these, `[^a-z]` none of them; what is behind a backslash is itself. A name is
gone through once for each `*` at most, so no pattern of a stranger's takes long.
"""

from __future__ import annotations


def matches(pattern: bytes, name: bytes) -> bool:
    """Whether the whole name is like the pattern."""
    at, place = 0, 0
    star, restart = -1, 0
    while place < len(name):
        if at < len(pattern) and pattern[at : at + 1] == b"*":
            star, restart = at, place
            at += 1
            continue
        following = _one(pattern, at, name[place]) if at < len(pattern) else 0
        if following:
            at, place = following, place + 1
        elif star >= 0:
            restart += 1  # the last star takes one byte more; those before it need not
            at, place = star + 1, restart
        else:
            return False
    return pattern[at:].strip(b"*") == b""


def _one(pattern: bytes, at: int, byte: int) -> int:
    """Where the pattern goes on if what it has at this place allows the byte; 0 if not."""
    match pattern[at : at + 1]:
        case b"?":
            return at + 1
        case b"[":
            return _one_of(pattern, at + 1, byte)
        case b"\\" if at + 1 < len(pattern):
            at += 1
    return at + 1 if pattern[at] == byte else 0


def _one_of(pattern: bytes, at: int, byte: int) -> int:
    is_not = pattern[at : at + 1] == b"^"
    at += is_not
    found = False
    while at < len(pattern) and pattern[at : at + 1] != b"]":
        if pattern[at : at + 1] == b"\\" and at + 1 < len(pattern):
            at += 1
        if pattern[at + 1 : at + 2] == b"-" and at + 2 < len(pattern):
            low, high = sorted((pattern[at], pattern[at + 2]))
            found = found or low <= byte <= high
            at += 3
        else:
            found = found or pattern[at] == byte
            at += 1
    return at + 1 if found != is_not else 0
