"""What the log promises to those who have nothing else: blind appends, pages, and that nothing goes without a word."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
import structlog

from derailed.broker import LogDamaged, LogFailed, Put
from derailed.broker.buckets import Retention
from derailed.broker.log import Log
from tests.broker.crash import leave_behind

TOPIC, OTHER = b"a", b"\x00\xff any bytes"
Opener = Callable[..., Log]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opener]:
    logs: list[Log] = []

    def open_log(name: str = "log", boot_id: str = "boot", **options: object) -> Log:
        log = Log(tmp_path / name, boot_id=boot_id, keep=True, **options)  # type: ignore[arg-type]
        logs.append(log)
        return log

    yield open_log
    for log in logs:
        log.close()


def payloads(log: Log, topic: bytes, after: int = 0) -> list[bytes]:
    return [entry.payload for entry in log.page(topic, after, log.head, 1000)]


def test_blind_appends_are_dense_and_found_at_once(opened: Opener) -> None:
    log = opened()
    assert [log.add(topic, b"%d" % n) for n, topic in enumerate([TOPIC, OTHER] * 300)] == list(range(2, 602))
    assert payloads(log, OTHER) == [b"%d" % n for n in range(1, 600, 2)]


def test_pages_go_forwards_and_backwards(opened: Opener) -> None:
    log = opened()
    for n in range(10):
        log.add(TOPIC, b"%d" % n)
    assert [entry.offset for entry in log.page(TOPIC, 3, 9, 4)] == [4, 5, 6, 7]
    assert [entry.offset for entry in log.last(TOPIC, 3, 9, 4)] == [9, 8, 7, 6]
    assert [entry.offset for entry in log.last(TOPIC, 0, log.head, 1)] == [11]
    assert log.page(TOPIC, 11, 11, 4) == log.last(b"absent", 0, 11, 4) == []


def test_a_blind_append_ends_the_revs_of_its_topic(opened: Opener) -> None:
    log = opened()
    assert log.append([[Put(TOPIC, 1, b"")], [Put(TOPIC, 2, b"")]], start=True) == [(2,), (3,)]
    log.add(TOPIC, b"without")
    assert log.append([[Put(TOPIC, 3, b"")]]) == [None]
    assert log.append([[Put(TOPIC, 3, b"")]], start=True) == [(5,)]
    assert log.append([[Put(TOPIC, 4, b"")]]) == [(6,)]


def test_offsets_of_what_is_not_kept_are_never_given_twice(opened: Opener, tmp_path: Path) -> None:
    log = opened()
    given = [log.skip() for _ in range(5)]
    leave_behind(tmp_path / "log", tmp_path / "killed")
    assert given == [2, 3, 4, 5, 6]
    assert opened("killed").skip() > 6
    log.close()
    assert opened().skip() == 7


def test_a_bucket_is_left_when_it_has_its_share_of_bytes(opened: Opener) -> None:
    log = opened(retention=Retention(bytes=70_000))
    for _ in range(60):
        log.add(TOPIC, b"x" * 1000)
        log.flush()
        log.tend()
    assert 5 <= len(log._buckets.live) <= 7  # nothing is a minute old: all of it is there
    assert len(payloads(log, TOPIC)) == 60


def test_a_machine_that_stopped_keeps_its_records_and_leaps_over_what_it_may_have_lost(
    opened: Opener, tmp_path: Path
) -> None:
    log = opened()
    log.add(TOPIC, b"kept")
    log.flush()
    leave_behind(tmp_path / "log", tmp_path / "killed")
    with structlog.testing.capture_logs() as logged:
        again = opened("killed", boot_id="another")
    assert [line["event"] for line in logged] == ["log_epoch_ended"]
    assert again.epoch != log.epoch
    assert payloads(again, TOPIC) == [b"kept"]
    assert again.add(TOPIC, b"more") > log.head + 1_000_000


def flip(path: Path, where: float) -> None:
    content = bytearray(path.read_bytes())
    content[int(len(content) * where)] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("pattern", "damage"),
    [
        ("*.log", lambda path: flip(path, 0.5)),
        ("MANIFEST-*", lambda path: flip(path, 0.5)),
        ("CURRENT", lambda path: path.write_bytes(b"junk")),
        ("MANIFEST-*", Path.unlink),
        ("*.log", Path.unlink),
    ],
)
def test_a_damaged_file_stops_the_start_by_name_and_drops_nothing(
    opened: Opener, tmp_path: Path, pattern: str, damage: Callable[[Path], None]
) -> None:
    log = opened()
    for _ in range(500):
        log.add(TOPIC, b"payload" * 50)
    log.flush()
    folder = tmp_path / "killed"
    leave_behind(tmp_path / "log", folder)
    file = max(folder.glob(pattern))
    damage(file)
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".log", ".sst")}
    with pytest.raises(LogDamaged, match="is damaged") as caught:
        opened("killed")
    assert file.name in str(caught.value) or not file.exists()
    assert str(folder) in str(caught.value)
    assert {name: (folder / name).read_bytes() for name in before} == before


def test_a_damaged_block_is_an_error_to_who_reads_it_and_appends_go_on(opened: Opener, tmp_path: Path) -> None:
    log = opened()
    payload = Random(1).randbytes
    for _ in range(200):
        log.add(TOPIC, payload(300))
    log.flush()
    leave_behind(tmp_path / "log", tmp_path / "killed")
    opened("killed").close()  # what it found in the journal is in files now
    flip(max((tmp_path / "killed").glob("*.sst"), key=lambda path: path.stat().st_size), 0.3)
    hurt = opened("killed")
    with pytest.raises(LogFailed, match=r"can not be read: .*\.sst"):
        hurt.page(TOPIC, 0, hurt.head, 1000)
    hurt.add(OTHER, b"goes on")
    assert payloads(hurt, OTHER) == [b"goes on"]
