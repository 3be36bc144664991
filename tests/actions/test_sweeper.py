"""What deletions leave behind goes in the end, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from derailed.actions import sweeper
from derailed.actions.sweeper import Sweeper
from tests.api.door import Door, visit


@pytest.mark.parametrize("whole_guild", [False, True])
def test_messages_of_deleted_channels_are_removed_a_few_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole_guild: bool
) -> None:
    monkeypatch.setattr(sweeper, "_BATCH", 2)

    async def story(door: Door) -> None:
        async def count(table: str) -> int:
            (row,) = await door.store.read(lambda tx: tx.fetch(f"SELECT COUNT(*) FROM {table}"))
            return int(row[0])

        anna = await door.register("anna")
        kept, gone = await anna.guild(), await anna.guild()
        for guild, messages in ((kept, 1), (gone, 5)):
            path = f"/channels/{guild['system_channel_id']}/messages"
            for number in range(messages):
                sent = await anna.do("POST", path, {"content": f"{number}"})
                await anna.do("PUT", f"{path}/{sent['id']}/reactions/🚂/@me")
        sweep = Sweeper(door.context).sweep
        assert not await sweep()
        await anna.do("DELETE", f"/guilds/{gone['id']}" if whole_guild else f"/channels/{gone['system_channel_id']}")
        left = []
        while await sweep():
            left.append((await count("messages"), await count("reactions")))
        assert left == [(4, 4), (2, 2), (1, 1)]
        assert await count("deleted_channels") == 0

    visit(tmp_path, story)
