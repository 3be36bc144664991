"""The page on security names tests; they exist."""

from __future__ import annotations

import re
from pathlib import Path

_ROOT = Path(__file__).parents[2]


def test_every_test_that_the_page_names_exists() -> None:
    named = re.findall(r"`(test_\w+)`", (_ROOT / "docs" / "security.md").read_text())
    sources = "\n".join(each.read_text() for each in (_ROOT / "tests").rglob("test_*.py"))
    known = set(re.findall(r"^def (test_\w+)\(", sources, re.MULTILINE))
    assert len(named) > 40
    assert not set(named) - known
