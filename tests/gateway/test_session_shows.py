"""What clients show and which lists they ask for, as the machine of their socket reads it."""

from __future__ import annotations

import pytest

from derailed.gateway.session import Begin, FollowLists, Show, State
from derailed.wire.gateway import Close
from tests.gateway.test_session import GUILD, code, frame, identify, in_state


def test_what_a_bot_shows_comes_with_identify_or_later() -> None:
    begun = identify(presence={"status": "dnd", "game": {"name": "Chess"}, "since": None, "afk": False})
    assert isinstance(begun, Begin)
    assert begun.presence.status == "dnd"
    later = in_state(State.LIVE).receive(frame(3, {"status": "idle", "activities": [{"name": "x"}], "since": 1}), 1.0)
    assert isinstance(later, Show)
    assert later.presence.status == "idle"


@pytest.mark.parametrize("sent", [{"status": "away"}, {"status": 1}, {"activities": {}}, {"activities": [1]}, None])
def test_a_presence_that_is_none_is_refused(sent: object) -> None:
    assert code(in_state(State.LIVE).receive(frame(3, sent), 1.0)) is Close.DECODE_ERROR


def test_the_sixth_presence_in_twenty_seconds_is_dropped_and_later_ones_are_taken() -> None:
    session = in_state(State.LIVE)
    shown = [session.receive(frame(3, {"status": "idle"}), 1.0 + number) for number in range(6)]
    assert [each is not None for each in shown] == [True] * 5 + [False]
    assert session.receive(frame(3, {"status": "idle"}), 22.0) is not None


@pytest.mark.parametrize(
    ("properties", "client"),
    [
        ({"os": "linux", "browser": "hikari", "device": "x"}, "web"),
        ({"os": "Windows", "browser": "Discord Client"}, "desktop"),
        ({"os": "linux", "browser": "Discord iOS"}, "mobile"),
        ({"os": "Android", "browser": None}, "mobile"),
        ({"os": 5, "browser": ["x"]}, "web"),
        (None, "web"),
    ],
)
def test_the_kind_of_client_is_read_from_what_it_says_of_itself(properties: object, client: str) -> None:
    begun = identify(properties=properties)
    assert isinstance(begun, Begin)
    assert begun.client == client


def test_lists_are_asked_for_by_channel_and_rows() -> None:
    asked = {"guild_id": str(GUILD), "channels": {"5": [[0, 99], [100, 199]], "6": []}, "typing": True, "threads": True}
    assert in_state(State.LIVE).receive(frame(14, asked), 1.0) == FollowLists(
        GUILD, ((5, ((0, 99), (100, 199))), (6, ()))
    )


@pytest.mark.parametrize(
    "channels",
    [{"x": [[0, 1]]}, {"5": [[0]]}, {"5": [[-1, 5]]}, {"5": [["a", 1]]}, {str(n): [] for n in range(21)}, []],
)
def test_lists_that_make_no_sense_are_refused(channels: object) -> None:
    effect = in_state(State.LIVE).receive(frame(14, {"guild_id": "1", "channels": channels}), 1.0)
    assert code(effect) is Close.DECODE_ERROR
