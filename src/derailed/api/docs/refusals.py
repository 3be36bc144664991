"""How routes refuse: what those that take the same have in common, and how a document says it.

What is its own a route declares: `opt=refuses(…)` names reasons of `wire/error_codes.py`. `tests/api/test_refusals.py`
holds the names to what the code behind the route raises, and every test that comes in by the front door holds the
answers to the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from derailed.api import paths
from derailed.wire.error_codes import ERROR_CODES, body

_ALWAYS: Final = frozenset({"rate_limited", "internal", "overloaded", "disk_full"})
_WITH_TOKEN: Final = frozenset({"unauthorized", "invalid_form"})
"""`invalid_form`: the reason for the audit log may be too long."""
_WITH_BODY: Final = frozenset({"bad_json", "invalid_form", "too_large"})
_ID: Final = re.compile(r"\{\w+:int\}")
_ANY_PARAMETER: Final = re.compile(r"\{\w+:\w+\}")

Responses = dict[str, Any]


def in_common(path: str, *, token: bool, body: bool, query: bool) -> frozenset[str]:
    """The reasons for which every route at such a path refuses that takes a token, a body or a query."""
    reasons = _ALWAYS | set(_of_ids(path))
    if token:
        reasons |= _WITH_TOKEN
    if body:
        reasons |= _WITH_BODY
    if query:
        reasons |= {"invalid_form"}
    return frozenset(reasons)


def responses(reasons: Iterable[str]) -> Responses:
    """The part of a document that says so."""
    by_status: dict[int, list[str]] = {}
    for reason in sorted(reasons, key=lambda reason: (ERROR_CODES[reason].status, ERROR_CODES[reason].code, reason)):
        by_status.setdefault(ERROR_CODES[reason].status, []).append(reason)
    return {str(status): _response(status, found) for status, found in by_status.items()}


def _response(status: int, reasons: list[str]) -> Responses:
    told = [ERROR_CODES[reason] for reason in reasons]
    schema: dict[str, Any] = {
        "allOf": [{"$ref": f"#/components/schemas/{'TooMany' if status == 429 else 'Error'}"}],
        "properties": {"code": {"enum": sorted({each.code for each in told})}},
    }
    examples = {reason: {"value": _example(reason)} for reason in reasons}
    response: Responses = {
        "description": "; ".join(dict.fromkeys(f"{each.code}: {each.message}" for each in told)),
        "content": {"application/json": {"schema": schema, "examples": examples}},
    }
    if status == 429:
        response["headers"] = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
    return response


def _example(reason: str) -> dict[str, Any]:
    code = ERROR_CODES[reason]
    example = body(code)
    if code.status == 429:
        if not code.code:
            del example["code"]
        return {**example, "retry_after": 4.25, "global": False}
    if reason == "invalid_form":
        example["errors"] = {"name": {"_errors": [{"code": "BASE_TYPE_REQUIRED", "message": "This field is required"}]}}
    return example


def _of_ids(path: str) -> Iterable[str]:
    """What is said where no id is in the place of one; which is asked of the very function that says it."""
    for found in _ID.finditer(path):
        before, after = (_ANY_PARAMETER.sub("1", part) for part in (path[: found.start()], path[found.end() :]))
        for other in ("x", "@me"):
            yield paths.unknown(f"{before}{other}{after}") or "unknown_route"
