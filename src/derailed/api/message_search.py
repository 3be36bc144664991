"""Routes of searching for messages."""

from __future__ import annotations

from typing import Any, Final, cast
from urllib.parse import parse_qsl

import msgspec
from litestar import Response, get
from litestar.openapi import ResponseSpec
from litestar.params import FromPath
from msgspec import Raw

from derailed.actions.message_search import Found
from derailed.api.asking import Ask, Asked, Who
from derailed.api.declaring import queried, refuses
from derailed.api.entrance import Gate
from derailed.model import snowflakes
from derailed.model.errors import FieldError, Invalid
from derailed.wire import rates
from derailed.wire.search import (
    HAS,
    MAX_CHANNELS,
    MAX_CONTENT,
    MAX_HAS,
    MAX_OFFSET,
    MAX_PEOPLE,
    PAGE,
    Has,
    IndexPending,
    SearchQuery,
    SearchReply,
)

_PENDING: Final = {202: ResponseSpec(IndexPending, description="Not yet: the messages are being indexed.")}
_TRUTH: Final = {"true": True, "1": True, "false": False, "0": False}
_LONGEST: Final = 20
_PAIRS: Final = 1000


@get("/guilds/{guild_id:int}/messages/search", opt=queried(SearchQuery), responses=_PENDING)
async def in_guild(
    verbs: Ask, actor: Who, entrance: Gate, guild_id: FromPath[int], request: Asked
) -> Response[SearchReply]:
    """Messages of the channels that one may read, the newest first, or the oldest."""
    query = asked(request.scope["query_string"])
    await entrance.spend(f"search:u{actor.user_id}", rates.SEARCHES)
    return _shown(await verbs.message_search.in_guild(actor, guild_id, query))


@get(
    "/channels/{channel_id:int}/messages/search",
    opt=refuses("wrong_channel_type", "missing_access") | queried(SearchQuery),
    responses=_PENDING,
)
async def in_channel(
    verbs: Ask, actor: Who, entrance: Gate, channel_id: FromPath[int], request: Asked
) -> Response[SearchReply]:
    """Messages of a channel, the newest first, or the oldest."""
    query = asked(request.scope["query_string"])
    await entrance.spend(f"search:u{actor.user_id}", rates.SEARCHES)
    return _shown(await verbs.message_search.in_channel(actor, channel_id, query))


def asked(query_string: bytes) -> SearchQuery:
    """What the query says. Raises Invalid naming the key; what is not named is ignored."""
    try:
        pairs = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True, max_num_fields=_PAIRS)
    except ValueError:
        raise _wrong("content", "BASE_TYPE_BAD_LENGTH", f"Must be {_PAIRS} or fewer parameters.") from None
    said: dict[str, list[str]] = {}
    for key, value in pairs:
        said.setdefault(key, []).append(value)
    last = {key: values[-1] for key, values in said.items()}
    content = last.get("content", "")
    if len(content) > MAX_CONTENT:
        raise _wrong("content", "BASE_TYPE_BAD_LENGTH", f"Must be {MAX_CONTENT} or fewer in length.")
    return SearchQuery(
        content=content,
        author_id=_ids("author_id", said, MAX_PEOPLE),
        mentions=_ids("mentions", said, MAX_PEOPLE),
        mention_everyone=_truth("mention_everyone", last),
        has=_traits(said.get("has", [])),
        pinned=_truth("pinned", last),
        channel_id=_ids("channel_id", said, MAX_CHANNELS),
        min_id=_number("min_id", last["min_id"]) if "min_id" in last else None,
        max_id=_number("max_id", last["max_id"]) if "max_id" in last else None,
        sort_by=_one_of("sort_by", last, ("timestamp", "relevance")),
        sort_order=_one_of("sort_order", last, ("desc", "asc")),
        offset=_within("offset", last, 0, MAX_OFFSET, 0),
        limit=_within("limit", last, 1, PAGE, PAGE),
    )


def _shown(found: Found | None) -> Response[SearchReply]:
    if found is None:
        return Response(cast(SearchReply, IndexPending()), status_code=202)
    reply = SearchReply(found.total, [[Raw(message)] for message in found.messages])
    return Response(cast(SearchReply, Raw(msgspec.json.encode(reply))), status_code=200)


def _ids(key: str, said: dict[str, list[str]], most: int) -> list[int]:
    values = said.get(key, [])
    if len(values) > most:
        raise _wrong(key, "BASE_TYPE_BAD_LENGTH", f"Must be {most} or fewer in length.")
    return [_number(key, value) for value in values]


def _traits(values: list[str]) -> list[Has]:
    if len(values) > MAX_HAS:
        raise _wrong("has", "BASE_TYPE_BAD_LENGTH", f"Must be {MAX_HAS} or fewer in length.")
    if not all(value.removeprefix("-") in HAS for value in values):
        raise _wrong("has", "BASE_TYPE_CHOICES", f"Value must be one of {', '.join(HAS)}.")
    return cast("list[Has]", values)


def _truth(key: str, last: dict[str, str]) -> bool | None:
    if key not in last:
        return None
    if last[key].lower() not in _TRUTH:
        raise _wrong(key, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.")
    return _TRUTH[last[key].lower()]


def _one_of(key: str, last: dict[str, str], choices: tuple[str, ...]) -> Any:
    value = last.get(key, choices[0])
    if value not in choices:
        raise _wrong(key, "BASE_TYPE_CHOICES", f"Value must be one of {', '.join(choices)}.")
    return value


def _within(key: str, last: dict[str, str], least: int, most: int, usual: int) -> int:
    value = _number(key, last[key]) if key in last else usual
    if not least <= value <= most:
        raise _wrong(key, "NUMBER_TYPE_RANGE", f"int value should be between {least} and {most}.")
    return value


def _number(key: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= _LONGEST):
        raise _wrong(key, "NUMBER_TYPE_COERCE", "Value is not a number.")
    return min(int(value), snowflakes.MAX)


def _wrong(key: str, code: str, message: str) -> Invalid:
    return Invalid("invalid_form", FieldError((key,), code, message))


ROUTES = (in_guild, in_channel)
