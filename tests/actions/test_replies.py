"""Messages that answer others."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from derailed.model.errors import Invalid
from tests.actions.community import ANNA, BEN, GENERAL, GUILD, Community, actor, field_of, live


def test_a_reply_shows_and_mentions_what_it_answers(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        question = await c.send(ANNA, "?")
        answer = await c.send(BEN, "!", message_reference={"message_id": question["id"]})
        assert answer["type"] == 19
        assert answer["referenced_message"] == question
        assert answer["message_reference"] == {
            "type": 0,
            "message_id": question["id"],
            "channel_id": str(GENERAL),
            "guild_id": str(GUILD),
        }
        assert [user["id"] for user in answer["mentions"]] == [str(ANNA)]
        assert c.told[-1].mentions == (ANNA,)
        read = (await c.page(ANNA))[0]
        assert read["referenced_message"] == question
        assert read["mentions"][0]["id"] == str(ANNA)
        quiet = await c.send(
            BEN, message_reference={"message_id": answer["id"]}, allowed_mentions={"replied_user": False}
        )
        assert quiet["mentions"] == []
        assert "referenced_message" not in quiet["referenced_message"]
        await c.messages.delete(actor(ANNA), GENERAL, int(question["id"]))
        assert (await c.get(ANNA, answer["id"]))["referenced_message"] is None

    live(tmp_path, story)


def test_a_reply_to_nothing_is_refused_unless_it_need_not_exist(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        with pytest.raises(Invalid) as refused:
            await c.send(ANNA, message_reference={"message_id": 5})
        assert field_of(refused) == ("message_reference",)
        sent = await c.send(ANNA, message_reference={"message_id": 5, "fail_if_not_exists": False})
        assert sent["type"] == 0
        assert "message_reference" not in sent
        assert "referenced_message" not in sent

    live(tmp_path, story)


def test_an_edited_reply_still_mentions_whom_it_answers(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        question = await c.send(ANNA, "?")
        answer = await c.send(BEN, "!", message_reference={"message_id": question["id"]})
        edited = await c.edit(BEN, answer["id"], content="!!")
        assert [user["id"] for user in edited["mentions"]] == [str(ANNA)]
        assert msgspec.json.decode(c.told[-1].data)["referenced_message"]["id"] == question["id"]

    live(tmp_path, story)
