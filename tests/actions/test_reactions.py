"""Reactions, and who may do what with them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from derailed.model import permissions
from derailed.model.emoji import is_emoji
from derailed.model.errors import Forbidden, Invalid, Unknown
from tests.actions.community import ANNA, BEN, GENERAL, GUILD, OWNER, Community, actor, deny, general, live

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"


@pytest.mark.parametrize("text", ["👍", "👍🏽", "❤️", "❤", "1️⃣", "🇳🇱", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🏳️‍🌈", FAMILY, "🦀", "☑️", "🏿"])
def test_one_emoji_is_one(text: str) -> None:
    assert is_emoji(text)


@pytest.mark.parametrize(
    "text", ["", "a", "👍👍", "👍a", "party:123456789012345678", "1", "🇳", "\u200d", "️", "👍" * 40]
)
def test_what_is_not_one_emoji_is_none(text: str) -> None:
    assert not is_emoji(text)


def test_a_reaction_is_counted_for_each_reader(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        message_id = int((await c.send(ANNA))["id"])
        for user_id, emoji in ((ANNA, "👍"), (BEN, "🦀"), (BEN, "👍")):
            c.now_ms += 1
            await c.reactions.add(actor(user_id), GENERAL, message_id, emoji)
        thumbs, crab = (await c.page(ANNA))[0]["reactions"]
        assert (thumbs["emoji"], thumbs["count"], thumbs["me"]) == ({"id": None, "name": "👍"}, 2, True)
        assert (crab["emoji"]["name"], crab["count"], crab["me"]) == ("🦀", 1, False)
        assert thumbs["count_details"] == {"normal": 2, "burst": 0}
        told = c.told[-1]
        event = msgspec.json.decode(told.data)
        assert (told.event, told.author, told.id) == ("MESSAGE_REACTION_ADD", BEN, message_id)
        assert event["member"]["user"]["username"] == "ben"
        assert event["message_author_id"] == str(ANNA)
        assert event["type"] == 0
        assert event["burst_colors"] == []

    live(tmp_path, story)


def test_a_repeated_reaction_is_told_once(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        message_id = int((await c.send(ANNA))["id"])
        for _ in range(2):
            await c.reactions.add(actor(ANNA), GENERAL, message_id, "👍")
        for _ in range(2):
            await c.reactions.remove(actor(ANNA), GENERAL, message_id, "👍", ANNA)
        assert c.events(2) == ["MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE"]
        assert "reactions" not in (await c.page(ANNA))[0]

    live(tmp_path, story)


def test_only_a_moderator_removes_what_others_reacted(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        message_id = int((await c.send(ANNA))["id"])
        for emoji in ("👍", "🦀", "❤️"):
            await c.reactions.add(actor(ANNA), GENERAL, message_id, emoji)
        for attempt in (
            c.reactions.remove(actor(BEN), GENERAL, message_id, "👍", ANNA),
            c.reactions.clear_emoji(actor(ANNA), GENERAL, message_id, "👍"),
            c.reactions.clear(actor(ANNA), GENERAL, message_id),
        ):
            with pytest.raises(Forbidden, match="missing_permissions"):
                await attempt
        await c.reactions.remove(actor(OWNER), GENERAL, message_id, "👍", ANNA)
        await c.reactions.clear_emoji(actor(OWNER), GENERAL, message_id, "🦀")
        await c.reactions.clear(actor(OWNER), GENERAL, message_id)
        await c.reactions.clear(actor(OWNER), GENERAL, message_id)
        removed = ["MESSAGE_REACTION_REMOVE", "MESSAGE_REACTION_REMOVE_EMOJI", "MESSAGE_REACTION_REMOVE_ALL"]
        assert c.events(5) == removed
        assert "reactions" not in (await c.page(ANNA))[0]

    live(tmp_path, story)


def test_a_message_holds_twenty_kinds(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        message_id = int((await c.send(ANNA))["id"])
        kinds = [chr(0x1F400 + n) for n in range(21)]
        for emoji in kinds[:20]:
            await c.reactions.add(actor(ANNA), GENERAL, message_id, emoji)
        with pytest.raises(Invalid, match="too_many_reactions"):
            await c.reactions.add(actor(ANNA), GENERAL, message_id, kinds[20])
        await c.reactions.add(actor(BEN), GENERAL, message_id, kinds[19])

    live(tmp_path, story)


def test_a_new_kind_needs_permission_and_joining_one_does_not(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        message_id = int((await c.send(ANNA))["id"])
        await c.overwrite(general(), deny(GUILD, permissions.ADD_REACTIONS))
        with pytest.raises(Forbidden, match="missing_permissions"):
            await c.reactions.add(actor(ANNA), GENERAL, message_id, "👍")
        await c.reactions.add(actor(OWNER), GENERAL, message_id, "👍")
        await c.reactions.add(actor(ANNA), GENERAL, message_id, "👍")

    live(tmp_path, story)


def test_unknown_emoji_and_messages_are_refused(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        message_id = int((await c.send(ANNA))["id"])
        for unknown in ("party:123456789012345678", "a:party:5", "party:" + "9" * 19, "x", ":5", "two words:5"):
            with pytest.raises(Unknown, match="unknown_emoji"):
                await c.reactions.add(actor(ANNA), GENERAL, message_id, unknown)
        with pytest.raises(Unknown, match="unknown_message"):
            await c.reactions.add(actor(ANNA), GENERAL, 5, "👍")

    live(tmp_path, story)


def test_those_who_reacted_are_listed_by_id(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        message_id = int((await c.send(ANNA))["id"])
        for user_id in (BEN, OWNER, ANNA):
            await c.reactions.add(actor(user_id), GENERAL, message_id, "👍")
        listed = await c.reactions.users(actor(BEN), GENERAL, message_id, "👍", after=OWNER, limit=1)
        assert [user.id for user in listed] == [ANNA]

    live(tmp_path, story)


def test_the_reactions_of_a_deleted_message_are_gone(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        message_id = int((await c.send(ANNA))["id"])
        await c.reactions.add(actor(ANNA), GENERAL, message_id, "👍")
        await c.messages.delete(actor(ANNA), GENERAL, message_id)
        assert await c.store.read(lambda tx: tx.fetch("SELECT * FROM reactions")) == []

    live(tmp_path, story)
