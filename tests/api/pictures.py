"""Small pictures, made here byte by byte, and as the data URIs that go into JSON."""

from __future__ import annotations

import base64
import struct
import zlib

_FRAME = b"\x21\xf9\x04\0\x0a\0\0\0" + b"\x2c" + struct.pack("<4HB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0"


def png(width: int = 1, height: int = 1) -> bytes:
    """A black one."""
    rows = b"".join(b"\0" + bytes(width) for _ in range(height))
    head = struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def gif(frames: int = 2) -> bytes:
    """One that moves, unless it has a single frame."""
    return b"GIF89a" + struct.pack("<2H3B", 1, 1, 0x80, 0, 0) + bytes(6) + _FRAME * frames + b";"


def data_uri(image: bytes, kind: str = "png") -> str:
    """How libraries send it."""
    return f"data:image/{kind};base64,{base64.b64encode(image).decode()}"
