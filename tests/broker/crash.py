"""What a log that is killed leaves behind, without killing anything: its files as they are at one moment."""

from __future__ import annotations

import shutil
from pathlib import Path

from derailed.broker import opening


def leave_behind(folder: Path, target: Path) -> None:
    """Copy the files of an open log. RocksDB may be tidying up behind us: then the copy is of no moment; once more."""
    while True:
        try:
            before = files(folder)
            shutil.copytree(folder, target, ignore=shutil.ignore_patterns("LOCK", "LOG*"))
            if before == files(folder):
                if (target / opening.VOUCHED).exists():
                    opening.vouch(target / opening.VOUCHED)  # to the log it is the same file, not a copy's
                return
        except (shutil.Error, FileNotFoundError):
            pass
        shutil.rmtree(target, ignore_errors=True)


def files(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in folder.iterdir() if not path.name.startswith("LO")}
