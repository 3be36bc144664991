"""What is particular to blobs in a bucket."""

from __future__ import annotations

import asyncio
import io
import socket

import pytest

from derailed.blobs.s3 import S3Blobs
from derailed.model.errors import Unavailable


def test_a_store_that_can_not_be_reached_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    async def story() -> None:
        blobs = S3Blobs(f"s3://bucket?endpoint=http://127.0.0.1:{port}")
        with pytest.raises(Unavailable):
            await blobs.put("icons/a", io.BytesIO(b""))
        with pytest.raises(Unavailable):
            await blobs.find("icons/a")
        with pytest.raises(Unavailable):
            await blobs.delete("icons/a")

    asyncio.run(story())
