"""Blobs in a bucket of any store that speaks S3: `s3://bucket/prefix?endpoint=https://…&region=…`.

Credentials are the customary AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the role of the machine: the library
finds them, so that they stand in no address and no setting of ours.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import BinaryIO, Final
from urllib.parse import parse_qs, urlsplit

import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import S3Store

from derailed.blobs import checked
from derailed.model.errors import Unavailable

_CHUNK: Final = 1 << 20
"""Each is a request of its own."""
_ANSWER_WITHIN: Final = timedelta(seconds=30)
_RETRY_WITHIN: Final = timedelta(seconds=10)
"""Someone waits for the answer, and their library tries again by itself."""
_RETRIES: Final = 3
_log: Final = structlog.stdlib.get_logger(__name__)


class S3Blobs:
    """A bucket, which must be there."""

    def __init__(self, url: str) -> None:
        """Nothing is asked of the store yet. The url was proved by the settings."""
        parts = urlsplit(url)
        options = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self._store = S3Store(
            parts.netloc,
            prefix=parts.path.strip("/") or None,
            endpoint=options.get("endpoint"),
            region=options.get("region", "us-east-1"),
            virtual_hosted_style_request="endpoint" not in options,  # others than Amazon have no host name a bucket
            client_options={"allow_http": True, "timeout": _ANSWER_WITHIN},
            retry_config={"max_retries": _RETRIES, "retry_timeout": _RETRY_WITHIN},
        )

    async def put(self, key: str, content: BinaryIO) -> None:
        """Upload it, in parts when it is large."""
        with _reachable():
            await obstore.put_async(self._store, checked(key), content)

    async def find(self, key: str) -> _Object | None:
        """The object, if there is one."""
        with _reachable():
            try:
                return _Object(self._store, key, (await obstore.head_async(self._store, checked(key)))["size"])
            except FileNotFoundError:
                return None

    async def delete(self, key: str) -> None:
        """Remove the object. The store itself forgets the parts of uploads that died."""
        with _reachable():
            try:
                await obstore.delete_async(self._store, checked(key))
            except FileNotFoundError:  # said by some stores and not by others
                return


class _Object:
    def __init__(self, store: S3Store, key: str, size: int) -> None:
        self._store = store
        self._key = key
        self.size = size

    async def read(self, start: int, length: int) -> AsyncGenerator[bytes, None]:
        """That part of the object: a request a chunk, so that a slow reader keeps none open."""
        end = start + length
        while start < end:
            size = min(_CHUNK, end - start)
            with _reachable():
                chunk = await obstore.get_range_async(self._store, self._key, start=start, length=size)
            yield bytes(chunk)
            start += size


@contextmanager
def _reachable() -> Iterator[None]:
    """What the store did not do, as a refusal that may be tried again; the log has the reason."""
    try:
        yield
    except BaseError as error:
        _log.error("the blob store did not answer as it should", reason=str(error))
        raise Unavailable from error
