"""Reading a page: what it says of itself in its head. Pure, and linear in the size of whatever is sent.

Tags are found by patterns that never look past the next `<`, and only single ones of bounded length go to the
standard library's parser: given a whole hostile page it takes minutes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from html.parser import HTMLParser
from itertools import islice
from typing import Final
from urllib.parse import urljoin, urlsplit

from derailed.unfurl import Preview

TITLE: Final = 256
DESCRIPTION: Final = 350
SITE: Final = 256
URL: Final = 2048

_TAGS: Final = 200
"""More than any page has of meta tags."""

_END: Final = re.compile(rb"</head\s*>|<body[\s>]", re.IGNORECASE)
_META: Final = re.compile(r"""<meta\s(?:[^<>"']|"[^"<]*"|'[^'<]*')*+>""", re.IGNORECASE)
_TITLE: Final = re.compile(r"<title(?:\s[^<>]*)?>([^<]*)", re.IGNORECASE)
_CHARSET: Final = re.compile(rb"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_COLOR: Final = re.compile(r"#([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")
_LONGEST_TAG: Final = 8192
_SPACE: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")

_CHARSETS: Final = frozenset(
    {
        *("utf-8", "iso-8859-1", "iso-8859-2", "iso-8859-15", "windows-1250", "windows-1251", "windows-1252"),
        *("koi8-r", "shift_jis", "euc-jp", "euc-kr", "gb2312", "gbk", "gb18030", "big5"),
    }
)
"""Others are UTF-8 that says something else, or chosen to cost time: Python has codecs that are quadratic."""


def read(data: bytes, content_type: str, url: str) -> Preview | None:
    """What the page at the address says of itself; None when it has no title."""
    end = _END.search(data)
    head = data[: end.start()] if end else data
    text = head.decode(_charset(head, content_type), errors="replace")
    said = _said(text)
    title = _line(said.get("og:title") or said.get("twitter:title") or _title(text), TITLE)
    if title is None:
        return None
    description = said.get("og:description") or said.get("twitter:description") or said.get("description")
    return Preview(
        kind="article" if said.get("og:type") == "article" else "link",
        title=title,
        description=_line(description, DESCRIPTION),
        site=_line(said.get("og:site_name"), SITE),
        image_url=_absolute(said.get("og:image") or said.get("twitter:image"), url),
        color=_color(said.get("theme-color")),
    )


class _Tag(HTMLParser):
    """Reads the attributes of one tag."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found = {name: value for name, value in attrs if value}


def _said(text: str) -> Mapping[str, str]:
    """`content` by `property` or `name`; the first of each."""
    said: dict[str, str] = {}
    for found in islice(_META.finditer(text), _TAGS):
        if len(found[0]) > _LONGEST_TAG:
            continue
        tag = _Tag()
        tag.feed(found[0])
        name = tag.found.get("property") or tag.found.get("name")
        if name and "content" in tag.found:
            said.setdefault(name.lower(), tag.found["content"])
    return said


def _title(text: str) -> str | None:
    found = _TITLE.search(text)
    return None if found is None else unescape(found[1][:_LONGEST_TAG])


def _line(text: str | None, limit: int) -> str | None:
    """One line of it, cut where it is too long; None for nothing."""
    line = _SPACE.sub(" ", (text or "")[:_LONGEST_TAG]).strip()
    if len(line) > limit:
        line = line[: limit - 1].rstrip() + "…"
    return line or None


def _absolute(reference: str | None, base: str) -> str | None:
    if not reference:
        return None
    try:
        url = urljoin(base, reference.strip())
        usable = urlsplit(url).scheme in ("http", "https") and len(url) <= URL and _SPACE.search(url) is None
    except ValueError:
        return None
    return url if usable else None


def _color(text: str | None) -> int | None:
    found = _COLOR.fullmatch((text or "").strip())
    if found is None:
        return None
    digits = found[1] if len(found[1]) == 6 else "".join(digit * 2 for digit in found[1])
    return int(digits, 16)


def _charset(head: bytes, content_type: str) -> str:
    found = _CHARSET.search(content_type.encode()) or _CHARSET.search(head)
    named = found[1].decode("ascii", errors="replace").lower() if found else ""
    return named if named in _CHARSETS else "utf-8"
