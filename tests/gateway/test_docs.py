"""The tables of docs/wire/gateway.md are those of the machine."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from derailed.gateway.session import MOVES, Effect, Hang, Session, State
from derailed.wire.gateway import IGNORED_OPS, Close

TEXT = (Path(__file__).parents[2] / "docs" / "wire" / "gateway.md").read_text()
STATES = (State.HELLO, State.IDENTIFIED, State.LIVE)
SENT = {
    "1 Heartbeat": (1, None),
    "2 Identify": (2, {"token": "t"}),
    "6 Resume": (6, {"token": "t", "session_id": "s", "seq": 2}),
    "3 Presence Update": (3, {"status": "idle"}),
    "8 Request Guild Members": (8, {"guild_id": "1"}),
    "14 Guild Subscriptions": (14, {"guild_id": "1", "channels": {"2": [[0, 99]]}}),
    ", ".join(map(str, sorted(IGNORED_OPS))): (4, {}),
    "any other opcode": (99, None),
    "what is no frame": None,
}


def test_the_moves_are_those_of_the_machine() -> None:
    rows = ["| from | to |", "| --- | --- |"]
    for state in State:
        to = ", ".join(other.value for other in State if other in MOVES[state])
        rows.append(f"| {state.value} | {to} |".replace("|  |", "| |"))
    assert printed("moves") == rows


def test_the_conversation_is_that_of_the_machine() -> None:
    rows = [f"| the client sends | {' | '.join(state.value for state in STATES)} |", "| --- " * 4 + "|"]
    for name, frame in SENT.items():
        payload = b"no frame" if frame is None else msgspec.json.encode({"op": frame[0], "d": frame[1]})
        rows.append(f"| {name} | {' | '.join(outcome(state, payload) for state in STATES)} |")
    assert printed("conversation") == rows


def test_every_close_code_is_listed() -> None:
    listed = {int(code) for code in re.findall(r"^\| (\d{4}) \|", TEXT, re.MULTILINE)}
    assert listed == set(Close)


def printed(name: str) -> list[str]:
    """The lines of a table of the page."""
    found = re.search(rf"<!-- {name} -->\n(.*?)\n<!-- end -->", TEXT, re.DOTALL)
    assert found is not None
    return found[1].splitlines()


def outcome(state: State, payload: bytes) -> str:
    """What that frame does there."""
    session = Session(0.0)
    if state is not State.HELLO:
        session.move(State.IDENTIFIED)
    if state is State.LIVE:
        session.move(State.LIVE)
    effect = session.receive(payload, 1.0)
    if session.state is not state:
        return f"→ {session.state.value}"
    return _name(effect)


def _name(effect: Effect | None) -> str:
    if effect is None:
        return "ignored"
    return f"closed with {int(effect.code)}" if isinstance(effect, Hang) else "answered"
