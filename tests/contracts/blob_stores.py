"""Every driver of blobs, by name, as the tests open it. The S3 server is a real one, in this process, on loopback."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import httpx
from moto.server import ThreadedMotoServer

from derailed.blobs import Blobs
from derailed.blobs.folder import FolderBlobs
from derailed.blobs.s3 import S3Blobs

_SIGNED = {"authorization": "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request"}


@contextlib.contextmanager
def folder(place: Path) -> Iterator[Blobs]:
    """The default."""
    yield FolderBlobs(place / "blobs")


@contextlib.contextmanager
def s3(place: Path) -> Iterator[Blobs]:
    """A bucket of its own on a server of its own."""
    with s3_server() as url:
        yield S3Blobs(url)


@contextlib.contextmanager
def s3_server() -> Iterator[str]:
    """The url of a new bucket; credentials are in the environment, where operators put them."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        httpx.put(f"http://{host}:{port}/bucket", headers=_SIGNED).raise_for_status()
        with mock.patch.dict(os.environ, AWS_ACCESS_KEY_ID="key", AWS_SECRET_ACCESS_KEY="secret"):
            yield f"s3://bucket/some/prefix?endpoint=http://{host}:{port}&region=eu-central-1"
    finally:
        server.stop()


OPENERS: dict[str, Callable[[Path], contextlib.AbstractContextManager[Blobs]]] = {"folder": folder, "s3": s3}
