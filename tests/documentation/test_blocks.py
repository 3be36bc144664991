"""No block of the documentation is without a test: whoever adds one is told here."""

from __future__ import annotations

import pytest

from tests.documentation.blocks import COMMANDS, ELSEWHERE, ROOT, RUN_BY, SHOWN, Block, blocks
from tests.wire.test_docs import PAGES

BLOCKS = list(blocks())


def test_every_block_is_run_by_a_test_or_is_no_command() -> None:
    assert [f"{block.page}: {block.text.strip()[:60]!r}" for block in BLOCKS if not _is_seen_to(block)] == []


def _is_seen_to(block: Block) -> bool:
    if block.kind == "sh":
        return True  # all are run by COMMANDS, but for those that are run ELSEWHERE
    if block.kind:
        return (block.page, block.kind) in RUN_BY
    return block.page == "ARCHITECTURE.md" or any(block.text.startswith(begins) for begins in SHOWN)  # its drawings


@pytest.mark.parametrize("key", RUN_BY, ids=str)
def test_what_runs_them_names_the_page(key: tuple[str, str]) -> None:
    page, kind = key
    assert [block for block in BLOCKS if (block.page, block.kind) == key], "there is none any more"
    text = (ROOT / RUN_BY[key]).read_text()
    assert page.rpartition("/")[2] in text
    assert kind in text
    if RUN_BY[key] == "tests/wire/test_docs.py":
        assert page.removeprefix("docs/") in PAGES


def test_nothing_is_said_to_be_run_that_is_not_there() -> None:
    texts = {block.text.strip() for block in BLOCKS if block.kind == "sh"}
    assert ELSEWHERE.keys() <= texts
    for file, word in ELSEWHERE.values():
        assert word in (ROOT / file).read_text()
    for begins in SHOWN:
        assert [block for block in BLOCKS if not block.kind and block.text.startswith(begins)], begins
    assert (ROOT / COMMANDS).exists()
