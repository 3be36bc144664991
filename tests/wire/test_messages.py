"""The keys of a message that break some library when they are absent, or null."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from derailed.wire.messages import MessageShape
from tests.actions.community import ANNA, BEN, GENERAL, Community, actor, live

PRESENT = (
    *("id", "channel_id", "type", "content", "author", "timestamp", "edited_timestamp", "tts", "mention_everyone"),
    *("mentions", "mention_roles", "attachments", "embeds", "components", "pinned", "flags"),
)
MAY_BE_NULL = {"edited_timestamp", "referenced_message"}
OF_EVENTS = ("guild_id", "member", "channel_type")
OF_REACTIONS = ("count", "count_details", "me", "me_burst", "emoji", "burst_colors")
OF_REACTION_EVENTS = ("user_id", "channel_id", "message_id", "guild_id", "member", "emoji", "burst", "type")


def _check(message: dict[str, Any]) -> None:
    assert set(PRESENT) <= message.keys()
    assert {key for key, value in message.items() if value is None} <= MAY_BE_NULL
    msgspec.convert(message, MessageShape)
    for key in ("discriminator", "avatar", "public_flags", "username"):
        assert key in message["author"]


def test_messages_have_what_libraries_need(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        first = await c.send(ANNA, f"<@{BEN}>", embeds=[{"title": "t", "color": None, "timestamp": None}])
        await c.reactions.add(actor(BEN), GENERAL, int(first["id"]), "👍")
        await c.send(BEN, message_reference={"message_id": first["id"]})
        for message in await c.page(ANNA):
            _check(message)
        _check((await c.page(ANNA))[0]["referenced_message"])
        reaction = (await c.get(ANNA, first["id"]))["reactions"][0]
        assert reaction.keys() == set(OF_REACTIONS)
        assert (await c.get(ANNA, first["id"]))["embeds"] == [{"type": "rich", "title": "t"}]

    live(tmp_path, story)


def test_events_have_what_libraries_need(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        sent = await c.send(ANNA, f"<@{BEN}>")
        await c.edit(ANNA, sent["id"], content="changed")
        await c.reactions.add(actor(BEN), GENERAL, int(sent["id"]), "👍")
        create, update, reaction = (msgspec.json.decode(record.data) for record in c.told[-3:])
        for event in (create, update):
            _check(event)
            assert set(OF_EVENTS) <= event.keys()
            assert "user" not in event["member"]
            assert event["member"]["flags"] == 0
        assert create["mentions"][0]["member"]["roles"] == []
        assert set(OF_REACTION_EVENTS) <= reaction.keys()
        assert reaction["member"]["user"]["username"] == "ben"

    live(tmp_path, story)


@pytest.mark.parametrize("snowflake", [10_000_000_000_000_012, "10000000000000012"])
def test_ids_in_requests_are_numbers_or_text(tmp_path: Path, snowflake: object) -> None:
    async def story(c: Community) -> None:
        sent = await c.send(BEN, f"<@{ANNA}>", allowed_mentions={"users": [snowflake]})
        assert sent["mentions"][0]["id"] == "10000000000000012"

    live(tmp_path, story)
