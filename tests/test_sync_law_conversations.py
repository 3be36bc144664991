"""The sync law for conversations: the old list and the events that followed make the new list.

The list is what Ben's READY has as `private_channels`; the events are those of his own topic, applied as a client does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from derailed.wire import conversations
from derailed.wire.records import Record
from tests.api import talks
from tests.api.door import Door, Person, visit
from tests.api.pictures import data_uri, png

Talks = dict[str, dict[str, Any]]


class Scene(NamedTuple):
    """People who know each other, a DM and a group with Ben in it, each with a message of Anna's."""

    door: Door
    anna: Person
    ben: Person
    cleo: Person
    dora: Person
    dm: str
    group: str
    said: str

    async def list(self) -> Talks:
        """What Ben's READY has now, which is what he is told when he asks."""
        account = await self.door.verbs.sessions.account(int(self.ben.id), int(self.ben.id))
        shown = [msgspec.to_builtins(conversations.shape(each, int(self.ben.id))) for each in account.conversations]
        assert shown == await self.ben.get("/users/@me/channels")
        return {each["id"]: each for each in shown}


Verb = Callable[[Scene], Awaitable[Any]]


async def _reopen(scene: Scene) -> None:
    await scene.ben.do("DELETE", scene.dm)
    await talks.direct(scene.ben, scene.anna)


async def _close_and_hear(scene: Scene) -> None:
    await scene.ben.do("DELETE", scene.dm)
    await talks.say(scene.anna, scene.dm)


async def _close_and_pin(scene: Scene) -> None:
    await scene.ben.do("DELETE", scene.dm)
    await scene.anna.do("PUT", f"{scene.dm}/messages/pins/{scene.said}")


async def _unpin(scene: Scene) -> None:
    await scene.anna.do("PUT", f"{scene.dm}/messages/pins/{scene.said}")
    await scene.anna.do("DELETE", f"{scene.dm}/messages/pins/{scene.said}")


async def _delete_newest(scene: Scene) -> None:
    message = await talks.say(scene.anna, scene.group)
    await scene.anna.do("DELETE", f"{scene.group}/messages/{message['id']}")


async def _out_and_in(scene: Scene) -> None:
    await scene.anna.do("DELETE", f"{scene.group}/recipients/{scene.ben.id}")
    await talks.say(scene.anna, scene.group)
    await scene.anna.do("PUT", f"{scene.group}/recipients/{scene.ben.id}")


async def _all_leave(scene: Scene) -> None:
    for person in (scene.cleo, scene.anna, scene.ben):
        await person.do("DELETE", scene.group)


async def _first(scene: Scene) -> None:
    await talks.say(scene.cleo, await talks.direct(scene.cleo, scene.ben))


VERBS: dict[str, Verb] = {
    "open": lambda scene: talks.direct(scene.ben, scene.cleo),
    "be written to": _first,
    "close": lambda scene: scene.ben.do("DELETE", scene.dm),
    "the other closes": lambda scene: scene.anna.do("DELETE", scene.dm),
    "reopen": _reopen,
    "close and hear": _close_and_hear,
    "close and hear of a pin": _close_and_pin,
    "say": lambda scene: talks.say(scene.ben, scene.group),
    "delete the newest": _delete_newest,
    "edit": lambda scene: scene.anna.do("PATCH", f"{scene.dm}/messages/{scene.said}", {"content": "changed"}),
    "react": lambda scene: scene.ben.do("PUT", f"{scene.dm}/messages/{scene.said}/reactions/👍/@me"),
    "pin": lambda scene: scene.anna.do("PUT", f"{scene.dm}/messages/pins/{scene.said}"),
    "unpin": _unpin,
    "make a group": lambda scene: talks.group(scene.ben, scene.anna, scene.dora),
    "be in a new group": lambda scene: talks.group(scene.dora, scene.anna, scene.ben),
    "name": lambda scene: scene.cleo.do("PATCH", scene.group, {"name": "ours"}),
    "picture": lambda scene: scene.cleo.do("PATCH", scene.group, {"icon": data_uri(png())}),
    "add": lambda scene: scene.ben.do("PUT", f"{scene.group}/recipients/{scene.dora.id}"),
    "remove": lambda scene: scene.anna.do("DELETE", f"{scene.group}/recipients/{scene.cleo.id}"),
    "be removed": lambda scene: scene.anna.do("DELETE", f"{scene.group}/recipients/{scene.ben.id}"),
    "be removed and let in": _out_and_in,
    "leave": lambda scene: scene.ben.do("DELETE", scene.group),
    "the owner leaves": lambda scene: scene.anna.do("DELETE", scene.group),
    "all leave": _all_leave,
}


@pytest.mark.parametrize("name", VERBS)
def test_old_list_and_events_make_the_new_list(tmp_path: Path, name: str) -> None:
    async def story(door: Door) -> None:
        anna, ben, cleo, dora = await talks.met(door, "anna", "ben", "cleo", "dora")
        dm, group = await talks.direct(anna, ben), await talks.group(anna, ben, cleo)
        said = [await talks.say(anna, each) for each in (group, dm)]
        scene = Scene(door, anna, ben, cleo, dora, dm, group, said[1]["id"])
        known = await scene.list()
        since = len(door.records)
        door.now_ms += 1
        await VERBS[name](scene)
        for topic, record in door.records[since:]:
            if topic == f"user:{ben.id}":
                _apply(known, record)
        assert known == await scene.list()

    visit(tmp_path, story)


def _apply(known: Talks, record: Record) -> None:
    data = msgspec.json.decode(record.data)
    match record.event:
        case "CHANNEL_CREATE" | "CHANNEL_UPDATE":
            known[data["id"]] = data
        case "CHANNEL_DELETE":
            del known[data["id"]]
        case "CHANNEL_RECIPIENT_ADD":
            known[data["channel_id"]]["recipients"].append(data["user"])
        case "CHANNEL_RECIPIENT_REMOVE":
            known[data["channel_id"]]["recipients"].remove(data["user"])
        case "MESSAGE_CREATE":
            known[data["channel_id"]]["last_message_id"] = data["id"]
        case "CHANNEL_PINS_UPDATE":
            if data["channel_id"] in known and data["last_pin_timestamp"] is None:
                known[data["channel_id"]].pop("last_pin_timestamp", None)
            elif data["channel_id"] in known:
                known[data["channel_id"]]["last_pin_timestamp"] = data["last_pin_timestamp"]
        case _:
            assert record.event in ("MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_REACTION_ADD")
