"""Examples of bodies: those of the pages, which `tests/wire/test_docs.py` sends to the real API."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

_EXAMPLE: Final = re.compile(r"```http\n(\w+) (\S+)(?: as \w+)?\n([^→`]+)\n→ 2")
_NAMED: Final = re.compile(r"<[\w ]+>")
_PARAMETER: Final = re.compile(r"\{\w+\}")
_SOME_ID: Final = "1258291200000000001"


def put_into(paths: Mapping[str, Any], texts: Iterable[str]) -> None:
    """Show each body beside the schema of the operation that takes it."""
    patterns = {path: re.compile("[^/]+".join(map(re.escape, _PARAMETER.split(path)))) for path in paths}
    for method, address, body in _found(texts):
        for path, pattern in patterns.items():
            if method in paths[path] and pattern.fullmatch(address):
                content = paths[path][method]["requestBody"]["content"]["application/json"]
                shown = content.setdefault("examples", {})
                shown[f"{len(shown) + 1}"] = {"value": body}
                break


def _found(texts: Iterable[str]) -> Iterator[tuple[str, str, Any]]:
    for text in texts:
        for method, address, body in _EXAMPLE.findall(text):
            path = _NAMED.sub(_SOME_ID, address).partition("?")[0]
            yield method.lower(), f"/api/v10{path}", json.loads(_NAMED.sub(_SOME_ID, body))
