"""The sync law for the app: `web/src/state.ts` makes the new snapshot of the old one and the events, too.

The cases are those of the other tests of the law, recorded here from the server as it is, and handed to vitest.
"""

from __future__ import annotations

import subprocess
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from derailed.wire import events, relationships, rest
from derailed.wire.records import INTERNAL
from tests import (
    test_sync_law,
    test_sync_law_conversations,
    test_sync_law_messages,
    test_sync_law_people,
)
from tests.api import talks
from tests.api.door import Door, visit
from tools.setup import WEB, find_npm

pytestmark = pytest.mark.slow

Case = dict[str, Any]
Act = Callable[[], Awaitable[Any]]


async def _told(door: Door, topic: str, act: Act) -> list[dict[str, Any]]:
    """What a session that follows the topic is told while somebody acts."""
    since = len(door.records)
    door.now_ms += 1000
    await act()
    told = [record for at, record in door.records[since:] if at == topic and record.event not in INTERNAL]
    return [{"t": record.event, "d": msgspec.json.decode(record.data)} for record in told]


async def _of_guild(door: Door, name: str) -> Case:
    scene = await test_sync_law._scene(door)
    before = await _guild(scene)
    told = await _told(door, f"guild:{scene.guild}", lambda: test_sync_law.VERBS[name](scene))
    return {"me": scene.owner.account, "before": before, "events": told, "after": await _guild(scene)}


async def _guild(scene: test_sync_law.Scene) -> Any:
    snapshot = await test_sync_law._snapshot(scene)
    assert snapshot.member is not None
    lasts = snapshot.last_message_ids
    shape = events.guild_create(
        snapshot.guild,
        snapshot.member,
        snapshot.member_count,
        [rest.member(*pair) for pair in snapshot.members],
        [rest.channel(each, lasts.get(each.id)) for each in snapshot.guild.channels.values()],
        large=False,
    )
    return msgspec.to_builtins(shape)


async def _of_page(door: Door, name: str, *, direct: bool) -> Case:
    scene = await test_sync_law_messages._scene(door, direct=direct)
    channel = scene.messages.split("/")[2]
    before = await scene.ben.get(scene.messages)
    told = await _told(door, scene.topic, lambda: test_sync_law_messages.VERBS[name](scene))
    after = await scene.ben.get(scene.messages)
    return {"me": scene.ben.account, "channel": channel, "before": before, "events": told, "after": after}


async def _of_talks(door: Door, name: str) -> Case:
    anna, ben, cleo, dora = await talks.met(door, "anna", "ben", "cleo", "dora")
    dm, group = await talks.direct(anna, ben), await talks.group(anna, ben, cleo)
    said = [await talks.say(anna, each) for each in (group, dm)]
    scene = test_sync_law_conversations.Scene(door, anna, ben, cleo, dora, dm, group, said[1]["id"])
    before = list((await scene.list()).values())
    told = await _told(door, f"user:{ben.id}", lambda: test_sync_law_conversations.VERBS[name](scene))
    return {"me": ben.account, "before": before, "events": told, "after": list((await scene.list()).values())}


async def _of_people(door: Door, name: str) -> Case:
    scene = await test_sync_law_people._scene(door)
    before = await _people(scene)
    told = await _told(door, f"user:{scene.anna.id}", lambda: test_sync_law_people.VERBS[name](scene))
    return {"before": before, "events": told, "after": await _people(scene)}


async def _people(scene: test_sync_law_people.Scene) -> Any:
    snapshot = await test_sync_law_people._snapshot(scene)
    return {
        "me": msgspec.to_builtins(rest.own_user(snapshot.user, snapshot.email, snapshot.settings.locale)),
        "relationships": [msgspec.to_builtins(relationships.shape(each)) for each in snapshot.relationships],
        "settings": msgspec.to_builtins(snapshot.settings),
    }


def test_the_app_makes_the_new_snapshots_of_the_old_ones_and_the_events(tmp_path: Path) -> None:
    def record(kind: str, name: str, tell: Callable[[Door], Awaitable[Case]]) -> Case:
        found: Case = {}

        async def story(door: Door) -> None:
            found.update(await tell(door))

        folder = tmp_path / f"{kind} {name}"
        folder.mkdir()
        visit(folder, story)
        return {"kind": kind, "name": name, **found}

    cases = [record("guild", name, partial(_of_guild, name=name)) for name in test_sync_law.VERBS]
    for name, direct in test_sync_law_messages.CASES:
        kind = "page of a DM" if direct else "page"
        cases.append(record(kind, name, partial(_of_page, name=name, direct=direct)))
    cases += [record("talks", name, partial(_of_talks, name=name)) for name in test_sync_law_conversations.VERBS]
    cases += [record("people", name, partial(_of_people, name=name)) for name in test_sync_law_people.VERBS]
    recorded = tmp_path / "cases.json"
    recorded.write_bytes(msgspec.json.encode(cases))
    npm = find_npm()
    done = subprocess.run(
        [*npm.command, "run", "--silent", "law"],
        cwd=WEB,
        env=dict(npm.environment) | {"DERAILED_SYNC_CASES": str(recorded)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(cases)} passed" in done.stdout
