"""What people may say, and what becomes of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from derailed.model import permissions
from derailed.model.errors import Forbidden, Invalid, Refusal, TooMany, Unknown
from derailed.model.guild import Overwrite
from derailed.store import Connection, channels
from derailed.wire.messages import EditMessage
from tests.actions.community import (
    ANNA,
    BEN,
    CATEGORY,
    GENERAL,
    GUILD,
    OWNER,
    STAFF,
    STRANGER,
    Community,
    actor,
    deny,
    general,
    live,
)


def test_a_message_is_answered_kept_and_told_alike(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        sent = await c.send(ANNA, " hello ", nonce="n1")
        assert sent.pop("nonce") == "n1"
        assert sent["content"] == "hello"
        assert sent["author"]["username"] == "anna"
        assert sent["type"] == 0
        assert await c.get(BEN, sent["id"]) == sent
        assert await c.page(BEN) == [sent]
        told = c.told[-1]
        assert (told.event, told.id, told.guild, told.channel) == ("MESSAGE_CREATE", int(sent["id"]), GUILD, GENERAL)
        assert (told.author, told.mentions) == (ANNA, ())
        event = msgspec.json.decode(told.data)
        assert event.pop("guild_id") == str(GUILD)
        assert event.pop("channel_type") == 0
        assert event.pop("nonce") == "n1"
        assert "user" not in event.pop("member")
        assert event == sent

    live(tmp_path, story)


def test_without_message_content_a_message_is_empty(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        first = await c.send(ANNA, "secret", embeds=[{"title": "secret"}])
        await c.send(BEN, "", embeds=[{"title": "t"}], message_reference={"message_id": int(first["id"])})
        for told in c.told[-2:]:
            assert told.stripped is not None
            assert b"secret" not in told.stripped
            bare, whole = msgspec.json.decode(told.stripped), msgspec.json.decode(told.data)
            assert bare["content"] == ""
            assert bare["embeds"] == []
            assert bare.keys() == whole.keys()
        assert b"secret" in c.told[-1].data

    live(tmp_path, story)


def test_an_empty_message_is_refused(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        empty: list[dict[str, Any]] = [{}, {"embeds": []}, {"embeds": [{}]}, {"embeds": [{"type": "rich"}]}]
        for nothing in empty:
            with pytest.raises(Invalid, match="empty_message"):
                await c.send(ANNA, "  ", **nothing)
        assert c.events(1) == []

    live(tmp_path, story)


def test_one_who_may_not_view_a_channel_can_do_nothing_there(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        sent = await c.send(OWNER, channel_id=STAFF)
        message_id, me = int(sent["id"]), actor(ANNA)
        attempts = [
            c.send(ANNA, channel_id=STAFF),
            c.page(ANNA, STAFF),
            c.page(ANNA, STAFF, around=message_id),
            c.messages.get(me, STAFF, message_id),
            c.messages.edit(me, STAFF, message_id, EditMessage()),
            c.messages.delete(me, STAFF, message_id),
            c.messages.typing(me, STAFF),
            c.reactions.add(me, STAFF, message_id, "👍"),
            c.reactions.remove(me, STAFF, message_id, "👍", ANNA),
            c.reactions.clear(me, STAFF, message_id),
            c.reactions.clear_emoji(me, STAFF, message_id, "👍"),
            c.reactions.users(me, STAFF, message_id, "👍"),
        ]
        for attempt in attempts:
            with pytest.raises(Forbidden, match="missing_access"):
                await attempt
        with pytest.raises(Forbidden, match="missing_access"):
            await c.page(STRANGER)
        with pytest.raises(Invalid):  # nor be shown what is said there by answering it from elsewhere
            await c.send(ANNA, message_reference={"message_id": message_id, "channel_id": STAFF})
        with pytest.raises(Invalid):
            await c.send(ANNA, message_reference={"message_id": message_id})
        with pytest.raises(Unknown, match="unknown_message"):
            await c.get(ANNA, message_id)

    live(tmp_path, story)


def test_nobody_talks_in_a_category_or_nowhere(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        with pytest.raises(Invalid, match="wrong_channel_type"):
            await c.send(ANNA, channel_id=CATEGORY)
        with pytest.raises(Unknown, match="unknown_channel"):
            await c.send(ANNA, channel_id=5)

    live(tmp_path, story)


@pytest.mark.parametrize(
    ("denied", "draft"),
    [
        (permissions.SEND_MESSAGES, {}),
        (permissions.EMBED_LINKS, {"embeds": [{"title": "t"}]}),
        (permissions.READ_MESSAGE_HISTORY, {"message_reference": {"message_id": "1"}}),
    ],
)
def test_sending_needs_its_permissions(tmp_path: Path, denied: int, draft: dict[str, Any]) -> None:
    async def story(c: Community) -> None:
        await c.overwrite(general(), deny(GUILD, denied))
        with pytest.raises(Forbidden, match="missing_permissions"):
            await c.send(ANNA, **draft)

    live(tmp_path, story)


def test_without_read_message_history_there_is_none(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        sent = await c.send(ANNA)
        await c.overwrite(general(), deny(GUILD, permissions.READ_MESSAGE_HISTORY))
        assert await c.page(ANNA) == []
        assert await c.page(OWNER) == [sent]
        with pytest.raises(Forbidden, match="missing_permissions"):
            await c.get(ANNA, sent["id"])

    live(tmp_path, story)


def test_a_repeated_call_with_an_enforced_nonce_sends_once(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        sent = await c.send(ANNA, "once", nonce=7, enforce_nonce=True)
        del sent["nonce"]
        c.now_ms += 50 * 60_000
        assert await c.send(ANNA, "twice", nonce=7, enforce_nonce=True) == sent
        assert c.events(1) == ["MESSAGE_CREATE"]
        others = [await c.send(ANNA, nonce=7), await c.send(BEN, nonce="7", enforce_nonce=True)]
        c.now_ms += 600_001
        others.append(await c.send(ANNA, nonce=7, enforce_nonce=True))
        assert len({message["id"] for message in [sent, *others]}) == 4

    live(tmp_path, story)


def test_two_calls_at_once_with_one_nonce_send_once(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        both = await asyncio.gather(*(c.send(ANNA, nonce="n", enforce_nonce=True) for _ in range(2)))
        assert len({message["id"] for message in both}) == 1
        assert c.events(1) == ["MESSAGE_CREATE"]

    live(tmp_path, story)


def test_reactions_at_once_are_each_counted(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        message_id = int((await c.send(ANNA))["id"])
        people = [ANNA, BEN, OWNER, ANNA, BEN]
        await asyncio.gather(*(c.reactions.add(actor(each), GENERAL, message_id, "👍") for each in people))
        assert (await c.get(ANNA, message_id))["reactions"][0]["count"] == 3
        assert c.events(2) == ["MESSAGE_REACTION_ADD"] * 3

    live(tmp_path, story)


def test_old_nonces_are_swept_in_passing(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        for n in range(20):
            await c.send(ANNA, nonce=n, enforce_nonce=True)
        c.now_ms += 3_600_016
        for n in range(20, 40):
            await c.send(ANNA, nonce=n, enforce_nonce=True)
        rows = await c.store.read(lambda tx: tx.fetch("SELECT nonce FROM nonces"))
        assert {row[0] for row in rows} == {str(n) for n in range(20, 40)}

    live(tmp_path, story)


def test_a_message_that_was_deleted_can_be_sent_again_with_its_nonce(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        sent = await c.send(ANNA, nonce=7, enforce_nonce=True)
        await c.messages.delete(actor(ANNA), GENERAL, int(sent["id"]))
        again = await c.send(ANNA, nonce=7, enforce_nonce=True)
        assert again["id"] != sent["id"]

    live(tmp_path, story)


def test_an_edit_changes_what_it_names_and_is_told_whole(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        sent = await c.send(ANNA, "one", embeds=[{"title": "t"}], flags=4096 | 1)
        c.now_ms += 1000
        edited = await c.edit(ANNA, sent["id"], content=f"two <@{BEN}>", flags=4)
        assert edited["content"] == f"two <@{BEN}>"
        assert edited["embeds"] == sent["embeds"]
        assert edited["edited_timestamp"] is not None
        assert edited["timestamp"] == sent["timestamp"]
        assert sent["flags"] == 4096
        assert edited["flags"] == 4096 | 4
        assert await c.get(ANNA, sent["id"]) == edited
        told = c.told[-1]
        event = msgspec.json.decode(told.data)
        assert told.event == "MESSAGE_UPDATE"
        assert told.mentions == (BEN,)
        assert told.author == ANNA
        assert event["guild_id"] == str(GUILD)
        assert "member" in event
        assert event["content"] == edited["content"]
        edited = await c.edit(ANNA, sent["id"], content=None)
        assert edited["content"] == ""
        assert edited["mentions"] == []
        with pytest.raises(Invalid, match="empty_message"):
            await c.edit(ANNA, sent["id"], embeds=None)

    live(tmp_path, story)


def test_only_its_author_edits_a_message_but_a_moderator_hides_its_embeds(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        sent = await c.send(ANNA)
        for user_id, change in ((BEN, {"content": "x"}), (BEN, {"flags": 4}), (OWNER, {"content": "x"})):
            with pytest.raises(Forbidden, match="not_author"):
                await c.edit(user_id, sent["id"], **change)
        edited = await c.edit(OWNER, sent["id"], flags=4)
        assert edited["flags"] == 4
        assert edited["edited_timestamp"] is None
        assert c.told[-1].author == ANNA

    live(tmp_path, story)


def test_a_message_is_deleted_by_its_author_or_a_moderator(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        first, second = await c.send(ANNA), await c.send(ANNA)
        with pytest.raises(Forbidden, match="missing_permissions"):
            await c.messages.delete(actor(BEN), GENERAL, int(first["id"]))
        await c.messages.delete(actor(ANNA), GENERAL, int(first["id"]))
        await c.messages.delete(actor(OWNER), GENERAL, int(second["id"]))
        assert await c.page(ANNA) == []
        assert c.events(3) == ["MESSAGE_DELETE", "MESSAGE_DELETE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
        assert msgspec.json.decode(c.told[-2].data) == {
            "id": second["id"],
            "channel_id": str(GENERAL),
            "guild_id": str(GUILD),
        }
        with pytest.raises(Unknown, match="unknown_message"):
            await c.messages.delete(actor(ANNA), GENERAL, int(first["id"]))

    live(tmp_path, story)


def test_slow_mode_makes_members_wait_and_a_deleted_message_does_not_help(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        await c.change(lambda tx: channels.update(tx, general(rate_limit_per_user=10)))
        sent = await c.send(ANNA)
        await c.messages.delete(actor(ANNA), GENERAL, int(sent["id"]))
        c.now_ms += 4_000
        with pytest.raises(TooMany, match="slow_mode") as refused:
            await c.send(ANNA)
        assert refused.value.retry_after_s == 6
        for user_id in (BEN, OWNER, OWNER):
            await c.send(user_id)
        c.now_ms += 6_000
        await c.send(ANNA)

    live(tmp_path, story)


def test_typing_is_heard_and_not_kept(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        await c.messages.typing(actor(ANNA), GENERAL)
        (heard,) = c.bus.heard
        event = msgspec.json.decode(heard.data)
        assert (heard.event, heard.rev, heard.author, heard.channel) == ("TYPING_START", 1, ANNA, GENERAL)
        assert event["timestamp"] == c.now_ms // 1000
        assert event["member"]["user"]["username"] == "anna"
        assert c.events(1) == []

    live(tmp_path, story)


def test_a_refused_verb_leaves_no_rev_behind(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        await c.send(ANNA)
        for attempt in (c.send(ANNA, " "), c.edit(ANNA, 5, content="x"), c.send(STRANGER)):
            with pytest.raises(Refusal):
                await attempt
        await c.send(ANNA)
        assert [record.rev for record in c.told] == [1, 2, 3]

    live(tmp_path, story)


def test_a_timed_out_member_reads_and_is_silent(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        until = c.now_ms + 1000
        sql = "UPDATE members SET timed_out_until = $1 WHERE user_id = $2"

        async def time_out(tx: Connection) -> None:
            await tx.execute(sql, until, ANNA)

        await c.change(time_out)
        with pytest.raises(Forbidden, match="missing_permissions"):
            await c.send(ANNA)
        assert await c.page(ANNA) == []
        c.now_ms = until
        await c.send(ANNA)

    live(tmp_path, story)


def test_a_new_name_shows_at_once(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        await c.send(ANNA)

        async def rename(tx: Connection) -> None:
            await tx.execute("UPDATE users SET global_name = $1 WHERE id = $2", "Anna", ANNA)

        await c.change(rename)
        assert (await c.send(ANNA))["author"]["global_name"] == "Anna"
        assert [message["author"]["global_name"] for message in await c.page(ANNA)] == ["Anna", "Anna"]

    live(tmp_path, story)


def test_overwrites_of_a_member_decide_over_those_of_everyone(tmp_path: Path) -> None:
    async def story(c: Community) -> None:
        own = Overwrite(ANNA, 1, permissions.SEND_MESSAGES, 0)
        await c.overwrite(general(), own, deny(GUILD, permissions.SEND_MESSAGES))
        await c.send(ANNA)
        with pytest.raises(Forbidden):
            await c.send(BEN)

    live(tmp_path, story)
