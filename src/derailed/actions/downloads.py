"""What may be fetched without a token: images by their name, attachments by a signed address."""

from __future__ import annotations

import hmac
from typing import Final, NamedTuple

from derailed.actions import images
from derailed.actions.attachments import signature
from derailed.actions.context import Context
from derailed.blobs import Blob
from derailed.model.errors import Unknown
from derailed.model.message import attachment_key
from derailed.wire import filenames
from derailed.wire.images import HEAD, content_type

_DOWNLOAD: Final = "application/octet-stream"


class Download(NamedTuple):
    """What is under an address, and what it is served as. `tag` changes when it does, which is never."""

    blob: Blob
    tag: str
    content_type: str
    filename: str = ""
    shown: bool = True
    """Whether a browser may show it, or can only keep it."""


class Downloads:
    """The verbs of those who fetch files. They raise Unknown("route") for what is not there, and Unavailable."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def attachment(self, channel_id: int, attachment_id: int, filename: str, signed: str) -> Download:
        """A file of a message, to whoever was given its address by us."""
        expected = signature(self._context.secret, channel_id, attachment_id, filename)
        if not hmac.compare_digest(expected.encode(), signed.encode()):
            raise Unknown("route")
        blob = await self._context.blobs.find(attachment_key(channel_id, attachment_id))
        if blob is None:
            raise Unknown("route")
        served, shown = filenames.served_type(filename)
        return Download(blob, str(attachment_id), served, filename, shown)

    async def image(self, folder: str, name: str) -> Download:
        """An avatar, icon, banner, splash or emoji; served as what it is, whatever it is asked for as."""
        blob = await images.find(self._context, folder, name)
        if blob is None:
            raise Unknown("route")
        head = b"".join([chunk async for chunk in blob.read(0, min(HEAD, blob.size))])
        return Download(blob, name, content_type(head) or _DOWNLOAD)
