"""What goes wrong, as an answer. Nothing a client does is a 500."""

from __future__ import annotations

import re
import uuid
from typing import Any, Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from derailed.api import paths
from derailed.api.answers import Answer, field_error, refused
from derailed.model.errors import FieldError, Invalid, Refusal

_MISSING: Final = re.compile(r"^Missing required query parameter '(\w+)'")
_log: Final = structlog.stdlib.get_logger(__name__)


def _refusal(request: Request[Any, Any, Any], error: Refusal) -> Response[bytes]:
    return _response(refused(error))


def _of_framework(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """What Litestar refuses by itself: routes, methods, bodies and queries of the wrong shape."""
    match error.status_code:
        case 404:
            return _response(refused(Refusal(paths.unknown(request.scope["path"]) or "unknown_route")))
        case 405:
            return _response(refused(Refusal("wrong_method")))
        case 400:
            return _response(refused(_misshapen(error)))
        case _:
            return _unexpected(request, error)


def _misshapen(error: HTTPException) -> Invalid:
    missing = _MISSING.search(error.detail)
    if missing is not None:
        return Invalid("invalid_form", FieldError((missing[1],), "BASE_TYPE_REQUIRED", "This field is required"))
    cause = error.__cause__
    if not isinstance(cause, msgspec.ValidationError):
        return Invalid("bad_json")
    field = field_error(cause)
    path = field.path[1:] if field.path[:1] == ("data",) else field.path
    return Invalid("invalid_form", FieldError(path, field.code, field.message))


def _nested(request: Request[Any, Any, Any], error: RecursionError) -> Response[bytes]:
    return _response(refused(Invalid("bad_json")))


def _unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Our mistake: the log has it under the id that the client is given."""
    request_id = uuid.uuid4().hex
    where = f"{request.scope['method']} {paths.shape(request.scope['path'])}"
    _log.error("request failed", request=request_id, route=where, exc_info=error)
    response = _response(refused(Refusal("internal")))
    response.headers["x-request-id"] = request_id
    return response


def _response(answer: Answer) -> Response[bytes]:
    headers = {name.decode(): value.decode() for name, value in answer.headers if name != b"content-length"}
    return Response(answer.body, status_code=answer.status, headers=headers, media_type="application/json")


HANDLERS: Final[ExceptionHandlersMap] = {
    Refusal: _refusal,
    HTTPException: _of_framework,
    RecursionError: _nested,
    Exception: _unexpected,
}
