"""The conversation of one socket, as its pure machine sees it: frames and the time in, effects out."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from derailed.gateway.session import (
    MOVES,
    Ack,
    AskMembers,
    Begin,
    Continue,
    Effect,
    Hang,
    IllegalMove,
    Session,
    State,
)
from derailed.wire.gateway import ALL_INTENTS, FRAME_BYTES_MAX, FRAMES_PER_MINUTE, SILENCE_MAX_S, Close, Op

GUILD = 10_000_000_000_000_001


def frame(op: int, d: object = None) -> bytes:
    return msgspec.json.encode({"op": op, "d": d})


def in_state(state: State, now: float = 0.0) -> Session:
    """A session that came to this state by its own moves."""
    session = Session(now)
    path = {
        State.HELLO: (),
        State.IDENTIFIED: (State.IDENTIFIED,),
        State.LIVE: (State.IDENTIFIED, State.LIVE),
        State.DETACHED: (State.IDENTIFIED, State.DETACHED),
        State.GONE: (State.GONE,),
    }[state]
    for step in path:
        session.move(step)
    return session


def identify(**more: object) -> Effect | None:
    return Session(0.0).receive(frame(2, {"token": "t", "intents": 1} | more), 1.0)


def ask(**more: object) -> Effect | None:
    return in_state(State.LIVE).receive(frame(8, {"guild_id": GUILD, "query": ""} | more), 1.0)


def code(effect: Effect | None) -> Close:
    assert isinstance(effect, Hang)
    return effect.code


# --- moves


@pytest.mark.parametrize(("start", "end"), list(itertools.product(State, State)))
def test_a_move_is_made_or_refused_by_name_as_the_table_says(start: State, end: State) -> None:
    session = in_state(start)
    if end in MOVES[start]:
        session.move(end)
        assert session.state is end
    else:
        with pytest.raises(IllegalMove, match=f"^{start.value} → {end.value}$"):
            session.move(end)
        assert session.state is start


def test_every_state_can_be_reached_and_the_last_two_can_not_be_left() -> None:
    assert set(State) == {State.HELLO} | set().union(*MOVES.values())
    assert [state for state in State if not MOVES[state]] == [State.DETACHED, State.GONE]


# --- each op in each state

OPEN_STATES = (State.HELLO, State.IDENTIFIED, State.LIVE)
IDENTIFY = frame(2, {"token": "t"})
RESUME = frame(6, {"token": "t", "session_id": "s", "seq": 2})
MEMBERS = frame(8, {"guild_id": GUILD})


@pytest.mark.parametrize("state", OPEN_STATES)
def test_a_heartbeat_is_answered_at_any_time(state: State) -> None:
    for d in (None, 0, 17, "junk"):
        assert in_state(state).receive(frame(1, d), 1.0) == Ack()


@pytest.mark.parametrize("payload", [IDENTIFY, RESUME])
def test_a_socket_identifies_once(payload: bytes) -> None:
    session = Session(0.0)
    assert isinstance(session.receive(payload, 1.0), Begin | Continue)
    assert session.state is State.IDENTIFIED
    for state in (State.IDENTIFIED, State.LIVE):
        for again in (IDENTIFY, RESUME):
            assert code(in_state(state).receive(again, 1.0)) == Close.ALREADY_AUTHENTICATED


def test_a_refused_session_may_identify_on_the_same_socket() -> None:
    session = in_state(State.IDENTIFIED)
    session.move(State.HELLO)
    assert isinstance(session.receive(IDENTIFY, 1.0), Begin)


@pytest.mark.parametrize("op", [3, 4, 8, 14, 31, 37, 43, 99])
def test_nothing_but_a_heartbeat_comes_before_identify(op: int) -> None:
    assert code(Session(0.0).receive(frame(op, {}), 1.0)) == Close.NOT_AUTHENTICATED


@pytest.mark.parametrize("state", [State.IDENTIFIED, State.LIVE])
@pytest.mark.parametrize("op", [4, 31, 37, 43])
def test_what_has_no_meaning_here_is_ignored(state: State, op: int) -> None:
    assert in_state(state).receive(frame(op, {"anything": [1]}), 1.0) is None


@pytest.mark.parametrize("state", [State.IDENTIFIED, State.LIVE])
@pytest.mark.parametrize("op", [0, 5, 7, 9, 10, 11, 12, 13, 99, -1])
def test_an_unknown_opcode_is_refused(state: State, op: int) -> None:
    assert code(in_state(state).receive(frame(op), 1.0)) == Close.UNKNOWN_OPCODE


# --- IDENTIFY


def test_identify_is_read_with_its_defaults() -> None:
    assert Session(0.0).receive(IDENTIFY, 1.0) == Begin("t", ALL_INTENTS, 50, None)


@pytest.mark.parametrize("prefixed", [IDENTIFY, RESUME])
def test_the_prefix_that_some_libraries_send_is_taken_off_once(prefixed: bytes) -> None:
    for sent, taken in (("Bot a.b", "a.b"), ("a.b", "a.b"), ("Bot Bot a", "Bot a")):
        effect = Session(0.0).receive(prefixed.replace(b'"t"', msgspec.json.encode(sent)), 1.0)
        assert isinstance(effect, Begin | Continue)
        assert effect.token == taken


@pytest.mark.parametrize(("asked", "given"), [(-5, 50), (0, 50), (50, 50), (100, 100), (250, 250), (9999, 250)])
def test_the_large_threshold_is_kept_within_its_bounds(asked: int, given: int) -> None:
    effect = identify(large_threshold=asked)
    assert isinstance(effect, Begin)
    assert effect.large_threshold == given


@pytest.mark.parametrize("intents", [0, 1, 513, 53_608_191, ALL_INTENTS])
def test_intents_that_exist_are_taken(intents: int) -> None:
    effect = identify(intents=intents)
    assert isinstance(effect, Begin)
    assert effect.intents == intents


@pytest.mark.parametrize("intents", [-1, 1 << 17, 1 << 30, 1 << 62, ALL_INTENTS + 1])
def test_an_unknown_intent_is_refused(intents: int) -> None:
    assert code(identify(intents=intents)) == Close.INVALID_INTENTS


@pytest.mark.parametrize("shard", [[0, 1], [3, 4], [65_535, 65_536]])
def test_a_shard_is_its_number_and_their_count(shard: list[int]) -> None:
    effect = identify(shard=shard)
    assert isinstance(effect, Begin)
    assert effect.shard == tuple(shard)


@pytest.mark.parametrize("shard", [[], [0], [0, 0], [1, 1], [-1, 1], [0, 1, 2], [0, 65_537], [2, 1]])
def test_a_shard_that_can_not_be_is_refused(shard: list[int]) -> None:
    assert code(identify(shard=shard)) == Close.INVALID_SHARD


def test_what_libraries_send_beyond_what_we_read_is_ignored() -> None:
    junk = {
        "properties": {"os": "linux", "browser": "x", "device": "x"},
        "compress": True,
        "presence": {"since": None, "game": None, "status": None, "afk": False},
        "capabilities": 0,
        "client_state": {"guild_versions": {}},
    }
    assert identify(**junk) == Begin("t", 1, 50, None)


def test_a_refused_identify_leaves_the_socket_where_it_was() -> None:
    session = Session(0.0)
    session.receive(frame(2, {"token": "t", "shard": [1, 1]}), 1.0)
    assert session.state is State.HELLO


# --- RESUME


def test_resume_is_read() -> None:
    assert Session(0.0).receive(RESUME, 1.0) == Continue("t", "s", 2)


# --- members


@pytest.mark.parametrize("guild", [GUILD, str(GUILD), [GUILD], [str(GUILD)]])
def test_a_guild_id_may_be_a_number_a_string_or_one_of_either_in_an_array(guild: object) -> None:
    effect = ask(guild_id=guild)
    assert isinstance(effect, AskMembers)
    assert effect.guild_id == GUILD


@pytest.mark.parametrize("users", [7, "7", [7], ["7"]])
def test_user_ids_may_be_a_number_a_string_or_an_array_of_either(users: object) -> None:
    effect = ask(user_ids=users)
    assert isinstance(effect, AskMembers)
    assert effect.user_ids == (7,)


def test_members_are_asked_with_all_that_libraries_send() -> None:
    asked = {"query": "an", "limit": 5, "presences": True, "nonce": "f" * 32}
    assert ask(**asked) == AskMembers(GUILD, "an", (), 5, "f" * 32, True)
    assert ask(presences=None, nonce=None, user_ids=None) == AskMembers(GUILD, "", (), 0, None, False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"guild_id": []},
        {"guild_id": [1, 2]},
        {"guild_id": "guild"},
        {"guild_id": -1},
        {"guild_id": 1 << 63},
        {"guild_id": "1_000"},
        {"guild_id": None},
        {"user_ids": ["x"]},
        {"user_ids": [-1]},
        {"user_ids": ["9" * 30]},
        {"user_ids": list(range(101))},
        {"nonce": "f" * 33},
        {"nonce": "é" * 17},
        {"limit": "all"},
        {"limit": 1 << 63},
        {"query": 5},
    ],
)
def test_a_question_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    assert code(ask(**wrong)) == Close.DECODE_ERROR


def test_ids_are_asked_for_even_with_an_empty_query_beside_them() -> None:
    assert ask(query="", user_ids=["7"]) == AskMembers(GUILD, None, (7,), 0, None, False)


# --- limits


def test_the_hundred_and_twenty_first_frame_of_a_minute_is_one_too_many() -> None:
    session = Session(0.0)
    for count in range(FRAMES_PER_MINUTE):
        assert session.receive(frame(1), count * 0.1) == Ack()
    assert code(session.receive(frame(1), 59.9)) == Close.RATE_LIMITED


def test_each_minute_has_its_own_hundred_and_twenty() -> None:
    session = Session(0.0)
    for count in range(FRAMES_PER_MINUTE):
        assert session.receive(frame(1), count * 0.1) == Ack()
    for _ in range(FRAMES_PER_MINUTE):
        assert session.receive(frame(1), 60.0) == Ack()
    assert code(session.receive(frame(1), 61.0)) == Close.RATE_LIMITED


def test_frames_that_can_not_be_read_count_too() -> None:
    session = Session(0.0)
    codes = [code(session.receive(b"junk", 1.0)) for _ in range(FRAMES_PER_MINUTE + 1)]
    assert codes[-2:] == [Close.DECODE_ERROR, Close.RATE_LIMITED]


def test_silence_ends_a_session_and_a_heartbeat_keeps_it() -> None:
    session = in_state(State.LIVE)
    assert not session.expired(SILENCE_MAX_S - 1)
    session.receive(frame(1), 50.0)
    assert not session.expired(SILENCE_MAX_S + 1)
    assert session.expired(50.0 + SILENCE_MAX_S)


def test_a_socket_that_only_beats_and_never_identifies_is_not_kept() -> None:
    session = Session(0.0)
    session.receive(frame(1), 50.0)
    assert session.expired(SILENCE_MAX_S)


# --- input


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"junk",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{}",
        b'{"op":"1"}',
        b'{"op":1.5}',
        b'{"op":null}',
        b'{"op":2}',
        b'{"op":2,"d":null}',
        b'{"op":2,"d":{"token":5}}',
        b'{"op":2,"d":{}}',
        b'{"op":2,"d":{"token":"t","intents":"all"}}',
        b'{"op":6,"d":{"token":"t","session_id":"s","seq":null}}',
        b'{"op":1,"d":',
        b'{"op":1}{"op":1}',
        b'{"op":2,"d":{"token":"\xff"}}',
    ],
)
def test_a_frame_that_can_not_be_read_is_4002(payload: bytes) -> None:
    assert code(Session(0.0).receive(payload, 1.0)) == Close.DECODE_ERROR


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("op", [1, 2, 8])
def test_deep_nesting_is_a_frame_like_any_other(opening: str, op: int) -> None:
    depth = (FRAME_BYTES_MAX - 20) // len(opening)
    payload = f'{{"op":{op},"d":{opening * depth}'.encode()
    assert len(payload) <= FRAME_BYTES_MAX
    assert code(in_state(State.HELLO).receive(payload, 1.0)) == Close.DECODE_ERROR


def test_text_and_bytes_are_read_alike() -> None:
    assert Session(0.0).receive(IDENTIFY.decode(), 1.0) == Session(0.0).receive(IDENTIFY, 1.0)


@given(st.binary(max_size=FRAME_BYTES_MAX), st.sampled_from(OPEN_STATES))
def test_arbitrary_bytes_never_raise(payload: bytes, state: State) -> None:
    in_state(state).receive(payload, 1.0)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_asked = ["guild_id", "query", "user_ids", "limit", "nonce", "presences"]
_key = st.sampled_from(["token", "intents", "shard", "large_threshold", "session_id", "seq", *_asked])


@given(
    op=st.sampled_from(list(Op)) | st.integers(-3, 50),
    d=_json | st.dictionaries(_key, _json, max_size=6),
    state=st.sampled_from(OPEN_STATES),
)
def test_arbitrary_json_never_raises_and_only_identify_moves_on(op: int, d: object, state: State) -> None:
    session = in_state(state)
    effect = session.receive(frame(int(op), d), 1.0)
    moved = isinstance(effect, Begin | Continue)
    assert session.state is (State.IDENTIFIED if moved else state)
