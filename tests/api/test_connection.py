"""HTTP as bytes on a socket: the usual answers in one piece, the others as uvicorn makes them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn

from derailed.api.connection import Connection

GET = b"GET %b HTTP/1.1\r\nhost: x\r\n\r\n"
_LAST = b"GET /plain HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
_JSON = (b"content-type", b"application/json")
_ANSWERS: dict[str, tuple[list[tuple[bytes, bytes]], list[bytes]]] = {
    "/plain": ([_JSON, (b"content-length", b"5")], [b"plain"]),
    "/empty": ([_JSON, (b"content-length", b"0")], [b""]),
    "/parts": ([_JSON], [b"one", b"two"]),
    "/large": ([_JSON, (b"content-length", b"3000000")], [b"x" * 3_000_000]),
    "/broken": ([(b"x-name", b"a\r\nx-forged: b"), (b"content-length", b"5")], [b"plain"]),
    "/short": ([_JSON, (b"content-length", b"9")], [b"plain"]),
}


class _Pieces(Connection):
    """Remembers what it wrote, each piece as it went to the transport."""

    written: list[bytes]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        write = transport.write

        class Watched:
            def write(self, data: bytes) -> None:
                _Pieces.written.append(bytes(data))
                write(data)

            def __getattr__(self, name: str) -> Any:
                return getattr(transport, name)

        super().connection_made(Watched())  # type: ignore[arg-type]


async def _answer(scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    headers, parts = _ANSWERS[scope["path"]]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for number, part in enumerate(parts, 1):
        await send({"type": "http.response.body", "body": part, "more_body": number < len(parts)})


def _visit(story: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> list[bytes]:
    """Talk to a server; the pieces that it wrote."""

    async def run() -> None:
        server = uvicorn.Server(
            uvicorn.Config(_answer, http=_Pieces, lifespan="off", access_log=False, log_config=None)
        )
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        await server.startup(sockets=[socket.create_server(("127.0.0.1", 0))])
        port = server.servers[0].sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.wait_for(story(reader, writer), 10)
        finally:
            writer.close()
            await server.shutdown()

    _Pieces.written = []
    asyncio.run(run())
    return _Pieces.written


def _asked(*requests: bytes) -> tuple[bytes, list[bytes]]:
    """Everything that is answered to these until the server hangs up, and in which pieces."""
    heard = b""

    async def story(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        writer.write(b"".join(requests))
        heard = await reader.read(-1)

    pieces = _visit(story)
    return heard, pieces


def test_a_usual_answer_leaves_in_one_piece() -> None:
    heard, pieces = _asked(GET % b"/plain", GET % b"/empty", _LAST)
    assert heard.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert pieces[0].startswith(b"HTTP/1.1 200 OK\r\n")
    assert pieces[0].endswith(b"content-type: application/json\r\ncontent-length: 5\r\n\r\nplain")
    assert pieces[1].endswith(b"content-length: 0\r\n\r\n")


def test_requests_that_came_together_are_answered_in_order() -> None:
    heard, _ = _asked(GET % b"/plain", GET % b"/parts", GET % b"/plain", _LAST)
    assert [part.partition(b"\r\n\r\n")[2][:3] for part in heard.split(b"HTTP/1.1 200 OK")[1:]] == [
        b"pla",
        b"3\r\n",
        b"pla",
        b"pla",
    ]


def test_the_last_answer_says_that_it_is() -> None:
    heard, _ = _asked(_LAST)
    assert b"\r\nconnection: close\r\n" in heard
    assert heard.endswith(b"\r\n\r\nplain")


def test_a_head_is_asked_for_without_a_body() -> None:
    heard, _ = _asked(b"HEAD /plain HTTP/1.1\r\nhost: x\r\n\r\n", _LAST)
    assert heard.count(b"content-length: 5") == 2
    assert heard.count(b"plain") == 1


def test_an_answer_of_unknown_length_comes_in_chunks() -> None:
    heard, _ = _asked(GET % b"/parts", _LAST)
    assert b"transfer-encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n" in heard


def test_a_header_that_would_be_two_is_not_sent() -> None:
    heard, _ = _asked(GET % b"/broken", _LAST)
    assert heard == b""


def test_an_answer_of_another_length_than_it_says_is_cut_off() -> None:
    heard, _ = _asked(GET % b"/short", GET % b"/plain", _LAST)
    assert heard.count(b"HTTP/1.1") == 1


def test_a_slow_reader_gets_all_of_it() -> None:
    heard, _ = _asked(GET % b"/large", GET % b"/large", _LAST)
    assert heard.count(b"x" * 3_000_000) == 2
    assert heard.endswith(b"plain")


def _endless(beginning: bytes, more: bytes) -> bytes:
    """What is answered to a head that goes on like that until nobody listens."""

    async def story(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(beginning)
        with contextlib.suppress(ConnectionError):
            for _ in range(100_000):
                if reader.at_eof():
                    return
                writer.write(more)
                await writer.drain()
            raise AssertionError("it listens still")

    return b"".join(_visit(story))


@pytest.mark.parametrize("beginning", [b"", b"x-long: "])
def test_a_head_without_end_is_cut_off(beginning: bytes) -> None:
    more = b"y" * 1000 if beginning else b"x-more: %b\r\n" % (b"y" * 1000)
    answer = _endless(b"GET /plain HTTP/1.1\r\nhost: x\r\n" + beginning, more)
    assert answer.startswith(b"HTTP/1.1 431 ")
