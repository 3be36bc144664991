"""From a refusal to what goes back over HTTP: status, headers, body."""

from __future__ import annotations

import math
import re
from typing import Final, NamedTuple

import msgspec

from derailed.model.errors import FieldError, Invalid, Refusal, TooMany
from derailed.wire.error_codes import ERROR_CODES, ErrorCode, body

Headers = list[tuple[bytes, bytes]]

JSON: Final = (b"content-type", b"application/json")  # exactly: three libraries compare the whole of it
_WHERE: Final = re.compile(r"(?P<text>.*?)(?: - at `\$(?P<path>.*)`)?", re.DOTALL)
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_MISSING: Final = re.compile(r"Object missing required field `(.+)`")


class Answer(NamedTuple):
    """A whole response."""

    status: int
    headers: Headers
    body: bytes


def ok(reply: bytes) -> Answer:
    """The JSON that was asked for."""
    return Answer(200, [JSON, (b"content-length", b"%d" % len(reply))], reply)


def refused(error: Refusal) -> Answer:
    """Why not."""
    code = ERROR_CODES[error.reason]
    if isinstance(error, TooMany):
        return _too_many(code, error)
    fields = error.fields if isinstance(error, Invalid) else ()
    return _json(code.status, msgspec.json.encode(body(code, fields)))


def unreadable(error: msgspec.DecodeError) -> Answer:
    """What is no JSON, or JSON of another shape than was expected."""
    if isinstance(error, msgspec.ValidationError):
        return refused(Invalid("invalid_form", field_error(error)))
    return refused(Invalid("bad_json"))


def field_error(error: msgspec.ValidationError) -> FieldError:
    """The field that msgspec stopped at."""
    found = _WHERE.fullmatch(str(error))
    assert found is not None  # the pattern takes any text
    path = tuple(name or index for name, index in _STEP.findall(found["path"] or ""))
    missing = _MISSING.fullmatch(found["text"])
    if missing is not None:
        return FieldError((*path, missing[1]), "BASE_TYPE_REQUIRED", "This field is required")
    code = "BASE_TYPE_BAD_LENGTH" if " of length " in found["text"] else "BASE_TYPE_INVALID"
    return FieldError(path, code, found["text"])


def _too_many(code: ErrorCode, error: TooMany) -> Answer:
    told = body(code) if code.code else {"message": code.message}
    reply = msgspec.json.encode({**told, "retry_after": error.retry_after_s, "global": error.everywhere})
    status, headers, _ = _json(code.status, reply)
    # Without Via discord.py takes a 429 for a ban by somebody in between, and raises in place of waiting.
    waiting = [(b"via", b"1.1 derailed"), (b"retry-after", b"%d" % math.ceil(error.retry_after_s))]
    if error.everywhere:
        waiting.append((b"x-ratelimit-global", b"true"))
    waiting.append((b"x-ratelimit-scope", _scope(error)))
    return Answer(status, headers + waiting, reply)


def _scope(error: TooMany) -> bytes:
    """Whose limit it is; hikari waits as the body says only where it is not the user's own."""
    if error.everywhere:
        return b"global"
    return b"user" if error.reason == "rate_limited" else b"shared"


def _json(status: int, reply: bytes) -> Answer:
    return Answer(status, [JSON, (b"content-length", b"%d" % len(reply))], reply)
