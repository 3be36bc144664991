"""The log against a list: any order of appends, trims, restarts and wipes leaves both with the same answers."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from derailed.broker import Put, Trimmed
from derailed.broker.buckets import FLOOR_MS, Retention
from derailed.broker.log import Log
from tests.broker.crash import leave_behind

TOPICS = [b"guild:1", b"guild:2", b"user:1"]
RETENTION = Retention(window_ms=120_000, records=15)

# A record of a verb: its topic, and how far its rev is from the next one.
steps = st.tuples(st.sampled_from(TOPICS), st.sampled_from([0, 0, 0, 0, -1, -3, 2]))
verbs = st.lists(st.lists(steps, min_size=1, max_size=3), min_size=1, max_size=6)


class Kept:
    """What the plain model remembers of one record."""

    def __init__(self, offset: int, put: Put, time_ms: int, begins: bool) -> None:
        self.offset, self.put, self.time_ms, self.begins = offset, put, time_ms, begins


class Model:
    """A list of records that answers as the log should."""

    def __init__(self) -> None:
        self.head = 1
        self.records: list[Kept] = []

    def of(self, topic: bytes, horizon: int) -> list[Kept]:
        return [kept for kept in self.records if kept.put.topic == topic and kept.offset > horizon]

    def last_rev(self, topic: bytes, horizon: int) -> int:
        return max((kept.put.rev for kept in self.of(topic, horizon)), default=0)

    def append(self, verb: list[Put], start: bool, horizon: int, now_ms: int) -> tuple[int, ...] | None:
        before = len(self.records), self.head
        offsets = []
        for put in verb:
            last = self.last_rev(put.topic, horizon)
            if last and put.rev <= last:
                same = [kept.offset for kept in self.of(put.topic, horizon) if kept.put.rev == put.rev]
                offsets.append(same[0] if same else 0)
            elif start or (last and put.rev == last + 1):
                self.head += 1
                self.records.append(Kept(self.head, put, now_ms, begins=bool(last and put.rev > last + 1)))
                offsets.append(self.head)
            else:
                del self.records[before[0] :]
                self.head = before[1]
                return None
        return tuple(offsets)


class LogMachine(RuleBasedStateMachine):
    """Drives a log and the model side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.base = Path(tempfile.mkdtemp())
        self.runs = 0
        self.boot = "boot"
        self.now_ms = 1_700_000_000_000
        self.model = Model()

    @initialize()
    def open(self) -> None:
        self.log = self.opened()
        self.epoch, self.horizon = self.log.epoch, self.log.horizon

    def opened(self) -> Log:
        return Log(
            self.base / str(self.runs),
            clock=lambda: self.now_ms,
            boot_id=self.boot,
            retention=RETENTION,
            tails=200,
        )

    @rule(shape=verbs, start=st.booleans(), seconds=st.integers(0, 40))
    def append(self, shape: list[list[tuple[bytes, int]]], start: bool, seconds: int) -> None:
        self.now_ms += seconds * 1000
        batch = [self.verb(number, steps) for number, steps in enumerate(shape)]
        answers = self.log.append(batch, start=start)
        self.horizon_rises()
        expected = [self.model.append(verb, start, self.horizon, self.now_ms) for verb in batch]
        assert answers == expected, batch

    @rule()
    def tend(self) -> None:
        self.log.tend()

    def verb(self, number: int, shape: list[tuple[bytes, int]]) -> list[Put]:
        """Revs around what the topics have now; a verb never has one rev of a topic twice."""
        verb: list[Put] = []
        for topic, step in shape:
            mine = [put.rev for put in verb if put.topic == topic]
            rev = mine[-1] + 1 if mine else max(1, self.model.last_rev(topic, self.horizon) + 1 + step)
            verb.append(Put(topic, rev, b"%d of %d" % (number, self.log.head)))
        return verb

    @rule(seconds=st.integers(1, 100))
    def time_passes(self, seconds: int) -> None:
        self.now_ms += seconds * 1000

    @rule()
    def trim(self) -> None:
        self.log.trim()
        self.horizon_rises()

    @rule()
    def restart(self) -> None:
        self.log.close()
        self.log = self.opened()

    @rule()
    def restart_on_another_boot(self) -> None:
        self.log.close()
        self.boot += "+"
        self.log = self.opened()

    @rule()
    def process_is_killed(self) -> None:
        self.die()
        self.log = self.opened()

    @rule()
    def machine_stops(self) -> None:
        self.die()
        self.boot += "+"
        self.log = self.opened()
        self.new_epoch()

    @rule()
    def wipe(self) -> None:
        self.log.wipe()
        self.new_epoch()

    def die(self) -> None:
        """Go on with the files as they are at this moment."""
        folder = self.base / str(self.runs)
        self.runs += 1
        leave_behind(folder, self.base / str(self.runs))
        self.log.close()
        shutil.rmtree(folder)

    def new_epoch(self) -> None:
        assert self.log.epoch != self.epoch
        self.epoch, self.horizon = self.log.epoch, self.log.head
        self.model.records.clear()

    def horizon_rises(self) -> None:
        """Only the log knows its buckets; what it trims must be old enough."""
        trimmed = [kept for kept in self.model.records if self.horizon < kept.offset <= self.log.horizon]
        assert self.log.horizon >= self.horizon
        assert all(self.now_ms - kept.time_ms >= FLOOR_MS for kept in trimmed)
        self.horizon = self.log.horizon

    @invariant()
    def agrees(self) -> None:
        assert (self.log.epoch, self.log.head, self.log.horizon) == (self.epoch, self.model.head, self.horizon)

    @invariant()
    def history_agrees(self) -> None:
        middle = (self.horizon + self.log.head) // 2
        for topic in TOPICS:
            for after in {self.horizon - 1, self.horizon, middle, self.log.head}:
                expected = self.model.of(topic, after)
                whole = after >= self.horizon and not any(kept.begins for kept in expected)
                assert self.history(topic, after) == (self.seen(expected) if whole else "trimmed")

    def history(self, topic: bytes, after: int) -> list[tuple[int, Put, int]] | str:
        try:
            found = self.log.history(topic, after)
        except Trimmed:
            return "trimmed"
        return [(entry.offset, Put(entry.topic, entry.rev, entry.payload), entry.time_ms) for entry in found]

    def seen(self, records: list[Kept]) -> list[tuple[int, Put, int]]:
        return [(kept.offset, kept.put, kept.time_ms) for kept in records]

    def teardown(self) -> None:
        self.log.close()
        shutil.rmtree(self.base)


QUICK = settings(max_examples=8, stateful_step_count=30)


def test_the_log_answers_as_a_list_would() -> None:
    run_state_machine_as_test(LogMachine, settings=QUICK)


@pytest.mark.slow
def test_the_log_answers_as_a_list_would_for_long() -> None:
    run_state_machine_as_test(LogMachine, settings=settings(QUICK, max_examples=100, stateful_step_count=60))
