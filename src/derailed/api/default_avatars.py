"""Default avatars: a head and shoulders on one of six colours, drawn here so that no picture need be kept."""

from __future__ import annotations

import struct
import zlib
from functools import cache
from typing import Final

COLOURS: Final = ("5a6acf", "6d7380", "2f9e6e", "c98a1b", "c84b5f", "b05ac0")
_SIDE: Final = 128
_FIGURE: Final = "f2f3f5"
_HEAD: Final = (64, 50, 24)
_SHOULDERS: Final = (64, 128, 44)


@cache
def png(number: int) -> bytes:
    """The picture as PNG, with a palette of two colours and a bit a pixel."""
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 1, 3, 0, 0, 0)
    palette = bytes.fromhex(COLOURS[number] + _FIGURE)
    rows = b"".join(b"\0" + _row(y) for y in range(_SIDE))  # each begins with its filter: none
    chunks = ((b"IHDR", header), (b"PLTE", palette), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _row(y: int) -> bytes:
    bits = sum(1 << (_SIDE - 1 - x) for x in range(_SIDE) if _drawn(x, y))
    return bits.to_bytes(_SIDE // 8, "big")


def _drawn(x: int, y: int) -> bool:
    return any((x - left) ** 2 + (y - top) ** 2 < radius**2 for left, top, radius in (_HEAD, _SHOULDERS))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
