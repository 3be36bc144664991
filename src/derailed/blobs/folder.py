"""Blobs as files of a folder, spread over subfolders; every touch of the disk is in a thread."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import shutil
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import BinaryIO, Final

from derailed.blobs import checked
from derailed.model.errors import Unavailable

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CHUNK: Final = 256 << 10
"""Enough that a hop to a thread for each does not show."""


class FolderBlobs:
    """The default. The folder is made with the first blob; several processes may share it."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, key: str, content: BinaryIO) -> None:
        """Write it beside its place, sync it, and only then give it its name. Raises Unavailable on a full disk."""
        path = self._path(key)
        try:
            await asyncio.to_thread(_write, path, content)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            await asyncio.to_thread(_unfinished(path).unlink, missing_ok=True)
            raise Unavailable("disk_full") from error

    async def find(self, key: str) -> _File | None:
        """The file, if there is one."""
        return await asyncio.to_thread(_stat, self._path(key))

    async def delete(self, key: str) -> None:
        """Remove the file, and what a crash left half written."""
        path = self._path(key)
        for name in (path, _unfinished(path)):
            await asyncio.to_thread(name.unlink, missing_ok=True)

    def _path(self, key: str) -> Path:
        """`attachments/1/2` is `3f/attachments.1.2`: a folder of a million files is slow to list, 256 are not."""
        shard = hashlib.sha256(checked(key).encode()).hexdigest()[:2]
        return self._root / shard / key.replace("/", ".")


class _File:
    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self.size = size

    async def read(self, start: int, length: int) -> AsyncGenerator[bytes, None]:
        """That part of the file."""
        file = await asyncio.to_thread(self._path.open, "rb", buffering=0)
        try:
            await asyncio.to_thread(file.seek, start)
            while length > 0:
                chunk = await asyncio.to_thread(file.read, min(length, _CHUNK))
                if not chunk:
                    raise EOFError(f"{self._path} is shorter than it was")
                length -= len(chunk)
                yield chunk
        finally:
            file.close()


def _stat(path: Path) -> _File | None:
    try:
        return _File(path, path.stat().st_size)
    except FileNotFoundError:
        return None


def _write(path: Path, content: BinaryIO) -> None:
    _make_folder(path.parent)
    unfinished = _unfinished(path)
    with unfinished.open("wb") as file:
        shutil.copyfileobj(content, file, _CHUNK)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    _sync(path.parent)


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for above in (folder.parent, folder.parent.parent):
            _sync(above)


def _unfinished(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _sync(folder: Path) -> None:
    """Put the names in the folder on the disk: a file that was synced can still lose its name."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
