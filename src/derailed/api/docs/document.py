"""The API as an OpenAPI 3.1 document, made from the routes and the types that they decode and encode."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, get_args, get_origin, get_type_hints

from litestar import Response
from litestar.handlers import HTTPRouteHandler

from derailed.api.asking import ANYBODY
from derailed.api.declaring import GIVES, REFUSES
from derailed.api.docs import downloads, examples, parameters, refusals
from derailed.api.docs.schemas import Schemas
from derailed.api.forms import AskedWithFiles
from derailed.wire import limits

Document = dict[str, Any]

_PREFIX: Final = "/api/v10"
_TOKENS: Final[list[dict[str, list[str]]]] = [{"bot": []}, {"user": []}]
_PACE: Final = ("X-RateLimit-Bucket", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
_HEADERS: Final[Document] = {
    "X-RateLimit-Bucket": ("The bucket that this request was counted in.", {"type": "string"}),
    "X-RateLimit-Limit": ("How many fit into its window.", {"type": "integer", "minimum": 1}),
    "X-RateLimit-Remaining": ("How many are left.", {"type": "integer", "minimum": 0}),
    "X-RateLimit-Reset": ("When the window is over, in Unix seconds.", {"type": "number"}),
    "X-RateLimit-Reset-After": ("The same, in seconds from now.", {"type": "number"}),
    "Retry-After": ("For how many seconds to wait.", {"type": "integer", "minimum": 0}),
}
_DESCRIPTION: Final = (
    "Paths, bodies, codes and limits are those of Discord's API v10, as far as they go here. The routes answer under "
    "`/api/v10`, `/api/v9` and `/api`, with or without a slash at the end. Keys that are not named are ignored."
)


def document(routes: Iterable[HTTPRouteHandler], texts: Iterable[str] = ()) -> Document:
    """The whole of it, with the examples that are in these pages."""
    routes = tuple(routes)
    bodies = [found for route in routes if (found := _body_of(route)) is not None]
    answers = [kind for route in routes for _, kind in _answers_of(route) if kind is not type(None)]
    schemas = Schemas(bodies, answers)
    paths: dict[str, Document] = {}
    for route in routes:
        for path in sorted(route.paths):
            for method in sorted(route.http_methods):
                at = paths.setdefault(_PREFIX + parameters.template(path), {})
                at[str(method).lower()] = _operation(route, path, schemas)
    examples.put_into(paths, texts)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Derailed", "version": "10", "description": _DESCRIPTION},
        "servers": [{"url": "/"}],
        "security": _TOKENS,
        "tags": [{"name": name} for name in sorted({_noun(route) for route in routes} | {downloads.TAG})],
        "paths": dict(sorted({**paths, **downloads.PATHS}.items())),
        "components": {
            "schemas": {**schemas.components, **_ERRORS},
            "headers": {name: {"description": told, "schema": schema} for name, (told, schema) in _HEADERS.items()},
            "securitySchemes": {
                "bot": _token("`Bot ` and the token of a bot."),
                "user": _token("The token of a person."),
            },
        },
    }


def refused_by(route: HTTPRouteHandler, path: str) -> frozenset[str]:
    """Every reason for which the route, at that path, can refuse."""
    return refused_by_kind(route, path) | frozenset(route.opt.get(REFUSES, ()))


def refused_by_kind(route: HTTPRouteHandler, path: str) -> frozenset[str]:
    """The reasons that all routes have which take the same."""
    takes_body, takes_query = _body_of(route) is not None, bool(parameters.in_query(route))
    return refusals.in_common(path, token=not _is_open(route), body=takes_body, query=takes_query)


def _operation(route: HTTPRouteHandler, path: str, schemas: Schemas) -> Document:
    body = _body_of(route)
    queried = parameters.in_query(route)
    said = (route.fn.__doc__ or "").strip()
    operation: Document = {
        "operationId": _operation_id(route, path),
        "tags": [_noun(route)],
        "summary": said.splitlines()[0],
        "parameters": parameters.in_path(path) + queried + parameters.in_headers(route),
        "responses": _responses(route, schemas) | refusals.responses(refused_by(route, path)),
    }
    if body is not None:
        operation["requestBody"] = _request_body(route, schemas.sent(body))
    if _is_open(route):
        operation["security"] = []
    return operation


def _responses(route: HTTPRouteHandler, schemas: Schemas) -> Document:
    return {
        str(status): {
            "description": "Done." if kind is type(None) else "What was asked for.",
            "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in (*_PACE, "X-RateLimit-Reset-After")},
            **_content(route, kind, schemas),
        }
        for status, kind in _answers_of(route)
    }


def _content(route: HTTPRouteHandler, kind: Any, schemas: Schemas) -> Document:
    file = route.opt.get(GIVES)
    if file is not None:
        return {"content": {file: {"schema": {"type": "string", "format": "binary"}}}}
    return {} if kind is type(None) else {"content": {"application/json": {"schema": schemas.shown(kind)}}}


def _answers_of(route: HTTPRouteHandler) -> Iterator[tuple[int, Any]]:
    """The statuses when all goes well, and what is answered with each."""
    kind = get_type_hints(route.fn, include_extras=True)["return"]
    if get_origin(kind) is Response:
        (kind,) = get_args(kind)
    yield route.status_code, kind
    for status, told in (route.responses or {}).items():
        yield status, told.data_container or type(None)


def _body_of(route: HTTPRouteHandler) -> Any:
    hint = get_type_hints(route.fn, include_extras=True).get("data")
    return None if hint is None else get_args(hint)[0]


def _request_body(route: HTTPRouteHandler, schema: Document) -> Document:
    content: Document = {"application/json": {"schema": schema}}
    if route.request_class is AskedWithFiles:
        files = {f"files[{n}]": {"type": "string", "format": "binary"} for n in range(limits.ATTACHMENTS)}
        content["multipart/form-data"] = {
            "schema": {
                "type": "object",
                "properties": {"payload_json": schema, **files},
                "additionalProperties": False,
            },
            "encoding": {"payload_json": {"contentType": "application/json"}},
        }
    return {"content": content, "required": True}


def _is_open(route: HTTPRouteHandler) -> bool:
    return ANYBODY.items() <= route.opt.items()


def _noun(route: HTTPRouteHandler) -> str:
    return route.fn.__module__.rpartition(".")[2].replace("_", " ")


def _operation_id(route: HTTPRouteHandler, path: str) -> str:
    """The noun and the function; a route of several paths is told apart by the words in them."""
    name = f"{_noun(route).replace(' ', '_')}.{route.fn.__name__.strip('_')}"
    if len(route.paths) == 1:
        return name
    return f"{name}:" + "-".join(step for step in path.strip("/").split("/") if not step.startswith("{"))


def _token(told: str) -> Document:
    return {"type": "apiKey", "in": "header", "name": "Authorization", "description": told}


_LEAF: Final[Document] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
        "required": ["code", "message"],
    },
}
_ERRORS: Final[Document] = {
    "Error": {
        "description": "Why not. `code` is Discord's JSON code, 0 where the status says it all.",
        "type": "object",
        "properties": {
            "message": {"type": "string"},
            "code": {"type": "integer"},
            "errors": {"$ref": "#/components/schemas/Errors"},
        },
        "required": ["message", "code"],
    },
    "Errors": {
        "description": "A tree of keys and indices, as in the body; at its ends what is wrong there.",
        "type": "object",
        "properties": {"_errors": _LEAF},
        "additionalProperties": {"$ref": "#/components/schemas/Errors"},
    },
    "TooMany": {
        "description": "Too often. Nothing was done; the same will do after `retry_after` seconds.",
        "type": "object",
        "properties": {
            "message": {"type": "string"},
            "code": {"type": "integer"},
            "retry_after": {"type": "number", "minimum": 0},
            "global": {"type": "boolean"},
        },
        "required": ["message", "retry_after", "global"],
    },
}
