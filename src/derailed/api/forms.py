"""Multipart bodies: where libraries put a message that has files.

The JSON part is taken wherever it stands, whatever its type; without one, plain fields make the message. Files can
not be kept yet, so a body that has one is refused by name.
"""

from __future__ import annotations

from typing import Final

import msgspec
from litestar.datastructures import UploadFile

from derailed.api.asking import Asked
from derailed.model.errors import FieldError, Invalid

_JSON_PART: Final = "payload_json"
_PLAIN_FIELDS: Final = ("content", "nonce")


class AskedWithFiles(Asked):
    """A request whose body is JSON, or multipart with JSON in it."""

    async def body(self) -> bytes:
        """The JSON."""
        if not self.headers.get("content-type", "").startswith("multipart/form-data"):
            return await super().body()
        try:
            fields = (await self.form()).dict()
        except (UnicodeDecodeError, LookupError):  # a text in another charset than it says, or in none there is
            raise Invalid("bad_json") from None
        payload: list[UploadFile | str] = fields.pop(_JSON_PART, [])
        if any(isinstance(value, UploadFile) for values in fields.values() for value in values):
            message = "Files are not supported by this server yet."
            raise Invalid("invalid_form", FieldError(("attachments",), "ATTACHMENTS_NOT_SUPPORTED", message))
        if not payload:
            return msgspec.json.encode({name: fields[name][0] for name in _PLAIN_FIELDS if name in fields})
        part = payload[0]
        if isinstance(part, str):
            return part.encode()
        await part.seek(0)  # the framework asks for the body more than once
        return await part.read()
