"""How files are served: types, conditions, ranges, and what a browser may do with them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from tests.api.door import Door, Person, visit
from tests.api.pictures import data_uri, png


async def attached(person: Person, name: str, content: bytes) -> str:
    """The address of a file in a message."""
    guild = await person.guild()
    files = {"files[0]": (name, content)}
    answer = await person.ask("POST", f"/channels/{guild['system_channel_id']}/messages", files=files)
    url: str = answer.json()["attachments"][0]["url"]
    return url


async def fetch(door: Door, url: str, method: str = "GET", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await door.client.request(method, url, headers=named)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    return answer


@pytest.mark.parametrize(
    ("name", "kind", "how"),
    [
        ("a.png", "image/png", "inline"),
        ("a.MP4", "video/mp4", "inline"),
        ("a.mp3", "audio/mpeg", "inline"),
        ("a.svg", "application/octet-stream", "attachment"),
        ("a.html", "application/octet-stream", "attachment"),
        ("a.png.htm", "application/octet-stream", "attachment"),
        ("a.js", "application/octet-stream", "attachment"),
        ("a.pdf", "application/octet-stream", "attachment"),
        ("a.txt", "application/octet-stream", "attachment"),
        ("none", "application/octet-stream", "attachment"),
        ('füße; “2”".png', "image/png", "inline"),
    ],
)
def test_a_file_is_served_as_what_can_do_no_harm(tmp_path: Path, name: str, kind: str, how: str) -> None:
    async def story(door: Door) -> None:
        url = await attached(await door.register("anna"), name.replace('"', "%22"), b"<script>alert(1)</script>")
        answer = await fetch(door, url)
        assert answer.headers["content-type"] == kind
        assert answer.headers["content-disposition"] == f"{how}; filename*=UTF-8''{quote(name, safe='')}"
        assert answer.headers["cache-control"].startswith("private")

    visit(tmp_path, story)


def test_any_one_range_of_a_file_is_served(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        content = bytes(range(256)) * 4000
        url = await attached(await door.register("anna"), "a.mp4", content)
        size = len(content)
        for asked, start, end in (
            ("bytes=0-0", 0, 1),
            ("bytes=10-19", 10, 20),
            ("bytes=100-", 100, size),
            ("bytes=-5", size - 5, size),
            (f"bytes=-{size * 2}", 0, size),
            (f"bytes=5-{size * 2}", 5, size),
        ):
            answer = await fetch(door, url, range=asked)
            assert answer.status_code == 206
            assert answer.content == content[start:end]
            assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
        for asked in ("bytes=0-1,3-4", "lines=0-1", "bytes=-", "bytes=5-3", "nonsense", "bytes=0-" + "9" * 30):
            answer = await fetch(door, url, range=asked)
            assert (answer.status_code, answer.content) == (200, content), asked
        for asked in (f"bytes={size}-", "bytes=-0"):
            answer = await fetch(door, url, range=asked)
            assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{size}")
            assert answer.content == b""
        stale = await fetch(door, url, range="bytes=0-0", if_range='"other"')
        assert stale.status_code == 200

    visit(tmp_path, story)


def test_what_one_has_is_not_sent_again(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        own = await anna.do("PATCH", "/users/@me", {"avatar": data_uri(png())})
        url = f"/avatars/{own['id']}/{own['avatar']}.png"
        first = await fetch(door, url)
        assert first.headers["cache-control"] == "public, max-age=31536000, immutable"
        tag = first.headers["etag"]
        for asked in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            answer = await fetch(door, url, if_none_match=asked)
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
        assert (await fetch(door, url, if_none_match='"x"')).status_code == 200

    visit(tmp_path, story)


def test_the_head_of_a_file_has_no_body(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        url = await attached(await door.register("anna"), "a.png", b"12345")
        answer = await fetch(door, url, "HEAD")
        assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, "5", b"")
        assert (await fetch(door, url, "POST")).status_code == 405
        empty = await attached(await door.register("ben"), "a.png", b"")
        assert (await fetch(door, empty)).content == b""

    visit(tmp_path, story)


def test_an_image_is_served_as_what_it_is_under_every_name_of_it(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna = await door.register("anna")
        own = await anna.do("PATCH", "/users/@me", {"avatar": data_uri(png())})
        for kind in ("png", "jpg", "jpeg", "webp", "gif"):
            answer = await fetch(door, f"/avatars/{own['id']}/{own['avatar']}.{kind}?size=64")
            assert answer.headers["content-type"] == "image/png"
        for path in (
            f"/avatars/{own['id']}/{own['avatar']}.svg",
            f"/avatars/{own['id']}/{own['avatar']}",
            f"/icons/{own['id']}/{own['avatar']}.png",
            f"/avatars/{own['id']}/..%2f{own['avatar']}.png",
            f"/avatars/x/{own['avatar']}.png",
            "/avatars/",
            "/emojis/1.png",
            "/attachments/1/2",
            f"/attachments/{'9' * 19}/{'9' * 19}/a?hm=1",
        ):
            assert (await fetch(door, path)).status_code == 404, path

    visit(tmp_path, story)


def test_default_avatars_are_drawn(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        drawn = [(await fetch(door, f"/embed/avatars/{number}.png")).content for number in range(6)]
        assert len(set(drawn)) == 6
        assert all(each.startswith(b"\x89PNG") for each in drawn)
        assert (await fetch(door, "/embed/avatars/6.png")).status_code == 404

    visit(tmp_path, story)
