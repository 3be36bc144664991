"""The clock of a process follows the machine's, and is spared its jumps."""

from __future__ import annotations

import random

from derailed.clock import FASTER, SLOWER, Clock, passing_ns

S = 1_000_000_000
HOUR_S = 3600


class Machine:
    """A clock that can be set, and time that passes."""

    def __init__(self) -> None:
        self.wall_ns, self.passed_ns = 1_700_000_000 * S, 5 * S
        self.clock = Clock(lambda: self.wall_ns, lambda: self.passed_ns)

    def pass_s(self, seconds: float, *, step_s: float = 1.0) -> None:
        """Somebody asks for the time now and then."""
        for _ in range(int(seconds / step_s)):
            self.wall_ns += int(step_s * S)
            self.passed_ns += int(step_s * S)
            self.clock()

    def set_by_s(self, seconds: float) -> None:
        """Somebody sets the clock."""
        self.wall_ns += int(seconds * S)

    @property
    def behind_s(self) -> float:
        """How far ours is from the machine's."""
        return (self.wall_ns // 1_000_000 - self.clock()) / 1000


def test_it_says_what_the_machine_says() -> None:
    machine = Machine()
    for _ in range(100):
        machine.pass_s(1, step_s=0.25)
        assert machine.behind_s == 0


def test_set_back_it_goes_on_slower_until_the_machine_has_caught_up() -> None:
    machine = Machine()
    before = machine.clock()
    machine.set_by_s(-HOUR_S)
    assert machine.clock() == before
    machine.pass_s(10)
    assert machine.clock() == before + 10_000 / SLOWER
    machine.pass_s(HOUR_S * SLOWER)
    assert machine.behind_s == 0


def test_set_forward_it_goes_on_faster_until_it_has_caught_up() -> None:
    machine = Machine()
    before = machine.clock()
    machine.set_by_s(HOUR_S)
    assert machine.clock() == before
    machine.pass_s(10)
    assert machine.clock() == before + 10_000 * FASTER
    machine.pass_s(HOUR_S / (FASTER - 1))
    assert machine.behind_s == 0


def test_it_never_goes_back_whatever_is_done_to_the_machine() -> None:
    chance = random.Random(1)
    machine = Machine()
    last = machine.clock()
    for _ in range(2000):
        machine.set_by_s(chance.choice((0, 0, 0, 2, -2, HOUR_S, -HOUR_S)))
        machine.pass_s(chance.choice((0, 0.001, 1.0, 60.0)), step_s=0.001 if chance.random() < 0.1 else 1.0)
        assert machine.clock() >= last
        last = machine.clock()


def test_nobody_has_asked_for_a_long_time() -> None:
    machine = Machine()
    machine.wall_ns += 86_400 * S
    machine.passed_ns += 86_400 * S
    assert machine.behind_s == 0


def test_time_passes() -> None:
    assert passing_ns() <= passing_ns()
    assert abs(Clock()() - Clock()()) < 60_000
