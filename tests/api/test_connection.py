"""HTTP as bytes on a socket: the usual answers in one piece, the others as uvicorn makes them."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from ipaddress import ip_network
from typing import Any

import pytest
import uvicorn
from structlog.testing import capture_logs

from derailed.api.answers import Answer, ok
from derailed.api.connection import AtOnce, Connection
from derailed.api.request_ids import RequestIds
from derailed.telemetry import CAUSE, apart

GET = b"GET %b HTTP/1.1\r\nhost: x\r\n\r\n"
_LAST = b"GET /plain HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
_JSON = (b"content-type", b"application/json")
_ANSWERS: dict[str, tuple[list[tuple[bytes, bytes]], list[bytes]]] = {
    "/plain": ([_JSON, (b"content-length", b"5")], [b"plain"]),
    "/quick": ([_JSON, (b"content-length", b"7")], [b"usually"]),
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


def _visit(
    story: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    at_once: AtOnce | None = None,
    proxies: str = "",
    **options: Any,
) -> list[bytes]:
    """Talk to a server; the pieces that it wrote."""

    async def run() -> None:
        http: Any = partial(_Pieces, at_once=at_once, ids=RequestIds([ip_network(proxies)] if proxies else []))
        server = uvicorn.Server(
            uvicorn.Config(_answer, http=http, lifespan="off", access_log=False, log_config=None, **options)
        )
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        server.server_state.default_headers = [(b"date", b"today")]
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


def _asked(*requests: bytes, at_once: AtOnce | None = None, **options: Any) -> tuple[bytes, list[bytes]]:
    """Everything that is answered to these until the server hangs up, and in which pieces."""
    heard = b""

    async def story(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        writer.write(b"".join(requests))
        heard = await reader.read(-1)

    pieces = _visit(story, at_once, **options)
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


POST = b"POST /quick HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%b"


def _quick(scope: Any, body: bytes) -> Coroutine[Any, None, Answer] | None:
    """Answers /quick with the body that came, after a while when that says so; knows nothing else."""

    async def answer() -> Answer:
        if body == b"later":
            await asyncio.sleep(0)
            await asyncio.get_running_loop().run_in_executor(None, int)
        elif body == b"fails":
            raise ValueError
        elif body == b"who":
            mine = CAUSE.get()
            await asyncio.sleep(0)
            assert await asyncio.create_task(_who()) == mine
            return ok(f"{await apart(_who())}quick:{CAUSE.get()}".encode())
        return ok(b"quick:" + body)

    return answer() if scope["path"] == "/quick" else None


async def _who() -> str:
    await asyncio.sleep(0)
    return CAUSE.get()


def _bodies(heard: bytes) -> list[bytes]:
    return [part.partition(b"\r\n\r\n")[2] for part in heard.split(b"HTTP/1.1 200 OK\r\n")[1:]]


def test_a_request_that_came_whole_is_answered_without_the_application() -> None:
    heard, pieces = _asked(POST % (3, b"one"), POST % (0, b""), _LAST, at_once=_quick)
    assert _bodies(heard) == [b"quick:one", b"quick:", b"plain"]
    assert pieces[0].startswith(b"HTTP/1.1 200 OK\r\ndate: today\r\n")
    assert pieces[0].endswith(b"content-type: application/json\r\ncontent-length: 9\r\n\r\nquick:one")


def test_what_comes_while_an_answer_is_awaited_waits_for_its_turn() -> None:
    heard, _ = _asked(POST % (5, b"later"), POST % (3, b"two"), GET % b"/plain", _LAST, at_once=_quick)
    assert _bodies(heard) == [b"quick:later", b"usually", b"plain", b"plain"]
    heard, _ = _asked(GET % b"/parts", POST % (3, b"two"), _LAST, at_once=_quick)
    assert _bodies(heard)[1:] == [b"usually", b"plain"]


@pytest.mark.parametrize("cut", [20, len(POST % (4, b"")), len(POST % (4, b"ha"))])
def test_a_request_in_parts_is_answered_when_it_is_whole(cut: int) -> None:
    whole = POST % (4, b"half") + GET % b"/plain"
    heard = b""

    async def story(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        writer.write(GET % b"/quick" + whole[:cut])
        await reader.readuntil(b"quick:")  # by then the server has read what came with it
        writer.write(whole[cut:])
        heard = await reader.readuntil(b"plain")

    _visit(story, _quick)
    assert _bodies(heard) == [b"quick:half" if cut == 20 else b"usually", b"plain"]


def test_our_mistake_ends_the_connection_and_is_logged() -> None:
    with capture_logs() as lines:
        heard, _ = _asked(POST % (5, b"fails"), GET % b"/plain", at_once=_quick)
    assert heard == b""
    assert [line["event"] for line in lines] == ["request failed"]


def test_who_is_silent_for_too_long_is_hung_up_on() -> None:
    heard, _ = _asked(POST % (5, b"later"), at_once=_quick, timeout_keep_alive=0)
    assert _bodies(heard) == [b"quick:later"]


NAMED = b"POST /quick HTTP/1.1\r\nhost: x\r\nx-request-id: %b\r\ncontent-length: 3\r\n\r\nwho"


def _ids(heard: bytes) -> list[bytes]:
    return re.findall(rb"\r\nx-request-id: ([^\r]*)\r\n", heard)


def test_each_request_has_an_id_that_its_answer_and_all_that_it_starts_have() -> None:
    heard, _ = _asked(POST % (3, b"who"), POST % (3, b"who"), GET % b"/parts", _LAST, at_once=_quick)
    ids = _ids(heard)
    assert len(ids) == len(set(ids)) == 4
    assert _bodies(heard)[0] == b"quick:" + ids[0]
    assert all(re.fullmatch(rb"[0-9a-f]{16}", each) for each in ids)
    assert CAUSE.get() == ""


def test_a_trusted_proxy_may_say_what_the_id_is_and_nobody_else() -> None:
    for proxies, is_believed in (("127.0.0.0/8", True), ("10.0.0.0/8", False), ("", False)):
        heard, _ = _asked(
            NAMED % b"edge-1:a.b_c", GET.replace(b"\r\n\r\n", b"\r\nx-request-id: other\r\n\r\n") % b"/plain", _LAST,
            at_once=_quick, proxies=proxies,
        )  # fmt: skip
        ids = _ids(heard)
        assert (ids[:2] == [b"edge-1:a.b_c", b"other"]) == is_believed
        assert (b"edge-1" in heard) == is_believed
        assert _bodies(heard)[0] == b"quick:" + ids[0]


@pytest.mark.parametrize("written", [b"", b"a b", b"a" * 65, b"\xc3\xa4", b'"quoted"', b"{}"])
def test_an_id_that_is_not_well_formed_is_not_taken(written: bytes) -> None:
    heard, _ = _asked(NAMED % written, _LAST, at_once=_quick, proxies="127.0.0.0/8")
    assert re.fullmatch(rb"[0-9a-f]{16}", _ids(heard)[0])
