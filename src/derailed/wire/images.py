"""Images: which kinds there are, told from their first bytes, and how they come in JSON."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

_DATA_URI: Final = re.compile(r"data:image/[a-z.+-]{1,32};base64,")
_VP8X, _ANIMATED = 20, 0x02
"""Where a WebP file says that it moves, and how."""

HEAD: Final = 64
"""As many bytes tell the type."""


def decoded(data_uri: str) -> bytes | None:
    """The bytes of `data:image/png;base64,…`; None when it is no such thing."""
    prefix = _DATA_URI.match(data_uri)
    if prefix is None:
        return None
    try:
        return base64.b64decode(data_uri[prefix.end() :], validate=True)
    except binascii.Error:
        return None


def content_type(head: bytes) -> str | None:
    """What these first bytes are the beginning of, whatever it is called; None for anything but the four."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    return None


def animated(image: bytes) -> bool:
    """Whether it moves: a GIF of several frames, or a WebP that says so."""
    if image.startswith(b"GIF"):
        return image.count(b"\x21\xf9\x04") > 1  # each frame is announced by one
    return image[12:16] == b"VP8X" and bool(image[_VP8X] & _ANIMATED)
