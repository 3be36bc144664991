"""What the processes of an instance say, put together."""

from __future__ import annotations

from typing import Any

from derailed.actions.board import SILENT_MS, Board
from derailed.actions.operators import is_proof, proof
from derailed.wire import operator
from derailed.wire.operator import BusState, Database, Pulse, Rates, Totals

NOW = 1_800_000_000_000


def pulse(service: str, at_ms: int = NOW, **more: Any) -> Pulse:
    """One process's word."""
    said: dict[str, Any] = {
        "service": service,
        "node": service,
        "version": "1.0",
        "at_ms": at_ms,
        "began_ms": NOW - 60_000,
        "is_ready": True,
        "problems": [],
        "memory_bytes": 1,
        "totals": Totals(),
    }
    return Pulse(**(said | more))


def test_an_empty_board_tells_of_nobody() -> None:
    told = Board().look(NOW)
    assert (told.processes, told.versions, told.bus, told.database) == ([], [], None, None)
    assert told.rates == Rates()


def test_rates_are_between_two_pulses_of_a_process_and_are_added_up() -> None:
    board = Board()
    for node, factor in (("one", 1), ("other", 3)):
        for step in (0, 1):
            totals = Totals(deliveries=100 + 50 * step * factor, cpu_s=1 + 0.5 * step)
            board.hear(pulse("wss", NOW + 2000 * step, node=node, totals=totals, sessions=10), NOW + 2000 * step)
    told = board.look(NOW + 2500)
    assert [each.rates.deliveries for each in told.processes] == [25, 75]
    assert told.rates.deliveries == 100
    assert told.rates.cpu == 0.5
    assert told.sessions == 20


def test_a_process_that_began_again_has_no_rate_below_nothing() -> None:
    board = Board()
    board.hear(pulse("api", totals=Totals(messages=500)), NOW)
    board.hear(pulse("api", NOW + 2000, totals=Totals(messages=2)), NOW + 2000)
    assert board.look(NOW + 2000).rates.messages == 0


def test_who_is_silent_is_down_and_counts_no_more_and_is_forgotten_later() -> None:
    board = Board()
    board.hear(pulse("wss", sessions=7), NOW)
    board.hear(pulse("presence", online_users=5), NOW + SILENT_MS)
    told = board.look(NOW + SILENT_MS + 1)
    assert [(each.service, each.is_up, each.is_ready) for each in told.processes] == [
        ("presence", True, True),
        ("wss", False, False),
    ]
    assert (told.sessions, told.online_users) == (0, 5)
    assert [each.service for each in board.look(NOW + 121_000).processes] == ["presence"]


def test_the_bus_is_as_the_worst_sees_it_and_the_database_as_it_was_told_last() -> None:
    board = Board()
    seen: dict[str, Any] = {"kind": "embedded", "is_up": True}
    database = Database(kind="SQLite", is_up=True, size_bytes=1, outbox_rows=0, outbox_age_s=0)
    board.hear(pulse("api", NOW + 1, bus=BusState(**seen, offset=9), database=database), NOW)
    board.hear(pulse("wss", bus=BusState(kind="embedded", is_up=False, offset=7, lag_s=0.5)), NOW)
    told = board.look(NOW)
    assert told.bus == BusState(kind="embedded", is_up=False, offset=9, lag_s=0.5)
    assert told.database == database


def test_an_older_pulse_that_comes_later_is_passed_over() -> None:
    board = Board()
    board.hear(pulse("api", NOW, memory_bytes=2), NOW)
    board.hear(pulse("api", NOW - 1, memory_bytes=1), NOW)
    assert board.look(NOW).processes[0].memory_bytes == 2


def test_there_is_an_end_to_the_processes_that_are_shown() -> None:
    board = Board()
    for number in range(1100):
        board.hear(pulse("api", node=str(number)), NOW)
    assert len(board.look(NOW).processes) == 1000


def test_a_pulse_is_the_same_after_its_way() -> None:
    said = pulse("wss", bus=BusState(kind="embedded", is_up=True, offset=3), sockets=1)
    assert operator.decode(operator.encode(said)) == said


def test_only_who_has_the_secret_makes_a_proof_and_only_for_now() -> None:
    made = proof(b"secret", NOW)
    assert is_proof(made, b"secret", NOW + 29_000)
    assert is_proof(made, b"secret", NOW - 29_000)
    assert not is_proof(made, b"secret", NOW + 31_000)
    assert not is_proof(made, b"another", NOW)
    assert not is_proof(made.replace(str(NOW), str(NOW + 1)), b"secret", NOW)
    for nonsense in ("", ".", "x.y", f"{NOW}", f"{NOW}.", f"{NOW}.\u00e4", "9" * 400 + ".a", "\u0661.a", "-1.a"):
        assert not is_proof(nonsense, b"secret", NOW)
