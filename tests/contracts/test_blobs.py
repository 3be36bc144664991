"""What every driver of blobs promises."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from derailed.blobs import Blob, Blobs
from tests.contracts.blob_stores import OPENERS

Case = Callable[[Blobs], Awaitable[None]]
Runner = Callable[[Case], None]


@pytest.fixture(params=OPENERS)
def on_blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Runner:
    """Runs a case on an empty store."""

    def run_case(case: Case) -> None:
        async def main() -> None:
            with OPENERS[request.param](tmp_path) as blobs:
                await case(blobs)

        asyncio.run(main())

    return run_case


async def put(blobs: Blobs, key: str, content: bytes) -> Blob:
    await blobs.put(key, io.BytesIO(content))
    found = await blobs.find(key)
    assert found is not None
    return found


async def content_of(blob: Blob, start: int = 0, length: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in blob.read(start, blob.size if length is None else length)])


def test_what_was_put_is_there_as_a_whole(on_blobs: Runner) -> None:
    async def case(blobs: Blobs) -> None:
        for number, content in enumerate((b"", b"some bytes", bytes(range(256)) * 30_000)):
            found = await put(blobs, f"attachments/1/{number}", content)
            assert found.size == len(content)
            assert await content_of(found) == content

    on_blobs(case)


def test_any_part_of_it_can_be_read(on_blobs: Runner) -> None:
    async def case(blobs: Blobs) -> None:
        content = bytes(range(256)) * 10_000
        found = await put(blobs, "icons/a", content)
        for start, length in ((0, 1), (5, 10), (len(content) - 3, 3), (1_000, 2_000_000), (7, 0)):
            assert await content_of(found, start, length) == content[start : start + length]

    on_blobs(case)


def test_it_comes_in_chunks(on_blobs: Runner) -> None:
    async def case(blobs: Blobs) -> None:
        found = await put(blobs, "icons/a", bytes(5 << 20))
        assert max([len(chunk) async for chunk in found.read(0, found.size)]) <= 1 << 20

    on_blobs(case)


def test_what_was_never_put_is_not_found(on_blobs: Runner) -> None:
    async def case(blobs: Blobs) -> None:
        assert await blobs.find("icons/none") is None

    on_blobs(case)


def test_what_was_deleted_is_gone_and_may_be_deleted_again(on_blobs: Runner) -> None:
    async def case(blobs: Blobs) -> None:
        await put(blobs, "icons/a", b"1")
        await put(blobs, "icons/ab", b"2")
        for _ in range(2):
            await blobs.delete("icons/a")
        assert await blobs.find("icons/a") is None
        assert await blobs.find("icons/ab") is not None

    on_blobs(case)


def test_it_is_read_from_where_the_content_stands(on_blobs: Runner) -> None:
    async def case(blobs: Blobs) -> None:
        content = io.BytesIO(b"head and rest")
        content.seek(5)
        await blobs.put("icons/a", content)
        found = await blobs.find("icons/a")
        assert found is not None
        assert await content_of(found) == b"and rest"

    on_blobs(case)


@pytest.mark.parametrize("key", ["../a", "/a", "a/../b", "a//b", "a/", "", "a.b", "A", "a\0", "é", "a/b/c/d/e"])
def test_a_key_leads_nowhere_else(on_blobs: Runner, key: str) -> None:
    async def case(blobs: Blobs) -> None:
        with pytest.raises(ValueError, match="no key"):
            await blobs.put(key, io.BytesIO(b""))
        with pytest.raises(ValueError, match="no key"):
            await blobs.find(key)
        with pytest.raises(ValueError, match="no key"):
            await blobs.delete(key)

    on_blobs(case)
