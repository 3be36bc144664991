"""A process that is killed in the middle of appending leaves a log that has all it acknowledged, in whole verbs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from derailed.broker.log import Log

APPENDER = Path(__file__).with_name("appender.py")


@pytest.mark.parametrize("acknowledged", [1, 40, 200])
def test_a_killed_process_loses_nothing_that_was_acknowledged(tmp_path: Path, acknowledged: int) -> None:
    folder = tmp_path / "log"
    with subprocess.Popen([sys.executable, str(APPENDER), str(folder)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        epoch = process.stdout.readline().strip()
        for _ in range(acknowledged):
            last = int(process.stdout.readline())
        process.kill()
    log = Log(folder)
    histories = [log.history(b"guild:%d" % topic, 1) for topic in range(7)]
    log.close()
    assert log.epoch == epoch
    assert log.head >= last
    assert {len(history) for history in histories} == {(log.head - 1) // 7}
    assert sorted(entry.offset for history in histories for entry in history) == list(range(2, log.head + 1))


def test_another_process_finds_the_folder_in_use(tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    second = subprocess.run(
        [sys.executable, str(APPENDER), str(tmp_path / "log")], capture_output=True, text=True, check=False
    )
    log.close()
    assert second.stderr.splitlines()[-1].endswith("is in use by another process")
