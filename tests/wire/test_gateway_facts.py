"""The facts that libraries rely on are each held by a test that exists."""

from __future__ import annotations

import re
from pathlib import Path

_ROOT = Path(__file__).parents[2]


def test_every_fact_of_the_gateway_has_a_test_by_name() -> None:
    page = (_ROOT / "docs" / "wire" / "gateway-facts.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith(("| fact", "| ---"))]
    named = [re.fullmatch(r"\| .+ \| `(test_\w+)` \|", row) for row in rows]
    sources = "\n".join(each.read_text() for each in (_ROOT / "tests").rglob("test_*.py"))
    known = set(re.findall(r"^def (test_\w+)\(", sources, re.MULTILINE))
    assert len(rows) > 50
    assert [row for row, name in zip(rows, named, strict=True) if name is None or name[1] not in known] == []
