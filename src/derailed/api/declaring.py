"""What a route says of itself that its signature does not: `opt=refuses("missing_access") | queried(PinsQuery)`."""

from __future__ import annotations

from typing import Any, Final

from derailed.wire.error_codes import ERROR_CODES

REFUSES: Final = "refuses"
QUERY: Final = "query"
GIVES: Final = "gives"


def refuses(*reasons: str) -> dict[str, Any]:
    """Why this route may say no, besides what all routes of its kind may say: names of `wire/error_codes.py`."""
    assert ERROR_CODES.keys() >= set(reasons), reasons
    return {REFUSES: reasons}


def queried(kind: type) -> dict[str, Any]:
    """The query, which the route reads itself, into a named tuple of that kind."""
    return {QUERY: kind}


def gives(content_type: str) -> dict[str, Any]:
    """The answer is no JSON, but a file of that type."""
    return {GIVES: content_type}
