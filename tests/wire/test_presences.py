"""What clients send of presences, rebuilt: nothing that a library chokes on is passed on."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from derailed.wire.presences import ACTIVITIES_MAX, TEXT_MAX, ActivityShape, SentPresence, shown

NOW = 1_700_000_000_000


def rebuilt(sent: dict[str, Any]) -> Any:
    """The activities that others are told of."""
    return msgspec.json.decode(shown(msgspec.convert(sent, SentPresence), NOW).activities)


def test_an_activity_has_what_libraries_need() -> None:
    assert rebuilt({"activities": [{"name": "Chess"}]}) == [{"name": "Chess", "type": 0, "created_at": NOW}]


def test_the_one_activity_of_hikari_is_taken() -> None:
    assert rebuilt({"game": {"name": "Chess", "type": 2, "url": None}}) == [
        {"name": "Chess", "type": 2, "created_at": NOW}
    ]


@pytest.mark.parametrize("sent", [{"activities": None}, {"activities": []}, {"game": None}, {}])
def test_no_activities_are_none(sent: dict[str, Any]) -> None:
    assert shown(msgspec.convert(sent, SentPresence), NOW) == ("online", b"[]", False, True)


def test_junk_beside_an_activity_is_not_passed_on() -> None:
    junk = {"name": "Chess", "type": 0, "timestamps": {}, "platform": None, "assets": {}, "party": None, "secrets": []}
    assert rebuilt({"activities": [junk]}) == [{"name": "Chess", "type": 0, "created_at": NOW}]


def test_times_emoji_and_links_are_passed_on_where_they_mean_something() -> None:
    stream = {"name": "x", "type": 1, "url": "https://example.org/live", "timestamps": {"start": "5", "end": 1e300}}
    custom = {"name": "", "type": 4, "state": "tea", "emoji": {"name": "cup", "id": 5, "animated": None}}
    first, second = rebuilt({"activities": [stream, custom]})
    assert (first["url"], first["timestamps"]) == ("https://example.org/live", {"start": 5})
    assert (second["name"], second["emoji"]) == ("Custom Status", {"name": "cup", "id": "5", "animated": False})
    assert "url" not in rebuilt({"activities": [{"name": "x", "type": 1, "url": "javascript:alert(1)"}]})[0]
    assert "emoji" not in rebuilt({"activities": [{"name": "x", "type": 0, "emoji": {"name": "🍵"}}]})[0]


@pytest.mark.parametrize("empty", [{"name": ""}, {"name": None}, {"name": "x", "type": 4}, {"name": "x", "type": 6}])
def test_an_activity_that_says_nothing_is_left_out(empty: dict[str, Any]) -> None:
    assert rebuilt({"activities": [empty]}) == []


def test_what_is_shown_is_bounded() -> None:
    many = [{"name": "n" * 500, "state": "s" * 500, "url": "https://" + "u" * 600, "type": 1}] * (ACTIVITIES_MAX + 5)
    kept = rebuilt({"activities": many})
    assert len(kept) == ACTIVITIES_MAX
    assert (len(kept[0]["name"]), len(kept[0]["state"])) == (TEXT_MAX, TEXT_MAX)
    assert "url" not in kept[0]


@pytest.mark.parametrize(
    ("sent", "status"),
    [(None, "online"), ("online", "online"), ("idle", "idle"), ("dnd", "dnd"), ("offline", "invisible")],
)
def test_a_status_is_taken_as_libraries_send_it(sent: str | None, status: str) -> None:
    assert shown(msgspec.convert({"status": sent}, SentPresence), NOW).status == status


@given(st.from_type(SentPresence))
def test_whatever_is_sent_becomes_activities_that_are_whole(sent: SentPresence) -> None:
    for activity in msgspec.json.decode(shown(sent, NOW).activities, type=list[ActivityShape]):
        assert activity.name
        assert activity.created_at == NOW
