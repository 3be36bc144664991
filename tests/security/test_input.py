"""Hostile input, through the front door and on both databases: refused or taken, and never our mistake."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.permissions.stage import Stage, staged
from tests.security import hostile


def act(folder: Path, story: Callable[[Stage], Awaitable[None]]) -> None:
    """Run the story on a stage of its own."""

    async def run() -> None:
        async with staged(folder) as stage:
            await story(stage)

    asyncio.run(run())


@pytest.mark.slow
def test_no_value_of_any_field_of_any_route_is_our_mistake(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        for route, case in hostile.cases(await stage.world(7)):
            for body in hostile.bodies(route, case):
                status = await hostile.send(stage, route, case, body)
                assert 200 <= status < 500, (route, body[:300])

    act(tmp_path, story)


def test_nothing_that_stands_for_an_id_in_a_path_is_our_mistake(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        for route, case in hostile.cases(await stage.world(8)):
            ids = dict(case.ids)
            for name in ids:
                for value in hostile.IDS:
                    case.ids = ids | {name: unquote(value)}
                    status = await hostile.send(stage, route, case, b"{}")
                    assert 200 <= status < 500, (route, name, value)

    act(tmp_path, story)
