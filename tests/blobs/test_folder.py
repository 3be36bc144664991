"""What is particular to blobs in a folder."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest

from derailed.blobs.folder import FolderBlobs


class Torn(io.BytesIO):
    """An upload that breaks off."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise OSError("connection lost")
        return super().read(2)


def files(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if path.is_file())


def test_half_a_blob_is_none_and_can_be_deleted(tmp_path: Path) -> None:
    async def story() -> None:
        blobs = FolderBlobs(tmp_path)
        with pytest.raises(OSError, match="connection lost"):
            await blobs.put("icons/a", Torn(b"content"))
        assert await blobs.find("icons/a") is None
        assert files(tmp_path) == ["icons.a.new"]
        await blobs.delete("icons/a")
        assert files(tmp_path) == []

    asyncio.run(story())


def test_two_processes_may_share_a_folder(tmp_path: Path) -> None:
    async def story() -> None:
        await FolderBlobs(tmp_path).put("icons/a", io.BytesIO(b"x"))
        assert await FolderBlobs(tmp_path).find("icons/a") is not None

    asyncio.run(story())
