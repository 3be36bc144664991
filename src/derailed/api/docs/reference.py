"""The document as HTML: the routes of a noun, and the types."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final

from markdown_it import MarkdownIt

Document = Mapping[str, Any]

_BOUNDS: Final = (("minimum", "≥"), ("maximum", "≤"), ("minLength", "length ≥"), ("maxLength", "length ≤"))
_MORE_BOUNDS: Final = (("minItems", "items ≥"), ("maxItems", "items ≤"))
_HUGE: Final = 1 << 62
"""What is no bound that anybody need read: the largest id."""


def of_tag(document: Document, tag: str) -> str:
    """The routes of one noun, each with what it takes, answers and refuses."""
    sections = "".join(_operation(method, path, told) for method, path, told in _of(document, tag))
    return f"<h1>{escape(tag.capitalize())}</h1>{sections}"


def listed(document: Document, tag: str, page: str) -> str:
    """The same routes in a line each."""
    rows = "".join(
        f'<tr><td><a href="/docs/api/{page}#{_id(told)}">{_route(method, path)}</a></td>'
        f"<td>{_prose(told['summary'])}</td></tr>"
        for method, path, told in _of(document, tag)
    )
    return f'<div class="wide"><table><tbody>{rows}</tbody></table></div>'


def types(document: Document) -> str:
    """Every type that routes take or answer."""
    schemas = document["components"]["schemas"]
    return "<h1>Types</h1>" + "".join(
        f'<section id="{name}"><h2>{name}</h2><p>{_prose(schema.get("description", ""))}</p>{_fields(schema)}</section>'
        for name, schema in schemas.items()
    )


def _of(document: Document, tag: str) -> Iterator[tuple[str, str, Document]]:
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            if tag in told["tags"]:
                yield method.upper(), path, told


def _operation(method: str, path: str, told: Document) -> str:
    anybody = " <em>Needs no token.</em>" if told.get("security") == [] else ""
    return (
        f'<section id="{_id(told)}"><h2>{_route(method, path)}</h2><p>{_prose(told["summary"])}{anybody}</p>'
        f"{_parameters(told['parameters'])}{_body(told.get('requestBody'))}{_answers(told['responses'])}</section>"
    )


def _parameters(parameters: Sequence[Document]) -> str:
    rows = [
        (f"<code>{escape(each['name'])}</code>", each["in"], _type(each["schema"]), _need(each["required"]))
        for each in parameters
    ]
    return _table("Parameters", rows)


def _body(body: Document | None) -> str:
    if body is None:
        return ""
    shown = (each["value"] for told in body["content"].values() for each in told.get("examples", {}).values())
    examples = "".join(f"<pre><code>{escape(json.dumps(each, ensure_ascii=False))}</code></pre>" for each in shown)
    kinds = [(escape(kind), _type(told["schema"])) for kind, told in body["content"].items()]
    return _table("Body", kinds) + examples


def _answers(responses: Document) -> str:
    good, bad = [], []
    for status, told in responses.items():
        for kind, content in told.get("content", {"": {"schema": {}}}).items():
            if "examples" in content:
                bad += [(status, *_error(each["value"])) for each in content["examples"].values()]
            else:
                good.append((status, _type(content["schema"]) if kind else escape(told["description"])))
    return _table("Answers", good) + _table("Refusals", list(dict.fromkeys(bad)))


def _error(example: Document) -> tuple[str, str]:
    return str(example.get("code", "")), escape(example["message"])


def _fields(schema: Document) -> str:
    required = schema.get("required", ())
    rows = [
        (f"<code>{escape(name)}</code>", _type(told), _need(name in required), _prose(told.get("description", "")))
        for name, told in schema.get("properties", {}).items()
    ]
    return _table("", rows)


def _need(required: bool) -> str:
    return "required" if required else "optional"


def _type(schema: Document) -> str:
    """The type in a few words, with links to those that have a name."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="/docs/api/types#{name}">{name}</a>'
    for joined in ("anyOf", "allOf"):
        if joined in schema:
            return " or ".join(_type(each) for each in schema[joined])
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}{_bounds(schema)}"
    if kind == "object" and "properties" in schema:
        return "form of " + ", ".join(f"<code>{escape(name)}</code>" for name in schema["properties"])
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    default = f", else <code>{escape(str(schema['default']))}</code>" if schema.get("default") is not None else ""
    return f"{kind}{_bounds(schema)}{default}"


def _bounds(schema: Document) -> str:
    said = [
        f"{sign} {schema[name]}"
        for name, sign in (*_BOUNDS, *_MORE_BOUNDS)
        if name in schema and schema[name] < _HUGE and (name, schema[name]) != ("minimum", 0)
    ]
    return f" ({', '.join(said)})" if said else ""


def _table(title: str, rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    head = f"<h3>{title}</h3>" if title else ""
    return f'{head}<div class="wide"><table><tbody>{body}</tbody></table></div>'


def _prose(text: str) -> str:
    html: str = MarkdownIt("commonmark", {"html": False}).renderInline(text)
    return html


def _route(method: str, path: str) -> str:
    return f'<code><b class="{method.lower()}">{method}</b> {escape(path)}</code>'


def _id(told: Document) -> str:
    return escape(told["operationId"])
