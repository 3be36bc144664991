"""The tables in the pages on errors and permissions are those of the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from derailed.model import permissions
from derailed.wire.error_codes import ERROR_CODES

DOCS: Final = Path(__file__).parents[2] / "docs"
NOT_ONE_BIT: Final = {"ALL", "OF_WEBHOOK", "OF_RECIPIENT", "OF_UNHEARD", "EVERYONE_DEFAULT"}


def rows(page: str, pattern: str) -> list[tuple[str, ...]]:
    """The cells of every row of the page that is of that form."""
    return re.findall(pattern, (DOCS / page).read_text(), re.MULTILINE)


def test_every_error_is_listed_once_with_its_message() -> None:
    listed = rows("errors.md", r"^\| (\d+) \| (\d+) \| (.+) \|$")
    known = {(str(each.status), str(each.code), each.message) for each in ERROR_CODES.values()}
    assert listed == sorted(known, key=lambda each: (int(each[0]), int(each[1]), each[2]))


def test_every_permission_is_listed_with_its_bit() -> None:
    listed = {name: int(bit) for bit, name in rows("permissions.md", r"^\| (\d+) \| `([A-Z_]+)` \|")}
    named = {
        name: bits.bit_length() - 1
        for name, bits in vars(permissions).items()
        if name.isupper() and not name.startswith("_") and name not in NOT_ONE_BIT
    }
    assert listed == named
