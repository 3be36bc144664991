"""The causes for which a verb refuses, named once.

Verbs raise them; `wire/error_codes.py` is the only place that knows their HTTP status and JSON code.
Each carries a `reason`, one of the names in that table (`unknown_channel`, `missing_permissions` …).

Refusal
├── Invalid            the request makes no sense (a form error carries `fields`)
├── Unauthenticated    nobody, or a token that does not stand
├── Forbidden          somebody, who may not
├── Unknown            there is no such thing, or one may not know that there is
├── Conflict           true a moment ago, not any more
├── TooLarge           over a size limit
├── TooMany            over a rate or a quota; `retry_after_s` says when to come back
└── Unavailable        we can not now; the same call may work later
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One leaf of a form error: where (`("embeds", "0", "title")`), the leaf code, and a sentence."""

    path: tuple[str, ...]
    code: str
    message: str


class Refusal(Exception):
    """A verb's answer "no": expected, named, and shown to whoever asked."""

    reason: str

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Invalid(Refusal):
    """The request is malformed. `fields` says where, when it is a form."""

    def __init__(self, reason: str = "invalid_form", *fields: FieldError) -> None:
        super().__init__(reason)
        self.fields = fields


class Unauthenticated(Refusal):
    """No token, or one that does not stand."""

    def __init__(self, reason: str = "unauthorized") -> None:
        super().__init__(reason)


class Forbidden(Refusal):
    """The actor is known and may not."""

    def __init__(self, reason: str = "missing_permissions") -> None:
        super().__init__(reason)


class Unknown(Refusal):
    """`Unknown("channel")` has the reason `unknown_channel`."""

    def __init__(self, noun: str) -> None:
        super().__init__(f"unknown_{noun}")


class Conflict(Refusal):
    """The state changed under the request."""


class TooLarge(Refusal):
    """A body over its limit."""

    def __init__(self, reason: str = "too_large") -> None:
        super().__init__(reason)


class TooMany(Refusal):
    """Over a rate or a quota; come back after `retry_after_s` seconds. `everywhere`: with anything that you ask."""

    def __init__(self, reason: str = "rate_limited", retry_after_s: float = 1.0, *, everywhere: bool = False) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s
        self.everywhere = everywhere


class Unavailable(Refusal):
    """We can not now; the same call may work later."""

    def __init__(self, reason: str = "overloaded") -> None:
        super().__init__(reason)
