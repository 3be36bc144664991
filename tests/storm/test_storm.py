"""A small storm on real processes: everybody is back, whole, and PostgreSQL is asked little for each of them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import uvloop

from tests.journeys.split import Split
from tests.servers.postgres import Postgres
from tests.storm import harbour, storm
from tests.storm.counting import COUNTS
from tests.storm.harbour import Harbour
from tests.storm.storm import Storm, Weather

pytestmark = pytest.mark.slow

CLIENTS, GUILDS = 200, 5
POSTS_S = 5.0


def test_whoever_is_cut_is_back_and_whole_however_it_happened(tmp_path: Path) -> None:
    async def story(split: Split, people: Harbour) -> dict[str, Weather]:
        cuts = {"balancer": storm.everybody, "nodes": storm.all_nodes, "log": storm.all_nodes_and_the_log}
        async with Storm.brewing(split, people, posts_s=POSTS_S, flocks=1) as here:
            seen = {name: await here.cut(name, cut, after_s=1.0) for name, cut in cuts.items()}
            await here.all_heard()
        return seen

    with Split(tmp_path / "data", own_postgres=Postgres(durable=False, **COUNTS)) as split:
        people = harbour.build(split, guilds=GUILDS, clients=CLIENTS)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            seen = runner.run(story(split, people))
    assert {name: (each.resumed, each.afresh) for name, each in seen.items()} == {
        "balancer": (CLIENTS, 0),
        "nodes": (CLIENTS, 0),
        "log": (0, CLIENTS),
    }
    assert [each.torn for each in seen.values()] == [0, 0, 0]
    assert all(len(each.rates) > 0 for each in seen.values())
