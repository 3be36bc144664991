"""What the log promises, one sentence at a time."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
import structlog

from derailed.broker import Entry, LogFailed, LogInUse, Put, Trimmed, record
from derailed.broker.buckets import Retention
from derailed.broker.log import Log
from tests.broker.crash import leave_behind

GUILD, OTHER = b"guild:1", b"guild:2"
Opener = Callable[..., Log]


class Clock:
    """Milliseconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now_ms = 1_700_000_000_000

    def __call__(self) -> int:
        return self.now_ms

    def pass_s(self, seconds: float) -> None:
        self.now_ms += int(seconds * 1000)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(tmp_path: Path, clock: Clock) -> Iterator[Opener]:
    """Opens logs, by default all in one folder, and closes those that the test left open."""
    logs: list[Log] = []

    def open_log(name: str = "log", boot_id: str = "boot", retention: Retention = Retention()) -> Log:
        log = Log(tmp_path / name, clock=clock, boot_id=boot_id, retention=retention, tails=200)
        logs.append(log)
        return log

    yield open_log
    for log in logs:
        log.close()


@pytest.fixture
def log(opened: Opener) -> Log:
    return opened()


def killed(log: Log, tmp_path: Path) -> str:
    """The name of a folder as a log that was killed at this moment would leave it."""
    leave_behind(tmp_path / "log", tmp_path / "killed")
    return "killed"


def damage(table: Path) -> None:
    content = bytearray(table.read_bytes())
    content[20] ^= 0xFF
    table.write_bytes(content)


def one(topic: bytes, rev: int, payload: bytes = b"") -> list[Put]:
    return [Put(topic, rev, payload)]


def revs(entries: list[Entry]) -> list[int]:
    return [entry.rev for entry in entries]


def fill_for(log: Log, clock: Clock, seconds: int, topic: bytes = GUILD) -> None:
    """A record every five seconds."""
    known = revs(log.history(topic, log.horizon))
    for rev in range(known[-1] + 1 if known else 1, (known[-1] if known else 0) + seconds // 5 + 1):
        log.append([one(topic, rev)], start=True)
        log.tend()
        clock.pass_s(5)


def test_an_empty_log_leaves_room_below_its_first_offset(log: Log) -> None:
    assert (log.head, log.horizon) == (1, 1)
    assert log.append([one(GUILD, 1)], start=True) == [(2,)]
    assert log.head == 2


def test_offsets_are_dense_across_topics_and_verbs(log: Log) -> None:
    verb = [Put(GUILD, 1, b"a"), Put(OTHER, 1, b"b")]
    assert log.append([verb, one(GUILD, 2), one(OTHER, 2)], start=True) == [(2, 3), (4,), (5,)]


def test_history_gives_what_is_above_an_offset(log: Log, clock: Clock) -> None:
    log.append([one(GUILD, 1, b"a"), one(OTHER, 1, b"x"), one(GUILD, 2, b"b")], start=True)
    assert log.history(GUILD, 1) == [
        Entry(2, GUILD, 1, clock.now_ms, b"a", False),
        Entry(4, GUILD, 2, clock.now_ms, b"b", False),
    ]
    assert revs(log.history(GUILD, 2)) == [2]
    assert log.history(GUILD, 4) == []


def test_a_verb_can_have_several_records_of_one_topic(log: Log) -> None:
    log.append([one(GUILD, 1)], start=True)
    assert log.append([[Put(GUILD, 2, b""), Put(OTHER, 1, b""), Put(GUILD, 3, b"")]]) == [None]
    assert log.append([[Put(GUILD, 2, b""), Put(GUILD, 3, b"")]]) == [(3, 4)]


def test_a_rev_that_is_there_keeps_its_offset(log: Log) -> None:
    log.append([one(GUILD, rev) for rev in (1, 2, 3)], start=True)
    assert log.append([one(GUILD, 1), one(GUILD, 3)]) == [(2,), (4,)]
    assert log.append([one(GUILD, 4), one(GUILD, 2), one(GUILD, 4)]) == [(5,), (3,), (5,)]
    assert log.head == 5


def test_a_gap_is_behind_and_leaves_nothing_of_its_verb(log: Log) -> None:
    log.append([one(GUILD, 1), one(OTHER, 1)], start=True)
    assert log.append([[Put(OTHER, 2, b""), Put(GUILD, 3, b"")]]) == [None]
    assert log.head == 3
    assert log.append([one(OTHER, 2)]) == [(4,)]


def test_an_unknown_topic_is_behind_even_at_its_first_rev(log: Log) -> None:
    assert log.append([one(GUILD, 1)]) == [None]
    assert log.append([one(GUILD, 1)], start=True) == [(2,)]


def test_a_verb_behind_does_not_hold_up_the_others(log: Log) -> None:
    log.append([one(GUILD, 1)], start=True)
    assert log.append([one(OTHER, 1), one(GUILD, 2)]) == [None, (3,)]


def test_starting_an_unknown_topic_trims_nothing(log: Log) -> None:
    log.append([one(OTHER, 1)], start=True)
    log.append([one(GUILD, 17)], start=True)
    assert revs(log.history(GUILD, 1)) == [17]


def test_starting_over_a_gap_trims_what_the_topic_had_before(log: Log, opened: Opener) -> None:
    log.append([one(GUILD, 1), one(OTHER, 1)], start=True)
    assert log.append([one(GUILD, 5)], start=True) == [(4,)]
    log.close()
    again = opened()
    for after in (1, 2, 3):
        with pytest.raises(Trimmed):
            again.history(GUILD, after)
    assert again.append([one(GUILD, 6)]) == [(5,)]
    assert revs(again.history(GUILD, 4)) == [6]
    assert revs(again.history(OTHER, 1)) == [1]
    assert again.append([one(GUILD, 3)]) == [(0,)]


def test_a_history_read_in_slices_is_refused_like_one_read_at_once(log: Log) -> None:
    log.append([one(GUILD, 1), one(GUILD, 2), one(GUILD, 9)], start=True)
    reader = log.read(GUILD, 1, log.head)
    assert revs(reader.slice(2)) == [1, 2]
    with pytest.raises(Trimmed):
        reader.slice(2)


def test_slices_put_together_are_the_history(log: Log) -> None:
    log.append([one(GUILD, rev) for rev in range(1, 8)], start=True)
    reader = log.read(GUILD, 1, upto=7)
    slices = []
    while not reader.done:
        slices.append(revs(reader.slice(2)))
    assert slices == [[1, 2], [3, 4], [5, 6]]


def test_topics_of_one_hash_are_told_apart(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "prefix", lambda _: b"=" * 16)
    log.append([one(GUILD, 1, b"a")], start=True)
    assert log.append([one(OTHER, 1)]) == [None]
    log.append([one(OTHER, 1, b"b"), one(GUILD, 2, b"c")], start=True)
    assert [entry.payload for entry in log.history(GUILD, 1)] == [b"a", b"c"]
    assert [entry.payload for entry in log.history(OTHER, 1)] == [b"b"]
    assert log.append([one(GUILD, 1)]) == [(2,)]


def test_a_verb_larger_than_a_batch_is_whole(log: Log) -> None:
    verb = [Put(b"user:%d" % n, 1, b"") for n in range(1500)]
    assert log.append([verb, one(b"user:0", 2)], start=True) == [tuple(range(2, 1502)), (1502,)]
    assert log.append([one(b"user:1", 2)]) == [(1503,)]


def test_more_topics_than_memory_holds_are_all_known(log: Log) -> None:
    topics = [b"user:%d" % n for n in range(3000)]
    for rev in (1, 2):
        assert None not in log.append([one(topic, rev) for topic in topics], start=rev == 1)
    assert log.head == 6001


def test_records_are_kept_for_the_window_and_then_trimmed(log: Log, clock: Clock) -> None:
    fill_for(log, clock, 400)
    kept = revs(log.history(GUILD, log.horizon))
    assert log.horizon > 1
    assert len(kept) * 5 >= 300
    assert kept[-1] == 80
    with pytest.raises(Trimmed):
        log.history(GUILD, log.horizon - 1)


def test_an_absent_topic_is_judged_by_the_one_horizon(log: Log, clock: Clock) -> None:
    fill_for(log, clock, 400)
    with pytest.raises(Trimmed):
        log.history(OTHER, 1)
    assert log.history(OTHER, log.horizon) == []


def test_a_topic_that_was_trimmed_is_unknown_and_can_start_again(log: Log, clock: Clock) -> None:
    log.append([one(OTHER, 1)], start=True)
    fill_for(log, clock, 400)
    assert log.append([one(OTHER, 2)]) == [None]
    assert log.append([one(OTHER, 2)], start=True) == [(log.head,)]
    assert revs(log.history(OTHER, log.horizon)) == [2]


def test_a_trimmed_rev_of_a_known_topic_has_offset_zero(log: Log, clock: Clock) -> None:
    fill_for(log, clock, 400)
    assert log.append([one(GUILD, 1), one(GUILD, 80)]) == [(0,), (81,)]


@pytest.mark.parametrize("retention", [Retention(records=3), Retention(bytes=100)])
def test_size_trims_too_but_never_what_is_younger_than_a_minute(
    opened: Opener, clock: Clock, retention: Retention
) -> None:
    log = opened(retention=retention)
    fill_for(log, clock, 60)
    log.trim()
    assert log.horizon == 1
    fill_for(log, clock, 60)
    log.trim()
    kept = revs(log.history(GUILD, log.horizon))
    assert 60 <= len(kept) * 5 <= 90


def test_an_idle_log_keeps_its_last_records(log: Log, clock: Clock) -> None:
    log.append([one(GUILD, 1)], start=True)
    clock.pass_s(86_400)
    log.trim()
    assert revs(log.history(GUILD, 1)) == [1]


def test_a_window_below_the_floor_is_refused(opened: Opener) -> None:
    with pytest.raises(ValueError, match="at least 60 s"):
        opened(retention=Retention(window_ms=59_999))


def test_buckets_are_few_and_leave_nothing_behind(log: Log, clock: Clock, tmp_path: Path) -> None:
    fill_for(log, clock, 500)
    assert len(log._buckets.live) <= 22
    log.close()
    assert len(list((tmp_path / "log").glob("*.sst"))) <= 24


def test_a_closed_log_opens_as_it_was_even_on_another_boot(log: Log, opened: Opener) -> None:
    log.append([one(GUILD, 1), one(GUILD, 2)], start=True)
    log.close()
    again = opened(boot_id="another")
    assert (again.epoch, again.head, again.horizon) == (log.epoch, 3, 1)
    assert again.append([one(GUILD, 3), one(GUILD, 1)]) == [(4,), (2,)]


def test_the_horizon_stays_after_a_restart(log: Log, opened: Opener, clock: Clock) -> None:
    fill_for(log, clock, 400)
    log.close()
    again = opened()
    assert again.horizon == log.horizon > 1
    assert revs(again.history(GUILD, again.horizon))[-1] == 80


def test_a_killed_process_keeps_its_epoch(log: Log, opened: Opener, tmp_path: Path) -> None:
    log.append([one(GUILD, 1)], start=True)
    again = opened(killed(log, tmp_path))
    assert (again.epoch, again.head) == (log.epoch, 2)
    assert again.append([one(GUILD, 2)]) == [(3,)]


def test_a_copy_of_a_log_is_another_epoch(log: Log, opened: Opener, tmp_path: Path) -> None:
    log.append([one(GUILD, 1)], start=True)
    epoch = log.epoch
    log.close()
    shutil.copytree(tmp_path / "log", tmp_path / "copy")
    assert opened("copy").epoch != epoch
    assert opened("log").epoch == epoch


@pytest.mark.parametrize("boot_id", ["another", ""])
def test_a_machine_that_stopped_begins_another_epoch_above_the_old_one(
    log: Log, opened: Opener, tmp_path: Path, boot_id: str
) -> None:
    log.append([one(GUILD, 1)], start=True)
    again = opened(killed(log, tmp_path), boot_id=boot_id)
    assert again.epoch != log.epoch
    assert (again.head, again.horizon) == (2, 2)
    with pytest.raises(Trimmed):
        again.history(GUILD, 1)
    assert again.append([one(GUILD, 2)]) == [None]
    assert again.append([one(GUILD, 2)], start=True) == [(3,)]


def test_a_torn_write_is_as_if_it_had_not_been_made(log: Log, opened: Opener, tmp_path: Path) -> None:
    log.append([one(GUILD, 1, b"kept"), one(OTHER, 1)], start=True)
    log.append([[Put(GUILD, 2, b"torn" * 100), Put(OTHER, 2, b"torn" * 100)]])
    journal = max((tmp_path / killed(log, tmp_path)).glob("*.log"))
    journal.write_bytes(journal.read_bytes()[:-50])
    again = opened("killed")
    assert (again.epoch, again.head) == (log.epoch, 3)
    assert [entry.payload for entry in again.history(GUILD, 1)] == [b"kept"]
    assert again.append([[Put(GUILD, 2, b""), Put(OTHER, 2, b"")]]) == [(4, 5)]


def test_a_damaged_log_is_set_aside_and_another_epoch_begins(log: Log, opened: Opener, tmp_path: Path) -> None:
    log.append([one(GUILD, 1)], start=True)
    log.close()
    max((tmp_path / "log").glob("MANIFEST-*")).write_bytes(b"not a manifest")
    with structlog.testing.capture_logs() as logged:
        again = opened()
    assert [line["event"] for line in logged] == ["log_set_aside"]
    assert (tmp_path / "log.damaged").is_dir()
    assert again.epoch != log.epoch
    assert again.append([one(GUILD, 1)], start=True) == [(2,)]


def test_damage_found_while_reading_is_answered_by_the_next_start(log: Log, opened: Opener, tmp_path: Path) -> None:
    payload = Random(1).randbytes  # does not compress: the bucket's file is the largest
    log.append([one(GUILD, rev, payload(300)) for rev in range(1, 100)], start=True)
    name = killed(log, tmp_path)
    opened(name).close()  # what it found in the journal is in files now
    damage(max((tmp_path / name).glob("*.sst"), key=lambda path: path.stat().st_size))
    hurt = opened(name)
    with structlog.testing.capture_logs() as logged:
        with pytest.raises(LogFailed):
            hurt.history(GUILD, 1)
        assert hurt.epoch != log.epoch
        hurt.close()
        again = opened(name)
    assert again.epoch not in (log.epoch, hurt.epoch)
    assert again.append([one(GUILD, 100)], start=True) == [(101,)]
    assert revs(again.history(GUILD, 100)) == [100]
    assert [line["event"] for line in logged] == ["log_failed", "log_epoch_ended"]


def test_damage_found_at_the_start_is_answered_at_once(log: Log, opened: Opener, tmp_path: Path) -> None:
    log.append([one(GUILD, 1)], start=True)
    name = killed(log, tmp_path)
    opened(name).close()
    for path in (tmp_path / name).glob("*.sst"):
        damage(path)
    with structlog.testing.capture_logs() as logged:
        assert opened(name).epoch != log.epoch
    assert [line["event"] for line in logged] == ["log_set_aside"]


def test_a_hole_in_the_journal_is_damage_and_no_torn_write(log: Log, opened: Opener, tmp_path: Path) -> None:
    for rev in range(1, 100):
        log.append([one(GUILD, rev, b"payload" * 50)], start=rev == 1)
    journal = max((tmp_path / killed(log, tmp_path)).glob("*.log"))
    content = bytearray(journal.read_bytes())
    content[len(content) // 2] ^= 0xFF
    journal.write_bytes(content)
    with structlog.testing.capture_logs():
        assert opened("killed").epoch != log.epoch


def test_a_wiped_log_forgets_all_but_its_sequence(log: Log, opened: Opener) -> None:
    log.append([one(GUILD, 1)], start=True)
    epoch = log.epoch
    log.wipe()
    assert log.epoch != epoch
    assert (log.head, log.horizon) == (2, 2)
    assert log.append([one(GUILD, 2)]) == [None]
    assert log.append([one(GUILD, 2)], start=True) == [(3,)]
    log.close()
    assert opened().epoch == log.epoch


def test_a_folder_in_use_is_a_clear_error(log: Log, opened: Opener, tmp_path: Path) -> None:
    with pytest.raises(LogInUse, match=r"the log in .*log is in use by another process"):
        opened()
    assert not (tmp_path / "log.damaged").exists()
