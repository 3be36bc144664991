"""One socket: moves bytes between the transport, the conversation (`session`) and the hub. Nothing is decided here.

The handshake and incoming frames go through wsproto; outgoing frames are bytes made once for many sockets.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import structlog
import zstandard
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, RejectConnection, RejectData, Request
from wsproto.frame_protocol import CloseReason, Opcode, ParseFailed
from wsproto.utilities import RemoteProtocolError

from derailed.gateway import frames
from derailed.gateway.frames import Frame
from derailed.gateway.incoming import Incoming
from derailed.gateway.recipient import Encoding, Recipient
from derailed.gateway.service import Service
from derailed.gateway.session import Ack, AskMembers, Begin, Continue, Effect, FollowLists, Hang, Session, Show, State
from derailed.wire.gateway import FRAME_BYTES_MAX, Close

_STALLED_BYTES = 1 << 20
"""Unsent bytes at which a client counts as stalled. It is cut off when it does not catch up: the log is its buffer."""
_BUFFER_BYTES_MAX = 64 << 20
"""Unsent bytes at which it is cut off at once. The READY of someone in hundreds of guilds has to fit."""
_PATHS = ("/gateway", "/gateway/")
_VERSIONS = ("10", "9")

log = structlog.get_logger()


class Connection(asyncio.Protocol):
    """A protocol that uvicorn, or a server of our own, hands a transport to; also the `Sink` of its session."""

    __slots__ = (
        "_backed_up", "_body", "_drained", "_file", "_handshake", "_incoming", "_loop", "_recipient", "_service",
        "_session", "_traffic", "_transport", "_zstd", "encoding", "forsaken", "gateway_url", "open", "owing_since",
    )  # fmt: skip

    def __init__(self, service: Service) -> None:
        self._service = service
        self._traffic = service.hub.registry.traffic
        self._loop = asyncio.get_running_loop()
        self._session = Session(self._loop.time())
        self._handshake: WSConnection | None = WSConnection(ConnectionType.SERVER)
        self._incoming: Incoming | None = None
        self._body = b""
        self._recipient: Recipient | None = None
        self._zstd: Any = None
        self._drained: asyncio.Event | None = None
        self._transport: asyncio.Transport
        self._file: int
        self._backed_up = False
        self.encoding = Encoding.PLAIN
        self.gateway_url = ""
        self.forsaken = b""
        self.open = False
        self.owing_since: float | None = None
        """Since when the client should have read, or have answered our close."""

    # --- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The transport is ours."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are one in all but their base class
        self._file = transport.get_extra_info("socket").fileno()
        self._transport.set_write_buffer_limits(high=0)  # so that we hear when something waits there, and when not
        self._service.opened(self)

    def data_received(self, data: bytes) -> None:
        """Bytes of the client's."""
        try:
            if self._handshake is not None:
                self._shake_hands(data)
            else:
                self._read(data)
        except ParseFailed as broken:
            self._end(broken.code, str(broken))
        except RemoteProtocolError:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone; the session may be resumed elsewhere."""
        self._leave()
        self._service.closed(self)
        if self._session.state is State.HELLO:
            self._session.move(State.GONE)
        elif self._session.state in (State.IDENTIFIED, State.LIVE):
            self._session.move(State.DETACHED)

    def pause_writing(self) -> None:
        """The kernel takes no more: what comes now waits in the transport."""
        self._backed_up = True

    def resume_writing(self) -> None:
        """The transport has nothing left."""
        self._backed_up = False
        self._wake()

    def _wake(self) -> None:
        if self._drained is not None:
            self._drained.set()
            self._drained = None

    def shutdown(self) -> None:
        """The server stops: tell the client to resume elsewhere (uvicorn calls this too)."""
        self._put(frames.RECONNECT)
        self._end(Close.GOING_AWAY, "The server is restarting.")

    # --- handshake

    def _shake_hands(self, data: bytes) -> None:
        assert self._handshake is not None
        self._handshake.receive_data(data)
        for event in self._handshake.events():
            if isinstance(event, Request):
                self._answer(event)
                return

    def _answer(self, request: Request) -> None:
        assert self._handshake is not None
        target = urlsplit(request.target)
        if target.path not in _PATHS:
            body = b'{"message":"404: Not Found","code":0}'
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
            self.write(self._handshake.send(RejectConnection(status_code=404, headers=headers, has_body=True)))
            self.write(self._handshake.send(RejectData(data=body)))
            self._transport.close()
            return
        self.write(self._handshake.send(AcceptConnection()))
        self._handshake = None
        forwarded = {name.lower(): value for name, value in request.extra_headers}.get(b"x-forwarded-proto", b"")
        self.gateway_url = self._service.address(request.host, forwarded.decode("latin-1"))
        self._greet(parse_qs(target.query))

    def _greet(self, query: dict[str, list[str]]) -> None:
        self.open = True
        if query.get("encoding", ["json"])[-1] != "json":
            self._end(Close.DECODE_ERROR, "The only encoding is json.")
            return
        if query.get("v", ["10"])[-1] not in _VERSIONS:
            self._end(Close.INVALID_VERSION, "The versions are 9 and 10.")
            return
        match query.get("compress", [""])[-1]:
            case "zlib-stream":
                self.encoding = Encoding.ZLIB
                self.write(frames.binary(frames.ZLIB_HEADER + frames.deflate(frames.HELLO.payload)))
                return
            case "zstd-stream":
                self.encoding = Encoding.ZSTD
                self._zstd = self._service.zstd().compressobj()
        self._put(frames.HELLO)

    # --- the client's frames

    def _read(self, data: bytes) -> None:
        incoming, self._incoming = self._incoming or Incoming(), None
        incoming.receive_bytes(data)
        for frame in incoming.received_frames():
            payload = frame.payload
            if isinstance(payload, tuple):
                self._goodbye(payload[0])
                return
            if not self.open:
                continue  # it had not read our close yet
            if frame.opcode is Opcode.PING:
                assert not isinstance(payload, str)
                self.write(bytes(incoming.pong(payload)))
            elif frame.opcode in (Opcode.TEXT, Opcode.BINARY):
                self._take(payload, done=frame.message_finished)
        if not incoming.idle():
            self._incoming = incoming

    def _take(self, part: bytes | bytearray | str, *, done: bool) -> None:
        piece = part.encode() if isinstance(part, str) else bytes(part)
        payload = self._body + piece if self._body else piece
        if len(payload) > FRAME_BYTES_MAX:
            self._end(Close.DECODE_ERROR, f"A frame has at most {FRAME_BYTES_MAX} bytes.")
            return
        if not done:
            self._body = payload
            return
        self._body = b""
        effect = self._session.receive(payload, self._loop.time())
        if effect is not None:
            self._act(effect)

    def _act(self, effect: Effect) -> None:
        match effect:
            case Ack():
                self._put(frames.ACK)
            case Hang(code, reason):
                self._end(code, reason)
            case Begin():
                self._service.start(self._arrive(self._service.arrivals.identify(effect, self)), self)
            case Continue():
                self._service.start(self._arrive(self._service.arrivals.resume(effect, self)), self)
            case _ if self._recipient is None:
                pass  # its session is being looked for, and has nothing to answer from
            case AskMembers():
                answer = self._service.feeds.members.answer(effect, self._recipient, self)
                self._service.start(answer, self, self._recipient.id.handle)
            case FollowLists():
                self._service.feeds.members.follow(effect, self._recipient)
            case Show():
                self._service.feeds.show(self._recipient, effect.presence)

    async def _arrive(self, arrival: Coroutine[Any, Any, Recipient | None]) -> None:
        recipient = await arrival
        if recipient is not None and not self.open:
            self._service.hub.registry.drop(recipient)
        elif recipient is not None and not recipient.ended():
            self._recipient = recipient

    def _goodbye(self, code: int) -> None:
        clean = code in (CloseReason.NORMAL_CLOSURE, CloseReason.GOING_AWAY)
        if clean and self._session.state in (State.HELLO, State.IDENTIFIED, State.LIVE):
            self._session.move(State.GONE)
        self._end(code, "")
        self._transport.close()

    # --- Sink

    async def drained(self) -> None:
        """Return when no more waits here than may be added to without need, or nothing is sent any more."""
        while self.open and self._transport.get_write_buffer_size() > _STALLED_BYTES:
            self._drained = self._drained or asyncio.Event()
            await self._drained.wait()

    def write(self, data: bytes) -> None:
        """Wire bytes. They go to the kernel from here: through the transport each would cost a quarter more."""
        if self._backed_up:
            if self._transport.get_write_buffer_size() > _BUFFER_BYTES_MAX:
                self._give_up()
            else:
                self._transport.write(data)
            return
        try:
            taken = os.write(self._file, data)
        except BlockingIOError:
            taken = 0
        except OSError:  # the client has gone, and the transport is about to learn of it
            self._cut_off()
            return
        if taken < len(data):
            self._transport.write(data[taken:])

    def send(self, frame: Frame) -> None:
        """One event, in this socket's encoding."""
        if self.open:
            self._traffic.deliveries += 1
            self._put(frame)

    def _put(self, frame: Frame) -> None:
        """A frame, be it an event or not."""
        if not self.open:
            return
        if self.encoding is Encoding.PLAIN:
            wire = frame.plain
        elif self.encoding is Encoding.ZLIB:
            wire = frame.zlib
        else:
            block = self._zstd.compress(frame.payload) + self._zstd.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
            wire = frames.binary(block)
        self._traffic.bytes += len(wire)
        self.write(wire)

    def live(self) -> None:
        """The session has all it was owed."""
        if self._session.state is State.IDENTIFIED:
            self._session.move(State.LIVE)

    def refuse(self) -> None:
        """Op 9: the client identifies again, here or on another socket."""
        if self._recipient is not None:
            self.forsaken = self._recipient.id.nonce
        self._recipient = None
        if self.open and self._session.state in (State.IDENTIFIED, State.LIVE):
            self._session.move(State.HELLO)
            self._put(frames.INVALID_SESSION)

    def hang_up(self, code: Close, reason: str) -> None:
        """Close the socket for this reason."""
        self._end(code, reason)

    def check(self, now: float, patience_s: float) -> None:
        """Close what is silent, cut off what does not read."""
        if self.open and self._transport.get_write_buffer_size() <= _STALLED_BYTES:
            self.owing_since = None
        elif self.owing_since is None:
            self.owing_since = now
        elif now - self.owing_since > patience_s:
            if self.open:
                self._give_up()
            else:
                self._cut_off()  # they do not answer our close
            return
        if self._session.expired(now):
            self._end(Close.SESSION_TIMED_OUT, "No heartbeat came.")

    def _end(self, code: int, reason: str) -> None:
        """Say why, and wait for the client's answer: hung up on at once, aiohttp tells its user 1006 instead."""
        if self._handshake is not None:
            self._transport.close()
        elif self.open:
            valid = code if code not in (CloseReason.NO_STATUS_RCVD, CloseReason.ABNORMAL_CLOSURE) else None
            self.write(bytes(Incoming().close(valid, reason if valid else None)))
            self._leave()
            self.owing_since = self._loop.time()

    def _give_up(self) -> None:
        """They do not read."""
        self._traffic.cut += 1
        unread = self._transport.get_write_buffer_size()
        session = None if self._recipient is None else self._recipient.id.handle
        log.info("a client that does not read is cut off", session=session, unread_bytes=unread)
        self._cut_off()

    def _cut_off(self) -> None:
        self._leave()
        self._transport.abort()

    def _leave(self) -> None:
        """Nothing is sent here any more; unless its client is done with it, the session may be resumed elsewhere."""
        self.open = False
        self._wake()
        if self._recipient is not None:
            self._service.hub.registry.drop(self._recipient, gone=self._session.state is State.GONE)
            self._recipient = None


def protocol(service: Service) -> Callable[..., Connection]:
    """What uvicorn makes of each upgraded connection: it hands over the transport and replays the request."""

    def upgraded(config: object, server_state: object, app_state: object) -> Connection:
        return Connection(service)

    return upgraded
