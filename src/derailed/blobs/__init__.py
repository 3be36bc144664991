"""Blobs: attachments, avatars, icons and emojis; a folder by default, or any store that speaks S3.

A blob is written once, under a key of ours that was never used before, and never changed. So what was read of one
stays true, and whoever deletes one can not hit another.
`tests/contracts/test_blobs.py` holds every driver to this.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from typing import BinaryIO, Final, Protocol

_KEY: Final = re.compile(r"[a-z0-9_-]{1,64}(?:/[a-z0-9_-]{1,64}){0,3}")


class Blob(Protocol):
    """One that is there."""

    size: int

    def read(self, start: int, length: int) -> AsyncGenerator[bytes, None]:
        """That part of it, in chunks. It must be closed when it is not read to its end."""
        ...


class Blobs(Protocol):
    """Where blobs are kept. A store that can not be reached raises Unavailable."""

    async def put(self, key: str, content: BinaryIO) -> None:
        """Keep all of `content`, from where it stands; durable, and there as a whole, when it returns."""
        ...

    async def find(self, key: str) -> Blob | None:
        """The blob under that key."""
        ...

    async def delete(self, key: str) -> None:
        """Remove it, or what a `put` that died left of it. None there is as good."""
        ...


def checked(key: str) -> str:
    """The key, which is of ours and can lead nowhere else. Raises ValueError."""
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} is no key of a blob")
    return key
