"""What the pages of the API show is what a client gets."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from derailed.api import app
from tests.api.door import Door, visit

DOCS = Path(__file__).parents[2] / "docs"
PAGES = (
    "wire/rest.md",
    "wire/people.md",
    "wire/conversations.md",
    "wire/reading.md",
    "tokens.md",
    "permissions.md",
    "errors.md",
)
EXAMPLE = re.compile(r"```http\n(\w+) (.+?)(?: as (\w+))?\n(.*?)→ (\d+)\n(.*?)```", re.DOTALL)
PARAMETER, SHORT = re.compile(r"{(\w+?)(?:_id)?:\w+}"), r"{\1}"
NAME = re.compile(r"<([\w ]+)>")


@pytest.mark.parametrize("page", PAGES)
def test_every_example_is_answered_as_it_says(tmp_path: Path, page: str) -> None:
    examples = EXAMPLE.findall((DOCS / page).read_text())
    assert examples

    async def story(door: Door) -> None:
        known: dict[str, str] = {}
        for method, path, who, sent, status, expected in examples:
            body = json.loads(filled(sent, known)) if sent else None
            answer = await door.ask(method, filled(path, known), body, token=known.get(who, ""))
            assert answer.status_code == int(status), (method, path, answer.text)
            if expected:
                match(json.loads(expected), answer.json(), known)
            else:
                assert answer.content == b""

    visit(tmp_path, story)


def test_every_route_is_listed() -> None:
    text = (DOCS / "wire" / "rest.md").read_text()
    listed = set(re.findall(r"^\| `(\w+ /.+?)` \|", text, re.MULTILINE))
    served = {
        f"{method} {PARAMETER.sub(SHORT, path)}"
        for route in app.ROUTES
        for path in route.paths
        for method in route.http_methods
    }
    assert listed == served


def filled(text: str, known: dict[str, str]) -> str:
    """The text with what earlier answers have named."""
    return NAME.sub(lambda name: known[name[1]], text)


def match(expected: Any, found: Any, known: dict[str, str]) -> None:
    """Assert that it is what the document shows, and remember what that gives a name."""
    if isinstance(expected, dict):
        if expected.pop("…", None) is None:
            assert expected.keys() == found.keys()
        for key, value in expected.items():
            if key == "token" and value:
                known.pop(value.strip("<>"), None)  # another one of the same person
            match(value, found[key], known)
    elif isinstance(expected, list):
        assert len(expected) == len(found)
        for one, other in zip(expected, found, strict=True):
            match(one, other, known)
    elif isinstance(expected, str) and (name := NAME.fullmatch(expected)):
        assert known.setdefault(name[1], found) == found
    elif expected != "…":
        assert expected == found
