"""The guarded client: what it reads, and everything that it does not fall for."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable

import pytest

from derailed.unfurl import Preview
from derailed.unfurl.client import READ, REDIRECTS, GuardedClient
from tests.unfurl.strangers import HOST, PAGE, Stranger, answer, moved, stranger


def meet(story: Callable[[Stranger], Awaitable[None]], host: str = HOST) -> None:
    """Run the story with a stranger's server."""

    async def run() -> None:
        async with asyncio.timeout(20), stranger(host=host) as other:
            await story(other)

    asyncio.run(run())


async def preview(other: Stranger, url: str, own_host: str = "") -> Preview | None:
    """What a fresh client shows."""
    client = other.client(own_host)
    try:
        return await client.preview(url)
    finally:
        await client.close()


def test_a_page_and_an_image_are_shown() -> None:
    async def story(other: Stranger) -> None:
        other.answers["/cat.png"] = answer(b"\x89PNG", "image/png")
        assert await preview(other, other.url()) == Preview("link", title="A page")
        image = other.url("/cat.png")
        assert await preview(other, image) == Preview("image", image_url=image)

    meet(story)


def test_we_say_who_asks_and_bring_nothing_else() -> None:
    async def story(other: Stranger) -> None:
        other.answers["/"] = answer(Set_Cookie="a=b")
        client = other.client()
        await client.preview(other.url())
        await client.preview(other.url("/#part"))
        await client.close()
        for request in other.asked:
            assert b"User-Agent: Derailed (link previews)" in request
            assert b"cookie" not in request.lower()
            assert b"authorization" not in request.lower()
            assert b"referer" not in request.lower()

    meet(story)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://10.1.2.3/",
        "http://192.168.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.64.0.1/",
        "http://0.0.0.0/",
        "http://224.0.0.1/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[::127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[64:ff9b:1::1]/",
        "http://[2002:7f00:1::]/",
        "http://[2001:0:7f00:1::]/",
        "http://[fe80::1%25lo]/",
        "http://[fc00::1]/",
        "http://[fec0::1]/",
        "http://[ff02::1]/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://017700000001/",
        "http://127.1/",
        "http://127.0.0.1./",
        "http://①②⑦.0.0.1/",
    ],
)
def test_an_address_that_is_not_public_is_not_connected_to(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        client = GuardedClient()  # the strict one, with the system's resolver

        def connected(*_: object) -> None:
            raise AssertionError("connected")

        monkeypatch.setattr(client._network._network, "connect_tcp", connected)
        assert await client.preview(url) is None
        await client.close()

    asyncio.run(story())


@pytest.mark.parametrize("port", [22, 25, 6379, 8080, 5432, 65535])
def test_only_the_ports_of_the_web_are_asked(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        client = GuardedClient()

        def connected(*_: object) -> None:
            raise AssertionError("connected")

        monkeypatch.setattr(client._network._network, "connect_tcp", connected)
        assert await client.preview(f"http://93.184.216.34:{port}/") is None
        await client.close()

    asyncio.run(story())


def test_a_name_that_is_rebound_leads_where_it_led_when_it_was_judged() -> None:
    async def story(other: Stranger) -> None:
        other.names["rebound.example"] = [HOST, "127.0.0.1", "127.0.0.1"]
        assert await preview(other, other.url(host="rebound.example")) is not None
        assert other.looked_up == ["rebound.example"]
        assert b"Host: rebound.example" in other.asked[0]
        # The next one is judged anew, and refused.
        assert await preview(other, other.url(host="rebound.example")) is None
        assert len(other.asked) == 1

    meet(story)


def test_a_name_of_which_one_address_is_not_public_is_refused() -> None:
    async def story(other: Stranger) -> None:
        async def both(host: str, port: int) -> list[str]:
            return [HOST, "127.0.0.1"]

        client = GuardedClient("", other._allows, both)
        assert await client.preview(other.url(host="both.example")) is None
        await client.close()
        assert other.asked == []

    meet(story)


def test_redirects_are_followed_and_each_is_judged() -> None:
    async def story(other: Stranger) -> None:
        other.answers["/moved"] = moved("/")
        other.answers["/in"] = moved(other.url(host="127.0.0.1"))
        other.answers["/mapped"] = moved(other.url(host="[::ffff:127.0.0.1]"))
        other.answers["/file"] = moved("file:///etc/passwd")
        other.answers["/user"] = moved(other.url(host=f"me:secret@{HOST}"))
        assert await preview(other, other.url("/moved")) == Preview("link", title="A page")
        count = len(other.asked)
        for path in ("/in", "/mapped", "/file", "/user"):
            assert await preview(other, other.url(path)) is None, path
        assert len(other.asked) == count + 4

    meet(story)


def test_redirects_have_an_end() -> None:
    async def story(other: Stranger) -> None:
        for number in range(REDIRECTS + 1):
            other.answers[f"/{number}"] = moved(f"/{number - 1}" if number else "/")
        assert await preview(other, other.url(f"/{REDIRECTS - 1}")) is not None
        assert await preview(other, other.url(f"/{REDIRECTS}")) is None
        other.answers["/loop"] = moved("/loop")
        assert await preview(other, other.url("/loop")) is None

    meet(story)


@pytest.mark.parametrize(
    "link",
    ["http://me:secret@{}/", "http://me@{}/", "ftp://{}/", "file:///etc/passwd", "http:///", "http://", "//{}/", "{}"],
)
def test_what_is_no_plain_address_of_the_web_is_not_asked(link: str) -> None:
    async def story(other: Stranger) -> None:
        assert await preview(other, link.format(f"{HOST}:{other.port}")) is None
        assert other.asked == []

    meet(story)


def test_we_do_not_ask_ourselves_by_name() -> None:
    async def story(other: Stranger) -> None:
        other.names["chat.example"] = [HOST]
        for host in ("chat.example", "CHAT.example", "chat.example."):
            assert await preview(other, other.url(host=host), own_host="Chat.Example") is None
        assert other.asked == []

    meet(story)


def test_we_do_not_ask_ourselves_by_an_address_of_this_machine() -> None:
    async def story(other: Stranger) -> None:
        other.allowed = {"127.0.0.1"}  # as if it were public: both ends of a connection to oneself have it
        assert await preview(other, other.url(host="127.0.0.1")) is None
        assert other.asked == []

    meet(story, host="127.0.0.1")


def test_a_long_page_is_read_in_part() -> None:
    async def story(other: Stranger) -> None:
        other.answers["/long"] = answer(PAGE + b"x" * (50 << 20))
        client = other.client()
        found = await client.fetch(other.url("/long"))
        await client.close()
        assert len(found.body) == READ

    meet(story)


def test_what_is_packed_is_not_unpacked() -> None:
    async def story(other: Stranger) -> None:
        for name in ("gzip", "deflate", "br", "zstd", "gzip, gzip"):
            other.answers["/bomb"] = answer(gzip.compress(b"\0" * (1 << 20)), Content_Encoding=name)
            assert await preview(other, other.url("/bomb")) is None
        assert b"Accept-Encoding: identity" in other.asked[0]

    meet(story)


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "application/octet-stream", "image/svg+xml", "video/mp4", ""]
)
def test_what_is_neither_a_page_nor_a_picture_is_not_shown(content_type: str) -> None:
    async def story(other: Stranger) -> None:
        other.answers["/"] = answer(content_type=content_type)
        assert await preview(other, other.url()) is None

    meet(story)


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oops", "204 No Content", "401 Who", "206 Partial"])
def test_only_a_plain_success_is_shown(status: str) -> None:
    async def story(other: Stranger) -> None:
        other.answers["/"] = answer(status=status)
        assert await preview(other, other.url()) is None

    meet(story)


@pytest.mark.parametrize("garbage", [b"", b"hello\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 100_000, b"\0" * 99])
def test_garbage_is_no_page(garbage: bytes) -> None:
    async def story(other: Stranger) -> None:
        other.answers["/"] = garbage
        assert await preview(other, other.url()) is None

    meet(story)


def test_who_answers_slowly_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("derailed.unfurl.client.WITHIN_S", 0.2)

    async def story(other: Stranger) -> None:
        # More is promised than comes, so the answer never ends.
        other.answers["/"] = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 99999\r\n\r\n" + PAGE
        never = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(other.answers["/"])
            await never.wait()
            writer.close()

        async with await asyncio.start_server(serve, HOST, 0) as slow:
            other.port = slow.sockets[0].getsockname()[1]
            assert await preview(other, other.url()) is None
            never.set()

    meet(story)


def test_a_name_that_does_not_exist_is_nothing() -> None:
    async def story() -> None:
        client = GuardedClient()
        assert await client.preview("http://nowhere.invalid/") is None
        await client.close()

    asyncio.run(story())
