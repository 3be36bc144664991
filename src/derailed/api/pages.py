"""Queries of pages, read without a framework because a page of messages is asked for so often."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl

from derailed.model import snowflakes
from derailed.model.errors import FieldError, Invalid
from derailed.wire import limits, messages, reactions
from derailed.wire.messages import PageQuery, PinsQuery
from derailed.wire.reactions import ReactorsQuery

_NEWEST: Final = PageQuery()
_EPOCH: Final = datetime.fromtimestamp(0, UTC)


def asked(query_string: bytes) -> PageQuery:
    """What `?limit=…&before=…` asks of messages. Raises Invalid naming the key."""
    if not query_string:
        return _NEWEST
    query = PageQuery(**_numbers(query_string, PageQuery._fields))
    _check_limit(query.limit, messages.MAX_PAGE)
    return query


def reactors(query_string: bytes) -> ReactorsQuery:
    """Which of those who reacted are asked for. Raises Invalid naming the key."""
    query = ReactorsQuery(**_numbers(query_string, ReactorsQuery._fields))
    _check_limit(query.limit, reactions.MAX_PAGE)
    return query


def pins_asked(query_string: bytes) -> PinsQuery:
    """Which pins are asked for. Raises Invalid naming the key."""
    limit = _numbers(query_string, ("limit",)).get("limit", limits.PINS_PAGE)
    _check_limit(limit, limits.PINS_PAGE)
    before = dict(parse_qsl(query_string.decode("latin-1"))).get("before")
    if before is None:
        return PinsQuery(limit)
    return PinsQuery(limit, _moment("before", before.replace(" ", "+")))  # of an offset that is not encoded


def _moment(key: str, text: str) -> int:
    """The first millisecond that does not lie before that time."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise _wrong(key, "DATE_TIME_TYPE_PARSE", "Could not parse it. Should be ISO8601.") from None
    aware = time if time.tzinfo is not None else time.replace(tzinfo=UTC)
    return -((_EPOCH - aware) // timedelta(milliseconds=1))


def _numbers(query_string: bytes, keys: Collection[str]) -> dict[str, int]:
    """The numbers under these keys; others are ignored."""
    numbers: dict[str, int] = {}
    for pair in query_string.decode("latin-1").split("&"):
        key, _, value = pair.partition("=")
        if key in keys:
            if not (value.isascii() and value.isdigit() and len(value) <= 20):
                raise _wrong(key, "NUMBER_TYPE_COERCE", "Value is not a number.")
            numbers[key] = min(int(value), snowflakes.MAX)
    return numbers


def _check_limit(limit: int, most: int) -> None:
    if not 1 <= limit <= most:
        raise _wrong("limit", "NUMBER_TYPE_RANGE", f"int value should be between 1 and {most}.")


def _wrong(key: str, code: str, message: str) -> Invalid:
    return Invalid("invalid_form", FieldError((key,), code, message))
