"""Reading pages: what they say of themselves, and that none takes long."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derailed.unfurl import Preview
from derailed.unfurl.client import READ
from derailed.unfurl.page import DESCRIPTION, SITE, TITLE, read

URL = "https://news.example/today/"


def shown(page: str | bytes, content_type: str = "text/html; charset=utf-8") -> Preview | None:
    return read(page.encode() if isinstance(page, str) else page, content_type, URL)


def test_a_page_is_shown_as_it_says() -> None:
    page = """<!doctype html><html><head><title>Fallback</title>
    <meta property="og:type" content="article"><meta property="og:title" content="Trains &amp; tracks">
    <meta property='og:description' content='They  say "on
    time"'/>
    <META NAME="theme-color" CONTENT="#0aF"><meta property=og:site_name content=News>
    <meta property="og:image" content="../cat.png"></head><body><meta property="og:title" content="no">"""
    assert shown(page) == Preview(
        "article", "Trains & tracks", 'They say "on time"', "News", "https://news.example/cat.png", 0x00AAFF
    )


def test_a_title_is_enough_and_no_title_is_nothing() -> None:
    assert shown("<title> A\npage </title>") == Preview("link", "A page")
    assert shown('<title>A</title><meta name="description" content="words">') == Preview("link", "A", "words")
    assert shown('<meta name="description" content="words">') is None
    assert shown("<title> </title>") is None
    assert shown("") is None


def test_long_texts_are_cut() -> None:
    found = shown(_saying("x" * 1000))
    assert found is not None
    texts = [text or "" for text in (found.title, found.description, found.site)]
    assert [len(text) for text in texts] == [TITLE, DESCRIPTION, SITE]
    assert all(text.endswith("x…") for text in texts)
    assert shown(_saying("x" * 9000)) is None  # tags of that length are passed over


def _saying(text: str) -> str:
    return "".join(f'<meta property="og:{name}" content="{text}">' for name in ("title", "description", "site_name"))


def test_control_characters_are_left_out() -> None:
    assert shown("<title>a\0b\x1bc\x85d</title>") == Preview("link", "a b c d")


@pytest.mark.parametrize("image", ["javascript:alert(1)", "data:image/png;base64,AA", "//[", "http://a b/", "x" * 3000])
def test_an_image_is_an_address_of_the_web(image: str) -> None:
    assert shown(f'<title>a</title><meta property="og:image" content="{image}">') == Preview("link", "a")


def test_a_page_is_read_in_its_own_characters() -> None:
    word = "поезд"
    assert shown(f"<title>{word}</title>".encode("windows-1251"), "text/html; charset=windows-1251") == Preview(
        "link", word
    )
    page = f'<meta charset="koi8-r"><title>{word}</title>'.encode("koi8-r")
    assert shown(page, "text/html") == Preview("link", word)
    assert shown("<title>é</title>".encode(), 'text/html; charset="punycode"') == Preview("link", "é")
    assert shown("<title>é</title>".encode(), "text/html; charset=zlib_codec") == Preview("link", "é")


@pytest.mark.parametrize(
    "hostile",
    [
        b"<meta ",
        b'<meta content="',
        b"<meta content='\"",
        b"<!--",
        b"<!",
        b"<title",
        b"<title>",
        b"</head ",
        b"<meta name=a content=b>",
        b"<",
        b"&",
        b"charset= ",
        b" ",
        b"<meta " + b'a="b" ' * 100,
    ],
)
def test_no_page_takes_long(hostile: bytes) -> None:
    page = hostile * (READ // len(hostile))
    begun = time.process_time()
    shown(page, "text/html")
    shown(b"<title>a" + page, "text/html")
    assert time.process_time() - begun < 0.5


@given(st.binary(max_size=500))
def test_nothing_that_is_sent_is_an_error(page: bytes) -> None:
    shown(b"<title>x</title>" + page, "text/html")
