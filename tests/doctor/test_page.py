"""The page for operators lists every finding, as the table has it."""

from __future__ import annotations

from pathlib import Path

from derailed.doctor.table import CHECKS, SETTING_WRONG

PAGE = (Path(__file__).parents[2] / "docs" / "operating.md").read_text()


def test_the_page_lists_every_finding_with_its_remedy() -> None:
    rows = [SETTING_WRONG, *((check.name, check.when, check.remedy) for check in CHECKS)]
    table = "\n".join(f"| `{name}` | {when} | {remedy} |" for name, when, remedy in rows)
    _, _, after = PAGE.partition("| finding | what it is about | what to do |\n| --- | --- | --- |\n")
    assert after.partition("\n\n")[0] == table
