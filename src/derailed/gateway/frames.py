"""Frames: a payload, made into wire bytes once for each way of sending it, however many sockets it goes to.

Shared compression: each payload is deflated by itself as raw deflate that ends in a sync flush, so its bytes do not
depend on what a connection got before, and every zlib-stream socket can get the same ones. A connection only adds
the two bytes of a zlib header to its first frame.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Final

from derailed.wire.gateway import HEARTBEAT_INTERVAL_MS

_TEXT: Final = 0x81
_BINARY: Final = 0x82
ZLIB_HEADER: Final = b"\x78\x9c"


def websocket(payload: bytes, opcode: int) -> bytes:
    """One unmasked, final WebSocket frame (RFC 6455 section 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((opcode, size)) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", opcode, 126, size) + payload
    return struct.pack("!BBQ", opcode, 127, size) + payload


def binary(payload: bytes) -> bytes:
    """As a binary WebSocket frame."""
    return websocket(payload, _BINARY)


def deflate(payload: bytes) -> bytes:
    """Raw deflate that stands alone and ends in a sync flush."""
    run = zlib.compressobj(level=3, wbits=-15, memLevel=8)
    return run.compress(payload) + run.flush(zlib.Z_SYNC_FLUSH)


class Frame:
    """One payload for many sockets."""

    __slots__ = ("_plain", "_zlib", "payload")

    def __init__(self, payload: bytes) -> None:
        self.payload = payload
        self._plain: bytes | None = None
        self._zlib: bytes | None = None

    @property
    def plain(self) -> bytes:
        """Wire bytes for a socket that did not ask for compression."""
        if self._plain is None:
            self._plain = websocket(self.payload, _TEXT)
        return self._plain

    @property
    def zlib(self) -> bytes:
        """Wire bytes for every zlib-stream socket, but for its very first frame."""
        if self._zlib is None:
            self._zlib = binary(deflate(self.payload))
        return self._zlib


FrameKey = tuple[str, int, bytes]
"""What a dispatch is made of: the event's name, `s`, its `d`."""


def dispatch(event: str, sequence: int, data: bytes) -> Frame:
    """Op 0: a head put before JSON that is encoded already."""
    return Frame(b'{"op":0,"s":%d,"t":"%s","d":%s}' % (sequence, event.encode(), data))


def dispatches(
    events: Sequence[tuple[str, bytes]], sequence: int, made: dict[FrameKey, Frame] | None = None
) -> list[Frame]:
    """The frames of one record: only with the last is the client whole there. `made` keeps them for others."""
    last = len(events) - 1
    frames = []
    for at, (event, data) in enumerate(events):
        key = (event, sequence - (at < last), data)
        frame = None if made is None else made.get(key)
        if frame is None:
            frame = dispatch(*key)
            if made is not None:
                made[key] = frame
        frames.append(frame)
    return frames


HELLO: Final = Frame(b'{"op":10,"d":{"heartbeat_interval":%d},"s":null,"t":null}' % HEARTBEAT_INTERVAL_MS)
ACK: Final = Frame(b'{"op":11,"d":null,"s":null,"t":null}')
RECONNECT: Final = Frame(b'{"op":7,"d":null,"s":null,"t":null}')
INVALID_SESSION: Final = Frame(b'{"op":9,"d":false,"s":null,"t":null}')
"""Always `false`: what can not be resumed whole is begun afresh."""
