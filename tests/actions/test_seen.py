"""Who was seen when: written down beside what is asked, and nobody waits for it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from derailed.store import Connection
from derailed.wire.limits import SEEN_MS
from tests.api.door import Door, visit


async def seen(door: Door) -> list[int]:
    """When each account was last here."""

    async def work(tx: Connection) -> list[int]:
        return [row[0] for row in await tx.fetch("SELECT seen_at FROM users ORDER BY id")]

    return await door.store.read(work)


def test_who_comes_back_is_answered_first_and_written_down_then(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        anna, ben = await door.register("anna"), await door.register("ben")
        before = await seen(door)
        door.now_ms += SEEN_MS
        for person in (anna, ben):
            answer = await door.client.get("/api/v10/users/@me", headers={"authorization": person.token})
            assert answer.is_success
        assert await seen(door) == before
        noting = asyncio.create_task(door.verbs.tokens.run())
        await asyncio.sleep(0)
        await anna.do("PATCH", "/users/@me", {"bio": "what is committed after it"})
        noting.cancel()
        assert await seen(door) == [door.now_ms, door.now_ms]

    visit(tmp_path, story)
