"""What goes wrong, as an answer. Nothing a client does is a 500."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from derailed.api import paths
from derailed.api.answers import Answer, field_error, refused, unreadable
from derailed.api.asking import SENT
from derailed.api.complaints import complaints
from derailed.model.errors import FieldError, Invalid, Refusal

_MISSING: Final = re.compile(r"^Missing required query parameter '(\w+)'")
Body = tuple[Any, bytes]
"""What a route takes, and what it was sent."""

_log: Final = structlog.stdlib.get_logger(__name__)


def answer(method: str, path: str, error: Exception, body: Body | None = None) -> Answer:
    """What goes back when a request could not be answered as it was meant to be."""
    match error:
        case Refusal():
            return refused(error)
        case msgspec.DecodeError():
            return unreadable(error)
        case RecursionError() | UnicodeDecodeError():
            return refused(Invalid("bad_json"))  # nested beyond all reason, or a string that is no UTF-8
        case HTTPException(status_code=404):
            return refused(Refusal(paths.unknown(path) or "unknown_route"))
        case HTTPException(status_code=405):
            return refused(Refusal("wrong_method"))
        case HTTPException(status_code=400):
            return refused(_misshapen(error, body))
        case _:
            return _unexpected(method, path, error)


def _misshapen(error: HTTPException, body: Body | None) -> Invalid:
    """What Litestar found wrong with a body or a query."""
    missing = _MISSING.search(error.detail)
    if missing is not None:
        return Invalid("invalid_form", FieldError((missing[1],), "BASE_TYPE_REQUIRED", "This field is required"))
    cause = error.__cause__
    if not isinstance(cause, msgspec.ValidationError):
        return Invalid("bad_json")
    every = () if body is None else complaints(*body)
    if every:
        return Invalid("invalid_form", *every)
    field = field_error(cause)
    path = field.path[1:] if field.path[:1] == ("data",) else field.path
    return Invalid("invalid_form", FieldError(path, field.code, field.message))


def _unexpected(method: str, path: str, error: Exception) -> Answer:
    """Our mistake: the log has it under the id that the client is given."""
    _log.error("request failed", route=f"{method} {paths.shape(path)}", exc_info=error)
    return refused(Refusal("internal"))


def _handle(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    status, headers, body = answer(request.scope["method"], request.scope["path"], error, _body(request))
    named = {name.decode(): value.decode() for name, value in headers if name != b"content-length"}
    return Response(body, status_code=status, headers=named, media_type="application/json")


def _body(request: Request[Any, Any, Any]) -> Body | None:
    """What was sent, and what it should have been, where the route takes something and it was read."""
    sent = request.state.get(SENT)
    if sent is None:
        return None
    field = request.scope["route_handler"].parsed_data_field
    return None if field is None else (field.annotation, sent)


HANDLERS: Final[ExceptionHandlersMap] = {Exception: _handle}
