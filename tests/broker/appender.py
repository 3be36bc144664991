"""A process that appends until it is killed, and says what is on the disk: `python appender.py FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from derailed.broker import Put
from derailed.broker.log import Log


def main() -> None:
    log = Log(Path(sys.argv[1]))
    say(log.epoch)
    rev = 0
    while True:
        rev += 1
        verb = [Put(b"guild:%d" % topic, rev, b"payload" * 20) for topic in range(7)]
        (offsets,) = log.append([verb], start=rev == 1)
        log.sync()
        log.tend()
        assert offsets is not None
        say(str(offsets[-1]))


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
