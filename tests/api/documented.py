"""Every answer that a test gets is held to the document: its status, and all keys of its body."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final
from urllib.parse import quote

import httpx
from jsonschema_rs import Draft202012, Draft202012Validator, Registry

from derailed.api import app, paths
from derailed.api.docs.document import document

_PARAMETER: Final = re.compile(r"\{\w+\}")
_DOCUMENT: Final = "urn:derailed:api"
_WRONG_METHOD: Final = 405
"""Not of any route: where there is one, the document has its method."""


def check(method: str, path: str, answer: httpx.Response) -> None:
    """Assert that the document has such an answer, when it has such a request."""
    method, status = method.lower(), answer.status_code
    template = _template(method, paths.normal(path) or path)
    if template is None or status == _WRONG_METHOD:
        return
    about = f"{method} {path}: {status} {answer.text[:300]}"
    told = whole()["paths"][template][method]["responses"].get(str(status))
    assert told is not None, f"{about} is in no document"
    if answer.headers.get("content-type") == "application/json":
        errors = _validator(template, method, status).iter_errors(answer.json())
        wrong = [f"{error.instance_path}: {error.message}" for error in errors]
        assert wrong == [], f"{wrong} {about}"
    else:
        assert "application/json" not in told.get("content", ()), about


@cache
def whole() -> dict[str, Any]:
    """The document, whose answers have no keys but those that it names."""
    told = document(app.ROUTES)
    for schema in told["components"]["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return told


@cache
def _validator(pattern: str, method: str, status: int) -> Draft202012Validator:
    place = ("paths", pattern, method, "responses", str(status), "content", "application/json", "schema")
    pointer = "/".join(quote(part.replace("~", "~0").replace("/", "~1")) for part in place)
    return Draft202012Validator({"$ref": f"{_DOCUMENT}#/{pointer}"}, registry=_registry())


@cache
def _registry() -> Registry:
    """The document, read once: a validator that holds all of its components takes a megabyte and a half."""
    return Registry([(_DOCUMENT, whole())], draft=Draft202012)


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """The paths, those with fewer parameters first."""
    found = sorted(whole()["paths"], key=lambda path: path.count("{"))
    return [(re.compile("[^/]+".join(map(re.escape, _PARAMETER.split(path)))), path) for path in found]


def _template(method: str, path: str) -> str | None:
    matching = (template for pattern, template in _patterns() if pattern.fullmatch(path))
    return next((template for template in matching if method in whole()["paths"][template]), None)
