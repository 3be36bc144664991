"""Names of files: what is kept of one that somebody sent, and what it says about the file's type."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

_UNNAMED: Final = "file"
_DOWNLOAD: Final = "application/octet-stream"

_SHOWN: Final = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "m4a": "audio/mp4",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "mov": "video/quicktime",
}
"""What a browser can show without running anything that is in it: no SVG, no HTML, no PDF."""
_NAMED: Final = {
    "css": "text/css",
    "csv": "text/csv",
    "html": "text/html",
    "js": "text/javascript",
    "json": "application/json",
    "log": "text/plain",
    "md": "text/markdown",
    "pdf": "application/pdf",
    "svg": "image/svg+xml",
    "txt": "text/plain",
    "xml": "application/xml",
    "zip": "application/zip",
}
"""What else a bot may want to know, and is never served as."""


def cleaned(name: str) -> str:
    """The name without the folders before it, and without what can not be seen and so could make it look otherwise."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    seen = "".join(character if character.isprintable() else "_" for character in last).strip()
    return seen if seen.strip(".") else _UNNAMED


def of_part(name: str) -> str:
    """The name of a part of a form, in which some clients write what is not ASCII as in a URL."""
    return cleaned(unquote(name))


def extension(name: str) -> str:
    """`png`, of `a.PNG`; empty for none."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def content_type(name: str) -> str:
    """What the file is said to be."""
    return (_SHOWN | _NAMED).get(extension(name), _DOWNLOAD)


def served_type(name: str) -> tuple[str, bool]:
    """As what it is served, and whether a browser may show it: anything else is only to be kept."""
    shown = _SHOWN.get(extension(name))
    return (_DOWNLOAD, False) if shown is None else (shown, True)
