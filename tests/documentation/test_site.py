"""The site is built, every page of ours is in it, and a link that leads nowhere is found."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tools import docs


def test_the_site_has_every_page_and_no_link_that_leads_nowhere(tmp_path: Path) -> None:
    count = docs.build(docs.ROOT, tmp_path / "site")
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) == count
    sources = [*(docs.ROOT / "docs").rglob("*.md"), *docs.ROOT.glob("*.md")]
    assert len(pages) > len(sources) - 1
    for page in pages:
        text = page.read_text()
        assert "<script" not in text
        assert re.findall(r'(?:src|href)="(?://|javascript:)', text) == []
        assert text.count("aria-current") <= 1
    menu = (tmp_path / "site" / "index.html").read_text()
    for page in (*pages, tmp_path / "site" / "style.css"):
        assert f'"{page.relative_to(tmp_path / "site")}"' in menu


def test_a_link_that_leads_nowhere_is_told_and_nothing_is_built(tmp_path: Path) -> None:
    for folder in ("docs", "bench/results"):
        shutil.copytree(docs.ROOT / folder, tmp_path / folder)
    for file in docs.ROOT.glob("*.md"):
        shutil.copy(file, tmp_path)
    page = tmp_path / "docs" / "start.md"
    page.write_text(page.read_text() + "\n[a](nowhere.md) [b](bots.md#nothing) [c](#live-numbers)\n")
    with pytest.raises(docs.BrokenLinks) as told:
        docs.build(tmp_path, tmp_path / "site")
    lines = str(told.value).splitlines()
    assert "start.html: nowhere.html leads nowhere" in lines
    assert "start.html: bots.html#nothing leads nowhere" in lines
    assert not [line for line in lines if "#live-numbers" in line]
    assert not (tmp_path / "site").exists()
