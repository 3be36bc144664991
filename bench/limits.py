"""What counting costs a request: CPU of this process, without limits, with them here, and with them on a server.

`python -m bench.limits` prints a table and writes it to bench/results/.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, Final, cast

from derailed.actions.tokens import Tokens
from derailed.api.app import ROUTES
from derailed.api.entrance import UNLIMITED, Entrance, Limiting
from derailed.limits import Limits
from derailed.limits.local import LocalLimits
from derailed.limits.shared import SharedLimits
from derailed.model.user import Actor
from tests.servers import valkey

REQUESTS: Final = 20_000
NEVER_REACHED: Final = 1e6
RESULT: Final = Path(__file__).parent / "results" / "limits.md"

HEAD: Final = {"type": "http.response.start", "status": 200, "headers": []}
SCOPE: Final = {
    "type": "http",
    "method": "POST",
    "path": "/api/v10/channels/1258291200000000003/messages",
    "headers": [(b"host", b"chat.example"), (b"authorization", b"Bot token")],
    "client": ("127.0.0.1", 1),
}


class Somebody:
    """Knows everybody's token without looking, so that only the counting is measured."""

    async def authenticate(self, token: str) -> Actor:
        """Always the same."""
        return Actor(1258291200000000001, 1, False)


async def main() -> None:
    """Measure, print, write."""
    here = LocalLimits(now_ms)
    there = SharedLimits(valkey.shared().url, now_ms)
    bare = await measure(None, 1)
    rows = [
        ("in this process", await measure(here, 1) - bare),
        ("on a server, one request at a time", await measure(there, 1) - bare),
        ("on a server, 10 at once", await measure(there, 10) - bare),
        ("on a server, 100 at once", await measure(there, 100) - bare),
    ]
    await there.close()
    lines = ["| counted | CPU a request |", "| --- | ---: |"]
    printed = "\n".join([*lines, *(f"| {what} | {seconds * 1e6:.1f} µs |" for what, seconds in rows), ""])
    print(printed)
    RESULT.write_text(f"# Limits\n\n`python -m bench.limits`\n\n{printed}")


async def measure(limits: Limits | None, at_once: int) -> float:
    """CPU seconds of one request that is admitted and told what is left."""
    limiting = UNLIMITED if limits is None else Limiting(limits, NEVER_REACHED, (), now_ms)
    entrance = Entrance(cast(Tokens, Somebody()), ROUTES, limiting)

    async def ask(count: int) -> None:
        for _ in range(count):
            scope = dict(SCOPE)
            caller = await entrance.admit(scope)
            await entrance.outward(scope, caller, _send)(dict(HEAD))

    await ask(100)
    begun = time.process_time()
    await asyncio.gather(*(ask(REQUESTS // at_once) for _ in range(at_once)))
    return (time.process_time() - begun) / REQUESTS


async def _send(event: MutableMapping[str, Any]) -> None:
    """Nowhere."""


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    asyncio.run(main())
