"""`python -m tools.audit`: a line for each thing that is wrong, and exit code 1 if there is one."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.audit import npm, python

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Audit this clone."""
    wrong = [*python.of_all(ROOT), *npm.of_all(ROOT)]
    for line in wrong:
        print(f"audit: {line}", file=sys.stderr)
    if wrong:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
