"""What a route is given besides its body: ids and words in its path, its query, and headers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from inspect import Parameter as Argument
from inspect import signature
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from litestar.handlers import HTTPRouteHandler
from litestar.params import KwargDefinition, QueryParameter
from msgspec import Meta

from derailed.api.asking import ANYBODY
from derailed.api.declaring import QUERY
from derailed.api.docs import schemas
from derailed.model import snowflakes
from derailed.wire import limits

Parameter = dict[str, Any]

_IN_PATH: Final = re.compile(r"\{(\w+):(\w+)\}")
_ID: Final = {"type": "integer", "minimum": 0, "maximum": snowflakes.MAX}
_WORD: Final = {"type": "string", "minLength": 1}
_REASON: Final[Parameter] = {
    "name": "X-Audit-Log-Reason",
    "in": "header",
    "required": False,
    "description": f"Why, for the audit log: UTF-8, percent-encoded, of at most {limits.AUDIT_REASON} characters.",
    "schema": {"type": "string", "pattern": r"^(?:[\x21-\x24\x26-\x7e]|%[0-9A-Fa-f]{2})*$", "maxLength": 512},
}


def in_path(path: str) -> list[Parameter]:
    """The parameters of the path."""
    return [
        {"name": name, "in": "path", "required": True, "schema": _ID if kind == "int" else _WORD}
        for name, kind in _IN_PATH.findall(path)
    ]


def in_query(route: HTTPRouteHandler) -> list[Parameter]:
    """The parameters of the query, as the route's own or as the named tuple that it reads them into."""
    tuple_of_them = route.opt.get(QUERY)
    if tuple_of_them is not None:
        hints = get_type_hints(tuple_of_them, include_extras=True)
        defaults = tuple_of_them._field_defaults
        return [_queried(name, kind, defaults.get(name)) for name, kind in hints.items()]
    return list(_of_signature(route))


def in_headers(route: HTTPRouteHandler) -> list[Parameter]:
    """The headers that change what the route does."""
    writes = route.http_methods != {"GET"}
    return [_REASON] if writes and not ANYBODY.items() <= route.opt.items() else []


def template(path: str) -> str:
    """The path as a document names it."""
    return _IN_PATH.sub(r"{\1}", path)


def _of_signature(route: HTTPRouteHandler) -> Iterator[Parameter]:
    arguments = signature(route.fn).parameters
    for name, hint in get_type_hints(route.fn, include_extras=True).items():
        told = next((each for each in get_args(hint)[1:] if isinstance(each, QueryParameter)), None)
        if get_origin(hint) is Annotated and told is not None:
            default = arguments[name].default
            needed = default is Argument.empty
            kind = _bounded(get_args(hint)[0], told)
            yield _queried(told.name or name, kind, None if needed else default, needed=needed)


def _bounded(kind: Any, told: KwargDefinition) -> Any:
    bounds = {name: getattr(told, name) for name in ("ge", "le", "min_length", "max_length")}
    said = {name: value for name, value in bounds.items() if value is not None}
    if not said:
        return kind
    bare = [each for each in get_args(kind) if each is not type(None)]
    return Annotated[bare[0] if bare else kind, Meta(**said)]


def _queried(name: str, kind: Any, default: Any, *, needed: bool = False) -> Parameter:
    schema = schemas.of_value(kind)
    choices = [each for each in schema.pop("anyOf", ()) if each != {"type": "null"}]
    schema |= choices[0] if choices else {}
    if default is not None:
        schema["default"] = default
    return {"name": name, "in": "query", "required": needed, "schema": schema}
