"""Names of files: what is kept of them, and what they may be served as."""

from __future__ import annotations

import pytest

from derailed.wire import filenames


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("a.txt", "a.txt"),
        ("two words (1).png", "two words (1).png"),
        ("füße.png", "füße.png"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("a/", "file"),
        ("..", "file"),
        ("", "file"),
        ("  ", "file"),
        ("a\0b\n.txt", "a_b_.txt"),
        ("exe.\u202egnp", "exe._gnp"),
    ],
)
def test_a_name_leads_nowhere_and_hides_nothing(sent: str, kept: str) -> None:
    assert filenames.cleaned(sent) == kept
    assert filenames.cleaned(kept) == kept


@pytest.mark.parametrize("name", ["a.svg", "a.html", "a.xhtml", "a.png.svg", "a.pdf", "a", "png", ".html", "a.PnG "])
def test_what_could_run_is_only_to_be_kept(name: str) -> None:
    assert filenames.served_type(name) == ("application/octet-stream", False)


@pytest.mark.parametrize(("name", "kind"), [("a.PNG", "image/png"), (".gif", "image/gif"), ("a.b.mp4", "video/mp4")])
def test_what_can_not_is_shown(name: str, kind: str) -> None:
    assert filenames.served_type(name) == (kind, True)
    assert filenames.content_type(name) == kind
