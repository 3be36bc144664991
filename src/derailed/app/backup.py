"""Backups: a folder with what an instance is, taken while its server runs, and put back where there is none.

The database is copied as it is at one moment, and files after it: what it names is then in the copy, unless it was
deleted meanwhile. The log is left out on purpose: it would remember what a database that is put back has forgotten.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from derailed.app.parts import make_data_folder
from derailed.app.secret import secret_in
from derailed.app.trouble import CannotStart
from derailed.settings import Settings

_DATABASE: Final = "derailed.sqlite"
_BLOBS: Final = "blobs"
_SECRET: Final = "secret"


def back_up(settings: Settings, to: Path) -> list[str]:
    """Make the folder `to`, as a whole or not at all; what is in it. Raises CannotStart."""
    if to.exists():
        raise CannotStart(f"{to} is there already: a backup is a folder of its own")
    half = to.with_name(f"{to.name}.half")
    with _trouble(f"{to}: the backup can not be made"):
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(mode=0o700, parents=True)
        if not settings.database_url:
            _copy_database(settings.database_path, half / _DATABASE)
        if not settings.blobs_url and settings.blobs_path.is_dir():
            shutil.copytree(settings.blobs_path, half / _BLOBS, copy_function=_copy_if_there)
        secret_in(settings.secret_path)
        _copy_if_there(settings.secret_path, half / _SECRET)
        _sync(half)
        half.rename(to)
        _sync_one(to.parent)
    return sorted(path.name for path in to.iterdir())


def restore(settings: Settings, backup: Path) -> None:
    """Put back what is in the backup. Raises CannotStart where anything would be overwritten."""
    if not (backup / _SECRET).is_file():
        raise CannotStart(f"{backup} is no backup: there is no {_SECRET} in it")
    if bool(settings.database_url) == (backup / _DATABASE).exists():
        raise CannotStart(f"{backup} was taken of {'SQLite' if settings.database_url else 'another database'}")
    folder = settings.data_dir
    make_data_folder(folder)
    targets = {_DATABASE: settings.database_path, _BLOBS: settings.blobs_path, _SECRET: settings.secret_path}
    there = [target for target in (*targets.values(), settings.log_path) if target.exists()]
    if there:
        raise CannotStart(f"{there[0]} is there already: a backup is put back where there is nothing")
    with _trouble(f"{backup}: it can not be put back"):
        # The database comes last: without it this is no instance yet, and can be begun anew.
        for name in (_BLOBS, _SECRET, _DATABASE):
            source, target = backup / name, targets[name]
            if source.is_dir():
                shutil.copytree(source, target)
            elif source.exists():
                shutil.copy2(source, target)
        _sync(folder)


def _copy_database(source: Path, target: Path) -> None:
    """As it is at one moment; whoever writes meanwhile does not wait, and is not in it."""
    if not source.exists():
        raise CannotStart(f"there is no database {source}")
    with closing(sqlite3.connect(source)) as here, closing(sqlite3.connect(target)) as there:
        here.backup(there)
        there.execute("PRAGMA journal_mode = DELETE")
        (sound,) = there.execute("PRAGMA quick_check(1)").fetchone()
    if sound != "ok":
        raise CannotStart(f"the copy of {source} is damaged ({sound})")
    target.chmod(0o600)


def _copy_if_there(source: str | Path, target: str | Path) -> None:
    """What was deleted since its folder was read is not missed."""
    try:
        shutil.copy2(source, target)
    except FileNotFoundError:
        Path(target).unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        _sync_one(path)


def _sync_one(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


@contextmanager
def _trouble(what: str) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error, shutil.Error) as error:
        raise CannotStart(f"{what} ({error})") from None
