"""The same at length, on one database: what is stored where decides nothing here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.permissions import rounds

_CASES = 100_000


@pytest.mark.slow
def test_a_hundred_thousand_random_cases_leak_nothing_and_refuse_nothing_else(tmp_path: Path) -> None:
    assert rounds.play(tmp_path, range(1000, 1130), rounds=5) >= _CASES
