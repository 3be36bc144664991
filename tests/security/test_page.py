"""The page on security names tests, each where it is; they exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parents[2]
_PAGE: Final = (_ROOT / "docs" / "security.md").read_text()
_DOORS: Final = ("REST", "Gateway", "gRPC", "broker", "blobs", "unfurling", "Lua")


def test_every_test_that_the_page_names_is_where_it_says() -> None:
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", _PAGE)
    assert len(named) > 80
    wrong = [
        f"{path}::{name}"
        for path, name in named
        if not re.search(rf"^(?:async )?def {name}\(", (_ROOT / "tests" / path).read_text(), re.MULTILINE)
    ]
    assert wrong == []


def test_every_attack_has_a_test() -> None:
    tables = re.findall(r"^\| attack.*\n\| --- \| --- \|\n((?:\|.+\n)+)", _PAGE, re.MULTILINE)
    rows = [row for table in tables for row in table.splitlines()]
    assert len(tables) >= 9
    assert [row for row in rows if not re.search(r"`[\w/]+\.(?:py::test_\w+|test\.ts)`", row)] == []


def test_every_file_that_the_page_names_is_there() -> None:
    for path in re.findall(r"`((?:tests|web)/[\w/.]+)`", _PAGE):
        assert (_ROOT / path).exists(), path


def test_every_door_is_on_the_page() -> None:
    table = _PAGE.partition("| door |")[2].partition("\n\n")[0]
    assert [door for door in _DOORS if not re.search(rf"^\| .*{door}", table, re.MULTILINE)] == []
