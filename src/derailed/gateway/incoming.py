"""The parser of a client's frames. It takes 840 bytes, so a socket keeps one only while part of a message waits."""

from __future__ import annotations

from wsproto.frame_protocol import FrameProtocol


class Incoming(FrameProtocol):
    """wsproto's parser, which also says whether it can be forgotten."""

    def __init__(self) -> None:
        super().__init__(client=False, extensions=[])

    def idle(self) -> bool:
        """Whether nothing waits: no byte of a frame, no frame of a message."""
        between_frames = not len(self._frame_decoder.buffer) and self._frame_decoder.header is None
        return between_frames and self._message_decoder.opcode is None
