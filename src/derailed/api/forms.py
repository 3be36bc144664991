"""Multipart bodies: where libraries put a message that has files.

The JSON part is taken wherever it stands, whatever its type; without one, plain fields make the message. Files are
known by the number in their part's name, `files[n]`; one that has none gets the next that is free. They are read as
they come, into memory as long as they are small and else into files without a name.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, Final, cast

import msgspec
from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)

from derailed.actions.attachments import NO_FILES, Upload, Uploads
from derailed.api.asking import Asked
from derailed.api.origins import origin
from derailed.model.errors import Invalid, TooLarge
from derailed.wire import filenames, limits

_JSON_PART: Final = "payload_json"
_PLAIN_FIELDS: Final = ("content", "nonce", "username", "avatar_url")
_INDEXED: Final = re.compile(r"files\[([0-9]{1,3})\]")
_IN_MEMORY: Final = 64 << 10
"""Of each file: a person's text or a bot's log; pictures go to the disk that they are kept on anyway."""
_PARTS: Final = 32
"""Ten files, the JSON, and what libraries may add."""
_KEPT: Final = "derailed.form"


class AskedWithFiles(Asked):
    """A request whose body is JSON, or multipart with JSON in it."""

    async def body(self) -> bytes:
        """The JSON."""
        if not self.headers.get("content-type", "").startswith("multipart/form-data"):
            return await super().body()
        return (await self._multipart()).json()

    def uploads(self) -> Uploads:
        """The files. The body was read by now: it is what the route is given."""
        form = _kept(self.scope)
        return NO_FILES if form is None else Uploads(form.uploads(), origin(self))

    async def _multipart(self) -> _Form:
        """The framework asks for the body more than once."""
        form = _kept(self.scope)
        if form is None:
            form = cast("dict[str, Any]", self.scope)[_KEPT] = _Form()
            await form.read(self.headers["content-type"], self.stream())
        return form


def close(scope: Mapping[str, Any]) -> None:
    """Let go of the files that came with the request."""
    form = _kept(scope)
    if form is not None:
        form.close()


class _Form:
    """The parts of a body."""

    def __init__(self) -> None:
        self._fields: dict[str, bytearray] = {}
        self._files: list[tuple[int | None, str, BinaryIO]] = []

    async def read(self, content_type: str, stream: AsyncIterator[bytes]) -> None:
        """Read all of it. Raises Invalid, TooLarge."""
        boundary = parse_options_header(content_type)[1].get("boundary", "")
        try:
            with PushMultipartParser(boundary, max_segment_count=_PARTS) as parser:
                write: BinaryIO | bytearray = bytearray()
                async for chunk in stream:
                    for part in () if parser.closed else parser.parse(chunk):
                        if isinstance(part, MultipartSegment):
                            write = self._begin(part)
                        elif part is not None:
                            await _write(write, part)
        except ParserLimitReached:
            raise TooLarge from None
        except MultipartError:
            raise Invalid("bad_json") from None

    def json(self) -> bytes:
        """The JSON part, or the plain fields as JSON."""
        if _JSON_PART in self._fields:
            return bytes(self._fields[_JSON_PART])
        try:
            said = {name: self._fields[name].decode() for name in _PLAIN_FIELDS if name in self._fields}
        except UnicodeDecodeError:
            raise Invalid("bad_json") from None
        return msgspec.json.encode(said)

    def uploads(self) -> list[Upload]:
        """The files, each under an index of its own."""
        taken = {index for index, _, _ in self._files if index is not None}
        free = (index for index in range(len(self._files) + len(taken)) if index not in taken)
        found: dict[int, Upload] = {}
        for asked, name, content in self._files:
            index = next(free) if asked is None or asked in found else asked
            found[index] = Upload(index, name, content.seek(0, 2), content)
        return list(found.values())

    def close(self) -> None:
        """Let go of the files."""
        for _, _, content in self._files:
            content.close()

    def _begin(self, part: Any) -> BinaryIO | bytearray:
        """Where what follows belongs."""
        if part.name == _JSON_PART or not part.filename:
            return self._fields.setdefault(part.name, bytearray())
        indexed = _INDEXED.fullmatch(part.name)
        content = cast(BinaryIO, SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115  closed with the request
        self._files.append((int(indexed[1]) if indexed else None, filenames.of_part(part.filename), content))
        return content


async def _write(to: BinaryIO | bytearray, chunk: bytes) -> None:
    if not isinstance(to, bytearray):
        await asyncio.to_thread(to.write, chunk)
    elif len(to) + len(chunk) > limits.JSON_BODY:
        raise TooLarge
    else:
        to += chunk


def _kept(scope: Mapping[str, Any]) -> _Form | None:
    return scope.get(_KEPT)
