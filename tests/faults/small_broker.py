"""Our broker on a disk of its own, which can be filled."""

from __future__ import annotations

import shutil
from types import TracebackType
from typing import Final, Self

from tests.servers.broker import Broker
from tests.servers.disk import Disk

DISK_MIB: Final = 192


class SmallBroker(Broker):
    """A broker that leaves nothing free: it is the disk that refuses."""

    def __init__(self) -> None:
        super().__init__()
        self.disk = Disk(self._data, DISK_MIB)

    def command(self) -> list[str]:
        """What runs it."""
        return self.disk.within(super().command())

    def lose_everything(self) -> None:
        """Kill it and start it again without what it kept."""
        self.kill()
        for each in self.disk.seen(self._data).iterdir():
            shutil.rmtree(each)
        self.start()

    def __enter__(self) -> Self:
        self.disk.__enter__()
        try:
            return super().__enter__()
        except BaseException:
            self.disk.__exit__(None, None, None)
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        super().__exit__(kind, error, at)
        self.disk.__exit__(kind, error, at)
