"""The floor under every delivery: the same bytes to as many sockets, by plain `send` system calls and nothing else.

`python -m bench.sends PORT` says `ready` and takes connections. The first line on standard input is a frame in
hexadecimal; it is sent to all of them once for each line after that.
"""

from __future__ import annotations

import os
import select
import socket
import sys


def main() -> None:
    """Accept, then send."""
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=4096)
    listener.setblocking(False)
    sockets: list[socket.socket] = []
    frame: bytes | None = None
    poll = select.epoll()
    poll.register(listener, select.EPOLLIN)
    poll.register(sys.stdin, select.EPOLLIN)
    print("ready", flush=True)
    while True:
        for number, _ in poll.poll():
            if number == listener.fileno():
                connection, _ = listener.accept()
                connection.setblocking(False)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sockets.append(connection)
            elif frame is None:
                frame = bytes.fromhex(sys.stdin.readline())
            else:
                for _ in range(os.read(0, 4096).count(b"\n")):
                    for each in sockets:
                        each.send(frame)


if __name__ == "__main__":
    main()
