"""Patterns are matched as Redis does, and none takes long."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derailed.broker.server.commands.glob import matches
from tests.broker.served import Served


@pytest.mark.parametrize(
    ("pattern", "like", "unlike"),
    [
        (b"news.*", [b"news.", b"news.art"], [b"news", b"old news.art"]),
        (b"*", [b"", b"anything"], []),
        (b"", [b""], [b"a"]),
        (b"h?llo", [b"hello", b"h*llo"], [b"hllo", b"heello"]),
        (b"h[ae]llo", [b"hello", b"hallo"], [b"hillo", b"h]llo"]),
        (b"h[^e]llo", [b"hallo"], [b"hello", b"hllo"]),
        (b"h[a-c]llo", [b"hbllo"], [b"hdllo", b"h-llo"]),
        (b"h[c-a]llo", [b"hbllo"], [b"hdllo"]),
        (rb"h[\]x]llo", [b"h]llo", b"hxllo"], [rb"h\llo"]),
        (rb"\*", [b"*"], [b"a", rb"\*"]),
        (b"a*b*c", [b"abc", b"a--b--b--c"], [b"ab", b"acb"]),
    ],
)
def test_names_are_like_a_pattern_or_not(pattern: bytes, like: list[bytes], unlike: list[bytes]) -> None:
    assert [name for name in like if not matches(pattern, name)] == []
    assert [name for name in unlike if matches(pattern, name)] == []


@given(st.text("ab*?", max_size=8), st.text("abc", max_size=8))
def test_stars_and_question_marks_mean_what_they_do_elsewhere(pattern: str, name: str) -> None:
    assert matches(pattern.encode(), name.encode()) == fnmatchcase(name, pattern)


@given(st.binary(max_size=12), st.binary(max_size=12))
def test_any_bytes_are_a_pattern(pattern: bytes, name: bytes) -> None:
    assert matches(pattern, name) in (True, False)


def test_channels_are_listed_by_pattern(tmp_path: Path) -> None:
    with Served(tmp_path) as served, served.client() as client, served.client() as listener:
        names = [f"{kind}:{n}" for kind in ("news", "talk") for n in range(1_500)]
        listener.send(("SUBSCRIBE", *names), ("SSUBSCRIBE", "shard"))
        assert [listener.push()[1] for _ in [*names, "shard"]][-1] == b"shard"
        assert sorted(client.ask("PUBSUB", "CHANNELS")) == sorted(name.encode() for name in names)
        assert len(client.ask("PUBSUB", "CHANNELS", "talk:*")) == 1_500
        assert client.ask("PUBSUB", "CHANNELS", "news:1?4") == [b"news:1%d4" % n for n in range(10)]
        assert client.ask("PUBSUB", "SHARDCHANNELS") == [b"shard"]
