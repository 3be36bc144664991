"""Limits on a server: two processes share them, and a server that is away is no outage."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import uuid

from structlog.testing import capture_logs

from derailed.limits import Budget
from derailed.limits.shared import SharedLimits
from tests.contracts.limits import now_ms
from tests.servers import valkey
from tests.servers.valkey import Valkey

_TAKER = """
import asyncio, sys
from derailed.limits import Budget
from derailed.limits.shared import SharedLimits

async def main():
    limits = SharedLimits(sys.argv[1], lambda: 0)
    taken = await asyncio.gather(*(limits.take([Budget(sys.argv[2], 100, 60_000)]) for _ in range(90)))
    await limits.close()
    print(sum(each.allowed for (each,) in taken))

asyncio.run(main())
"""


def test_two_processes_share_one_budget() -> None:
    arguments = [sys.executable, "-c", _TAKER, valkey.shared().url, uuid.uuid4().hex]
    takers = [subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    counts = [int(taker.communicate(timeout=30)[0]) for taker in takers]
    assert sum(counts) == 100


def test_windows_on_the_server_leave_by_themselves() -> None:
    async def story() -> None:
        limits = SharedLimits(valkey.shared().url, now_ms)
        key = uuid.uuid4().hex
        await limits.take([Budget(key, 1, 60_000)])
        left_ms = await limits._redis.pttl(f"{{derailed:limits}}:{key}")
        assert 0 < left_ms <= 60_000
        await limits.close()

    asyncio.run(story())


def test_a_server_that_goes_away_and_comes_back_is_no_outage() -> None:
    async def story() -> None:
        with Valkey() as server:
            limits = SharedLimits(server.url, now_ms)
            budget = Budget("a", 2, 60_000)
            assert [(await limits.take([budget]))[0].allowed for _ in range(3)] == [True, True, False]
            server.kill()
            alone = await asyncio.gather(*(limits.take([budget]) for _ in range(3)))
            assert [each.allowed for (each,) in alone] == [True, True, False]
            await asyncio.to_thread(server.start)
            assert limits._looking is not None
            await limits._looking
            assert (await limits.take([budget]))[0].allowed  # its counts were lost with it
            await limits.close()

    with capture_logs() as logs:
        asyncio.run(story())
    said = [line["event"] for line in logs]
    assert said == [
        "limits are counted by this process alone: their server is away",
        "limits are shared again: their server is back",
    ]


def test_a_server_that_was_never_there_is_no_outage() -> None:
    async def story() -> None:
        limits = SharedLimits("redis://127.0.0.1:1/0", now_ms)
        ((allowed, _, _, _),) = await limits.take([Budget("a", 1, 60_000)])
        assert allowed
        await limits.close()

    with capture_logs() as logs:
        asyncio.run(story())
    assert len(logs) == 1
