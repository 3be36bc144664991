"""A log whose disk refused is opened again when there is room, without a restart: what it acknowledged is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
import structlog

from derailed.broker import LogFailed, Put, Trimmed, opening
from derailed.broker.log import Log
from tests.bus.test_embedded import files_limited_to

TOPIC = b"guild:1"
LIMIT = 1 << 16


@pytest.fixture(params=[True, False], ids=["keeps", "is a bus"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    """One that is the only one to have its records, and one whose records are elsewhere."""
    opened = Log(tmp_path / "log", boot_id="boot", keep=request.param)
    yield opened
    opened.close()


def fill(log: Log) -> int:
    """Append until the disk refuses; the last rev that it took and synced."""
    noise = Random(1).randbytes
    rev = 0
    while True:
        try:
            log.append([[Put(TOPIC, rev + 1, noise(5000))]], start=not rev)
            log.sync()
        except LogFailed:
            return rev
        rev += 1


def test_a_log_that_failed_goes_on_in_another_epoch_when_there_is_room(log: Log) -> None:
    with structlog.testing.capture_logs() as logged:
        with files_limited_to(LIMIT):
            acknowledged = fill(log)
            failed, head = log.epoch, log.head
            with pytest.raises(LogFailed):
                log.reopen()
            read = log.history(TOPIC, log.horizon or 1)
            assert len(read) == acknowledged  # what was taken can be read while the disk is full
        log.reopen()
        with pytest.raises(LogFailed):
            log.append([[Put(TOPIC, 1, b"")]])
        log.go_on()
    assert [line["event"] for line in logged] == ["log_failed", "log_epoch_ended", "log_opened_again"]
    assert not log.has_failed
    assert log.epoch != failed
    assert log.head >= head
    if log._keep:
        assert len(log.history(TOPIC, 1)) >= acknowledged
    else:
        with pytest.raises(Trimmed):
            log.history(TOPIC, 1)
    ((offset,),) = [each or () for each in log.append([[Put(TOPIC, acknowledged + 2, b"again")]], start=True)]
    assert offset > head
    log.sync()
    log.tend()


def test_nothing_is_read_of_a_log_that_could_not_be_opened_again(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    with structlog.testing.capture_logs():
        with files_limited_to(LIMIT):
            fill(log)
        monkeypatch.setattr(opening, "require_room", lambda folder: None)  # it finds out too late
        with files_limited_to(100):
            with pytest.raises(LogFailed):
                log.reopen()
            for read in (lambda: log.history(TOPIC, 1), lambda: log.last(TOPIC, 0, 9, 9), log.sync, log.trim, log.tend):
                with pytest.raises(LogFailed):
                    read()
        log.reopen()
        log.go_on()
    assert log.append([[Put(b"guild:2", 1, b"")]], start=True)


def test_a_trim_that_the_disk_refuses_is_a_failure_like_any_other(log: Log) -> None:
    log.append([[Put(TOPIC, 1, b"")]], start=True)
    log.skip()
    log.add(TOPIC, b"x")  # it waits to be written
    with structlog.testing.capture_logs(), files_limited_to(0), pytest.raises(LogFailed):
        log.trim()
    assert log.has_failed
