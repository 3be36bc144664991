"""The sync law for messages: the old page of history and the events that followed make the new page.

A page is what Ben reads of a channel; the events are applied as a client applies them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec
import pytest

from derailed.wire.records import Record
from tests.api.door import Door, Person, visit

Page = dict[str, dict[str, Any]]

OF_EVENTS_ONLY = ("guild_id", "channel_type", "member", "nonce")


class Scene(NamedTuple):
    """A channel, of a guild or a DM, with a message that both have reacted to, and one that answers it.

    `topic` is the one that tells Ben of it.
    """

    door: Door
    anna: Person
    ben: Person
    topic: str
    messages: str
    first: str
    answer: str

    async def do(self, method: str, path: str, body: Any = None) -> Any:
        """Let Anna, whose guild it is, do it below the first message."""
        return await self.anna.do(method, f"{self.messages}/{self.first}{path}", body)

    async def page(self) -> Page:
        """What Ben reads; a message that is shown within its answer is one with itself."""
        page = {message["id"]: message for message in await self.ben.get(self.messages)}
        for message in page.values():
            if message.get("referenced_message") is not None:
                own = page[message["referenced_message"]["id"]]
                assert message["referenced_message"] == own
                message["referenced_message"] = own
        return page


Verb = Callable[[Scene], Awaitable[Any]]


def verb(method: str, path: str = "", body: Any = None) -> Verb:
    """What Anna does to the first message."""

    async def run(scene: Scene) -> None:
        await scene.do(method, path, body)

    return run


async def _send(scene: Scene) -> None:
    body = {"content": f"<@{scene.ben.id}> hello", "nonce": "n", "embeds": [{"title": "t"}]}
    await scene.anna.do("POST", scene.messages, body)


async def _send_in_a_form(scene: Scene) -> None:
    await scene.anna.ask("POST", scene.messages, files=[("payload_json", (None, b'{"content": "in a form"}'))])


async def _send_files(scene: Scene) -> None:
    files = {"files[0]": ("a.txt", b"text"), "files[1]": ("b.txt", b"more")}
    await scene.anna.ask("POST", scene.messages, files=files)


async def _edit_files(scene: Scene) -> None:
    sent = (await scene.anna.ask("POST", scene.messages, files={"file": ("a.txt", b"text")})).json()
    path = f"{scene.messages}/{sent['id']}"
    await scene.anna.ask("PATCH", path, files={"files[0]": ("b.txt", b"more")})
    await scene.anna.do("PATCH", path, {"content": "kept one", "attachments": [{"id": sent["attachments"][0]["id"]}]})


async def _reply(scene: Scene) -> None:
    await scene.ben.do("POST", scene.messages, {"content": "!", "message_reference": {"message_id": scene.first}})


async def _edit_the_answer(scene: Scene) -> None:
    await scene.ben.do("PATCH", f"{scene.messages}/{scene.answer}", {"content": f"changed <@{scene.ben.id}>"})


async def _ben_takes_back(scene: Scene) -> None:
    await scene.ben.do("DELETE", f"{scene.messages}/{scene.first}/reactions/{quote('👍')}/@me")


async def _anna_removes(scene: Scene) -> None:
    await scene.do("DELETE", f"/reactions/{quote('🦀')}/{scene.ben.id}")


async def _unpin(scene: Scene) -> None:
    await scene.anna.do("PUT", f"{scene.messages}/pins/{scene.first}")
    await scene.anna.do("DELETE", f"{scene.messages}/pins/{scene.first}")


async def _delete_many(scene: Scene) -> None:
    await scene.anna.do("POST", f"{scene.messages}/bulk-delete", {"messages": [scene.first, scene.answer]})


async def _webhook(scene: Scene) -> tuple[str, str]:
    """The path of a webhook, and the id of what it said."""
    channel = scene.messages.removesuffix("/messages")
    made = await scene.anna.do("POST", f"{channel}/webhooks", {"name": "hook"})
    path = f"/webhooks/{made['id']}/{made['token']}"
    body = {"content": f"<@{scene.ben.id}>", "username": "herald"}
    return path, (await scene.door.ask("POST", f"{path}?wait=true", body)).json()["id"]


async def _answer_and_edit_a_webhook(scene: Scene) -> None:
    path, said = await _webhook(scene)
    await scene.ben.do("POST", scene.messages, {"content": "!", "message_reference": {"message_id": said}})
    await scene.door.ask("PATCH", f"{path}/messages/{said}", {"content": "changed"})


async def _webhook_deletes(scene: Scene) -> None:
    path, said = await _webhook(scene)
    await scene.door.ask("DELETE", f"{path}/messages/{said}")


VERBS: dict[str, Verb] = {
    "pin": lambda scene: scene.anna.do("PUT", f"{scene.messages}/pins/{scene.first}"),
    "unpin": _unpin,
    "delete many": _delete_many,
    "webhook": _webhook,
    "answer and edit a webhook": _answer_and_edit_a_webhook,
    "webhook deletes": _webhook_deletes,
    "send": _send,
    "send in a form": _send_in_a_form,
    "send files": _send_files,
    "edit files": _edit_files,
    "reply": _reply,
    "edit": verb("PATCH", "", {"content": "changed", "embeds": [{"title": "t"}], "flags": 4}),
    "edit an answer": _edit_the_answer,
    "delete": verb("DELETE"),
    "react": verb("PUT", f"/reactions/{quote('🚂')}/@me"),
    "react again": verb("PUT", f"/reactions/{quote('👍')}/@me"),
    "take back": _ben_takes_back,
    "remove another's": _anna_removes,
    "clear an emoji": verb("DELETE", f"/reactions/{quote('👍')}"),
    "clear": verb("DELETE", "/reactions"),
}
OF_GUILDS = {
    *("delete many", "webhook", "answer and edit a webhook", "webhook deletes"),
    *("remove another's", "clear an emoji", "clear"),
}
CASES = [(name, False) for name in VERBS] + [(name, True) for name in VERBS if name not in OF_GUILDS]


@pytest.mark.parametrize(("name", "direct"), CASES)
def test_old_page_and_events_make_the_new_page(tmp_path: Path, name: str, direct: bool) -> None:
    async def story(door: Door) -> None:
        scene = await _scene(door, direct=direct)
        page = await scene.page()
        since = len(door.records)
        door.now_ms += 1
        await VERBS[name](scene)
        told = [record for topic, record in door.records[since:] if topic == scene.topic]
        for record in told:
            _apply(page, record, scene.ben.id)
        assert bool(told) == (name != "react again")
        assert page == await scene.page()

    visit(tmp_path, story)


async def _scene(door: Door, *, direct: bool) -> Scene:
    anna, ben = await door.register("anna"), await door.register("ben")
    guild = await anna.guild()
    await ben.join(await anna.invite(guild))
    channel, topic = guild["system_channel_id"], f"guild:{guild['id']}"
    if direct:
        channel = (await anna.do("POST", "/users/@me/channels", {"recipient_id": ben.id}))["id"]
        topic = f"user:{ben.id}"
    messages = f"/channels/{channel}/messages"
    first = (await anna.do("POST", messages, {"content": "first"}))["id"]
    for person, emoji in ((anna, "👍"), (ben, "👍"), (ben, "🦀")):
        door.now_ms += 1
        await person.do("PUT", f"{messages}/{first}/reactions/{quote(emoji)}/@me")
    answer = await ben.do("POST", messages, {"content": "?", "message_reference": {"message_id": first}})
    return Scene(door, anna, ben, topic, messages, first, answer["id"])


def _apply(page: Page, record: Record, own_id: str) -> None:
    data = msgspec.json.decode(record.data)
    match record.event:
        case "MESSAGE_CREATE" | "MESSAGE_UPDATE":
            assert str(record.author) == data["author"]["id"]
            _put(page, data)
        case "MESSAGE_DELETE":
            _remove(page, data["id"])
        case "MESSAGE_DELETE_BULK":
            for message_id in data["ids"]:
                _remove(page, message_id)
        case "CHANNEL_PINS_UPDATE" | "WEBHOOKS_UPDATE" | "GUILD_AUDIT_LOG_ENTRY_CREATE":
            pass  # not of the page
        case _:
            _react(page, record.event, data, own_id)


def _put(page: Page, data: dict[str, Any]) -> None:
    message = {key: value for key, value in data.items() if key not in OF_EVENTS_ONLY}
    for user in message["mentions"]:
        user.pop("member", None)
    if message.get("referenced_message") is not None:
        message["referenced_message"] = page[message["referenced_message"]["id"]]
    page.setdefault(message["id"], {}).update(message)


def _remove(page: Page, message_id: str) -> None:
    del page[message_id]
    for message in _answers(page, message_id):
        message["referenced_message"] = None


def _answers(page: Page, message_id: str) -> list[dict[str, Any]]:
    """What answers it: a notice that it was pinned names it as well, and shows nothing of it."""
    answers = (each for each in page.values() if "referenced_message" in each)
    return [each for each in answers if each["message_reference"]["message_id"] == message_id]


def _react(page: Page, event: str, data: dict[str, Any], own_id: str) -> None:
    message = page[data["message_id"]]
    kinds = {each["emoji"]["name"]: each for each in message.pop("reactions", [])}
    name = data.get("emoji", {}).get("name")
    me = data.get("user_id") == own_id
    match event:
        case "MESSAGE_REACTION_ADD":
            fresh = {"count": 0, "me": False, "me_burst": False, "emoji": data["emoji"], "burst_colors": []}
            kind = kinds.setdefault(name, fresh)
            kind["count"] += 1
            kind["me"] |= me
        case "MESSAGE_REACTION_REMOVE":
            kinds[name]["count"] -= 1
            kinds[name]["me"] &= not me
        case "MESSAGE_REACTION_REMOVE_EMOJI":
            del kinds[name]
        case "MESSAGE_REACTION_REMOVE_ALL":
            kinds.clear()
        case _:
            raise AssertionError(f"no client knows {event}")
    left = [each for each in kinds.values() if each["count"]]
    for each in left:
        each["count_details"] = {"normal": each["count"], "burst": 0}
    if left:
        message["reactions"] = left
