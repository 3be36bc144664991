"""Finding a log again: its database, its buckets, and what it wrote down about itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import structlog
from rocksdict import Cache, Rdict

from derailed.broker import FIRST_OFFSET, LogDamaged, marks, storage
from derailed.broker.buckets import Buckets, Retention

VOUCHED: Final = "VOUCHED"
"""A file that is there while nothing is in doubt. A full disk may refuse every mark, but lets a file be deleted.
It holds its own number in the file system: a copy of the log has another, and may lack what was appended since."""

_PROBE: Final = "ROOM"
_ROOM: Final = 4 << 20
"""Beside what is in the journals: the table of contents, a journal, and some records."""

_log = structlog.get_logger()


class Found(NamedTuple):
    """A log as it was left, or an empty one."""

    database: Rdict
    buckets: Buckets
    head: marks.Head
    identity: marks.Identity | None


def find(folder: Path, retention: Retention, *, keep: bool) -> Found:
    """Open the folder. What is damaged is set aside for an empty log; with `keep` it raises LogDamaged instead."""
    try:
        return _open(folder, retention)
    except Exception as error:
        if not storage.is_damage(error):
            raise
        reason = str(error)
    if keep:
        raise LogDamaged(storage.about_damage(folder, reason))
    # not in the handler: the traceback there keeps hold of the damaged database
    storage.set_aside(folder, reason)
    return _open(folder, retention)


def require_room(folder: Path) -> None:
    """Raise OSError unless there is room for what opening a log again may write: all of its journals once more."""
    size = sum(journal.stat().st_size for journal in folder.glob("*.log")) + _ROOM
    probe = folder / _PROBE
    try:
        with probe.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)
    finally:
        probe.unlink(missing_ok=True)


def vouch(vouched: Path) -> None:
    """Nothing is in doubt. What says so already is not written again: the disk may be full by now."""
    vouched.touch()
    number = str(vouched.stat().st_ino)
    if vouched.read_text() != number:
        vouched.write_text(number)


def is_vouched(vouched: Path) -> bool:
    """Whether nothing was in doubt, and this is where it was so."""
    return vouched.exists() and vouched.read_text() in ("", str(vouched.stat().st_ino))


def vouches(vouched: Path, found: Found, boot: str) -> bool:
    """Nothing of its epoch can be lost: the log did not fail, and it was closed or the machine has run since."""
    identity = found.identity
    if identity is None:
        return False
    in_doubt = not is_vouched(vouched)
    if not in_doubt and (identity.closed or identity.boot == boot != ""):
        return True
    reason = "the log failed, or is a copy" if in_doubt else "the machine stopped before the log was closed"
    _log.warning("log_epoch_ended", reason=reason, head=found.head.offset)
    return False


def _open(folder: Path, retention: Retention) -> Found:
    options = storage.tuned(Cache(storage.CACHE))
    database, names = storage.open_database(folder, options)
    stored = database.get(marks.HEAD)
    head = marks.Head(FIRST_OFFSET - 1, 0) if stored is None else marks.head(stored)
    stored = database.get(marks.IDENTITY)
    identity = None if stored is None else marks.identity(stored)
    if identity is None and (folder / VOUCHED).exists():
        database.close()
        raise msgspec.DecodeError("its journal is missing")
    return Found(database, Buckets(database, names, options, retention, head.offset), head, identity)
