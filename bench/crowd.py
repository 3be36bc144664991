"""Many Gateway clients in one process, which read what they are sent and cost as little as they can.

`python -m bench.crowd PORT MODE` takes tokens, one a line, and then `.`; MODE is plain, zlib-stream, zstd-stream, or
bare (only connect and read: no token means anything). Says `ready` when all have READY; then answers each empty line
with the frames and bytes that came since, and the last one whole, in hexadecimal; `beat` with heartbeats of all; and
`times NANOSECONDS`, of the machine's monotonic clock, with how many milliseconds after that half, 99 % and all of the
frames since the last such line had come.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time

_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
_HEARTBEAT = b"\x81\x88\0\0\0\0" + b'{"op":1}'
_AT_ONCE = 64
_BEAT_EVERY_S = 30
"""While the others come in, those who are there must not be taken for dead."""
_GREETINGS = 2
"""HELLO and READY."""


class Client:
    """One socket. Frames are told apart by their lengths."""

    def __init__(self, port: int, mode: str, token: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.frames = 0
        self._rest = b""
        self._upgraded = mode == "bare"
        if not self._upgraded:
            self._begin(mode, token)
        self.socket.setblocking(False)

    def _begin(self, mode: str, token: str) -> None:
        query = "v=10&encoding=json" + ("" if mode == "plain" else f"&compress={mode}")
        head = (
            f"GET /gateway?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {_KEY}\r\n\r\n"
        )
        self.socket.sendall(head.encode())
        while b"\r\n\r\n" not in self._rest:
            self._rest += self.socket.recv(4096)
        answer, _, self._rest = self._rest.partition(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 101"), answer
        self._upgraded = True
        properties = {"os": "linux", "browser": "bench", "device": "bench"}
        payload = json.dumps({"op": 2, "d": {"token": token, "properties": properties}}).encode()
        assert len(payload) >= 126
        self.socket.sendall(b"\x81\xfe" + len(payload).to_bytes(2, "big") + bytes(4) + payload)
        self.take(b"")

    def take(self, data: bytes) -> bytes:
        """Count the frames in what came; the last whole one."""
        data = self._rest + data if self._rest else data
        at, last = 0, b""
        while len(data) - at >= 2:
            length, head = data[at + 1], 2
            if length == 126:
                length, head = int.from_bytes(data[at + 2 : at + 4], "big"), 4
            elif length == 127:
                length, head = int.from_bytes(data[at + 2 : at + 10], "big"), 10
            end = at + head + length
            if end > len(data) or len(data) - at < head:
                break
            last = data[at:end]
            self.frames += 1
            at = end
        self._rest = data[at:]
        return last


class Crowd:
    """All clients of the process."""

    def __init__(self, port: int, mode: str, tokens: list[str]) -> None:
        self._poll = select.epoll()
        self._clients: dict[int, Client] = {}
        self.bytes = 0
        self.last = b""
        self._counted = 0
        self._arrivals: list[tuple[int, int]] = []
        """When how many frames were read."""
        beaten = time.monotonic()
        for start in range(0, len(tokens), _AT_ONCE):
            for token in tokens[start : start + _AT_ONCE]:
                client = Client(port, mode, token)
                self._clients[client.socket.fileno()] = client
                self._poll.register(client.socket, select.EPOLLIN)
            while mode != "bare" and any(each.frames < _GREETINGS for each in self._clients.values()):
                self.read()
            if time.monotonic() - beaten > _BEAT_EVERY_S:
                beaten = time.monotonic()
                self.beat()

    def watch(self, number: int) -> None:
        """Also wake up for this file."""
        self._poll.register(number, select.EPOLLIN)

    def read(self) -> bool:
        """Wait for bytes, and take them; whether something else woke us too."""
        other = False
        for number, _ in self._poll.poll():
            client = self._clients.get(number)
            if client is None:
                other = True
                continue
            data = client.socket.recv(1 << 16)
            if not data:
                raise SystemExit("the server hung up")
            self.bytes += len(data)
            known = client.frames
            self.last = client.take(data) or self.last
            self._arrivals.append((time.monotonic_ns(), client.frames - known))
        return other

    def beat(self) -> str:
        """Send heartbeats."""
        for client in self._clients.values():
            client.socket.send(_HEARTBEAT)
        return "sent"

    def times(self, since_ns: int) -> str:
        """How long after that half, 99 % and all of the frames had come."""
        came = sorted(at for at, frames in self._arrivals for _ in range(frames))
        self._arrivals.clear()
        picked = [came[int(share * (len(came) - 1))] for share in (0.5, 0.99, 1.0)]
        return " ".join(f"{(at - since_ns) / 1e6:.3f}" for at in picked)

    def news(self) -> str:
        """Frames and bytes since the last time, and the last frame."""
        total = sum(each.frames for each in self._clients.values())
        frames, self._counted = total - self._counted, total
        told, self.bytes = f"{frames} {self.bytes} {self.last.hex()}", 0
        return told


def main() -> None:
    """Connect, then read and tell."""
    tokens = [line.strip() for line in iter(sys.stdin.readline, ".\n")]
    crowd = Crowd(int(sys.argv[1]), sys.argv[2], tokens)
    crowd.news()
    crowd.watch(sys.stdin.fileno())
    print("ready", flush=True)
    while True:
        if crowd.read():
            print(answer(crowd, sys.stdin.readline().split()), flush=True)


def answer(crowd: Crowd, asked: list[str]) -> str:
    """To one line."""
    match asked:
        case ["beat"]:
            return crowd.beat()
        case ["times", since_ns]:
            return crowd.times(int(since_ns))
    return crowd.news()


if __name__ == "__main__":
    main()
