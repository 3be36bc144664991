"""What journeys go through: a `Server`, which is one process, or a `Split`, which is many."""

from __future__ import annotations

from typing import Protocol


class Deployment(Protocol):
    """Either of them."""

    settings: dict[str, str]

    @property
    def url(self) -> str:
        """Where the app is."""
        ...

    @property
    def api(self) -> str:
        """What REST paths follow."""
        ...

    @property
    def gateway(self) -> str:
        """Where the API tells clients to go."""
        ...

    @property
    def log(self) -> str:
        """What it has written so far."""
        ...

    def next_gateway(self) -> str:
        """Where the next client is to go."""
        ...

    def start(self) -> None:
        """Start it on the data that it has, and wait until it is ready."""
        ...

    def kill(self) -> None:
        """End it at once."""
        ...

    def terminate(self) -> int:
        """Ask it to stop; its exit code."""
        ...

    def restart(self) -> None:
        """Kill it and start it again."""
        ...
